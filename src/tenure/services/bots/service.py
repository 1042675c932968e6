"""The bots service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenure import Store
from tenure.services.bots.census import Census
from tenure.services.bots.figures import Figures
from tenure.services.bots.fleet import Fleet
from tenure.services.bots.game.api import GameApi
from tenure.services.bots.game.rooms import Rooms
from tenure.services.bots.game.stand_in import StandIn
from tenure.services.bots.kinds import kinds
from tenure.services.bots.matchmaking import Matchmaking
from tenure.services.bots.parts import Parts
from tenure.services.bots.runner.players import RandomPlayer
from tenure.services.bots.runner.runner import Duty, run
from tenure.services.bots.settings import Settings
from tenure.store.keeping import Keeper, Loop

__all__ = ["BotsService", "kinds"]

MOST_BOTS_HERE = 1000
"""How many bots play the local game in the server's own process."""


class BotsService:
    """Everything that one server does for bots and for those who wait. One space holds all pools."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self.closing = asyncio.Event()
        """Set when the server is about to stop: who waits for news gets an answer now."""
        self.game = GameApi(
            settings.url_of_the_game,
            settings.game_key,
            tries=settings.game_tries,
            try_seconds=settings.game_try_seconds,
            threshold=settings.game_failures,
            open_seconds=settings.game_rest_seconds,
        )
        self.keeper = Keeper(store)
        self.fleet = Fleet(store, may_deploy=lambda: self.game.available)
        own = Parts(store, self.fleet.look_soon)
        self.pools, self.players, self.offers = own.pools, own.players, own.offers
        self.crew, self.queue, self.settling = own.crew, own.queue, own.settling
        self.census, self.figures = Census(store), Figures(store)
        self.matchmaking = Matchmaking(
            store,
            self.pools,
            self.keeper,
            may_match=lambda: self.game.available,
            conflicted=self.figures.conflicted,
        )
        self.rooms = Rooms(store, self.game, self.settling, settings.report_to)
        self.stand_in = StandIn(store, settings.game_key) if settings.stands_in else None

    def acting(self, actor: str) -> Parts:
        """Give the parts by which somebody acts, such as `admin`; history tells who it was."""
        return Parts(self.store.acting(actor), self.fleet.look_soon)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background loops while the body runs. Runners are processes of their own, and outlive it."""
        async with self.game:
            work = asyncio.create_task(self._work(), name="bots")
            try:
                yield
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    @property
    def trouble(self) -> str:
        """What is wrong with the background work; empty if nothing is. What ended by an error is begun again."""
        away = (
            [] if self.game.available else ["the game is away: nobody is matched, no bots are deployed, and rooms wait"]
        )
        return "; ".join([*self.keeper.troubles.values(), *away])

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return {
            **({"fleet": self.fleet.run} if self.settings.manages else {}),
            **({"matchers": self.matchmaking.run} if self.settings.matches else {}),
            **self.rooms.loops(),
            **(self.stand_in.loops() if self.stand_in else {}),
            **({"runner": self._play} if self.stand_in and self.settings.plays else {}),
            "figures": self.figures.run,
        }

    async def _play(self) -> None:
        """Hold bots that play the local game by chance. Players of one's own run in processes of their own."""
        duty = Duty(make=RandomPlayer, slots=MOST_BOTS_HERE, key=self.settings.game_key)
        await run(self.store.acting(f"runner of {self.store.actor}"), duty)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, loop in self.loops().items():
                group.create_task(self.keeper.keep(name, loop))

    async def shut_down(self, *, keep: bool) -> None:  # noqa: ARG002  runners are no children of this server
        """Prepare for the server's end, while it still serves. Bots wait and play on with their runners."""
        self.closing.set()
        if self.stand_in is not None:
            self.stand_in.end_looks()
