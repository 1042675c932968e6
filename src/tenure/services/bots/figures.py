"""The quality of matching, read from events: live over a sliding window, and in reports over any time that is kept.

`Figures.of(pool)` gives a `Quality`. Percentiles are within 1 % of the true ones; deciles begin and end at multiples of
25 points; the window slides by a sixtieth of its length.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tenure import Event, NotFound, StateOf, Store, hours
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.quality import Quality
from tenure.services.bots.lifecycle import Bot, Match, Pool, Ticket
from tenure.services.bots.offers import entrant_of
from tenure.services.bots.tally import Tally

WINDOW = hours(1)
KINDS = (Pool, Match, Ticket, Bot)
ENDS = {"played", "left", "over", "void", "retired"}
SAYING = {"create", "enqueue", "finish"}
"""The events that say something of who waits."""
NAMES = {"rating": "rating", "queued_at": "since", "players": "players", "avoid": "avoid", "met": "met"}
"""What a field of a ticket or a bot is called of an entrant."""
PAGE = 1000


class Figures:
    """Follows the events of all pools. `run` it; then `of` and `all` give the figures of this moment."""

    def __init__(self, store: Store, *, window: timedelta = WINDOW) -> None:
        self._store, self._window = store, window
        self._tallies: dict[str, Tally] = {}
        self._pools: dict[str, str] = {}
        """The pool of each live match, ticket and bot, by `KIND/ID`."""
        self._entrants: dict[str, Entrant] = {}
        self.position = 0
        """The position of the last event that they hold."""

    async def run(self) -> None:
        """Read back what happened in the window, then follow what comes, until cancelled."""
        self._tallies, self._pools, self._entrants = {}, {}, {}
        after = await self.read_back()
        await self.look()
        self.position = after
        async for event in self._store.feed(*KINDS, after=after):
            await self._take(event)
            self.position = event.position

    async def read_back(self) -> int:
        """Read the events of the window that ends now, and give the position of the last one."""
        until = await self._store.position()
        begin = int((await self._store.now() - self._window).timestamp() * 1_000_000)
        # A position is no earlier than its time in microseconds: nothing of the window lies before this one.
        async for event in self._store.feed(*KINDS, after=min(max(begin, 0), until), until=until):
            await self._take(event)
        return until

    async def of(self, pool: str) -> Quality:
        """Give the figures of one pool; a pool of which nothing was seen has empty ones."""
        tally = self._tallies.get(pool) or Tally(pool, self._window.total_seconds(), Rules())
        return tally.quality(await self._store.now())

    async def all(self) -> list[Quality]:
        """Give the figures of all pools that anything was seen of, by name."""
        now = await self._store.now()
        return [self._tallies[pool].quality(now) for pool in sorted(self._tallies)]

    def waiting(self, pool: str) -> list[Entrant]:
        """Give who waits in a pool at this moment, as far as its events tell. Nothing is read for it."""
        tally = self._tallies.get(pool)
        return list(tally.queue.values()) if tally else []

    def conflicted(self, pool: str, number: int) -> None:
        """Count matches that were chosen and not made, since somebody in them had gone meanwhile."""
        if pool in self._tallies:
            self._tallies[pool].conflicts += number

    # ------------------------------------------------------------------------------------------- events

    async def _take(self, event: Event[Any]) -> None:
        if event.kind is Pool:
            await self._take_pool(event)
            return
        key = f"{event.kind.__name__}/{event.id}"
        pool = await self._pool_of(key, event)
        if pool is None:
            return
        tally = await self._tally(pool)
        if event.kind is Match:
            tally.match(event)
        else:
            tally.seat(event, self._entrant(key, event))
        if event.target.names[0] in ENDS:
            self._pools.pop(key, None)
            self._entrants.pop(key, None)

    async def _take_pool(self, event: Event[Pool]) -> None:
        if event.target.names[0] == "closed":
            self._tallies.pop(event.id, None)
            return
        tally = await self._tally(event.id)
        if event.name == "edit":
            tally.rules = event.fields["rules"]

    def _entrant(self, key: str, event: Event[Any]) -> Entrant:
        """Give who an event is about: a ticket as it was created, a bot as it last queued and whom it last met."""
        known = self._entrants.get(key)
        if known is None:
            known = Entrant(key=key, rating=0.0, since=0.0, players=(event.id,), stands_in=event.kind is Bot)
        if event.name in SAYING:
            known = msgspec.structs.replace(known, **said_by(event.fields))
        self._entrants[key] = known
        return known

    # ------------------------------------------------------------------------------------------- records

    async def _tally(self, pool: str) -> Tally:
        if pool not in self._tallies:
            try:
                rules = (await self._store.get(Pool, pool)).rules
            except NotFound:
                rules = Rules()
            self._tallies.setdefault(pool, Tally(pool, self._window.total_seconds(), rules))
        return self._tallies[pool]

    async def _pool_of(self, key: str, event: Event[Any]) -> str | None:
        """Give the pool of a record; it is read, if it was there before the window. None if it is gone."""
        if event.name == "create":
            self._pools[key] = event.fields["pool"]
        elif key not in self._pools:
            found = await self._store.get_many(event.kind, [event.id])
            for record in found.values():
                self._pools[key] = record.pool
                if event.kind is not Match:
                    self._know(record)
        return self._pools.get(key)

    def _know(self, record: Ticket | Bot) -> Entrant:
        """Note the pool of a ticket or a bot that was there before the window, and who it is."""
        entrant = entrant_of(record)
        self._pools[entrant.key], self._entrants[entrant.key] = record.pool, entrant
        return entrant

    async def look(self) -> None:
        """Read who waits now: the events of the window don't tell of who came before it."""
        for pool in await self._store.find(Pool.present):
            queue: dict[str, Entrant] = {}
            for state in (Ticket.queued, Bot.queued):
                async for record in self._records(state, pool.id):
                    entrant = self._know(record)
                    queue[entrant.key] = entrant
            (await self._tally(pool.id)).queue = queue

    async def _records(self, state: StateOf[Any], pool: str) -> AsyncIterator[Any]:
        page = await self._store.find(state, per=pool, limit=PAGE)
        while page:
            for record in page:
                yield record
            page = await self._store.find(state, per=pool, limit=PAGE, after=page[-1])


def said_by(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the fields of a ticket or a bot, or of an event of it, say of who waits."""
    said = {NAMES[name]: value for name, value in fields.items() if name in NAMES}
    for name in ("avoid", "met"):
        if name in said:
            said[name] = frozenset(said[name])
    if "since" in said:
        said["since"] = said["since"].timestamp()
    return said


async def report(store: Store, *, since: timedelta, pool: str | None = None) -> list[Quality]:
    """Give the figures of the time before now, of one pool or of all, from the events that are kept."""
    figures = Figures(store, window=since)
    await figures.read_back()
    await figures.look()
    return [await figures.of(pool)] if pool is not None else await figures.all()
