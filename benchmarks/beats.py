"""Measures beats of 512 holders against the `move` workload, in alternating rounds. Run by `make bench`."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time

from benchmarks.report import save, summed_up
from benchmarks.workloads import Mover, Player, fill, move, run

import tenure
from tenure import CLAIMANT, HOLDER, SWEEPER, Claim, End, Lifecycle, State, Store, lease

HOLDERS = 512
RECORDS_EACH = 8


class Worker(Lifecycle):
    """Held by a lease."""

    busy = State(initial=True, by=CLAIMANT)
    gone = End()

    leave = busy.to(gone, by=HOLDER)
    lose = busy.to(gone, by=SWEEPER, after=lease(seconds=3600))


async def beats(store: Store, claims: list[Claim[Worker]], seconds: float) -> float:
    """Let each holder beat for its claims, and give beats a second."""
    made, end = 0, time.perf_counter() + seconds

    async def holder(first: int) -> None:
        nonlocal made
        for number in itertools.cycle(range(first, len(claims), HOLDERS)):
            if time.perf_counter() >= end:
                return
            await store.beat(claims[number])
            made += 1

    began = time.perf_counter()
    await asyncio.gather(*(holder(n) for n in range(HOLDERS)))
    return made / (time.perf_counter() - began)


async def measure(folder: str, rounds: int, seconds: float) -> list[dict[str, float]]:
    """Measure both in turn, on one file."""
    found: list[dict[str, float]] = []
    async with tenure.open(f"sqlite://{folder}/store.db", Mover, Player, Worker) as store:
        await fill(store)
        workers = [await store.apply(Worker.create(f"w{n}")) for n in range(HOLDERS * RECORDS_EACH)]
        claims, turns = [worker.claim for worker in workers], [0] * 10_000
        await run(store, move, HOLDERS, 1, turns)
        for _ in range(rounds):
            moves = (await run(store, move, HOLDERS, seconds, turns)).ops_per_s
            beaten = await beats(store, claims, seconds)
            found.append({"beats/s": beaten, "moves/s": moves, "beats per move": beaten / moves})
    return found


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = asyncio.run(measure(folder, options.rounds, options.seconds))
    save("beats", f"Beats by {HOLDERS} holders", summed_up(rounds), {"beats per move": "≥ 2"})


if __name__ == "__main__":
    main()
