"""Holding a lease while work is done: beats in the background, commands as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from tenure.core.durations import to_length
from tenure.core.errors import LeaseLost, NotFound, NotHolder, OutcomeUnknown, Overdue, StoreReplaced, Unavailable
from tenure.core.lifecycle import Lifecycle, table_of
from tenure.core.transitions import Claim
from tenure.store.events import Event

if TYPE_CHECKING:
    from tenure.store.store import Store

K = TypeVar("K", bound=Lifecycle)

OFTEN = 3  # beats per lease
UNLEASED = timedelta(seconds=30)


class Held(Generic[K]):
    """A lease that is kept alive. `lost` says that it is gone."""

    def __init__(self, store: Store, claim: Claim[K]) -> None:
        self._store, self.claim = store, claim
        self.lost = self.released = False
        self._seen = 0

    async def commands(self) -> AsyncIterator[Event[K]]:
        """Give the commands to the holder, in order; asking for the next one acknowledges the last."""
        with self._store.bell(self.claim.kind, self.claim.id) as bell:
            while True:
                for command in await self._store.beat(self.claim, seen=self._seen):
                    yield command
                    self._seen = command.version
                    await self._store.beat(self.claim, seen=self._seen)
                await bell.heard(_interval(self.claim).total_seconds())

    def release(self) -> None:
        """Beat no more: the holder itself let go."""
        self.released = True

    async def keep(self) -> None:
        """Beat until the lease is lost, or let go."""
        interval = _interval(self.claim).total_seconds()
        while True:
            await self._store.clock.sleep(interval)
            if self.released:
                return
            try:
                await self._store.beat(self.claim, seen=self._seen)
            except (NotHolder, NotFound, Overdue, StoreReplaced):
                return
            except (Unavailable, OutcomeUnknown):
                continue  # the lease decides, not one lost beat


@asynccontextmanager
async def hold(store: Store, claim: Claim[K]) -> AsyncGenerator[Held[K]]:
    """Beat for a claim while the body runs. If the lease is lost, the body is cancelled: `LeaseLost`."""
    held: Held[K] = Held(store, claim)
    body = asyncio.current_task()
    beating = asyncio.create_task(held.keep(), name=f"beats of {claim}")

    def lose(_: asyncio.Task[None]) -> None:
        if not held.released and not beating.cancelled() and body is not None:
            held.lost = True
            body.cancel()

    beating.add_done_callback(lose)
    store.holds.add(held)
    try:
        yield held
    except asyncio.CancelledError:
        if held.lost and body is not None and body.uncancel() == 0:
            raise LeaseLost(f"the lease of {claim} is over; another may hold it: stop what was done for it") from None
        raise
    finally:
        store.holds.discard(held)
        beating.remove_done_callback(lose)
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


def _interval(claim: Claim[K]) -> timedelta:
    """Give a third of the shortest lease that a state of the kind has."""
    lengths = [
        timer.length
        for state in table_of(claim.kind).states.values()
        for timer in state.timers
        if timer.since == "lease"
    ]
    return to_length(min(lengths) // OFTEN) if lengths else UNLEASED
