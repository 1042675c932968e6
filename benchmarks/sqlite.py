"""Measures the SQLite engine: through the public API, against its own statements without our Python, and against
one awaited call (one commit) each. Run by `make bench`; prints a table and writes `benchmarks/results/sqlite.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sqlite3
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import apsw

import tenure
from benchmarks.workloads import WORKLOADS, Mover, Player, fill, run
from tenure.engines.sqlite.engine import SqliteEngine

CALLERS = 512
Statement = tuple[str, Any]


def log_statements(engine: SqliteEngine, statements: list[Statement]) -> None:
    """Keep each statement that the engine's writer runs, with its values."""

    def trace(_cursor: object, sql: str, values: Any) -> bool:
        statements.append((sql, values))
        return True

    engine._connection.exec_trace = trace


def replay(path: Path, statements: list[Statement], changes: int) -> float:
    """Run captured statements on a copy of the file, in one plain loop, and give changes a second."""
    connection = apsw.Connection(str(path))
    for name, value in (("journal_mode", "wal"), ("synchronous", "FULL"), ("cache_size", -65_536), ("temp_store", 2)):
        connection.pragma(name, value)
    connection.wal_autocheckpoint(4000)
    cursor = connection.cursor()
    began = time.perf_counter()
    for sql, values in statements:
        for _ in cursor.execute(sql, values):
            pass
    spent = time.perf_counter() - began
    connection.close()
    return changes / spent


async def one_round(folder: Path, name: str, seconds: float) -> dict[str, float]:
    """Run one workload three ways in the same minute."""
    path, copy = folder / "live.db", folder / "copy.db"
    turns = [0] * 10_000
    async with tenure.open(f"sqlite://{path}", Mover, Player) as store:
        await fill(store)
        engine = store.engine
        assert isinstance(engine, SqliteEngine)
        await run(store, WORKLOADS[name], CALLERS, 0.5, turns)
        naive = await run(store, WORKLOADS[name], 1, seconds / 2, turns)
        await engine._writer.do(lambda: engine._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE))
        shutil.copy(path, copy)
        statements: list[Statement] = []
        plain = await run(store, WORKLOADS[name], CALLERS, seconds, turns)
        await engine._writer.do(lambda: engine._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE))
        shutil.copy(path, copy)
        await engine._writer.do(lambda: log_statements(engine, statements))
        before = sum(turns)
        await run(store, WORKLOADS[name], CALLERS, seconds, turns)
        changes = sum(turns) - before
    raw = replay(copy, statements, changes)
    for file in folder.iterdir():
        file.unlink()
    return {**asdict(plain), "raw_ops_per_s": raw, "naive_ops_per_s": naive.ops_per_s}


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Give the median of each figure, and of the ratios taken within each round."""
    for figures in rounds:
        figures["ratio_raw"] = figures["ops_per_s"] / figures["raw_ops_per_s"]
        figures["ratio_naive"] = figures["ops_per_s"] / figures["naive_ops_per_s"]
    return {key: round(median(r[key] for r in rounds), 3) for key in rounds[0]}


def machine() -> dict[str, Any]:
    """Say on what it ran."""
    return {
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "python_sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "durability": "synchronous=FULL",
        "callers": CALLERS,
    }


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    results: dict[str, Any] = {"machine": machine()}
    for name in WORKLOADS:
        with tempfile.TemporaryDirectory() as folder:
            rounds = [asyncio.run(one_round(Path(folder), name, options.seconds)) for _ in range(options.rounds)]
        results[name] = medians(rounds)
        print(name, json.dumps(results[name]))
    target = Path(__file__).parent / "results" / "sqlite.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()


