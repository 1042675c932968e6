"""What the tests of the tracker are made of: a store and a world that share one time, which stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from tests.resting import Rest

from tenure import Poller, Store, seconds, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.publishing import Told
from tenure.services.games.riot.stand_in.delays import Delays
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.faults import Fault
from tenure.services.games.riot.stand_in.world import World
from tenure.services.games.service import GamesService
from tenure.services.games.settings import Settings
from tenure.store.timing import ManualClock
from tenure.webhooks.posting import Outcome

START = datetime(2100, 1, 4, 12, tzinfo=UTC)
"""Later than any machine's clock: where an engine reads its own, the test's time still holds."""

SETTINGS = Settings(admin_key="the-admins-key", webhook_url="https://community.example/hook", webhook_secret="s" * 20)
STEP = seconds(30)


@dataclass
class Inbox:
    """A webhook that keeps what it took, and may refuse, or take it and lose the answer."""

    taken: list[Told] = field(default_factory=list)
    refuses: int = 0
    loses: int = 0

    async def post(self, url: str, body: bytes, headers: dict[str, str], /) -> Outcome:
        assert url == SETTINGS.webhook_url
        assert headers["X-Webhook-Signature"].startswith("sha256=")
        if self.refuses:
            self.refuses -= 1
            return Outcome(milliseconds=1, status=503)
        self.taken.append(msgspec.json.decode(body, type=Told))
        if self.loses:
            self.loses -= 1
            return Outcome(milliseconds=1, error="no answer within 10 seconds")
        return Outcome(milliseconds=1, status=204)

    @property
    def ids(self) -> list[str]:
        return [told.id for told in self.taken]


@dataclass
class Tracking:
    """One tracker, whose loops take their turns as time is let pass."""

    service: GamesService
    world: World
    riot: Direct
    inbox: Inbox

    @property
    def store(self) -> Store:
        return self.service.store

    async def track(self, *riot_ids: str, platform: str = "na1", titles: Sequence[str] = ("lol",)) -> list[str]:
        """Let these players exist and be tracked, and give their ids."""
        for riot_id in riot_ids:
            self.world.add_player(riot_id, platform)
        added = [await self.service.players.add(riot_id, platform, titles) for riot_id in riot_ids]
        await self.service.accounts.once()
        return [player.id for player in added]

    async def turn(self) -> None:
        """Let every loop have one turn, in those lots in which there is something."""
        if (await self.store.count(TrackedPlayer)).keys() & set(TrackedPlayer.sought.names):
            await self.service.accounts.once()
        await self.look()
        for lot in await self.lots():
            await self.service.backfill.turn(lot)
        for lot in sorted({game.match_lot for game in await self.store.find(TrackedGame.open)}):
            await self.service.completion.turn(lot)
        await self.service.publishing.once()

    async def look(self) -> None:
        """Look at everybody once, and do nothing else."""
        for lot in await self.lots():
            await self.service.detection.turn(lot)

    async def lots(self) -> list[int]:
        return sorted({player.lot for player in await self.service.players.list()})

    async def passes(self, by: timedelta, *, step: timedelta = STEP) -> None:
        """Let time pass, with a turn of every loop at each step of it."""
        for _ in range(by // step):
            await self.store.advance(step)
            await self.turn()

    async def games(self) -> list[TrackedGame]:
        return list(await self.service.games.list())

    async def game(self, match: str) -> TrackedGame:
        (found,) = [game for game in await self.games() if game.match == match]
        return found

    async def player(self, id: str) -> TrackedPlayer:
        return await self.service.players.get(id)

    async def names(self, game: TrackedGame) -> list[str]:
        """Give what happened to a game, in order."""
        return [event.name for event in await self.store.history(TrackedGame, game.id)]

    def fault(self, kind: Any, **more: Any) -> Fault:
        """Let something go wrong with Riot from now on."""
        return self.riot.faults.plan(Fault(kind=kind, **more))


def tracking_on(
    store: Store, world: World, settings: Settings = SETTINGS, *, riot: Direct | None = None, inbox: Inbox | None = None
) -> Tracking:
    """Put a tracker together over a store and a world."""
    riot, inbox = riot or Direct(world), inbox or Inbox()
    RESTS.setdefault(store.clock, Rest()).watch(store)
    return Tracking(GamesService(store, settings, riot, poster=inbox), world, riot, inbox)


RESTS = WeakKeyDictionary[Any, Rest]()
"""What is asked of the engines of all trackers that share a time."""


async def time_passes(store: Store, *, dead: int = 0) -> None:
    """Let a little time pass when the turns that have begun are at their end, but for those of dead instances.

    On a slow machine time would else run away from them, or from one that is just being written, and their leases
    would be lost.
    """
    rest = RESTS[store.clock]
    await rest.comes()
    while (await store.count(Poller)).get("running", 0) > dead:
        await asyncio.sleep(0.001)
        await rest.comes()
    await store.advance(seconds(5))


def a_world(clock: ManualClock, delays: Delays | None = None, seed: int = 0) -> World:
    """Make a world in the time of a store."""
    return World(lambda: clock.now / 1_000_000, delays=delays, seed=seed)


@asynccontextmanager
async def some_tracking(
    *, url: str = "sqlite:", delays: Delays | None = None, settings: Settings = SETTINGS
) -> AsyncIterator[Tracking]:
    """Make a tracker whose time stands still until `passes`. At the end its indexes must be right."""
    clock = ManualClock(round(START.timestamp() * 1e6))
    async with testing.store(*kinds, url=url, space="games", clock=clock) as store:
        yield tracking_on(store, a_world(clock, delays), settings)
        assert list(await store.engine.audit("games", repair=False)) == []
