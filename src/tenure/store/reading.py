"""Reading a space: its records, their events, and waiting for what comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar

from tenure.core.durations import to_instant
from tenure.core.engine import Query
from tenure.core.errors import CursorAhead, InvalidChange, NotFound
from tenure.core.fields import plain
from tenure.core.kinds import Rank, Slot, key_of, rank_in
from tenure.core.lifecycle import Lifecycle, record_of, row_of, table_of
from tenure.core.row import Row
from tenure.core.states import Limit, StateOf
from tenure.core.table import Table
from tenure.store.bounds import is_an_id
from tenure.store.events import Event
from tenure.store.looking import LOOK_AGAIN_SECONDS
from tenure.store.shared import Shared
from tenure.store.waking import Bell

K = TypeVar("K", bound=Lifecycle)

PAGE = 1000


class Reading:
    """What of a store changes nothing."""

    def __init__(self, shared: Shared, space: str) -> None:
        self._shared, self.space_name = shared, space
        self.engine, self.clock = shared.engine, shared.clock

    @property
    def kinds(self) -> dict[str, type[Lifecycle]]:
        """The kinds that this store was opened with, by name."""
        return self._shared.models

    # ------------------------------------------------------------------------------------- records and events

    async def get(self, kind: type[K], id: str) -> K:
        """Read one record. Raises `NotFound`."""
        row = await self._row(kind.__name__, id)
        if row is None:
            raise NotFound(f"there is no {kind.__name__} {id!r}", kind=kind, id=id, change="get")
        return record_of(kind, row)

    async def get_many(self, kind: type[K], ids: Iterable[str]) -> dict[str, K]:
        """Read several records by id; absent ones are left out."""
        rows = await self.engine.rows(self.space_name, [(kind.__name__, id) for id in ids if is_an_id(id)])
        return {row.id: record_of(kind, row) for row in rows if row is not None}

    async def find(
        self,
        state: StateOf[K],
        *,
        under: str | Lifecycle | None = None,
        per: object = None,
        limit: int = PAGE,
        newest_first: bool = False,
        by_creation: bool = False,
        after: K | str | None = None,
    ) -> list[K]:
        """Read the records of a state, or of several (`Match.offered | …` under one name).

        `under` keeps those that belong to this parent, `per` those of this key of the state's rank (one value, or
        several as a tuple). They come in the order of the rank; where there is none, or with `by_creation`, in that of
        creation, in which no record moves from one page to another. `after` is the last record of the page before, or
        its id; the page goes on there, also if that record has left the state since. Raises `InvalidChange` where
        nothing is known of it any more.
        """
        model, table = state.kind, table_of(state.kind)
        if isinstance(under, str) and not is_an_id(under):
            return []
        if isinstance(after, str) and not is_an_id(after):
            raise InvalidChange(
                f"after={after!r}: that is no id of a {table.kind}, so it is gone: begin again without it"
            )
        ranked = not by_creation and len(state.names) == 1 and bool(table.states[state.stored[0]].rank)
        query = Query(
            table.kind,
            state.stored,
            parent=None if under is None else self._parent(model, under),
            per=None if per is None else key_of([plain(v) for v in (per if isinstance(per, tuple) else (per,))]),
            ranked=ranked,
            newest_first=newest_first,
            after=after.id if isinstance(after, Lifecycle) else after,
            after_rank=await self._rank(table, state.stored[0], after) if ranked and after is not None else None,
            most=limit,
        )
        return [record_of(model, row) for row in await self.engine.find(self.space_name, query)]

    async def _rank(self, table: Table, state: str, after: Lifecycle | str) -> Rank | None:
        """Give the rank in a state of the record after which a page begins."""
        if isinstance(after, Lifecycle):
            return rank_in(table, state, row_of(after))
        row = await self._row(table.kind, after)
        if row is None:
            raise InvalidChange(f"after={after!r}: that {table.kind} is gone; pass the record itself, or begin again")
        return rank_in(table, state, row)

    async def holding(self, limit: Limit, *key: object, most: int = PAGE) -> list[Any]:
        """Read the records that hold a slot of a limit under this key: who is in the way, or whom a key names."""
        kind: type[Lifecycle] = limit.owner
        slot = Slot(kind.__name__, limit.name, key_of([plain(v) for v in key]))
        ids = await self.engine.holders(self.space_name, slot, most)
        rows = await self.engine.rows(self.space_name, [(kind.__name__, id) for id in ids])
        return [record_of(kind, row) for row in rows if row is not None]

    async def count(self, kind: type[Lifecycle]) -> dict[str, int]:
        """Count a kind's records by state."""
        counts = (await self.engine.counts(self.space_name)).get(kind.__name__, {})
        shown = table_of(kind).shown
        return {shown.get(state, state): number for state, number in counts.items()}

    async def history(self, kind: type[K], id: str, *, after: int = 0, limit: int = PAGE) -> list[Event[K]]:
        """Read a record's events after a version, in order."""
        if not is_an_id(id):
            return []
        entries = await self.engine.history(self.space_name, kind.__name__, id, after, limit)
        return [Event(kind, entry) for entry in entries]

    async def watch(self, kind: type[K], id: str, *, after: int = 0) -> AsyncGenerator[Event[K], None]:
        """Give a record's events after a version, without a gap, and go on as they come. Endless.

        Raises `CursorAhead` if the record has not come so far: then the store was set back.
        """
        row = await self._row(kind.__name__, id)
        if row is not None and after > row.version:
            raise CursorAhead(
                f"version {after} of {kind.__name__} {id!r} is not there (the last is {row.version}): "
                f"the store was set back to an earlier time; begin again from 0"
            )
        with self._shared.looking.ear((self.space_name, kind.__name__, id)) as ear:
            ear.after = after
            events = await self.history(kind, id, after=after)
            while True:
                for event in events:
                    after = event.version
                    yield event
                ear.after = after
                if len(events) < PAGE:
                    await ear.heard()
                told = [Event(kind, entry) for entry in ear.take(after)]
                events = told or await self.history(kind, id, after=after)

    async def feed(
        self, *kinds: type[Lifecycle], after: int | None = None, until: int | None = None
    ) -> AsyncGenerator[Event[Any], None]:
        """Give the events of some kinds (all, if none is named) after a position, and go on as they come. Endless.

        `after=0` begins with the oldest; None with what comes from now on. With `until`, a position that was read
        before, it ends there. Raises `CursorAhead` if the store has not come so far: then it was set back.
        """
        if after is None:
            after = await self.engine.last_position(self.space_name)
        else:
            await self._check_cursor(after)
        names = [kind.__name__ for kind in kinds]
        with self.bell(*kinds) as bell:
            while True:
                entries = await self.engine.feed(self.space_name, names, after, PAGE)
                for entry in entries:
                    after = entry.position
                    if until is not None and after > until:
                        return
                    if entry.kind in self.kinds:
                        yield Event(self.kinds[entry.kind], entry)
                if len(entries) < PAGE:
                    if until is not None:
                        return
                    await self.clock.wait(bell, LOOK_AGAIN_SECONDS)

    async def _check_cursor(self, after: int) -> None:
        if await self.engine.feed(self.space_name, [], after, 1):
            return  # what comes after it is there
        last = await self.engine.last_position(self.space_name)
        if after > last:
            raise CursorAhead(
                f"position {after} is not there (the last is {last}): the store was set back to an earlier time; "
                f"begin again from 0"
            )

    async def position(self) -> int:
        """Read the position of the space's last event: where a `feed` that is begun now goes on from."""
        return await self.engine.last_position(self.space_name)

    async def now(self) -> datetime:
        """Read the store's clock."""
        return to_instant((await self.engine.time(self.space_name, self.clock())).now)

    # ------------------------------------------------------------------------------------- waiting

    def bell(self, *topic: type[Lifecycle] | str) -> AbstractContextManager[Bell]:
        """Give a bell that rings for writes to a kind and id, to each of several kinds, or to all of the space."""
        space = self.space_name
        if len(topic) == 2 and isinstance(topic[1], str) and not isinstance(topic[0], str):  # noqa: PLR2004
            return self._shared.bells.bell((space, topic[0].__name__, topic[1]))
        names = [t if isinstance(t, str) else t.__name__ for t in topic]
        return (
            self._shared.bells.bell(*((space, name) for name in names)) if names else self._shared.bells.bell((space,))
        )

    def bell_of(self, *records: tuple[type[Lifecycle], str]) -> AbstractContextManager[Bell]:
        """Give a bell that rings for writes to any of these records, each given as kind and id."""
        return self._shared.bells.bell(*((self.space_name, kind.__name__, id) for kind, id in records))

    # ------------------------------------------------------------------------------------- inside

    async def _row(self, kind: str, id: str) -> Row | None:
        return (await self.engine.rows(self.space_name, [(kind, id)]))[0] if is_an_id(id) else None

    def _parent(self, model: type[Lifecycle], under: str | Lifecycle) -> tuple[str, str]:
        if isinstance(under, Lifecycle):
            return type(under).__name__, under.id
        parents = {kind for _, kind in table_of(model).parents}
        if len(parents) != 1:
            raise InvalidChange(f"{model.__name__} has {len(parents)} kinds of parent: pass the parent's record")
        return parents.pop(), under
