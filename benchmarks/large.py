"""Measures transitions where the file is large: 800,000 live records, moved in a scattered order."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.report import save, summed_up
from benchmarks.sqlite import MOST, Statement, copied, count, log_statements, replay
from benchmarks.workloads import WORKLOADS, Mover, Player, Workload, fill, run

import tenure
from tenure import Store
from tenure.engines.sqlite.engine import SqliteEngine

RECORDS_EACH = 400_000


async def one_round(
    store: Store, engine: SqliteEngine, folder: Path, workload: Workload, seconds: float, turns: list[int]
) -> dict[str, float]:
    """Run one workload in all ways in the same minute."""
    best = (await run(store, workload, MOST, seconds, turns)).ops_per_s
    naive = (await run(store, workload, 1, seconds, turns)).ops_per_s
    statements: list[Statement] = []
    await copied(engine, folder / "live.db", folder / "copy.db")
    await engine._writer.do(partial(log_statements, engine, statements))  # noqa: SLF001  they are what is measured
    changes = await count(store, workload, seconds, turns)
    await engine._writer.do(partial(log_statements, engine, None))  # noqa: SLF001  as above
    raw = replay(folder / "copy.db", statements, changes)
    return {
        "changes/s": best,
        "the same statements without Tenure: changes/s": raw,
        "per the statements alone": best / raw,
        "per one awaited commit each": best / naive,
    }


async def measure(folder: Path, rounds: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    """Fill a file once, and run both workloads in turn."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WORKLOADS}
    turns = {name: [0] * RECORDS_EACH for name in WORKLOADS}
    async with tenure.open(f"sqlite://{folder}/live.db", Mover, Player) as store:
        engine = store.engine
        if not isinstance(engine, SqliteEngine):
            raise TypeError(engine)
        await fill(store, RECORDS_EACH)
        for _ in range(rounds):
            for name, workload in WORKLOADS.items():
                figures = await one_round(store, engine, folder, workload, seconds, turns[name])
                found[name].append(figures)
    return found


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), options.rounds, options.seconds))
    for name, rounds in found.items():
        goals = {"per the statements alone": "≥ 0.8", "per one awaited commit each": "≥ 5" if name == "move" else "≥ 3"}
        title = f"`{name}` among {2 * RECORDS_EACH:,} live records, in a scattered order, by {MOST} callers"
        save(f"sqlite-{name}-large", title, summed_up(rounds), goals)


if __name__ == "__main__":
    main()
