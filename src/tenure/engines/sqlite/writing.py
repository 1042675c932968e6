"""Writing a decided batch: one statement per table, each with all its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import apsw

from tenure.core.batch import Batch
from tenure.core.deadlines import due
from tenure.core.kinds import Holdings, holdings
from tenure.core.row import Row
from tenure.engines.sqlite.reading import Files, Place, first, to_json
from tenure.engines.sqlite.statements import SHEET, SQL, WRITE_SHEET

Cells = tuple[Any, ...]
Lines = tuple[tuple[Any, ...], ...]


class Sheet:
    """The rows to be written, by statement."""

    def __init__(self, connection: apsw.Connection, space: int) -> None:
        self._connection, self._space = connection, space
        self.lines: defaultdict[str, list[Cells]] = defaultdict(list)

    def add(self, statement: str, *cells: object) -> None:
        """Add a row to a statement."""
        self.lines[statement].append(cells)

    def write(self) -> None:
        """Run the statements."""
        if self.lines:
            values = (to_json(self.lines[name]) if name in self.lines else None for name in SHEET)
            self._connection.execute(WRITE_SHEET, (self._space, *values))
            self.lines.clear()


def write(self) -> None:
        """Run the statements."""
        if self.lines:
            values = (to_json(self.lines[name]) if name in self.lines else None for name in SHEET)
            self._connection.execute(WRITE_SHEET, (self._space, *values))
            self.lines.clear()


ORDER = (
    "drop_due",
    "drop_ranks",
    "drop_holders",
    "drop_children",
    "write_records",
    "write_beats",
    "write_events",
    "write_ops",
    "write_due",
    "write_ranks",
    "write_holders",
    "write_slots",
    "drop_slots",
    "write_children",
    "write_counts",
    "write_serials",
)


def write(
    connection: apsw.Connection, space: int, batch: Batch, files: Files, ready: Callable[[], None] | None = None
) -> None:
    """Write what a batch has changed, inside the transaction in which it was read.

    `ready` is called when all is laid out and only SQLite's own work is left.
    """
    sheet = Sheet(connection, space)
    _place(connection, batch, files)
    _rows(sheet, batch, files)
    _events(sheet, batch, files)
    _numbers(sheet, batch)
    if ready is not None:
        ready()
    sheet.write()
    _messages(connection, space, batch, files)
    connection.execute(
        "UPDATE tenure_clock SET sequence = max(sequence, ?), read_at = max(read_at, ?)",
        (batch.sequence, batch.time.now),
    )


def _place(connection: apsw.Connection, batch: Batch, files: Files) -> None:
    """Number the new records."""
    new = [(row.kind, row.id) for before, row in batch.touched() if before is None]
    if new:
        last = first(connection.execute("SELECT max(record) FROM tenure_records"), 0)
        files.places.update({key: Place(number, None) for number, key in enumerate(new, last + 1)})


def _rows(sheet: Sheet, batch: Batch, files: Files) -> None:
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    born = {(e.kind, e.id): e.position for e in batch.entries if e.name == "create"}
    for before, after in batch.touched():
        place = files.places[after.kind, after.id]
        table = batch.kinds[after.kind]
        _look(sheet, batch, after, place)
        if before is not None and before.version == after.version:
            sheet.add("write_beats", place.number, after.beaten_at, after.seen, place.look_at)
            continue
        _record(sheet, after, place, born.get((after.kind, after.id), 0))
        write_holdings(sheet, after.kind, holdings(table, before), holdings(table, after), place.number)
        counts[after.kind, after.state] += 1
        if before is not None:
            counts[before.kind, before.state] -= 1
    for (kind, state), number in counts.items():
        if number:
            sheet.add("write_counts", kind, state, number)


def _numbers(sheet: Sheet, batch: Batch) -> None:
    for op, answer in batch.answers.items():
        sheet.add("write_ops", op, answer.digest.hex(), to_json(answer.rows))
    for slot, held in batch.changed_slots():
        sheet.add("write_slots", slot.kind, slot.limit, slot.key, held)
        if not held:
            sheet.add("drop_slots", slot.kind, slot.limit, slot.key)
    for (kind, field), last in batch.changed_serials():
        sheet.add("write_serials", kind, field, last)


def next_look(batch: Batch, row: Row) -> int | None:
    """Give when a record must be looked at: its deadline, or, of an ended one, when it or its followers go."""
    table = batch.kinds[row.kind]
    state = table.states.get(row.state)
    if state is None or not state.final:
        next_due = due(batch, row) if state is None or state.timers else None
        return None if next_due is None else next_due[0]
    if row.kind in batch.kinds.followers:
        return row.entered_at
    return None if state.keep is None else row.entered_at + state.keep


def _look(sheet: Sheet, batch: Batch, row: Row, place: Place) -> None:
    """Write when to look, if that is earlier than what is written: a later look finds out by itself.

    Where another build declares more than this one, that build looks at once: it may know of an earlier deadline.
    """
    at = batch.time.now if row.kind in batch.kinds.outgrown else next_look(batch, row)
    if at is not None and (place.look_at is None or at < place.look_at):
        if place.look_at is not None:
            sheet.add("drop_due", place.look_at, place.number)
        sheet.add("write_due", at, place.number)
        place.look_at = at


def _record(sheet: Sheet, row: Row, place: Place, born: int) -> None:
    sheet.add(
        "write_records", place.number, row.kind, row.id, row.state, row.version, row.fence, row.holder,
        row.created_at, row.entered_at, row.changed_at, row.beaten_at, row.told, row.seen, born, place.look_at,
        to_json(row.fields), row.rest.decode(),
    )  # fmt: skip


def _events(sheet: Sheet, batch: Batch, files: Files) -> None:
    for entry in batch.entries:
        sheet.add(
            "write_events", entry.position, files.places[entry.kind, entry.id].number, entry.version, entry.at,
            entry.by, entry.name, entry.source, entry.target, entry.fence, entry.why, entry.op, entry.note.decode(),
            to_json(entry.unread) if entry.unread else None,
        )  # fmt: skip


def write_holdings(sheet: Sheet, kind: str, had: Holdings, has: Holdings, number: int) -> None:
    """Write the difference between what stood beside a record and what is to stand there."""
    if had == has:
        return
    _exchange(sheet, "ranks", _ranks(kind, had), _ranks(kind, has), number)
    _exchange(sheet, "holders", _slots(had), _slots(has), number)
    _exchange(sheet, "children", had.parents, has.parents, number)


def _ranks(kind: str, of: Holdings) -> Lines:
    return () if of.rank is None else ((kind, of.rank.state, of.rank.per, of.rank.value),)


def _slots(of: Holdings) -> Lines:
    return tuple((slot.kind, slot.limit, slot.key) for slot in of.slots)


def _exchange(sheet: Sheet, table: str, had: Lines, has: Lines, number: int) -> None:
    for line in had:
        if line not in has:
            sheet.add(f"drop_{table}", *line, number)
    for line in has:
        if line not in had:
            sheet.add(f"write_{table}", *line, number)


def _messages(connection: apsw.Connection, space: int, batch: Batch, files: Files) -> None:
    for entry in batch.entries:
        table = batch.kinds[entry.kind]
        number = files.places[entry.kind, entry.id].number
        edge = table.edges.get(entry.name)
        for effect in table.created if entry.name == "create" else edge.effects if edge else ():
            values = (space, entry.kind, effect, number, entry.position, batch.time.now)
            connection.execute(SQL["write_messages"], values)
        if edge is not None and edge.erases:
            connection.execute(SQL["erase_events"], (number, entry.version))
