"""What the decision of a batch will ask for, told from its transactions and the tables: so it is locked beforehand.

This only foretells. What it leaves out is found out when it is decided (`Missing`), and the batch begins anew with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tenure.core.batch import Key
from tenure.core.decide import Asked, merge_fields
from tenure.core.kinds import Kinds, Slot, keeps_slots, slots_of, value_of
from tenure.core.row import Row
from tenure.core.table import Table
from tenure.core.transitions import NEXT

Parents = tuple[tuple[str, str], ...]


class Needs:
    """Which parents decide what becomes of records, and in which order kinds are locked: children first."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self._staying: dict[tuple[str, str], Parents] = {}
        self._entering: dict[tuple[str, str], Parents] = {}
        for table in kinds.tables.values():
            for state in table.states.values():
                ends = {(t.field, t.parent) for t in state.timers if t.since == "end"}
                under = {(state.under.field, state.under.parent)} if state.under is not None else set()
                caps = {(m.per[0], m.parent) for m in table.limits if m.cap_field and state.name in m.over}
                self._staying[table.kind, state.name] = tuple(sorted(ends))
                self._entering[table.kind, state.name] = tuple(sorted(ends | under | caps))
        self.levels = _levels(kinds, self._entering)
        self.simple = frozenset(
            table.kind
            for table in kinds.tables.values()
            if not table.limits and not any(self._entering[table.kind, name] for name in table.states)
        )
        """Kinds of which nothing but the record itself decides."""

    def while_in(self, row: Row) -> Iterator[Key]:
        """Give the parents that decide when a record's time is over."""
        return self._of(self._staying, row)

    def on_entering(self, row: Row) -> Iterator[Key]:
        """Give the parents that decide whether a record may be where this row has it."""
        return self._of(self._entering, row)

    def _of(self, which: dict[tuple[str, str], Parents], row: Row) -> Iterator[Key]:
        for field, kind in which.get((row.kind, row.state), ()):
            key = self.parent(row, field, kind)
            if key is not None:
                yield key

    def parent(self, row: Row, field: str, kind: str) -> Key | None:
        """Give the parent that a field names."""
        id = value_of(self.kinds[row.kind], row, field)
        return None if id is None else (kind, id)

    def after(self, row: Row | None, change: Asked) -> Row | None:
        """Give the record as a change would leave it, as far as indexes and parents go; None if it is refused."""
        table = self.kinds[change.kind]
        if change.name == "create":
            return None if row is not None else _begun(table, change)
        edge = table.edges.get(change.name)
        if row is None or edge is None or row.state not in edge.sources:
            return None
        state = edge.target or row.state
        clears = table.states[state].clears if edge.target else {}
        return _as(row, state, merge_fields(row.fields, clears, change.fields))

    def slots(self, before: Row | None, after: Row) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
        """Give the slots that a record takes and those that it leaves."""
        table = self.kinds[after.kind]
        if before is not None and keeps_slots(table, before, after):
            return (), ()
        had, has = slots_of(table, before), slots_of(table, after)
        return tuple(s for s in has if s not in had), tuple(s for s in had if s not in has)


def _begun(table: Table, change: Asked) -> Row:
    id = "" if change.id is NEXT else str(change.id)
    return Row(table.kind, id, change.state, 0, 0, None, 0, 0, 0, 0, 0, 0, change.fields, b"")


def _as(row: Row, state: str, fields: dict[str, object]) -> Row:
    return Row(row.kind, row.id, state, row.version, row.fence, None, 0, 0, 0, 0, 0, 0, fields, b"")


def _levels(kinds: Kinds, entering: dict[tuple[str, str], Parents]) -> dict[str, int]:
    """Give each kind a level above those of the kinds that need it. Where they need one another, any order will do.

    A kind that needs none, and that none needs, goes with the last: each level is a way to the server.
    """
    levels = dict.fromkeys(kinds.tables, 0)
    related: set[str] = set()
    for _ in kinds.tables:
        for (kind, _state), parents in entering.items():
            for _field, parent in parents:
                related |= {kind, parent}
                if parent in levels and parent != kind:
                    levels[parent] = min(max(levels[parent], levels[kind] + 1), len(levels))
    last = max(levels.values(), default=0)
    return {kind: level if kind in related else last for kind, level in levels.items()}
