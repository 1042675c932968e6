"""How many bots, tickets and matches of each pool are in each state: counted once, then kept by their events."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from tenure import CursorAhead, Lifecycle, StateOf, Store
from tenure.services.bots.lifecycle import Bot, Match, Ticket

LIVE: dict[type[Lifecycle], StateOf[Any]] = {Bot: Bot.live, Ticket: Ticket.live, Match: Match.live}
NAMES = {Bot: "bots", Ticket: "tickets", Match: "matches"}
PAGE = 1000
STALE_MICROSECONDS = 600 * 1_000_000
"""After so long without a look, counting anew is less work than reading what happened meanwhile."""

Counts = dict[str, dict[str, dict[str, int]]]
"""By pool, by `bots`, `tickets` or `matches`, by state. Ends are left out."""


class Census:
    """Counts when it is asked: the first time it reads all that lives, then only what has happened since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._position: int | None = None
        self._places: dict[tuple[type[Lifecycle], str], tuple[str, str, int]] = {}
        """Pool, state and version of each live record."""
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._turn = asyncio.Lock()

    async def counts(self) -> Counts:
        """Give the counts of this moment; pools without anybody are left out."""
        async with self._turn:
            await self._catch_up()
            found: Counts = {}
            for (pool, name, state), number in self._counts.items():
                if number:
                    found.setdefault(pool, {}).setdefault(name, {})[state] = number
            return found

    async def of(self, pool: str) -> dict[str, dict[str, int]]:
        """Give the counts of one pool, also where nobody is in it."""
        return {name: {} for name in NAMES.values()} | (await self.counts()).get(pool, {})

    async def _catch_up(self) -> None:
        until = await self._store.position()
        if self._position is None or until - self._position > STALE_MICROSECONDS:
            await self._begin(until)
        try:
            async for event in self._store.feed(*LIVE, after=self._position, until=until):
                pool = event.fields["pool"] if event.name == "create" else None
                self._put(event.kind, event.id, pool, event.target.name, event.version)
        except CursorAhead:  # the store was set back
            await self._begin(until)
        self._position = until

    async def _begin(self, until: int) -> None:
        """Read all that lives. What happens meanwhile comes again as events, whose versions are known by then."""
        self._places.clear()
        self._counts.clear()
        self._position = until
        for kind in LIVE:
            async for record in self._live(kind):
                self._put(kind, record.id, record.pool, record.state.name, record.version)

    async def _live(self, kind: type[Lifecycle]) -> AsyncIterator[Any]:
        after = None
        while page := await self._store.find(LIVE[kind], limit=PAGE, after=after):
            for record in page:
                yield record
            after = page[-1]

    def _put(self, kind: type[Lifecycle], id: str, pool: str | None, state: str, version: int) -> None:
        before = self._places.get((kind, id))
        if before is not None and before[2] >= version:
            return  # known already
        if before is not None:
            self._counts[before[0], NAMES[kind], before[1]] -= 1
        pool = pool or (before and before[0])
        if pool is None or state not in LIVE[kind].names:
            self._places.pop((kind, id), None)
            return
        self._places[kind, id] = (pool, state, version)
        self._counts[pool, NAMES[kind], state] += 1
