"""When a record's next timed transition happens: told by the record and its parent, never by an index."""

from __future__ import annotations

from typing import Protocol

from tenure.core.clock import Time
from tenure.core.kinds import Kinds, value_of
from tenure.core.row import Row
from tenure.core.table import Table, Timer


class Known(Protocol):
    """What must be known to say when something is due."""

    kinds: Kinds
    time: Time

    def row(self, kind: str, id: str) -> Row | None:
        """Give a record."""
        ...


def due(known: Known, row: Row) -> tuple[int, str] | None:
    """Give the instant and the name of a record's next timed transition, as things stand."""
    table = known.kinds[row.kind]
    state = table.states.get(row.state)
    first: tuple[int, str] | None = None
    for timer in state.timers if state is not None else ():
        at = _strikes(known, row, table, timer)
        if at is not None and (first is None or at < first[0]):
            first = (at, timer.transition)
    return first


def _strikes(known: Known, row: Row, table: Table, timer: Timer) -> int | None:
    """Give the instant of one timer; None while it has none. Leases and lengths are credited, instants are not."""
    if timer.since == "entered":
        return row.entered_at + timer.length + known.time.credit(row.entered_at)
    if timer.since == "lease":
        return row.beaten_at + timer.length + known.time.credit(row.beaten_at)
    value = value_of(table, row, timer.field)
    if timer.since == "end":
        return _end_of_parent(known, timer.parent, value, row)
    if value is None or timer.since == "field":
        return None if value is None else int(value)
    return row.entered_at + int(value) + known.time.credit(row.entered_at)


def _end_of_parent(known: Known, kind: str, id: str | None, row: Row) -> int | None:
    """Give when the parent ended; an absent one counts as ended when the record came here."""
    up = None if id is None else known.row(kind, id)
    if up is None:
        return row.entered_at
    state = known.kinds[kind].states.get(up.state)
    return up.entered_at if state is not None and state.final else None
