"""Writing what was laid out: one row per change and table, all of them in one statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from tenure.core.batch import Batch
from tenure.core.sheet import Place, Sheet, lay_out, to_json
from tenure.engines.sqlite.reading import Files, first
from tenure.engines.sqlite.statements import SHEET, WRITE_SHEET

Cells = tuple[Any, ...]


def write(
    connection: apsw.Connection, space: int, batch: Batch, files: Files, ready: Callable[[], None] | None = None
) -> None:
    """Write what a batch has changed, inside the transaction in which it was read.

    `ready` is called when all is laid out and only SQLite's own work is left.
    """
    place_new(connection, batch, files)
    sheet = Sheet()
    lay_out(sheet, batch, files.places)
    values = values_of(space, sheet, batch)
    if ready is not None:
        ready()
    connection.execute(WRITE_SHEET, values)


def place_new(connection: apsw.Connection, batch: Batch, files: Files) -> None:
    """Number the new records after the last one that is there."""
    number_new(batch, files, first(connection.execute("SELECT max(record) FROM tenure_records"), 0))


def number_new(batch: Batch, files: Files, last: int) -> int:
    """Number the new records after the last one, in the order of their first events; give which is the last now.

    The tempting wrong version numbers what the batch has changed: that is in the order in which it was first read.
    """
    new = [(entry.kind, entry.id) for entry in batch.entries if entry.name == "create"]
    files.places.update({key: Place(number, None) for number, key in enumerate(new, last + 1)})
    return last + len(new)


def run(connection: apsw.Connection, space: int, sheet: Sheet, batch: Batch) -> None:
    """Run the statements of a sheet, and let the clock be where the batch is."""
    connection.execute(WRITE_SHEET, values_of(space, sheet, batch))


def values_of(space: int, sheet: Sheet, batch: Batch, after: int | None = None, stamp: int | None = None) -> Cells:
    """Give what `WRITE_SHEET` takes; for a batch decided ahead also after which stamp it comes, and its own."""
    clock = to_json((batch.sequence, batch.time.now, stamp))
    rows = (to_json(sheet.lines[name]) if name in sheet.lines else None for name in SHEET[1:-1])
    return (space, after, *rows, clock)
