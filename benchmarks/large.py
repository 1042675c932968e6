"""Measures transitions where the file is large: 800,000 live records, moved in a scattered order."""

from __future__ import annotations

import argparse
from dataclasses import replace

import uvloop
from benchmarks.report import Result, save

from tenure import Store
from tenure.benchmarks.machine import folder_on_disk
from tenure.benchmarks.measuring import CALLERS, measure, prepare
from tenure.benchmarks.stand import stand_of
from tenure.benchmarks.workloads import FULL, MOVE, Workload

RECORDS_EACH = 400_000
GOALS = {"move": {"ratio_raw": "≥ 0.8", "ratio_naive": "≥ 5"}, "full": {"ratio_raw": "≥ 0.8", "ratio_naive": "≥ 3"}}


def enlarged(workload: Workload) -> Workload:
    """Give a workload on many records, in a file that holds those of both."""
    return replace(
        workload,
        kinds=(*MOVE.kinds, *FULL.kinds),
        fill=_fill_both,
        records=RECORDS_EACH,
    )


async def _fill_both(store: Store, records: int) -> None:
    await MOVE.fill(store, records)
    await FULL.fill(store, records)


async def run(rounds: int, seconds: float) -> None:
    """Fill a file once, and measure both workloads on copies of it."""
    folder = folder_on_disk()
    with stand_of("sqlite", folder) as stand:
        filled = await prepare(stand, enlarged(MOVE))
        for workload in (MOVE, FULL):
            title = f"`{workload.name}` among {2 * RECORDS_EACH:,} live records, in a scattered order"
            result = await Result.begin(stand, folder, f"large-{workload.name}", title)
            result.callers = (CALLERS,)
            measured = await measure(
                stand, enlarged(workload), rounds=rounds, seconds=seconds, tell=lambda _: None, filled=filled
            )
            save(result, measured.rounds, GOALS[workload.name])


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    uvloop.run(run(options.rounds, options.seconds))


if __name__ == "__main__":
    main()
