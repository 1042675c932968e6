"""What every face reads from one space: records, events, explanations, also of kinds that only the store knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from tenure import explaining
from tenure.core import decide
from tenure.core.engine import Message, Query
from tenure.core.errors import NotFound, Refused, TenureError
from tenure.core.kinds import Kinds, Rank, Slot, holdings, rank_in
from tenure.core.lifecycle import table_of
from tenure.core.row import Entry, Row
from tenure.core.table import LimitRow, Table
from tenure.core.transitions import Change
from tenure.explaining import Explanation, PlainEvent, PlainRecord, WhyNot
from tenure.store.refusals import refused
from tenure.store.store import Store
from tenure.web.values import change_of

PAGE = 1000
LOOK_AGAIN_SECONDS = 5.0
MOST_SAMPLED = 200


class Unknown(TenureError):  # noqa: N818  an answer, not a fault
    """A kind or state that is not there; the message says which are."""


class SlotUse(msgspec.Struct, frozen=True):
    """How far one key of a limit is used; `held` counts up to the sample's size."""

    kind: str
    limit: str
    key: str
    held: int
    at_most: int
    holders: tuple[str, ...]


class Reader:
    """One space of a store as plain data. Nothing here writes, but for what `why_not` checks."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self.store, self.kinds = store, kinds

    @classmethod
    async def open(cls, store: Store) -> Reader:
        """Learn the tables: those of the program, and those that the store alone knows."""
        tables = {name: table_of(kind) for name, kind in store.kinds.items()}
        for name, plain in (await store.engine.declarations()).items():
            if name not in tables:
                tables[name] = msgspec.json.decode(plain, type=Table)
        return cls(store, Kinds(tables.values()))

    def space(self, name: str) -> Reader:
        """Give a reader of another space."""
        return self if name == self.store.space_name else Reader(self.store.space(name), self.kinds)

    def table(self, kind: str) -> Table:
        """Give a kind's table. Raises `Unknown`."""
        if kind not in self.kinds:
            known = ", ".join(sorted(self.kinds.tables)) or "none"
            raise Unknown(f"no kind is called {kind!r}; known are {known} (your own come with --module)")
        return self.kinds[kind]

    def is_known(self, kind: str) -> bool:
        """Tell whether this program has the kind's class, so that it can change its records."""
        return kind in self.store.kinds

    # ------------------------------------------------------------------------------------ records

    async def row(self, kind: str, id: str) -> Row:
        """Read one row. Raises `Unknown` for a kind, `NotFound` for a record."""
        self.table(kind)
        row = (await self.store.engine.rows(self.store.space_name, [(kind, id)]))[0]
        if row is None:
            message = f"there is no {kind} {id!r} in the space {self.store.space_name!r}"
            raise NotFound(message, kind=self.store.kinds.get(kind, kind), id=id, change="get")
        return row

    async def record(self, kind: str, id: str) -> PlainRecord:
        """Read one record. Raises as `row` does."""
        return self.plain(await self.row(kind, id))

    def plain(self, row: Row) -> PlainRecord:
        """Give a row as plain data."""
        return explaining.plain_record(self.kinds[row.kind], row, self._absent(row.kind))

    async def records(
        self,
        kind: str,
        *,
        state: str | None = None,
        parent: tuple[str, str] | None = None,
        most: int = 50,
        after: str | None = None,
        newest_first: bool = False,
    ) -> list[PlainRecord]:
        """Read a page of records: of one state in its own order, or of all in that of creation."""
        states = await self._states(kind, state)
        ranked = state is not None and bool(self.kinds[kind].states[states[0]].rank)
        rank = await self._rank(kind, states[0], after) if ranked and after is not None else None
        query = Query(kind, states, parent, None, ranked, newest_first, after, rank, most)
        return [self.plain(row) for row in await self.store.engine.find(self.store.space_name, query)]

    async def _rank(self, kind: str, state: str, after: str) -> Rank | None:
        return rank_in(self.kinds[kind], state, await self.row(kind, after))

    async def _states(self, kind: str, state: str | None) -> tuple[str, ...]:
        table = self.table(kind)
        if state is None:
            counted = (await self.store.engine.counts(self.store.space_name)).get(kind, {})
            return tuple(dict.fromkeys([*table.states, *counted]))
        name = explaining.stored(table, state)
        if name not in table.states:
            known = ", ".join(explaining.shown(table, s) for s in table.states)
            raise Unknown(f"{kind} has no state {state!r}; it has {known}")
        return (name,)

    def _absent(self, kind: str) -> Mapping[str, Any]:
        model = self.store.kinds.get(kind)
        raw = model._raw_defaults if model is not None else {}  # noqa: SLF001
        return {name: msgspec.json.decode(value) for name, value in raw.items()}

    async def counts(self) -> dict[str, dict[str, int]]:
        """Count the records of each kind by state; states without any count 0."""
        found = await self.store.engine.counts(self.store.space_name)
        return {
            kind: {
                explaining.shown(table, s): found.get(kind, {}).get(s, 0)
                for s in {**table.states, **found.get(kind, {})}
            }
            for kind, table in sorted(self.kinds.tables.items())
        }

    # ------------------------------------------------------------------------------------- events

    async def history(self, kind: str, id: str, *, after: int = 0, most: int = PAGE) -> list[PlainEvent]:
        """Read a record's events after a version, in order; they outlive the record."""
        self.table(kind)
        entries = await self.store.engine.history(self.store.space_name, kind, id, after, most)
        return [self._event(entry) for entry in entries]

    async def last_events(self, row: Row, most: int) -> list[PlainEvent]:
        """Read a record's last events, the newest first."""
        events = await self.history(row.kind, row.id, after=max(row.version - most, 0), most=most)
        return events[::-1]

    async def watch(
        self, kind: str | None = None, id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[PlainEvent]:
        """Give events as they come: of the space, a kind, or a record, after a position (of a record: a version)."""
        engine, space = self.store.engine, self.store.space_name
        topic = [name for name in (kind, id) if name is not None]
        with self.store.bell(*topic) as bell:
            if after is None:
                after = await (self._version(kind, id) if kind and id else engine.last_position(space))
            while True:
                entries = await self._entries(kind, id, after)
                for entry in entries:
                    after = entry.version if id else entry.position
                    if entry.kind in self.kinds:
                        yield self._event(entry)
                if len(entries) < PAGE:
                    await self.store.clock.wait(bell, LOOK_AGAIN_SECONDS)

    async def _entries(self, kind: str | None, id: str | None, after: int) -> Sequence[Entry]:
        engine, space = self.store.engine, self.store.space_name
        if kind and id:
            return await engine.history(space, kind, id, after, PAGE)
        return await engine.feed(space, [kind] if kind else [], after, PAGE)

    async def _version(self, kind: str, id: str) -> int:
        row = (await self.store.engine.rows(self.store.space_name, [(kind, id)]))[0]
        return 0 if row is None else row.version

    def _event(self, entry: Entry) -> PlainEvent:
        return explaining.plain_event(self.kinds[entry.kind], entry)

    # ------------------------------------------------------------------------------------ explain

    async def explain(self, kind: str, id: str) -> Explanation:
        """Explain why a record is in its state and what may happen next. Raises as `row` does."""
        row = await self.row(kind, id)
        time = await self.store.engine.time(self.store.space_name, self.store.clock())
        return explaining.explain(
            self.kinds, row, await self._cause(row), time, await self._parents(row), absent=self._absent(kind)
        )

    async def _cause(self, row: Row) -> Entry | None:
        """Find the event that led into the present state: the last one that was no stay."""
        last = row.version
        while last > 0:
            first = max(last - PAGE, 0)
            entries = await self.store.engine.history(self.store.space_name, row.kind, row.id, first, last - first)
            edges = self.kinds[row.kind].edges
            for entry in reversed(entries):
                if entry.name not in edges or edges[entry.name].target:
                    return entry
            last = first if entries else 0  # older ones were pruned
        return None

    async def _parents(self, row: Row) -> Sequence[Row | None]:
        keys = [(kind, up) for name, kind in self.kinds[row.kind].parents if (up := row.fields.get(name)) is not None]
        return await self.store.engine.rows(self.store.space_name, keys) if keys else ()

    async def why_not(self, kind: str, id: str, transition: str, values: Mapping[str, str] | None = None) -> WhyNot:
        """Say whether a transition would be made now with these values, and if not, why. Nothing is written."""
        row, table = await self.row(kind, id), self.table(kind)
        answer = explaining.why_not_by_table(table, row, transition)
        if answer is not None:
            return answer
        explanation = await self.explain(kind, id)
        found = next(p for p in explanation.next if p.transition == transition)
        if not self.is_known(kind):
            return explaining.why_not_by_maker(table, row, transition, found.at) or explaining.allowed(
                row, transition, found.takes
            )
        refusal = await self._check(row, table, transition, values or {})
        if refusal is not None:
            return refusal
        by = explaining.why_not_by_maker(table, row, transition, found.at)
        return by or explaining.allowed(row, transition, found.takes)

    async def _check(self, row: Row, table: Table, transition: str, values: Mapping[str, str]) -> WhyNot | None:
        """Ask the store, as the one who may make it: the sweeper with its time, the holder with its fence."""
        edge, model = table.edges[explaining.stored(table, transition)], self.store.kinds[row.kind]
        fence = row.fence if edge.by == "holder" else None
        if values:
            change = change_of(model, row.id, transition, values, fence=fence)
        else:
            change = Change(model, row.id, edge.name, fields=dict(edge.fields), fence=fence)
        change.applied = True
        asked = decide.Transaction((change,), self.store.actor, timed=edge.by == "sweeper")
        outcome = await self.store.engine.check(self.store.space_name, asked, self.store.clock())
        if not isinstance(outcome, decide.Refusal) or outcome.reason == "not_due":
            return None
        if outcome.reason == "missing_field" and outcome.field in edge.takes:
            return None  # it rides along, and was not given here
        error = refused(outcome, self.store.kinds)
        return WhyNot(row.kind, row.id, transition, allowed=False, reason=outcome.reason, message=told(error))

    # ------------------------------------------------------------------------ limits, due, messages

    async def limits(self, kind: str, *, most: int = 20) -> list[SlotUse]:
        """Read the fullest keys of a kind's limits, among its newest records that hold a slot.

        Limits of one are left out: they keep keys unique, and are full whenever there is one.
        """
        table, found = self.table(kind), list[SlotUse]()
        for limit in limits_of_several(table):
            rows = [row for state in sorted(limit.over) for row in await self._newest(kind, state, MOST_SAMPLED)]
            keys = Counter(slot for row in rows for slot in holdings(table, row).slots if slot.limit == limit.name)
            sample = {slot: row for row in rows for slot in holdings(table, row).slots}
            found += [await self._use(limit, slot, sample[slot]) for slot, _ in keys.most_common(most)]
        return sorted(found, key=lambda use: (use.held < use.at_most, -use.held))[:most]

    async def _newest(self, kind: str, state: str, most: int) -> Sequence[Row]:
        """One state at a time: several at once would be put in order first, all of them."""
        query = Query(kind, (state,), newest_first=True, most=most)
        return await self.store.engine.find(self.store.space_name, query)

    async def _use(self, limit: LimitRow, slot: Slot, row: Row) -> SlotUse:
        holders = await self.store.engine.holders(self.store.space_name, slot, PAGE)
        at_most = limit.at_most
        if limit.cap_field:
            parent = (limit.parent, row.fields[limit.per[0]])
            up = (await self.store.engine.rows(self.store.space_name, [parent]))[0]
            at_most = (up.fields if up else {}).get(limit.cap_field, limit.cap_default) or 0
        return SlotUse(slot.kind, slot.limit, slot.key, len(holders), at_most, tuple(holders[:20]))

    async def messages(self, most: int = 50) -> Sequence[Message]:
        """Read the messages that wait, the oldest first."""
        return await self.store.engine.messages(self.store.space_name, None, None, most)

    async def due(self, most: int = 50) -> list[Explanation]:
        """Explain the records that are looked at next, those with a deadline only, the earliest first."""
        looked = await self.store.engine.due(self.store.space_name, most)
        rows = await self.store.engine.rows(self.store.space_name, [(kind, id) for _, kind, id in looked])
        time = await self.store.engine.time(self.store.space_name, self.store.clock())
        found = [
            explaining.explain(self.kinds, row, None, time, await self._parents(row))
            for row in rows
            if row is not None and row.kind in self.kinds
        ]
        with_deadline = [e for e in found if e.due_at is not None]
        return sorted(with_deadline, key=lambda e: e.due_at or e.record.created_at)


def limits_of_several(table: Table) -> list[LimitRow]:
    """Give the limits that allow more than one record per key."""
    return [limit for limit in table.limits if limit.cap_field or limit.at_most > 1]


def told(error: Refused) -> str:
    """Give a refusal's message, begun as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:]
