"""The battles service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tenure import Store, seconds
from tenure import open as open_store
from tenure.services.battles.checks import new_id
from tenure.services.battles.contact import Contact
from tenure.services.battles.counting import Counting
from tenure.services.battles.echo import Echo
from tenure.services.battles.isolation import Isolation
from tenure.services.battles.journal import Provisional
from tenure.services.battles.kinds import kinds
from tenure.services.battles.matchmaking import Matchmaking
from tenure.services.battles.operating import Operating
from tenure.services.battles.parts import Parts
from tenure.services.battles.presence import Presence
from tenure.services.battles.rooms import Rooms
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.rules.known import ALL_RULES
from tenure.services.battles.running import Running
from tenure.services.battles.seats import Seats
from tenure.services.battles.settings import Settings
from tenure.services.battles.sockets.limits import Limits
from tenure.services.battles.sockets.serving import Sockets
from tenure.store.keeping import Keeper, Loop

__all__ = ["ALL_RULES", "BattlesService", "kinds"]

AGAIN_SECONDS = 0.5


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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.settings = store, settings
        self.rules: Mapping[str, Rules] = {one.name: one for one in rules}
        self.closing = asyncio.Event()
        """Set when the server is about to stop: who waits for news gets an answer now."""
        self.keeper, self.counting = Keeper(store), Counting()
        own = Parts(store, settings, self.rules, new_seed, started=self._look_soon)
        self.offers, self.queue, self.playing = own.offers, own.queue, own.playing
        self.presence = Presence(store, self.queue, host=settings.host, pid=settings.pid)
        self.rooms = Rooms(store, self.rules, self.playing, self.counting)
        self.running_battles = Running(
            store,
            self.rules,
            self._taking_as,
            self.presence.has,
            most=settings.most_battles,
            counting=self.counting,
        )
        self.isolation = Isolation(
            store,
            self.rules,
            self.presence,
            Contact(store, self.presence, monotonic),
            self.running_battles,
            self.rooms,
            journal=self._open_journal,
        )
        self.playing.provisionally = self.isolation.take
        self.matchmaking = Matchmaking(
            store,
            tuple(self.rules),
            confirm_within=seconds(settings.confirm_seconds),
            longest=seconds(settings.longest_seconds),
            counting=self.counting,
        )
        self.seats, self.echo = Seats(store), Echo(store, new_id())
        self.sockets = Sockets(
            store,
            settings,
            presence=self.presence,
            queue=self.queue,
            playing=self.playing,
            rooms=self.rooms,
            isolation=self.isolation,
            limits=limits,
            counting=self.counting,
        )
        self.presence.drained = self._drained
        self._moving_on = set[asyncio.Task[None]]()

    def acting(self, actor: str) -> Operating:
        """Give what operators do; history tells who it was."""
        return Operating(self.store.acting(actor))

    def _drained(self) -> None:
        """Let battles and players go elsewhere, since an operator wants us to let nobody in."""
        moving = asyncio.create_task(self._move_on(), name="moves on")
        self._moving_on.add(moving)
        moving.add_done_callback(self._moving_on.discard)

    async def _move_on(self) -> None:
        while self.isolation.mode != "clustered" or not await self.running_battles.hand_over():
            await self.store.clock.sleep(AGAIN_SECONDS)  # while we live, nobody else would take them
        self.sockets.entrance.close()

    def _taking_as(self) -> str | None:
        """Give who takes battles; nobody while what we have is not in the store."""
        return self.presence.instance if self.isolation.mode == "clustered" else None

    def _open_journal(self) -> AbstractAsyncContextManager[Store]:
        path = self.settings.journal
        return open_store("sqlite:" if path is None else f"sqlite:///{path}", Provisional, space="battles")

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
            for task in (work, *self._moving_on):
                task.cancel()
            await asyncio.gather(work, *self._moving_on, return_exceptions=True)
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
            "isolation": self.isolation.run,
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
