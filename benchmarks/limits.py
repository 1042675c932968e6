"""Measures creates that count under a limit: spread over many keys, and all under one. Run by `make bench`."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time

from benchmarks.report import save, summed_up

import tenure
from tenure import End, Lifecycle, Limit, State, Store, field

CALLERS = 512


class Seat(Lifecycle):
    """Taken under a limit."""

    room: str = field()

    taken = State(initial=True)
    free = End()

    leave = taken.to(free)

    seats = Limit(at_most=10_000_000, per=room, over=taken)


_numbers = itertools.count()


async def creates(store: Store, rooms: int, seconds: float) -> float:
    """Let callers create records, each in one of so many rooms, and give creates a second."""
    made, end = 0, time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal made
        while time.perf_counter() < end:
            number = next(_numbers)
            await store.apply(Seat.create(f"seat-{number}", room=f"room-{number % rooms}"), op=f"{number:012d}")
            made += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return made / (time.perf_counter() - began)


async def measure(folder: str, rounds: int, seconds: float) -> list[dict[str, float]]:
    """Measure both in turn, on one file."""
    found: list[dict[str, float]] = []
    async with tenure.open(f"sqlite://{folder}/store.db", Seat) as store:
        await creates(store, 1000, 1)
        for _ in range(rounds):
            many, one = await creates(store, 1000, seconds), await creates(store, 1, seconds)
            found.append({"creates/s over 1,000 keys": many, "creates/s under one key": one})
    return found


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = asyncio.run(measure(folder, options.rounds, options.seconds))
    save("limits", f"Creates under a limit, with op ids, by {CALLERS} callers", summed_up(rounds), {})


if __name__ == "__main__":
    main()
