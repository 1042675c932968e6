"""Measures the SQLite engine's transitions. Run by `make bench`.

Through the public API, against its own statements without our Python, and against one awaited call (one commit) each.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import apsw
from benchmarks.report import save, summed_up
from benchmarks.workloads import WORKLOADS, Mover, Player, Workload, fill, run

import tenure
from tenure import Store
from tenure.engines.sqlite.connection import LOG_PAGES_BEFORE_CHECKPOINT
from tenure.engines.sqlite.engine import SqliteEngine

CALLERS = (512, 64, 1)
MOST = CALLERS[0]
Statement = tuple[str, Any]


def log_statements(engine: SqliteEngine, statements: list[Statement] | None) -> None:
    """Keep each statement that the engine's writer runs, with its values; None ends that."""
    if statements is None:
        engine._connection.exec_trace = None  # noqa: SLF001  as below
        return

    def trace(_cursor: object, sql: str, values: Any) -> bool:
        statements.append((sql, values))
        return True

    engine._connection.exec_trace = trace  # noqa: SLF001  the statements are what is measured


def replay(path: Path, statements: list[Statement], changes: int) -> float:
    """Run captured statements on a copy of the file, in one plain loop, and give changes a second."""
    connection = apsw.Connection(str(path))
    for name, value in (("journal_mode", "wal"), ("synchronous", "FULL"), ("cache_size", -65_536), ("temp_store", 2)):
        connection.pragma(name, value)
    connection.wal_autocheckpoint(LOG_PAGES_BEFORE_CHECKPOINT)
    cursor = connection.cursor()
    began = time.perf_counter()
    for sql, values in statements:
        for _ in cursor.execute(sql, values):
            pass
    spent = time.perf_counter() - began
    connection.close()
    return changes / spent


async def copied(engine: SqliteEngine, path: Path, copy: Path) -> None:
    """Copy the file with all that its log holds."""
    job = partial(engine._connection.wal_checkpoint, mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)  # noqa: SLF001
    await engine._writer.do(job)  # noqa: SLF001
    shutil.copy(path, copy)


async def one_round(folder: Path, workload: Workload, seconds: float) -> dict[str, float]:
    """Run one workload in all ways in the same minute."""
    path, copy = folder / "live.db", folder / "copy.db"
    turns, figures = [0] * 10_000, dict[str, float]()
    async with tenure.open(f"sqlite://{path}", Mover, Player) as store:
        await fill(store)
        engine = store.engine
        if not isinstance(engine, SqliteEngine):
            raise TypeError(engine)
        await run(store, workload, MOST, 0.5, turns)
        for callers in CALLERS:
            given = await run(store, workload, callers, seconds, turns)
            figures[f"{callers} at once: changes/s"] = given.ops_per_s
            figures[f"{callers} at once: median wait (ms)"] = given.p50_ms
            figures[f"{callers} at once: 99 % wait at most (ms)"] = given.p99_ms
        statements: list[Statement] = []
        await copied(engine, path, copy)
        await engine._writer.do(lambda: log_statements(engine, statements))  # noqa: SLF001
        changes = await count(store, workload, seconds, turns)
    raw = figures["the same statements without Tenure: changes/s"] = replay(copy, statements, changes)
    best, naive = figures[f"{MOST} at once: changes/s"], figures["1 at once: changes/s"]
    figures |= {"per the statements alone": best / raw, "per one awaited commit each": best / naive}
    return figures


async def count(store: Store, workload: Workload, seconds: float, turns: list[int]) -> int:
    """Run a workload, and give how many changes it made."""
    before = sum(turns)
    await run(store, workload, MOST, seconds, turns)
    return sum(turns) - before


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WORKLOADS}
    for _ in range(options.rounds):
        for name, workload in WORKLOADS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(asyncio.run(one_round(Path(folder), workload, options.seconds)))
    for name, title in TITLES.items():
        goals = {"per the statements alone": "≥ 0.8", "per one awaited commit each": GOALS[name]}
        save(f"sqlite-{name}", title, summed_up(found[name]), goals)


TITLES = {
    "move": "Transitions with an op id, an event and a deadline (`move`)",
    "full": "The same, entering or leaving a rank and a limit (`full`)",
}
GOALS = {"move": "≥ 5", "full": "≥ 3"}

if __name__ == "__main__":
    main()
