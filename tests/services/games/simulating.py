"""A simulated time of many players: games with all that goes wrong with them, several trackers, kills and new keys.

Time is explicit, and shared by the world and the store. Each step one of the trackers takes the turns of each lot, as
the pollers would have it; now and then one is cut off in the midst of what it does, and another one begins.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from tests.services.games.outcome import Judge, Seen
from tests.services.games.tracking import Inbox, Tracking, tracking_on

from tenure import Store, minutes, seconds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import LOTS
from tenure.services.games.players import Players
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import KeyRefused, Limited
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.faults import Fault, Faults, Kind
from tenure.services.games.riot.stand_in.playing import Game
from tenure.services.games.riot.stand_in.traffic import Habits, Traffic
from tenure.services.games.riot.stand_in.world import World

STEP, SETTLING_STEP = seconds(30), minutes(5)
ENTERED_EVERY = 4
"""Games are entered ahead for so many steps at a time."""

Part = Literal["accounts", "detection", "completion", "backfill", "publishing"]
KILLED: tuple[Part, ...] = ("detection", "detection", "completion", "completion", "backfill", "accounts", "publishing")
STORMS: tuple[Kind, ...] = ("limit", "limit", "status", "malformed", "not_found", "cut")
HOSTS = ("*", "*", "na1", "euw1", "americas", "europe")
PLATFORMS = ("na1", "na1", "na1", "euw1", "euw1", "kr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How often what goes wrong, and which share of results comes how late, so that games are given up before."""

    kill_every: timedelta
    key_every: timedelta
    storm_every: timedelta
    late_share: float
    late: tuple[timedelta, timedelta] = (minutes(60), minutes(240))


