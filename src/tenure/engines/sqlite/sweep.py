"""Sweeping: finding what is to be looked at, and forgetting what was kept long enough."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.engine import Swept
from tenure.core.kinds import Kinds
from tenure.core.row import Row
from tenure.core.sheet import Place, to_json
from tenure.core.sweeping import Found, Sweep
from tenure.engines.sqlite.reading import ROW, Cells, Files, first, to_row
from tenure.engines.sqlite.statements import SQL
from tenure.engines.sqlite.writing import place_new, run

OPS_KEPT = 10 * 60 * 1_000_000
OPS_PRUNED_EVERY = 30 * 1_000_000
EVENTS_AT_ONCE = 1000
AHEAD = 10 * 1_000_000
"""How far ahead looks are settled at which nothing will be due. A sweeper writes a sign of life more often than that,
so that five hundred holders that beat cost no commits of their own."""


class Grounds(Files):
    """What a sweep reads and forgets in the tables of one space."""

    def take(self, found: Found) -> None:
        """Take over a record's row and place, so that the batch finds them."""
        key = (found.kind, found.id)
        self.places[key], self._rows[key] = Place(found.number, found.look_at), found.row

    def children(self, row: Row, most: int, states: frozenset[str] | None = None) -> Sequence[Found]:
        """Give children of a record, those in some states only if these are given."""
        marks = "" if states is None else f"AND r.state IN ({', '.join('?' for _ in states)})"
        sql = f"""SELECT r.record, r.look_at, {ROW} FROM tenure_children AS c
                  CROSS JOIN tenure_records AS r ON r.record = c.record
                  WHERE c.space = ? AND c.kind = ? AND c.id = ? {marks} LIMIT ?"""
        values = (self._space, row.kind, row.id, *(states or ()), most)
        return [_found(cells) for cells in self._connection.execute(sql, values)]

    def waits(self, number: int) -> bool:
        """Tell whether a message of a record waits."""
        waiting = "SELECT count(*) FROM tenure_messages WHERE record = ? AND given_up = 0"
        return first(self._connection.execute(waiting, (number,)), 0) > 0

    def forget(self, number: int) -> bool:
        """Remove a gone record's history, and then the last trace of it; tell whether all of it is gone."""
        sql = (
            "DELETE FROM tenure_events WHERE position IN (SELECT position FROM tenure_events WHERE record = ? LIMIT ?)"
        )
        self._connection.execute(sql, (number, EVENTS_AT_ONCE))
        if self._connection.changes() == EVENTS_AT_ONCE:
            return False
        self._connection.execute("DELETE FROM tenure_messages WHERE record = ?", (number,))
        self._connection.execute("DELETE FROM tenure_records WHERE record = ?", (number,))
        return True


def sweep(connection: apsw.Connection, space: int, kinds: Kinds, time: Time, most: int) -> tuple[Swept, Batch]:
    """Sweep a space within bounds, inside one transaction, and say what is next."""
    grounds = Grounds(connection, space)
    sequence = first(connection.execute("SELECT sequence FROM tenure_clock"), 0)
    step = Sweep(Batch(kinds, time, sequence, grounds), grounds, most)
    seen = (-1, -1)
    while step.left > 0 and (rows := _due_after(connection, space, time.now, seen, step.left)):
        for at, *cells in rows:
            seen = (at, cells[0])
            step.look(_found(tuple(cells)))
    for at, *cells in _due_after(connection, space, time.now + AHEAD, seen, step.left) if step.left > 0 else ():
        if at > time.now:
            step.put_off(_found(tuple(cells)))
    place_new(connection, step.batch, grounds)
    run(connection, space, step.lay_out(), step.batch)
    made = len(step.batch.entries)
    if made or step.removed or step.left <= 0:
        next_due = _next_due(connection, space, -1)
        more = next_due is not None and next_due <= time.now
        return Swept(made, step.removed, next_due, more=more), step.batch
    # What is due by now is another build's.
    return Swept(0, 0, _next_due(connection, space, time.now), more=False), step.batch


def _found(cells: Cells) -> Found:
    number, look_at, kind, id, state = cells[:5]
    return Found(number, look_at, kind, id, None if state is None else to_row(cells[2:]))


def _due_after(connection: apsw.Connection, space: int, now: int, seen: tuple[int, int], most: int) -> list[Cells]:
    return list(connection.execute(SQL["read_due"], (space, now, *seen, most)))


def _next_due(connection: apsw.Connection, space: int, after: int) -> int | None:
    sql = "SELECT at FROM tenure_due WHERE space = ? AND at > ? ORDER BY at LIMIT 1"
    return next((cells[0] for cells in connection.execute(sql, (space, after))), None)


def needs_pruning(connection: apsw.Connection, space: int, now: int) -> bool:
    """Tell whether pruning was done long enough ago."""
    return _pruned(connection, space) < now - OPS_KEPT - OPS_PRUNED_EVERY


def _pruned(connection: apsw.Connection, space: int) -> int:
    return first(connection.execute("SELECT ops_pruned FROM tenure_spaces WHERE space = ?", (space,)), 0)


def prune(connection: apsw.Connection, space: int, kinds: Kinds, now: int, most: int) -> None:
    """Forget op ids that are old enough, and events that were kept long enough, in bounded steps."""
    if needs_pruning(connection, space, now):
        connection.execute(SQL["prune_ops"], (space, _pruned(connection, space), now - OPS_KEPT))
        connection.execute("UPDATE tenure_spaces SET ops_pruned = ? WHERE space = ?", (now - OPS_KEPT, space))
    lengths: dict[int, list[str]] = {}
    for table in kinds.tables.values():
        lengths.setdefault(table.history, []).append(table.kind)
    for length, names in lengths.items():
        _prune_history(connection, space, length, names, now, most)


def _prune_history(connection: apsw.Connection, space: int, length: int, names: list[str], now: int, most: int) -> None:
    sql = "SELECT position FROM tenure_pruned WHERE space = ? AND history = ?"
    done = first(connection.execute(sql, (space, length)), 0)
    sql = """SELECT max(position) FROM (
                 SELECT position FROM tenure_events WHERE position > ? AND position < ? ORDER BY position LIMIT ?)"""
    upto = next((cells[0] for cells in connection.execute(sql, (done, now - length, most))), None)
    if upto is None:
        return
    connection.execute(SQL["prune_events"], (space, done, upto, to_json(names)))
    connection.execute(
        "INSERT INTO tenure_pruned VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position",
        (space, length, upto),
    )
