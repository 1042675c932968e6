"""The two workloads that every engine is measured with.

`move`: a transition with an op id, an event and a deadline. `full`: the same, and it enters or leaves a rank and a
limit's slot.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from tenure import Change, End, Lifecycle, Limit, State, Store, field, hours, minutes

RECORDS = 10_000
SCATTER = 104_729  # a prime, so that each record has its turn


class Mover(Lifecycle):
    """Goes to and fro; one of its states has a deadline."""

    label: str = field(default="")
    steps: int = 0

    left = State(initial=True)
    right = State()
    gone = End()

    go = left.to(right)
    back = right.to(left, after=hours(1))
    end = left.to(gone)


class Player(Lifecycle):
    """Enters and leaves a queue that is ranked and limited."""

    pool: str = field()
    rating: int = field(default=1000)

    idle = State(initial=True)
    queued = State(rank=rating, per=pool)
    gone = End()

    enqueue = idle.to(queued)
    withdraw = queued.to(idle, after=minutes(50))
    end = idle.to(gone)

    ready = Limit(at_most=1_000_000, per=pool, over=queued)


@dataclass
class Figures:
    """What a run gave: transitions a second, and how long a caller waited, in milliseconds."""

    ops_per_s: float
    p50_ms: float
    p99_ms: float


Workload = Callable[[int, int], Change[Any]]


def move(number: int, turn: int) -> Change[Any]:
    """Give the change that a record's next `move` makes."""
    return (Mover.back if turn % 2 else Mover.go)(f"mover-{number}")


def full(number: int, turn: int) -> Change[Any]:
    """Give the change that a record's next `full` makes."""
    return (Player.withdraw if turn % 2 else Player.enqueue)(f"player-{number}")


WORKLOADS: dict[str, Workload] = {"move": move, "full": full}


async def fill(store: Store, records: int = RECORDS) -> None:
    """Create the records."""
    for start in range(0, records, 1000):
        numbers = range(start, min(start + 1000, records))
        await store.submit([Mover.create(f"mover-{n}")] for n in numbers)
        await store.submit([Player.create(f"player-{n}", pool=f"pool-{n % 16}", rating=n % 3000)] for n in numbers)


_ops = itertools.count()


async def run(store: Store, workload: Workload, callers: int, seconds: float, turns: list[int]) -> Figures:
    """Let so many tasks call `apply`, each for records of its own in a scattered order, for so long.

    `turns` has a number for each record: how often it was moved.
    """
    waits: list[float] = []
    end = time.perf_counter() + seconds

    async def caller(first: int) -> None:
        places = itertools.count(first, callers)
        while (began := time.perf_counter()) < end:
            number = next(places) * SCATTER % len(turns)
            await store.apply(workload(number, turns[number]), op=f"{next(_ops):012d}")
            turns[number] += 1
            waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller(n) for n in range(callers)))
    spent = time.perf_counter() - began
    cuts = quantiles(waits, n=100)
    return Figures(len(waits) / spent, cuts[49] * 1000, cuts[98] * 1000)
