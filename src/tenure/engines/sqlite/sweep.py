"""What a sweep does with each record that is to be looked at: transitions, followers, removal, forgetting."""

from __future__ import annotations

import apsw

from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.deadlines import due
from tenure.core.decide import Transaction, Writes
from tenure.core.engine import Swept
from tenure.core.kinds import NOTHING, Kinds, holdings
from tenure.core.row import Row
from tenure.core.transitions import TimedChange
from tenure.engines.sqlite.reading import ROW, Cells, Files, first, to_json
from tenure.engines.sqlite.statements import SQL
from tenure.engines.sqlite.writing import Sheet, write, write_holdings

SWEEPER = "sweeper"
OPS_KEPT = 10 * 60 * 1_000_000
OPS_PRUNED_EVERY = 30 * 1_000_000
EVENTS_AT_ONCE = 1000
LATEST = 2**53
LOOK_AGAIN = 60 * 1_000_000
"""After how long a record that could not be removed is looked at again: a child lives, or a message waits."""


class Sweep:
    """One bounded sweep of a space, inside one transaction.

    A look that was taken is dropped; `write` notes the next look of what the sweep changed, `_again` that of the
    rest.
    """

    def __init__(self, connection: apsw.Connection, space: int, kinds: Kinds, time: Time, most: int) -> None:
        self._connection, self._space, self._kinds, self._time = connection, space, kinds, time
        self._files = Files(connection, space)
        sequence = first(connection.execute("SELECT sequence FROM tenure_clock"), 0)
        self.batch = Batch(kinds, time, sequence, self._files)
        self._sheet = Sheet(connection, space)
        self._left = most
        self._again: dict[int, int | None] = {}
        self.removed = 0

    def run(self) -> Swept:
        """Sweep, write, and say what is next."""
        seen = (-1, -1)
        while self._left > 0 and (rows := self._due_after(seen)):
            for cells in rows:
                seen = (cells[0], cells[1])
                self._look(cells[1], cells[1:])
        self._sheet.write()
        write(self._connection, self._space, self.batch, self._files)
        self._write_again()
        made = len(self.batch.entries)
        if made or self.removed or self._left <= 0:
            next_due = self._next_due(-1)
            return Swept(made, self.removed, next_due, more=next_due is not None and next_due <= self._time.now)
        return Swept(0, 0, self._next_due(self._time.now), more=False)  # what is due is another build's

    def _next_due(self, after: int) -> int | None:
        sql = "SELECT at FROM tenure_due WHERE space = ? AND at > ? ORDER BY at LIMIT 1"
        return next((cells[0] for cells in self._connection.execute(sql, (self._space, after))), None)

    def _due_after(self, seen: tuple[int, int]) -> list[Cells]:
        values = (self._space, self._time.now, *seen, self._left)
        return list(self._connection.execute(SQL["read_due"], values))

    def _look(self, number: int, cells: Cells) -> None:
        kind, state = cells[2], cells[4]
        if kind not in self._kinds or (state is not None and state not in self._kinds[kind].states):
            return  # another build's: its own sweeper looks
        row = self._take(cells)
        self._left -= 1
        self._unlook(kind, cells[3])
        if row is None:
            self._again[number] = self._forget(number)
        elif self._kinds[kind].states[row.state].final:
            self._again[number] = self._end(number, row)
        else:
            self._move(number, row)

    def _take(self, cells: Cells) -> Row | None:
        """Take a record as read, or as this sweep has changed it already."""
        key = (cells[2], cells[3])
        return self.batch.rows[key] if key in self.batch.rows else self._files.take(cells)

    def _unlook(self, kind: str, id: str) -> None:
        place = self._files.places[kind, id]
        if place.look_at is not None:
            self._sheet.add("drop_due", place.look_at, place.number)
            place.look_at = None

    def _move(self, number: int, row: Row) -> bool:
        """Make the record's timed transition, or note when it is due by now; tell whether it was made."""
        row = self.batch.row(row.kind, row.id) or row
        next_due = due(self.batch, row)
        if next_due is None or next_due[0] > self._time.now:
            at = None if next_due is None else next_due[0]
            if row.kind in self._kinds.outgrown:  # another build may know of a deadline that this one does not
                at = min(at or LATEST, self._time.now + LOOK_AGAIN)
            self._again[number] = at
            return False
        change = TimedChange(row.kind, row.id, self._kinds[row.kind].edges[next_due[1]])
        made = isinstance(self.batch.run(Transaction((change,), SWEEPER, timed=True)), Writes)
        if not made:
            self._again[number] = self._time.now + LOOK_AGAIN  # such as a limit of the state to be entered
        return made

    def _end(self, number: int, row: Row) -> int | None:
        """End the followers of an ended record; remove it when it was kept long enough. Gives the next look."""
        again = self._followers(row)
        if again is not None:
            return again
        keep = self._kinds[row.kind].states[row.state].keep
        at = None if keep is None else row.entered_at + keep
        return self._remove(number, row) if at is not None and at <= self._time.now else at

    def _followers(self, row: Row) -> int | None:
        """Make the timed transition of those that end with this record; give the next look if some are left."""
        again: int | None = None
        for follower in self._kinds.followers.get(row.kind, ()):
            for cells in self._children(row, max(self._left, 1), follower.states):
                child = self._take(cells)
                if child is not None and child.kind == follower.kind and child.state in follower.states:
                    self._left -= 1
                    again = again if self._move(cells[0], child) else self._time.now + LOOK_AGAIN
                if self._left <= 0:
                    return self._time.now
        return again

    def _remove(self, number: int, row: Row) -> int:
        """Remove a record with its ended children; give the next look."""
        waiting = "SELECT count(*) FROM tenure_messages WHERE record = ? AND given_up = 0"
        if first(self._connection.execute(waiting, (number,)), 0):
            return self._time.now + LOOK_AGAIN
        for cells in self._children(row, self._left + 1):
            if self._left <= 0:
                return self._time.now
            self._left -= 1
            child = self._take(cells)
            if child is None or not self._belongs(child, row):
                continue
            state = self._kinds[child.kind].states.get(child.state) if child.kind in self._kinds else None
            if state is None or not state.final:
                return self._time.now + LOOK_AGAIN  # a living child keeps its parent
            self._unlook(child.kind, child.id)
            again = self._again[cells[0]] = self._remove(cells[0], child)
            if (child.kind, child.id) in self.batch.rows and self.batch.rows[child.kind, child.id] is not None:
                return again
        return self._drop(number, row)

    def _belongs(self, child: Row, parent: Row) -> bool:
        """Tell whether a child is still one: this sweep may have let it go."""
        known = child.kind in self._kinds
        return not known or (parent.kind, parent.id) in holdings(self._kinds[child.kind], child).parents

    def _children(self, row: Row, most: int, states: frozenset[str] | None = None) -> list[Cells]:
        marks = "" if states is None else f"AND r.state IN ({', '.join('?' for _ in states)})"
        sql = f"""SELECT r.record, r.look_at, {ROW} FROM tenure_children AS c
                  CROSS JOIN tenure_records AS r ON r.record = c.record
                  WHERE c.space = ? AND c.kind = ? AND c.id = ? {marks} LIMIT ?"""
        return list(self._connection.execute(sql, (self._space, row.kind, row.id, *(states or ()), most)))

    def _drop(self, number: int, row: Row) -> int:
        """Take a record away; its history stays for its time. Gives when that is over."""
        table = self._kinds[row.kind]
        write_holdings(self._sheet, row.kind, holdings(table, row), NOTHING, number)
        self._sheet.add("write_counts", row.kind, row.state, -1)
        self._connection.execute(
            "UPDATE tenure_records SET state = NULL, removed = 1, fields = '{}', rest = '{}' WHERE record = ?",
            (number,),
        )
        self.batch.found[row.kind, row.id] = self.batch.rows[row.kind, row.id] = None
        self.removed += 1
        return self._time.now + table.history

    def _forget(self, number: int) -> int | None:
        """Remove a gone record's history, and then the last trace of it. Gives the next look."""
        sql = (
            "DELETE FROM tenure_events WHERE position IN (SELECT position FROM tenure_events WHERE record = ? LIMIT ?)"
        )
        self._connection.execute(sql, (number, EVENTS_AT_ONCE))
        if self._connection.changes() == EVENTS_AT_ONCE:
            return self._time.now
        self._connection.execute("DELETE FROM tenure_messages WHERE record = ?", (number,))
        self._connection.execute("DELETE FROM tenure_records WHERE record = ?", (number,))
        return None

    def _write_again(self) -> None:
        places = {place.number: place for place in self._files.places.values()}
        for number, at in self._again.items():
            if places[number].look_at is not None:
                continue  # changed in this sweep, so `write` has noted the next look
            self._connection.execute("UPDATE tenure_records SET look_at = ? WHERE record = ?", (at, number))
            if at is not None:
                self._sheet.add("write_due", at, number)
        self._sheet.write()


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
