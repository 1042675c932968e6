"""pgqueuer: jobs that are added in bulk, then taken and completed by one worker; both count."""

from __future__ import annotations

import time

import asyncpg
import uvloop
from benchmarks.peers.told import arguments, tell
from pgqueuer import PgQueuer
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

AT_ONCE = 1000
BATCH = 500
JOBS_A_SECOND = 4000
"""About as many as it manages here, so that a run takes about as long as it shall."""


async def measure(url: str, seconds: float) -> tuple[int, float]:
    """Add jobs in bulk and let them be done."""
    jobs = int(JOBS_A_SECOND * seconds / AT_ONCE + 1) * AT_ONCE
    async with asyncpg.create_pool(url, min_size=4, max_size=4) as pool:
        queries = Queries.from_asyncpg_pool(pool)
        if await queries.schema_is_installed():
            await queries.uninstall()
        await queries.install()
        await queries.optimize_autovacuum()
        worker = PgQueuer.from_asyncpg_pool(pool)

        @worker.entrypoint("move")
        async def move(job: Job) -> None:
            """Do nothing."""

        began = time.perf_counter()
        for _ in range(jobs // AT_ONCE):
            await queries.enqueue(["move"] * AT_ONCE, [b"{}"] * AT_ONCE, [0] * AT_ONCE)
        await worker.run(batch_size=BATCH, mode=QueueExecutionMode.drain)
        return jobs, time.perf_counter() - began


if __name__ == "__main__":
    tell(*uvloop.run(measure(*arguments())))
