"""Measures one engine: every workload, by 512, 64 and 1 callers, and what sweeps and watches cost."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

import uvloop
from benchmarks import sweeps, watches
from benchmarks.report import Result, save
from benchmarks.workloads import BEATS, WORKLOADS

from tenure.benchmarks.machine import folder_on_disk
from tenure.benchmarks.measuring import CALLERS, measure
from tenure.benchmarks.stand import ENGINES, Name, Stand, stand_of
from tenure.benchmarks.workloads import MOVE, Workload

FEWER = (64, 1)
LATENCY = {"sqlite": {"move": 80, "full": 100}, "postgres": dict.fromkeys(("move", "full"), 60)}
LATENCY["valkey"] = dict.fromkeys(("move", "full"), 40)
RAW = {"sqlite": 0.8, "postgres": 0.7, "valkey": 0.8}
NAIVE = {"sqlite": {"move": 5, "full": 3}, "postgres": dict.fromkeys(("move", "full"), 6)}
NAIVE["valkey"] = dict.fromkeys(("move", "full"), 6)


def goals(engine: Name, workload: str) -> dict[str, str]:
    """Give what is wanted of a workload's figures."""
    if workload == "beats":
        return {"ratio_move": "≥ 2"}
    if workload not in NAIVE[engine]:
        return {}
    return {
        "ratio_raw": f"≥ {RAW[engine]}",
        "ratio_naive": f"≥ {NAIVE[engine][workload]}",
        "p99_ms": f"≤ {LATENCY[engine][workload]}",
    }


async def measure_workload(stand: Stand, workload: Workload, folder: Path, *, rounds: int, seconds: float) -> None:
    """Measure one workload, and write its results."""
    result = await Result.begin(stand, folder, workload.name, workload.title)
    measured = await measure(
        stand,
        workload,
        rounds=rounds,
        seconds=seconds,
        tell=lambda _: None,
        fewer=FEWER,
        beside=MOVE if workload is BEATS else None,
    )
    result.said["changes in a batch"] = f"{measured.changes_per_batch:.0f}"
    result.callers = (CALLERS, *FEWER)
    save(result, measured.rounds, goals(stand.engine, workload.name))


async def measure_engine(engine: Name, *, rounds: int, seconds: float) -> None:
    """Measure all workloads of one engine."""
    folder = folder_on_disk()
    with stand_of(engine, folder) as stand:
        for workload in WORKLOADS:
            began = time.perf_counter()
            await measure_workload(stand, workload, folder, rounds=rounds, seconds=seconds)
            print(f"{engine} {workload.name}: {time.perf_counter() - began:.0f} s", flush=True)
        await sweeps.measure(stand, folder, rounds=rounds)
        await watches.measure(stand, folder, rounds=rounds, seconds=seconds)


def main() -> None:
    """Measure the engines that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=ENGINES, choices=ENGINES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    options = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    for engine in options.engines:
        asyncio.run(measure_engine(engine, rounds=options.rounds, seconds=options.seconds))


if __name__ == "__main__":
    main()
