"""A simulated time of many players: games with all that goes wrong with them, several trackers, kills and new keys.

Time is explicit, and shared by the world and the store. Each round one of the trackers looks at each lot, as the
pollers would have it; now and then one is killed in the midst of what it does, and another one begins.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from tests.services.games.tracking import Inbox, Tracking, tracking_on

from tenure import Store, minutes, seconds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import LOTS
from tenure.services.games.players import Players
from tenure.services.games.riot.contract import KeyRefused, Limited
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.faults import Fault, Kind
from tenure.services.games.riot.stand_in.playing import Game
from tenure.services.games.riot.stand_in.traffic import Habits, Traffic
from tenure.services.games.riot.stand_in.world import World

TICK = seconds(30)
STORMS: tuple[Kind, ...] = ("limit", "limit", "status", "malformed", "not_found", "cut")


@dataclass
class Seen:
    """What came of it."""

    games: int = 0
    records: int = 0
    completed: int = 0
    within_five_minutes: int = 0
    corrected: int = 0
    retried: int = 0
    kills: int = 0
    keys: int = 1
    found_by: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


@dataclass
class Simulation:
    """A world, a store, and some trackers of it."""

    store: Store
    world: World
    habits: Habits
    trackers: int = 3
    seed: int = 1
    seen: Seen = field(default_factory=Seen)
    played: dict[str, Game] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  nothing secret comes of it
        self.inbox = Inbox()
        self.riot = Direct(self.world)
        self.instances = [self._instance() for _ in range(self.trackers)]
        self.traffic = Traffic(self.world, self.habits, seed=self.seed)

    def _instance(self) -> Tracking:
        return tracking_on(self.store, self.world, riot=self.riot, inbox=self.inbox)

    async def begin(self, players: int) -> None:
        """Let so many players exist and be tracked."""
        numbers = itertools.count(1)
        self.instances[0].service.players = Players(self.store, new_id=lambda: f"{next(numbers):012x}")
        for number in range(players):
            riot_id = f"P{number}#NA1"
            self.world.add_player(riot_id)
            await self.instances[0].service.players.add(
                riot_id, "na1", ("lol", "tft") if number % 10 == 0 else ("lol",)
            )
        await self.instances[0].service.accounts.once()
        self.traffic.on = True

    async def run(
        self,
        length: timedelta,
        *,
        kill_every: timedelta,
        key_every: timedelta,
        storm_every: timedelta,
        settling: timedelta,
    ) -> Seen:
        """Let so much time pass, and then so much that everything that was played has had its time."""
        ticks, rounds = int(length / TICK), int(settling / minutes(1))
        for tick in range(ticks):
            if tick % 4 == 0:
                self.played.update((game.match_id, game) for game in self.traffic.go_on(TICK.total_seconds() * 4))
            for what, every in ((self.kill, kill_every), (self.change_key, key_every), (self.storm, storm_every)):
                if tick and tick % int(every / TICK) == 0:
                    what()
            await self._tick(tick, TICK)
        self.traffic.on = False
        for tick in range(rounds):
            await self._tick(tick, minutes(1))
        return await self._look()

    # ------------------------------------------------------------------------------------ what goes wrong

    def kill(self) -> None:
        """Kill a tracker; what it knew is gone, and another one begins. It is cut off in the midst of its next turn."""
        self.cut_off = self.random.randrange(LOTS)
        self.seen.kills += 1

    cut_off: int | None = None

    def change_key(self) -> None:
        """Let the API key expire; there is another one, with other puuids."""
        self.seen.keys += 1
        self.world.keys.change(f"RGAPI-{self.seen.keys}")
        self.new_key_at = self.world.now() + 120

    new_key_at: float | None = None

    def storm(self) -> None:
        """Let Riot refuse for some minutes: too much was asked for, or it fails, or answers with nonsense."""
        until = self.world.now() + self.random.uniform(60, 400)
        kind: Kind = self.random.choice(STORMS)
        share = self.random.uniform(0.2, 1.0) if kind != "not_found" else 0.3
        self.riot.faults.plan(Fault(kind=kind, times=None, share=share, ends_at=until, seconds=5.0))
        self.riot.faults.planned[:] = [each for each in self.riot.faults.planned if each.ends_at > self.world.now()]

    # ------------------------------------------------------------------------------------ one step of time

    async def _tick(self, tick: int, step: timedelta) -> None:
        await self.store.advance(step)
        if self.new_key_at is not None and self.world.now() >= self.new_key_at:
            self.riot.use(self.world.keys.current)  # its operator has noticed
            self.new_key_at = None
        for lot in range(LOTS):
            await self._lot(lot, tick)
        chosen = self.random.choice(self.instances).service
        if (await self.store.count(TrackedPlayer)).keys() & set(TrackedPlayer.sought.names):
            await self._asked(chosen.accounts.once())
        await chosen.publishing.once()

    async def _lot(self, lot: int, tick: int) -> None:
        number = self.random.randrange(len(self.instances))
        service = self.instances[number].service
        turns = [service.detection.turn(lot), service.completion.turn(lot)]
        if tick % 2 == lot % 2:
            turns.append(service.backfill.turn(lot))
        for turn in turns:
            if self.cut_off == lot:
                await self._killed(number, turn)
                self.cut_off = None
            else:
                await self._asked(turn)

    async def _killed(self, number: int, turn: object) -> None:
        """Cut a tracker off in its turn, after some steps of it, and begin another one in its place."""
        task = asyncio.ensure_future(turn)  # type: ignore[call-overload]
        for _ in range(self.random.randrange(200)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.instances[number] = self._instance()

    async def _asked(self, turn: object) -> None:
        """Take a turn; one that Riot refuses as a whole comes again."""
        try:
            await turn  # type: ignore[misc]
        except (KeyRefused, Limited):
            return

    # ------------------------------------------------------------------------------------ what came of it

    async def _look(self) -> Seen:
        seen, ids = self.seen, Counter(self.inbox.ids)
        players = {player.riot_id: player for player in await self.instances[0].service.players.list(limit=100_000)}
        seen.games, seen.faults = len(self.played), self.riot.faults.happened
        told = Counter((told.player, told.match_id) for told in self.inbox.taken)
        for game in self.played.values():
            if game.ended_at > self.world.now() or game.lost:
                continue
            for each in game.players:
                player = players[each.riot_id.casefold()]
                if game.title in player.titles:
                    await self._check(game, player.id, told)
        seen.twice += [id for id, number in ids.items() if number > 1]
        seen.twice += [f"{player}/{match}" for (player, match), number in told.items() if number > 1]
        return seen

    async def _check(self, game: Game, player: str, told: Counter[tuple[str, str]]) -> None:
        """Note what became of one game of one player."""
        seen, id = self.seen, f"{player}/{game.match_id}"
        seen.records += 1
        record = (await self.store.get_many(TrackedGame, [id])).get(id)
        if record is None or record.state != TrackedGame.completed or told[player, game.match_id] == 0:
            seen.lost.append(f"{id}: {record}")
            return
        seen.completed += 1
        seen.within_five_minutes += record.entered_at.timestamp() - game.ended_at <= minutes(5).total_seconds()
        names = [event.name for event in await self.store.history(TrackedGame, id)]
        seen.corrected += "correct" in names
        seen.retried += "retry" in names
        seen.found_by[record.found_by] += 1
        seen.twice += [id] * (sum(name in ("complete", "correct") for name in names) - 1)
