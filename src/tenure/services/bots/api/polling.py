"""Long polls: a request that waits for news of a ticket, bounded in number and in time."""

from __future__ import annotations

import asyncio

from tenure import Store
from tenure.http.rejections import TooMany
from tenure.http.waiting import first_of
from tenure.services.bots.api import views
from tenure.services.bots.lifecycle import Match, Ticket
from tenure.services.bots.offers import KINDS
from tenure.services.bots.queueing import Queue, Waiting

MOST_AT_ONCE = 10_000


class Polls:
    """The requests that wait. `closing` ends them all when the server is about to stop."""

    def __init__(self, store: Store, queue: Queue, closing: asyncio.Event) -> None:
        self._store, self._queue, self._closing = store, queue, closing
        self._number = 0

    async def news(self, view: Waiting, seen: str, wait_seconds: float) -> Waiting:
        """Wait until a look at the ticket differs from what was seen, or the time is over, or the server stops."""
        if self._number >= MOST_AT_ONCE:
            raise TooMany("too many requests wait already: look without `wait`, every few seconds")
        self._number += 1
        try:
            async with asyncio.timeout(wait_seconds):
                while views.cursor(view) == seen and not self._closing.is_set():
                    view = await self._next(view, seen)
        except TimeoutError:
            pass
        finally:
            self._number -= 1
        return view

    async def _next(self, view: Waiting, seen: str) -> Waiting:
        """Look again after the next write to the ticket, its match or another seat; the bell hangs before the look."""
        match = view.match
        seats = [seat for team in match.teams for seat in team] if match else []
        records = [(Ticket, view.ticket.id), *((KINDS[seat.kind], seat.id) for seat in seats)]
        with self._store.bell_of(*records, *([(Match, match.id)] if match else [])) as bell:
            fresh = await self._queue.waiting(view.ticket.id)
            if views.cursor(fresh) == seen:
                await first_of(self._closing.wait(), bell.heard())
                fresh = await self._queue.waiting(view.ticket.id)
            return fresh
