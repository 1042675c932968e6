"""The two workloads on PostgreSQL as one would write them by hand: one statement, in one transaction, for each change.

It is the fastest of the simple ways: one round trip, one commit. It keeps fewer promises than Tenure does.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import asyncpg

WORKLOADS = {
    "move": (("left", "right", "go", ()), ("right", "left", "back", ())),
    "full": (("left", "queued", "enqueue", (1, 1_000_000)), ("queued", "left", "withdraw", (-1, 1_000_000))),
}
"""For each of the two moves of a record: state before, state after, name, and what the limit needs."""

RECORDS = 10_000


async def by_hand(url: str, workload: str, seconds: float, *, connections: int) -> float:
    """Move records of an empty database so long, over so many connections, and give changes a second."""
    schema, statement = _read("schema"), _read(workload)
    there, back = WORKLOADS[workload]
    ops = itertools.count()
    async with asyncpg.create_pool(url, min_size=connections, max_size=connections) as pool:
        await pool.execute(schema)

        async def caller(first: int) -> int:
            made, end = 0, time.perf_counter() + seconds
            for turn in itertools.cycle((there, back)):
                for number in range(first, RECORDS, connections):
                    if time.perf_counter() >= end:
                        return made
                    source, target, name, more = turn
                    due = datetime.now(UTC) + timedelta(hours=1)
                    values = (f"{next(ops):012d}", f"record-{number}", source, target, name, due, *more)
                    if await pool.fetchval(statement, *values) is None:
                        raise AssertionError(f"record {number} did not move")
                    made += 1
            raise AssertionError("a cycle does not end")

        began = time.perf_counter()
        made = await asyncio.gather(*(caller(number) for number in range(connections)))
        return sum(made) / (time.perf_counter() - began)


def _read(name: str) -> str:
    return files("tenure.benchmarks.by_hand").joinpath(f"{name}.sql").read_text("utf-8")
