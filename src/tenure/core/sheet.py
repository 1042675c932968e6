"""What a batch changes, laid out as rows by statement: an engine in Python runs each once, with all its rows.

The statements have the same names in every engine that takes its rows from here; what is in a row stands on top of
each `.sql` file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tenure.core.batch import Batch, Key
from tenure.core.deadlines import Known, due
from tenure.core.kinds import Holdings, Rank, parents_of, rank_of
from tenure.core.row import Row

Cells = tuple[Any, ...]


class Place:
    """Where a record lies: its number, and when it is looked at next."""

    __slots__ = ("look_at", "number")

    def __init__(self, number: int, look_at: int | None) -> None:
        self.number, self.look_at = number, look_at


class Sheet:
    """The rows to be written, by statement."""

    def __init__(self) -> None:
        self.lines: defaultdict[str, list[Cells]] = defaultdict(list)

    def add(self, statement: str, *cells: object) -> None:
        """Add a row to a statement."""
        self.lines[statement].append(cells)

    def add_all(self, statement: str, lines: Sequence[Cells]) -> None:
        """Add rows to a statement, if there are any."""
        if lines:
            self.lines[statement] += lines


def to_json(value: object) -> str:
    """Give the JSON text that a statement takes."""
    return msgspec.json.encode(value).decode()


def lay_out(sheet: Sheet, batch: Batch, places: Mapping[Key, Place]) -> None:
    """Lay out all that a batch has changed; each changed record has its place.

    What must be known for it is asked for first. So where an engine's `Source` raises because something was not read
    yet, nothing is laid out, and the whole can be done again.
    """
    tables, outgrown, now = batch.kinds.tables, batch.kinds.outgrown, batch.time.now
    looks = [
        (key, before, after, now if after.kind in outgrown else next_look(batch, after))
        for key, before, after in batch.touched()
    ]
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    records: list[Cells] = []
    born = {(e.kind, e.id): e.position for e in batch.entries if e.name == "create"}
    for key, before, after, at in looks:
        place, table = places[key], tables[after.kind]
        _look(sheet, place, at)
        if before is not None and before.version == after.version:
            sheet.add("write_beats", place.number, after.beaten_at, after.seen, place.look_at)
            continue
        records.append(_record(after, place, born.get(key, 0)))
        if table.ranked:
            _ranks(sheet, after.kind, rank_of(table, before), rank_of(table, after), place.number)
        if table.parents and (before is None or before.fields is not after.fields):
            _parents(sheet, parents_of(table, before), parents_of(table, after), place.number)
        counts[after.kind, after.state] += 1
        if before is not None:
            counts[before.kind, before.state] -= 1
    sheet.add_all("write_records", records)
    for (kind, state), number in counts.items():
        if number:
            sheet.add("write_counts", kind, state, number)
    _events(sheet, batch, places)
    _slots(sheet, batch, places)
    _numbers(sheet, batch)


def next_look(known: Known, row: Row) -> int | None:
    """Give when a record must be looked at: its deadline, or, of an ended one, when it or its followers go."""
    table = known.kinds[row.kind]
    state = table.states.get(row.state)
    if state is None or not state.final:
        next_due = due(known, row) if state is None or state.timers else None
        return None if next_due is None else next_due[0]
    if row.kind in known.kinds.followers:
        return row.entered_at
    return None if state.keep is None else row.entered_at + state.keep


def _look(sheet: Sheet, place: Place, at: int | None) -> None:
    """Write when to look, if that is earlier than what is written: a later look finds out by itself.

    Where another build declares more than this one, that build looks at once: it may know of an earlier deadline.
    """
    if at is not None and (place.look_at is None or at < place.look_at):
        if place.look_at is not None:
            sheet.add("drop_due", place.look_at, place.number)
        sheet.add("write_due", at, place.number)
        place.look_at = at


def _record(row: Row, place: Place, born: int) -> Cells:
    return (
        place.number, row.kind, row.id, row.state, row.version, row.fence, row.holder, row.created_at,
        row.entered_at, row.changed_at, row.beaten_at, row.told, row.seen, born, place.look_at,
        to_json(row.fields), row.rest.decode(),
    )  # fmt: skip


def _events(sheet: Sheet, batch: Batch, places: Mapping[Key, Place]) -> None:
    tables = batch.kinds.tables
    lines: list[Cells] = []
    for entry in batch.entries:
        number, table = places[entry.kind, entry.id].number, tables[entry.kind]
        lines.append((
            entry.position, number, entry.version, entry.at, entry.by, entry.name, entry.source, entry.target,
            entry.fence, entry.why, entry.op, entry.note.decode(), to_json(entry.unread) if entry.unread else None,
        ))  # fmt: skip
        edge = table.edges.get(entry.name)
        for effect in table.states[entry.target].created if entry.name == "create" else edge.effects if edge else ():
            sheet.add("write_messages", entry.kind, effect, number, entry.position, batch.time.now)
        if edge is not None and edge.erases:
            sheet.add("erase_events", number, entry.version)
            row = batch.rows[entry.kind, entry.id]
            sheet.add("erase_answers", number, entry.version, to_json(entry.kind), to_json(entry.id), to_json(row))
    sheet.add_all("write_events", lines)


def _slots(sheet: Sheet, batch: Batch, places: Mapping[Key, Place]) -> None:
    for slot, held in batch.changed_slots():
        for id, holds in batch.moved(slot).items():
            number = places[slot.kind, id].number
            sheet.add("write_holders" if holds else "drop_holders", slot.kind, slot.limit, slot.key, number)
        sheet.add("write_slots", slot.kind, slot.limit, slot.key, held)
        if not held:
            sheet.add("drop_slots", slot.kind, slot.limit, slot.key)


def _numbers(sheet: Sheet, batch: Batch) -> None:
    answers = [(op, answer.digest.hex(), to_json(answer.rows)) for op, answer in batch.answers.items()]
    sheet.add_all("write_ops", answers)
    for (kind, field), last in batch.changed_serials():
        sheet.add("write_serials", kind, field, last)


def drop_holdings(sheet: Sheet, kind: str, had: Holdings, number: int) -> None:
    """Lay out that what stands beside a record goes."""
    _ranks(sheet, kind, had.rank, None, number)
    _parents(sheet, had.parents, (), number)
    for slot in had.slots:
        sheet.add("drop_holders", slot.kind, slot.limit, slot.key, number)


def _ranks(sheet: Sheet, kind: str, had: Rank | None, has: Rank | None, number: int) -> None:
    if had != has:
        for statement, rank in (("drop_ranks", had), ("write_ranks", has)):
            if rank is not None:
                sheet.add(statement, kind, rank.state, rank.per, rank.value, number)


def _parents(sheet: Sheet, had: Sequence[Key], has: Sequence[Key], number: int) -> None:
    for statement, of, without in (("drop_children", had, has), ("write_children", has, had)):
        for parent in of:
            if parent not in without:
                sheet.add(statement, *parent, number)
