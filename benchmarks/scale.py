"""Measures what a million live records cost: a sweep among them, opening the file, and memory. Run by `make bench`."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apsw
from benchmarks.report import Result, save

import tenure
from tenure import End, Lifecycle, State, Store, field, hours, minutes, testing
from tenure.testing import START

FEW, MANY, DUE = 1_000, 1_000_000, 1_000


class Lamp(Lifecycle):
    """Goes out after a length of its own."""

    label: str = field()
    colour: str = "white"

    lit = State(initial=True)
    off = State()
    broken = End()

    go_out = lit.to(off, after=minutes(1))
    light = off.to(lit)
    smash = off.to(broken)


class Stone(Lifecycle):
    """Lies there, with a deadline that is far away."""

    label: str = field()

    lying = State(initial=True)
    sunk = End()

    sink = lying.to(sunk, after=hours(100_000))


async def sweeps(path: Path, others: int, rounds: int) -> list[float]:
    """Make a thousand due transitions among so many other records, and give the seconds that each sweep took."""
    spent: list[float] = []
    async with testing.store(Lamp, Stone, url=f"sqlite://{path}", every_change_applied=False) as store:
        for start in range(0, others - DUE, 5000):
            numbers = range(start, min(start + 5000, others - DUE))
            await store.submit([Stone.create(f"s{n}", label="x" * 40)] for n in numbers)
        await store.submit([Lamp.create(f"l{n}", label="x" * 40)] for n in range(DUE))
        for _ in range(rounds):
            await store.advance(minutes(1) - tenure.seconds(1))
            began = time.perf_counter()
            made = await store.advance(tenure.seconds(1))
            spent.append(time.perf_counter() - began)
            if made != DUE:
                raise SystemExit(f"{made} transitions were made, not {DUE}")
            await store.submit([Lamp.light(f"l{n}")] for n in range(DUE))
    return spent


async def open_and_work(url: str) -> None:
    """Open a file, make some transitions, and print how long opening took and what memory is needed."""
    began = time.perf_counter()
    async with testing.store(Lamp, Stone, url=url, at=START + hours(1), every_change_applied=False) as store:
        opened = time.perf_counter() - began
        await work(store)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"opening 1,000,000 live records (s)": opened, "memory after some work (MB)": memory}))


async def work(store: Store) -> None:
    """Create some records, and read some that are there."""
    for number in range(2000):
        await store.apply(Stone.create(f"new-{number}-{time.time_ns()}", label="new"))
        await store.get(Stone, f"s{number * 400}")
    await store.count(Stone)
    await store.find(Stone.lying, limit=1000)
    await store.sweep()


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--open", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        asyncio.run(open_and_work(options.open))
        return
    with tempfile.TemporaryDirectory() as folder:
        many = asyncio.run(sweeps(Path(folder) / "many.db", MANY, options.rounds))
        few = asyncio.run(sweeps(Path(folder) / "few.db", FEW, options.rounds))
        command = [sys.executable, "-m", "benchmarks.scale", "--open", f"sqlite://{folder}/many.db"]
        runs = [subprocess.run(command, check=True, capture_output=True) for _ in range(options.rounds)]
        opened = [json.loads(run.stdout) for run in runs]
    rounds = [
        {
            "sweeping 1,000 due among 1,000 (ms)": one * 1000,
            "sweeping 1,000 due among 1,000,000 (ms)": other * 1000,
            "the second per the first": other / one,
            **figures,
        }
        for one, other, figures in zip(few, many, opened, strict=True)
    ]
    goals = {
        "the second per the first": "≤ 1.5",
        "opening 1,000,000 live records (s)": "≤ 2",
        "memory after some work (MB)": "≤ 300",
    }
    save(Result.plain("scale", "A million live records (SQLite)", {"sqlite": apsw.sqlite_lib_version()}), rounds, goals)


if __name__ == "__main__":
    main()
