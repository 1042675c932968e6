"""The decision: what becomes of a transaction, given what the store holds.

`decide` is one pure function: no clock, no I/O, total. Engines in Python call it inside their transaction; the
tests' model calls it over a dict; an engine that decides on its server says the same over the same plain data.

What it guards, in the order in which it looks (the first that fails is the refusal):

    1  the record is there (or, for a create, is not)
    2  the build knows the state, and the transition leaves it
    3  the record is not past its deadline or lease. The tempting wrong version checks the index of due records
       instead: what was not swept yet would still be allowed.
    4  version and fence, if given. No lock guards a transition; a paused holder that wakes up is stopped here.
    5  what the entered state needs: its fields, its parent's state and window, a slot of each limit
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

from tenure.core.deadlines import Known, due
from tenure.core.fields import Plain
from tenure.core.kinds import Slot, keeps_slots, slots_of, value_of
from tenure.core.row import Entry, Row
from tenure.core.table import EdgeRow, LimitRow, StateRow, Table
from tenure.core.transitions import NEXT, Change, TimedChange

Reason = Literal[
    "not_found",
    "exists",
    "unknown_state",
    "wrong_state",
    "overdue",
    "not_due",
    "stale",
    "not_holder",
    "missing_field",
    "not_under",
    "limit_reached",
    "op_conflict",
]


Asked = Change[Any] | TimedChange


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """Changes that are applied all or not at all, by one actor; `digest` tells two bodies of one op id apart."""

    changes: Sequence[Asked]
    by: str
    op: str = ""
    why: str = ""
    digest: bytes = b""
    timed: bool = False


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why nothing happened, as plain data: `row` is the record as it was found, `state` the one to be entered."""

    reason: Reason
    change: int
    kind: str
    id: str
    name: str
    row: Row | None = None
    state: str = ""
    deadline: int | None = None
    field: str = ""
    parent_kind: str = ""
    parent_id: str | None = None
    parent: Row | None = None
    overdue: bool = False
    limit: str = ""
    key: str = ""
    at_most: int = 0
    holders: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What an op id's first application gave; kept for its repeats."""

    digest: bytes
    rows: tuple[Row, ...]


class Write(msgspec.Struct, frozen=True, gc=False):
    """One change made: the row before and after, and its event. A beat has no event."""

    before: Row | None
    after: Row
    entry: Entry | None


class Writes(msgspec.Struct, frozen=True, gc=False):
    """A transaction made: its writes in order, the record as each left it, and the space's counters after it.

    `moved` says which records took a slot (True) or left it.
    """

    writes: list[Write]
    rows: tuple[Row, ...]
    sequence: int
    held: dict[Slot, int]
    moved: list[tuple[Slot, str, bool]]
    serials: dict[tuple[str, str], int]


class Replay(msgspec.Struct, frozen=True, gc=False):
    """The op id was applied before: its first answer."""

    rows: tuple[Row, ...]


Decision = Writes | Replay | Refusal


class View(Known, Protocol):
    """What a store holds, as `decide` asks for it."""

    sequence: int

    def held(self, slot: Slot) -> int:
        """Give how many records hold a slot of this limit and key."""
        ...

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        """Give the ids of those that hold one."""
        ...

    def serial(self, kind: str, field: str) -> int:
        """Give the last number given out."""
        ...

    def answer(self, op: str) -> Answer | None:
        """Give what an op id's first application gave, if it is still kept."""
        ...


def decide(view: View, transaction: Transaction) -> Decision:
    """Decide one transaction. The view is only read."""
    if transaction.op:
        answer = view.answer(transaction.op)
        if answer is not None:
            if answer.digest == transaction.digest:
                return Replay(answer.rows)
            first = transaction.changes[0]
            return Refusal("op_conflict", 0, first.kind, str(first.id), first.name)
    draft = Draft(view, transaction)
    try:
        for number, change in enumerate(transaction.changes):
            draft.number, draft.change = number, change
            draft.make(change)
    except Stop as stop:
        return stop.refusal
    rows = tuple([write.after for write in draft.writes])
    return Writes(draft.writes, rows, draft.sequence, draft.slots, draft.moved, draft.serials)