@dataclass
class Simulation:
    """A world, a store, and some trackers of it."""

    store: Store
    world: World
    habits: Habits
    trouble: Trouble
    seed: int = 1
    number: int = 3
    """Of trackers."""
    seen: Seen = field(default_factory=Seen)
    played: list[Game] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  nothing secret comes of it
        self.inbox, self.faults = Inbox(), Faults(self.world.now, self.seed)
        self.traffic = Traffic(self.world, self.habits, seed=self.seed)
        self.riots: list[Direct] = []
        self.trackers = [self._tracker() for _ in range(self.number)]
        self.killed: Part | None = None
        """In which part of a tracker's work it is cut off next."""
        self.new_keys: dict[int, float] = {}
        """When the operator of each tracker notices that there is another key."""
        self.what_happens: tuple[tuple[timedelta, Callable[[], None]], ...] = (
            (self.trouble.kill_every, self.kill),
            (self.trouble.key_every, self.change_key),
            (self.trouble.storm_every, self.storm),
        )

    def _tracker(self, key: str | None = None) -> Tracking:
        self.riots.append(Direct(self.world, key, faults=self.faults))
        return tracking_on(self.store, self.world, riot=self.riots[-1], inbox=self.inbox)

    async def begin(self, players: int) -> None:
        """Let so many players exist and be tracked."""
        numbers, service = itertools.count(1), self.trackers[0].service
        adding = Players(self.store, new_id=lambda: f"{next(numbers):012x}")
        for number in range(players):
            riot_id, platform = f"P{number}#TAG", PLATFORMS[number % len(PLATFORMS)]
            titles: tuple[Title, ...] = ("lol", "tft") if number % 5 == 0 else ("lol",)
            self.world.add_player(riot_id, platform)
            await adding.add(riot_id, platform, titles)
        await service.accounts.once()
        self.traffic.on = True

    async def run(
        self, length: timedelta, settling: timedelta, tell: Callable[[timedelta, Seen], None], tell_every: timedelta
    ) -> Seen:
        """Let so much time pass, and then so much that everything that was played has had its time."""
        for step in range(length // STEP):
            if step % ENTERED_EVERY == 0:
                self._enter_games()
            for every, happen in self.what_happens:
                if step and step % (every // STEP) == 0:
                    happen()
            await self._step(step, STEP)
            if not STEP * (step + 1) % tell_every:
                self._count()
                tell(STEP * (step + 1), self.seen)
        self.traffic.on = False
        steps = itertools.count()
        for by, number in ((STEP, minutes(60) // STEP), (SETTLING_STEP, settling // SETTLING_STEP)):
            for _ in range(number):
                await self._step(next(steps), by)
        return await self._look()

    def _enter_games(self) -> None:
        """Let everybody play on; some results come late."""
        games = self.traffic.go_on(ENTERED_EVERY * STEP.total_seconds())
        self.played += games
        for game in games:
            if self.random.random() < self.trouble.late_share:
                least, most = (each.total_seconds() for each in self.trouble.late)
                game.result_at = game.ended_at + self.random.uniform(least, most)

    # ------------------------------------------------------------------------------------ what goes wrong

    def kill(self) -> None:
        """Let a tracker be cut off in the midst of what it does next; what it knew is gone, and another one begins."""
        self.killed = self.random.choice(KILLED)
        self.seen.kills += 1

    def change_key(self) -> None:
        """Let there be another API key, with other puuids; the old one is refused at once, or still taken.

        The trackers have it one after the other, within minutes.
        """
        self.seen.keys += 1
        self.world.keys.change(f"RGAPI-{self.seen.keys}", keep_old=self.random.random() < 1 / 2)
        now = self.world.now()
        self.new_keys = {number: now + self.random.uniform(30, 300) for number in range(self.number)}

    def storm(self) -> None:
        """Let Riot refuse for some minutes: too much was asked for, or it fails, or answers with nonsense.

        Meanwhile the webhook fails some times, and some times takes an event and loses the answer.
        """
        kind = self.random.choice(STORMS)
        fault = Fault(
            kind=kind,
            host=self.random.choice(HOSTS),
            times=None,
            share=0.3 if kind == "not_found" else self.random.uniform(0.2, 1.0),
            ends_at=self.world.now() + self.random.uniform(60, 400),
            seconds=5.0,
        )
        self.faults.plan(fault)
        self.seen.storms[f"{kind} {fault.host}"] += 1
        self.inbox.refuses, self.inbox.loses = self.random.randrange(10), self.random.randrange(3)

    # ------------------------------------------------------------------------------------ one step of time

    async def _step(self, step: int, length: timedelta) -> None:
        await self.store.advance(length)
        self._hand_out_keys()
        for lot in range(LOTS):
            service = self.trackers[self.random.randrange(self.number)].service
            await self._takes("detection", service.detection.turn(lot))
            if step % 2 == lot % 2:
                await self._takes("backfill", service.backfill.turn(lot))
        service = self.trackers[self.random.randrange(self.number)].service
        for lot in await self._due():
            await self._takes("completion", service.completion.turn(lot))
        if (await self.store.count(TrackedPlayer)).keys() & set(TrackedPlayer.sought.names):
            await self._takes("accounts", service.accounts.once())
        await self._takes("publishing", service.publishing.once())

    def _hand_out_keys(self) -> None:
        for number in [number for number, at in self.new_keys.items() if at <= self.world.now()]:
            del self.new_keys[number]
            self.trackers[number].riot.use(self.world.keys.current)

    async def _due(self) -> list[int]:
        """Give the lots in which a result is to be asked for: turns in the others would do nothing."""
        now = await self.store.now()
        waiting = [
            *await self.store.find(TrackedGame.awaiting, limit=100_000),
            *await self.store.find(TrackedGame.abandoned, limit=100_000),
        ]
        return sorted({game.match_lot for game in waiting if game.due_at <= now})

    async def _takes(self, part: Part, work: Coroutine[Any, Any, object]) -> None:
        """Let a tracker take a turn, unless it is cut off in it. What Riot refuses as a whole comes again."""
        if self.killed == part:
            await self._cut_off(work)
            return
        try:
            await work
        except (KeyRefused, Limited):
            return

    async def _cut_off(self, work: Coroutine[Any, Any, object]) -> None:
        """Cut a tracker off in its turn, after some steps of it, and begin another one in its place."""
        self.killed, task = None, asyncio.ensure_future(work)
        for _ in range(self.random.randrange(1, 15)):
            await asyncio.sleep(0)
        self.seen.cut_short += not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        number = self.random.randrange(self.number)
        self.trackers[number] = self._tracker(self.trackers[number].riot.key)

    # ------------------------------------------------------------------------------------ what came of it

    def _count(self) -> None:
        """Note what is known at any time."""
        seen, fetched = self.seen, Counter[str]()
        for riot in self.riots:
            fetched += riot.fetched
        seen.games, seen.events = len(self.played), len(set(self.inbox.ids))
        seen.faults = self.faults.happened
        seen.fetched, seen.fetched_again = len(fetched), fetched.total() - len(fetched)

    async def _look(self) -> Seen:
        self._count()
        self.seen.games = 0
        listed = await self.trackers[0].service.players.list(limit=100_000)
        players = {(player.riot_id, player.platform): player for player in listed}
        await Judge(self.seen, self.store, self.inbox.taken).look(self.played, players, self.world.now())
        return self.seen
