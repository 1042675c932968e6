"""procrastinate: jobs that are deferred in bulk, then taken and finished by one worker; both count."""

from __future__ import annotations

import time

from benchmarks.peers.told import arguments, main
from procrastinate import App, PsycopgConnector

AT_ONCE = 500
CONCURRENCY = 16
JOBS_A_SECOND = 300
"""About as many as it manages here, so that a run takes about as long as it shall."""


async def measure(url: str, seconds: float) -> tuple[int, float]:
    """Defer jobs in bulk and let them be done."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=4, max_size=CONCURRENCY))

    @app.task(name="move")
    async def move(number: int) -> int:
        return number + 1

    jobs = int(JOBS_A_SECOND * seconds / AT_ONCE + 1) * AT_ONCE
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for first in range(0, jobs, AT_ONCE):
            await move.batch_defer_async(*({"number": number} for number in range(first, first + AT_ONCE)))
        await app.run_worker_async(wait=False, concurrency=CONCURRENCY, listen_notify=False)
        return jobs, time.perf_counter() - began


if __name__ == "__main__":
    main(measure(*arguments()))
