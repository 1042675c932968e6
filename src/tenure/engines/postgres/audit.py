"""Proving the indexes: each is computed again from the records, and what differs is told, or mended."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tenure.core.auditing import SETS, Cells, Present, Proof
from tenure.core.batch import Batch
from tenure.core.engine import Difference
from tenure.core.kinds import Kinds, holdings
from tenure.core.row import Row
from tenure.core.sheet import Sheet
from tenure.engines.postgres.reading import Files, to_row
from tenure.engines.postgres.writing import run


async def audit(
    files: Files, kinds: Kinds, now: int | None, *, only: Collection[str] | None = None, repair: bool
) -> list[Difference]:
    """Compare what stands beside the records of a space with what should, and mend it if asked.

    To mend, all writers are kept out until the transaction ends. Kinds that this build does not know are left alone.
    """
    if repair:
        await files.transaction.run(files.sql.qualified("LOCK TABLE tenure_records IN EXCLUSIVE MODE"))
    time, _ = await files.begin_check(now, [])
    proof = Proof(Batch(kinds, time, 0, files), frozenset(kinds.tables if only is None else only) - kinds.outgrown)
    records = await files.transaction.rows(files.sql["read_all"], files.space)
    rows = [to_row(cells[3:]) for cells in records]
    _know(files, kinds, rows)
    for (number, look_at, last, *_), row in zip(records, rows, strict=True):
        proof.expect(number, look_at, last, row)
    found = list(proof.differences(await _present(files)))
    if repair and found:
        await _mend(files, proof.sheet)
    return found


def _know(files: Files, kinds: Kinds, rows: Iterable[Row]) -> None:
    """Let all records be known, and their parents that are not there as well, so that none is asked for singly."""
    files.rows |= {(row.kind, row.id): row for row in rows}
    parents = {up for row in rows if row.kind in kinds for up in holdings(kinds[row.kind], row).parents}
    files.rows |= dict.fromkeys(parents - files.rows.keys())


async def _present(files: Files) -> Present:
    async def read(table: str, *columns: str) -> list[Cells]:
        sql = files.sql.qualified(f"SELECT {', '.join(columns)} FROM {table} WHERE space = $1")
        return [tuple(cells) for cells in await files.transaction.rows(sql, files.space)]

    tables = {"tenure_states": ("kind", "state", "record"), **SETS}
    counts = await files.transaction.rows(files.sql["read_counts"], files.space)
    return Present(
        sets={table: await read(table, *columns) for table, columns in tables.items()},
        counts={tuple(cells[:-1]): cells[-1] for cells in counts},
        slots={cells[:-1]: cells[-1] for cells in await read("tenure_slots", "kind", "name", "key", "held")},
        looks=[(number, at) for number, at in await read("tenure_due", "record", "at")],
    )


async def _mend(files: Files, sheet: Sheet) -> None:
    """Write what the records say over what differs."""
    slots = [line[:3] for line in sheet.lines.get("write_slots", ())]
    if slots:
        values = [list(column) for column in zip(*sorted(slots), strict=True)]
        await files.transaction.run(files.sql["add_slots"], files.space, *values)
    await run(files.transaction, files.sql, files.space, sheet)