class Stop(Exception):  # noqa: N818  it carries a refusal out of a draft, and never leaves this module
    """The transaction is refused."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class Draft:
    """One transaction in the making: what it has written so far, over what the view holds."""

    __slots__ = (
        "change",
        "kinds",
        "moved",
        "now",
        "number",
        "rows",
        "sequence",
        "serials",
        "slots",
        "time",
        "transaction",
        "view",
        "writes",
    )

    change: Asked

    def __init__(self, view: View, transaction: Transaction) -> None:
        self.view, self.transaction = view, transaction
        self.kinds, self.time = view.kinds, view.time
        self.now, self.sequence = view.time.now, view.sequence
        self.number = 0
        self.rows: dict[tuple[str, str], Row] = {}
        self.slots: dict[Slot, int] = {}
        self.moved: list[tuple[Slot, str, bool]] = []
        self.serials: dict[tuple[str, str], int] = {}
        self.writes: list[Write] = []

    # -------------------------------------------------------------------------- the three kinds of change

    def make(self, change: Asked) -> None:
        """Make one change, or stop."""
        table = self.view.kinds[change.kind]
        if change.name == "create":
            self._create(change, table)
            return
        row = self.row(change.kind, str(change.id))
        if row is None:
            raise self._stop("not_found")
        state = table.states.get(row.state)
        if state is None:
            raise self._stop("unknown_state", row)
        if change.name == "beat":
            self._beat(change, row, table)
            return
        edge = table.edges[change.name]
        if row.state not in edge.sources:
            raise self._stop("wrong_state", row)
        self._check_time(row, state, edge)
        self._check_target(change, row, edge)
        self._move(change, row, table, state, edge)

    def _create(self, change: Asked, table: Table) -> None:
        fields, id = dict(change.fields), change.id
        for name in table.serials:
            fields[name] = self.serials[(table.kind, name)] = 1 + self._serial(table.kind, name)
        if id is NEXT:
            id = str(fields[table.serials[0]])
        before = self.row(table.kind, str(id))
        if before is not None:
            raise self._stop("exists", before)
        state, now = table.states[change.state], self.now
        self.sequence = max(self.sequence + 1, now)
        fence, holder = (self.sequence, self.transaction.by) if state.claims else (0, None)
        rest = msgspec.json.encode(change.rest) if change.rest else b"{}"
        row = Row(table.kind, str(id), state.name, 1, fence, holder, now, now, now, now, 0, 0, fields, rest)
        self._enter(None, row, table, state)
        self._count(None, row, table)
        self._write(None, row, change.name, "", change.note)

    def _beat(self, change: Asked, row: Row, table: Table) -> None:
        self._check_time(row, table.states[row.state], None)
        self._check_target(change, row, None)
        seen = max(row.seen, min(change.seen, row.told))
        after = Row(
            row.kind, row.id, row.state, row.version, row.fence, row.holder, row.created_at, row.entered_at,
            row.changed_at, self.now, row.told, seen, row.fields, row.rest,
        )  # fmt: skip
        self.rows[row.kind, row.id] = after
        self.writes.append(Write(row, after, None))

    def _move(self, change: Asked, row: Row, table: Table, state: StateRow, edge: EdgeRow) -> None:
        now, version = self.now, row.version + 1
        self.sequence = max(self.sequence + 1, now)
        moves = bool(edge.target)
        target = table.states[edge.target] if moves else state
        claims = edge.by == "claimant"
        after = Row(
            row.kind,
            row.id,
            target.name,
            version,
            self.sequence if claims else row.fence,
            self.transaction.by if claims else row.holder if target.leased or not moves else None,
            row.created_at,
            now if moves else row.entered_at,
            now,
            now if moves or claims or edge.by == "holder" else row.beaten_at,
            version if edge.tells else row.told,
            row.told if target.final else row.seen,
            merge_fields(row.fields, target.clears if moves else {}, change.fields),
            merge(row.rest, change.rest),
        )
        if moves:
            self._enter(row, after, table, target)
        self._count(row, after, table)
        unread = (row.seen, row.told) if target.final and row.told > row.seen else ()
        self._write(row, after, change.name, row.state, change.note, unread)

    # -------------------------------------------------------------------------------------- the checks

    def _check_time(self, row: Row, state: StateRow, edge: EdgeRow | None) -> None:
        next_due = due(self, row) if state.timers else None
        if next_due is not None and next_due[0] <= self.now:
            if edge is None or edge.name != next_due[1]:
                raise self._stop("overdue", row, deadline=next_due[0], field=next_due[1])
        elif self.transaction.timed:
            raise self._stop("not_due", row)

    def _check_target(self, change: Asked, row: Row, edge: EdgeRow | None) -> None:
        if change.version is not None and change.version != row.version:
            raise self._stop("stale", row)
        needs_holder = change.fence is not None or edge is None or edge.by == "holder"
        if needs_holder and (row.holder is None or row.fence != change.fence):
            raise self._stop("not_holder", row)

    def _enter(self, before: Row | None, after: Row, table: Table, state: StateRow) -> None:
        for name in state.has:
            if value_of(table, after, name) is None:
                raise self._stop("missing_field", before, state=state.name, field=name)
        if state.under is None:
            return
        kind, id = state.under.parent, value_of(table, after, state.under.field)
        up = None if id is None else self.row(kind, id)
        fits = up is not None and up.state in state.under.states
        next_due = due(self, up) if up is not None and fits else None
        overdue = next_due is not None and next_due[0] <= self.now
        if not fits or overdue:
            raise self._stop(
                "not_under", before, state=state.name, parent_kind=kind, parent_id=id, parent=up, overdue=overdue
            )

    def _count(self, before: Row | None, after: Row, table: Table) -> None:
        if before is not None and keeps_slots(table, before, after):
            return
        had, has = slots_of(table, before), slots_of(table, after)
        for slot in had:
            if slot not in has:
                self.slots[slot] = self._held(slot) - 1
                self.moved.append((slot, after.id, False))
        for limit in table.limits:
            for slot in has:
                if slot.limit == limit.name and slot not in had:
                    self._take_slot(slot, limit, before, after)

    def _take_slot(self, slot: Slot, limit: LimitRow, before: Row | None, after: Row) -> None:
        held = self._held(slot)
        at_most: int = limit.at_most
        if limit.cap_field:
            up = self.row(limit.parent, value_of(self.view.kinds[slot.kind], after, limit.per[0]))
            at_most = (limit.cap_default if up is None else up.fields.get(limit.cap_field, limit.cap_default)) or 0
        if held >= at_most:
            raise self._stop(
                "limit_reached", before, state=after.state, limit=limit.name, key=slot.key, at_most=at_most,
                holders=self._holders(slot),
            )  # fmt: skip
        self.slots[slot] = held + 1
        self.moved.append((slot, after.id, True))

    def _holders(self, slot: Slot) -> tuple[str, ...]:
        """Name who holds a slot, as this transaction has left it so far."""
        moved = {id: holds for changed, id, holds in self.moved if changed == slot}
        before = self.view.holders(slot, MOST_HOLDERS_NAMED + len(moved))
        held = [*(id for id in before if moved.get(id, True)), *(id for id, holds in moved.items() if holds)]
        return tuple(dict.fromkeys(held))[:MOST_HOLDERS_NAMED]

    # ----------------------------------------------------------------------------- reading and writing

    def row(self, kind: str, id: str) -> Row | None:
        """Give a record, as this transaction has left it."""
        return self.rows.get((kind, id)) or self.view.row(kind, id)

    def _held(self, slot: Slot) -> int:
        return self.slots[slot] if slot in self.slots else self.view.held(slot)

    def _serial(self, kind: str, name: str) -> int:
        key = (kind, name)
        return self.serials[key] if key in self.serials else self.view.serial(kind, name)

    def _write(
        self, before: Row | None, after: Row, name: str, source: str, note: bytes, unread: tuple[int, ...] = ()
    ) -> None:
        by, op, why = self.transaction.by, self.transaction.op, self.transaction.why
        self.rows[after.kind, after.id] = after
        entry = Entry(
            self.sequence, after.kind, after.id, after.version, self.now, by, name, source, after.state,
            after.fence, why, op, note, unread,
        )  # fmt: skip
        self.writes.append(Write(before, after, entry))

    def _stop(self, reason: Reason, row: Row | None = None, **more: object) -> Stop:
        change = self.change
        return Stop(Refusal(reason, self.number, change.kind, str(change.id), change.name, row, **more))  # type: ignore[arg-type]


MOST_HOLDERS_NAMED = 20


def merge_fields(fields: dict[str, Plain], clears: dict[str, Plain], changed: dict[str, Plain]) -> dict[str, Plain]:
    """Write what entering a state clears, and then changed visible values, over a record's own."""
    return {**fields, **clears, **changed} if clears or changed else fields


def merge(rest: bytes, changed: dict[str, msgspec.Raw]) -> bytes:
    """Write changed opaque values over a record's own, without looking into any."""
    if not changed:
        return rest
    return msgspec.json.encode({**msgspec.json.decode(rest, type=dict[str, msgspec.Raw]), **changed})
