"""Trackers as processes of their own, which are killed again and again, with a stand-in and a webhook over HTTP."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, Protocol

import msgspec
from aiohttp import web
from tests.services.games.tracker import DETECTION, SECRET, Duty, SharedTime, track

from tenure import Poller, Store
from tenure.opening import open as open_store
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import lot_of
from tenure.services.games.players import Players
from tenure.services.games.publishing import Told
from tenure.services.games.riot.stand_in import Delays, StandIn, serving
from tenure.services.games.riot.stand_in.playing import Game
from tenure.services.games.riot.stand_in.traffic import Habits
from tenure.webhooks.signing import SIGNATURE, TIMESTAMP, signature

PROCESSES = 3
SHORT = Delays(
    loading=(0, 10), result=(1, 20), listed=(1, 30), lingering=(0, 20), absence=(10, 30), absent_share=0.2,
    shown_again_share=0.1, hidden_share=0.15, anonymous_share=0.1,
)  # fmt: skip
HASTY = Habits(game_seconds=(30, 90), pause_seconds=(1, 30), together_share=0.4, tft_share=0.2)
Heard = Literal["look", "match", "list", "post", "change"]
DEADLY: dict[Heard, float] = {"look": 1 / 30, "match": 1 / 6, "list": 1 / 20, "post": 1 / 6, "change": 1 / 40}
"""How often a process is killed while somebody asks for that, posts, or writes."""


class Process(Protocol):
    """A process that can be killed."""

    def kill(self) -> None:
        """Kill it, and let it be gone."""
        ...


FORKING = multiprocessing.get_context("forkserver")
# What a tracker imports is there before it begins: on a small machine that takes seconds.
FORKING.set_forkserver_preload([track.__module__])


class Tracker:
    """A tracker whose time may go faster."""

    def __init__(self, duty: Duty, now: Any) -> None:
        self._process = FORKING.Process(target=track, args=(duty, now), daemon=True)
        self._process.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


class Fleet:
    """The processes. One that is killed is replaced at once."""

    def __init__(self, start: Callable[[], Process], seed: int, most_kills: int) -> None:
        self._start, self._random = start, random.Random(seed)  # noqa: S311  nothing secret comes of it
        self._processes: list[Process] = []
        self._most_kills, self.kills = most_kills, 0

    def begin(self) -> None:
        """Start the processes."""
        self._processes = [self._start() for _ in range(PROCESSES)]

    def heard(self, of: Heard) -> None:
        """Hear that one of them asks for something, posts or writes; perhaps one is killed right now."""
        if self._processes and self.kills < self._most_kills and self._random.random() < DEADLY[of]:
            self.kills += 1
            killed = self._random.randrange(PROCESSES)
            self._processes[killed].kill()
            self._processes[killed] = self._start()

    def end(self) -> None:
        """Kill all of them."""
        while self._processes:
            self._processes.pop().kill()


@dataclass
class Webhook:
    """A receiver of events on this machine: some it refuses, and of some the answer is lost after it took them."""

    fleet: Fleet | None = None
    url: str = ""
    taken: list[Told] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        assert request.headers[SIGNATURE] == signature(SECRET, request.headers[TIMESTAMP], body)
        if self.random.random() < 0.1:
            return web.Response(status=503)
        self.taken.append(msgspec.json.decode(body, type=Told))
        if self.fleet is not None:
            self.fleet.heard("post")
        return web.Response(status=204 if self.random.random() < 0.9 else 500)


@asynccontextmanager
async def receiving() -> AsyncIterator[Webhook]:
    """Run a webhook on a free port of the loopback address."""
    webhook, app = Webhook(), web.Application()
    app.router.add_post("/hook", webhook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    webhook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield webhook
    finally:
        await runner.cleanup()


@dataclass
class Scene:
    """Some players, who play by themselves, and a fleet that tracks them."""

    store: Store
    clock: SharedTime
    stand_in: StandIn
    webhook: Webhook
    fleet: Fleet
    played: list[Game] = field(default_factory=list)
    fetches: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each match was given, by the store's time."""

    def listen(self) -> None:
        """Hear what is asked of the stand-in."""
        world = self.stand_in.world

        def hear(of: Heard, asked: Callable[..., Any]) -> Callable[..., Any]:
            def ask(*given: Any, **named: Any) -> Any:
                answer = asked(*given, **named)
                if of == "match" and answer is not None:
                    self.fetches[given[0]].append(self.clock.seconds())
                self.fleet.heard(of)
                return answer

            return ask

        heard: dict[Heard, str] = {"look": "active", "match": "match", "list": "listed"}
        for of, name in heard.items():
            setattr(world, name, hear(of, getattr(world, name)))

    async def track(self, number: int) -> None:
        """Let so many players exist and be tracked, some of both titles."""
        for each in range(number):
            riot_id, platform = f"P{each}#TAG", ("na1", "euw1")[each % 2]
            self.stand_in.world.add_player(riot_id, platform)
            await Players(self.store).add(riot_id, platform, ("lol", "tft"))

    async def players(self) -> dict[tuple[str, str], TrackedPlayer]:
        """Give them by Riot id in small letters, and platform."""
        return {(each.riot_id, each.platform): each for each in await Players(self.store).list(limit=1000)}

    async def play(self, games: int) -> None:
        """Let them play about so many games, and wait until each is over, completed and told."""
        traffic = self.stand_in.traffic
        traffic.on, traffic.habits = True, HASTY
        with self.store.bell() as bell:
            while len(self.played) < games:
                self.played += traffic.go_on(20)
                await self.clock.wait(bell, DETECTION.total_seconds())
            traffic.on = False
            while not await self.is_all_told():
                await self.clock.wait(bell, DETECTION.total_seconds())

    async def is_all_told(self) -> bool:
        """Tell whether every game of every player is completed, and its event has come."""
        expected = sum(len(game.players) for game in self.played)
        completed = (await self.store.count(TrackedGame)).get("completed", 0)
        return completed >= expected and len({told.id for told in self.webhook.taken}) >= expected

    async def fetched_without_reason(self) -> list[str]:
        """Give the matches that were fetched again though no holder of their lot had been lost in between.

        That another player of a match was found only later is a reason too.
        """
        found = []
        for match, times in self.fetches.items():
            reasons = [event.at.timestamp() for event in await self._lost(lot_of(match))]
            reasons += [game.created_at.timestamp() for game in await self._records(match)]
            found += [
                f"{match}: {first} {second} {sorted(reasons)}"
                for first, second in pairwise(times)
                if not any(first <= at <= second for at in reasons)
            ]
        return found

    async def _lost(self, lot: int) -> list[Any]:
        events = await self.store.history(Poller, f"games/completion/{lot}", limit=100_000)
        return [event for event in events if event.name == "lose"]

    async def _records(self, match: str) -> list[TrackedGame]:
        listed = await self.store.find(TrackedGame.completed, limit=100_000)
        return [game for game in listed if game.match == match]


@asynccontextmanager
async def a_scene(url: str, *, speed: float, kills: int, seed: int) -> AsyncIterator[Scene]:
    """Run all of it; nothing is left afterwards."""
    now = FORKING.Value("d", time.time(), lock=False)
    clock = SharedTime(now, speed)
    stand_in = StandIn(clock=clock.seconds, delays=SHORT, seed=seed)
    stand_in.limit("20000:10")
    async with (
        receiving() as webhook,
        serving(stand_in),
        open_store(url, *kinds, space="games", clock=clock) as store,
    ):
        duty = Duty(url, stand_in.url, stand_in.key, webhook.url, speed)
        fleet = Fleet(lambda: Tracker(duty, now), seed, kills)
        scene = Scene(store, clock, stand_in, webhook, fleet)
        webhook.fleet = fleet
        scene.listen()
        await asyncio.to_thread(fleet.begin)
        passing = asyncio.create_task(clock.go_on())
        try:
            yield scene
        finally:
            fleet.end()
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)
