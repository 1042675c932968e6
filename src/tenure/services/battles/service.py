"""The battles service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from tenure import Store, seconds
from tenure.services.battles.checks import new_id
from tenure.services.battles.echo import Echo
from tenure.services.battles.kinds import kinds
from tenure.services.battles.matchmaking import Matchmaking
from tenure.services.battles.parts import Parts
from tenure.services.battles.presence import Presence
from tenure.services.battles.rooms import Rooms
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.rules.wizards import Wizards
from tenure.services.battles.running import Running
from tenure.services.battles.seats import Seats
from tenure.services.battles.settings import Settings
from tenure.services.battles.sockets.limits import Limits
from tenure.services.battles.sockets.serving import Sockets
from tenure.store.keeping import Keeper, Loop

__all__ = ["BattlesService", "kinds"]

ALL_RULES: tuple[Rules, ...] = (Wizards(),)


def new_seed() -> int:
    """Draw all the chance that one battle has."""
    return secrets.randbits(63)


class BattlesService:
    """Everything that one instance does for its players, and for the battles that it runs."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        rules: Iterable[Rules] = ALL_RULES,
        new_seed: Callable[[], int] = new_seed,
        limits: Limits | None = None,
    ) -> None:
        self.store, self.settings = store, settings
        self.rules: Mapping[str, Rules] = {one.name: one for one in rules}
        self.closing = asyncio.Event()
        """Set when the server is about to stop: who waits for news gets an answer now."""
        self.keeper = Keeper(store)
        own = Parts(store, settings, self.rules, new_seed, started=self._look_soon)
        self.offers, self.queue, self.playing = own.offers, own.queue, own.playing
        self.presence = Presence(store, self.queue, host=settings.host, pid=settings.pid)
        self.rooms = Rooms(store, self.rules, self.playing)
        self.running_battles = Running(
            store, self.rules, lambda: self.presence.instance, self.presence.has, most=settings.most_battles
        )
        self.matchmaking = Matchmaking(
            store,
            tuple(self.rules),
            confirm_within=seconds(settings.confirm_seconds),
            longest=seconds(settings.longest_seconds),
        )
        self.seats, self.echo = Seats(store), Echo(store, new_id())
        self.sockets = Sockets(
            store,
            settings,
            presence=self.presence,
            queue=self.queue,
            playing=self.playing,
            rooms=self.rooms,
            limits=limits,
        )

    def _look_soon(self) -> None:
        self.running_battles.look_soon()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background loops while the body runs. At its end battles are handed over, and connections closed."""
        work = asyncio.create_task(self._work(), name="battles")
        try:
            yield
        finally:
            await self.sockets.gone()
            await self.presence.drain()
            await self.running_battles.hand_over()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self.rooms.close()

    @property
    def trouble(self) -> str:
        """What is wrong with the background work; empty if nothing is."""
        return "; ".join([*self.keeper.troubles.values(), *([self.echo.trouble] if self.echo.trouble else [])])

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return {
            "instance": self.presence.run,
            "echo": self.echo.run,
            **(self.matchmaking.loops() if self.settings.matches else {}),
            **({"battles": self.running_battles.run} if self.settings.runs else {}),
            **self.seats.loops(),
        }

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, loop in self.loops().items():
                group.create_task(self.keeper.keep(name, loop))

    async def shut_down(self, *, keep: bool) -> None:  # noqa: ARG002  all that is under way lies in the store
        """Prepare for the server's end, while it still serves: nobody is let in, battles and players go elsewhere."""
        self.closing.set()
        await self.presence.drain()
        await self.running_battles.hand_over()
        await self.sockets.close()
