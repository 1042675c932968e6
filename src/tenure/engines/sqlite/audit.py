"""Proving the indexes: each is computed again from the records, and what differs is told, or mended."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import apsw

from tenure.core.auditing import SETS, Present, Proof
from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.engine import Difference
from tenure.core.kinds import Kinds
from tenure.engines.sqlite.reading import ROW, Cells, Files, to_row
from tenure.engines.sqlite.writing import run

RECORDS = f"""SELECT r.record, r.look_at, (SELECT max(e.version) FROM tenure_events AS e WHERE e.record = r.record),
                     {ROW} FROM tenure_records AS r WHERE r.space = ? AND r.removed = 0"""


def audit(
    connection: apsw.Connection, space: int, kinds: Kinds, time: Time, *, only: Collection[str] | None = None,
    repair: bool,
) -> list[Difference]:  # fmt: skip
    """Compare what stands beside the records of a space with what should, inside a transaction, and mend it if asked.

    Kinds that this build does not know are left alone.
    """
    batch = Batch(kinds, time, 0, Files(connection, space))
    proof = Proof(batch, frozenset(kinds.tables if only is None else only) - kinds.outgrown)
    for number, look_at, last, *cells in connection.execute(RECORDS, (space,)):
        proof.expect(number, look_at, last, to_row(tuple(cells)))
    found = list(proof.differences(_present(connection, space)))
    if repair and found:
        run(connection, space, proof.sheet, batch)
    return found


def _present(connection: apsw.Connection, space: int) -> Present:
    def read(table: str, *columns: str) -> Iterator[Cells]:
        return connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE space = ?", (space,))

    return Present(
        sets={table: read(table, *columns) for table, columns in SETS.items()},
        counts={cells[:-1]: cells[-1] for cells in read("tenure_counts", "kind", "state", "number")},
        slots={cells[:-1]: cells[-1] for cells in read("tenure_slots", "kind", "name", "key", "held")},
        looks=read("tenure_due", "record", "at"),
    )
