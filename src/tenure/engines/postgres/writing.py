"""Writing what was laid out: one statement for all tables, with all their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from tenure.core.batch import Batch, Key
from tenure.core.sheet import Place, Sheet
from tenure.engines.postgres.connection import BESIDE, Transaction
from tenure.engines.postgres.statements import Statements

Lines = Sequence[tuple[Any, ...]]

ORDER = (
    "drop_due",
    "drop_ranks",
    "drop_holders",
    "drop_children",
    "drop_states",
    "drop_records",
    "drop_slots",
    "create_records",
    "write_records",
    "write_beats",
    "write_looks",
    "write_events",
    "write_ops",
    "write_due",
    "write_ranks",
    "write_holders",
    "write_slots",
    "write_children",
    "write_states",
    "move_states",
    "write_messages",
    "write_serials",
    "write_counts",
)
AFTERWARDS = ("erase_events", "erase_answers")
"""They must see what the others wrote, so each is a statement of its own."""

BY_KEY = {"move_states", *(f"{verb}_{of}" for verb in ("drop", "write") for of in BESIDE)}
"""These are found by an index. In its order most of what is found next is at hand already."""

CREATED = itemgetter(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16)
CHANGED = itemgetter(0, 3, 4, 5, 6, 8, 9, 10, 11, 12, 14, 15, 16)
"""What of a record's line the statements take; where `born` (13) is given, the record is new."""


def place_new(batch: Batch, places: dict[Key, Place]) -> None:
    """Number the new records, by the position of their first event."""
    places.update({(e.kind, e.id): Place(e.position, None) for e in batch.entries if e.name == "create"})


def lay_states(sheet: Sheet, batch: Batch, places: dict[Key, Place]) -> None:
    """Lay out the lists of the states."""
    for key, before, after in batch.touched():
        if before is None:
            sheet.add("write_states", after.kind, after.state, places[key].number)
        elif before.state != after.state:
            sheet.add("move_states", after.kind, before.state, after.state, places[key].number)
    for number, kind, state in sheet.lines.get("drop_records", ()):
        sheet.add("drop_states", kind, state, number)


async def run(transaction: Transaction, sql: Statements, space: int, sheet: Sheet, *, careful: bool = True) -> None:
    """Write what a sheet says. Where a row that it adds is there already, one that is not careful raises `Drifted`."""
    lines = _arranged(sheet, careful=careful)
    names = [name for name in ORDER if lines.get(name)]
    if names:
        columns = (column for name in names for column in _columns(lines[name]))
        await transaction.run(sql.joined(names, careful=careful), space, *columns)
    for name in AFTERWARDS:
        last = {line[0]: line for line in sorted(lines.get(name, ()))}  # the highest version of each record
        if last:
            await transaction.run(sql[name], space, *_columns(list(last.values())))


def _columns(lines: Lines) -> list[str]:
    """Turn lines into the texts of arrays that a statement takes, one for each column.

    The tempting wrong version passes each column as an array: the driver then looks at each element by itself, which
    cost more than deciding and laying out together. As JSON the server reads them in twice the time.
    """
    return [to_array(column) for column in zip(*lines, strict=True)]


def to_array(values: Sequence[Any]) -> str:
    """Give numbers, texts and nulls as the text of an array: written as JSON does, where that means the same.

    Both put texts between quotes, and a backslash before a quote and a backslash. For other signs, such as the end of
    a line, JSON has names that begin with a backslash too, and an array does not.
    """
    text = msgspec.json.encode(values)
    backslashes = text.count(b"\\")
    if not backslashes or backslashes == text.count(rb"\""):
        return f"{{{text[1:-1].decode()}}}"
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        value = value.replace("\\", r"\\").replace('"', r"\"")
        return f'"{value}"'
    return "NULL" if value is None else str(value)


def _arranged(sheet: Sheet, *, careful: bool) -> dict[str, Sequence[Any]]:
    """Arrange the lines so that no row is written twice by one statement, and neighbours follow one another."""
    lines: dict[str, Sequence[Any]] = dict(sheet.lines)
    if careful:
        moves = lines.pop("move_states", ())
        lines["drop_states"] = [*lines.get("drop_states", ()), *((kind, had, number) for kind, had, _, number in moves)]
        lines["write_states"] = [
            *lines.get("write_states", ()),
            *((kind, has, number) for kind, _, has, number in moves),
        ]
    lines.update((name, sorted(lines[name])) for name in BY_KEY & lines.keys())
    records = lines.pop("write_records", ())
    lines["create_records"] = [CREATED(line) for line in records if line[13]]
    lines["write_records"] = [CHANGED(line) for line in records if not line[13]]
    lines["write_slots"] = [line for line in lines.get("write_slots", ()) if line[3]]
    looks: dict[int, int | None] = dict(lines.pop("write_looks", ()))
    lines["drop_records"] = [(*line, looks.pop(line[0], None)) for line in lines.get("drop_records", ())]
    lines["write_looks"] = list(looks.items())
    dropped, written = lines.get("drop_due", ()), lines.get("write_due", ())
    if dropped and written:
        both = set(dropped) & set(written)
        lines["drop_due"], lines["write_due"] = _without(both, dropped), _without(both, written)
    return lines


def _without(some: set[tuple[Any, ...]], lines: Iterable[tuple[Any, ...]]) -> Lines:
    return [line for line in dict.fromkeys(lines) if line not in some]
