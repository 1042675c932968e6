"""Results as they arrive: read from a position of the feed on, and waited for where there is none yet."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from tenure import Event, Store
from tenure.http.waiting import first_of
from tenure.services.games.games import TOLD
from tenure.services.games.lifecycle import TrackedGame

MOST_LOOKED_THROUGH = 10_000
"""How many events one look goes through; the next one goes on behind them."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Results in the order in which they came, each with its game; and the position to go on from."""

    results: tuple[tuple[Event[TrackedGame], TrackedGame], ...]
    next: int


class Arrivals:
    """Reads results. `closing` ends all waiting: the server is about to stop."""

    def __init__(self, store: Store, closing: asyncio.Event) -> None:
        self._store, self._closing = store, closing

    async def after(self, position: int, *, limit: int, wait_seconds: float = 0.0) -> Arrived:
        """Give results after a position, at most so many; if there are none yet, wait for the first ones so long.

        A correction is a result too. Raises `CursorAhead`.
        """
        found, is_all = await self._look(position, limit)
        try:
            async with asyncio.timeout(wait_seconds):
                while not found.results and is_all and wait_seconds and not self._closing.is_set():
                    found, is_all = await self._next(found, limit)
        except TimeoutError:
            pass
        return found

    async def _next(self, found: Arrived, limit: int) -> tuple[Arrived, bool]:
        """Look again after the next write to a game; the bell hangs before the look."""
        with self._store.bell(TrackedGame) as bell:
            fresh, is_all = await self._look(found.next, limit)
            if fresh.results or not is_all:
                return fresh, is_all
            await first_of(self._closing.wait(), bell.heard())
            return await self._look(fresh.next, limit)

    async def _look(self, position: int, limit: int) -> tuple[Arrived, bool]:
        """Read once, and tell whether that was all there is."""
        told, looked = list[Event[TrackedGame]](), 0
        async with aclosing(
            self._store.feed(TrackedGame, after=position, until=await self._store.position())
        ) as events:
            async for event in events:
                position, looked = event.position, looked + 1
                if event.name in TOLD:
                    told.append(event)
                if len(told) == limit or looked == MOST_LOOKED_THROUGH:
                    break
        games = await self._store.get_many(TrackedGame, {event.id for event in told})
        # Whose player was removed long ago has no game any more.
        results = tuple((event, games[event.id]) for event in told if event.id in games)
        return Arrived(results, position), looked < MOST_LOOKED_THROUGH and len(told) < limit
