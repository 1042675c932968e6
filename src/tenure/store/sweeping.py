"""The sweeper: makes the transitions whose deadline has passed. Any number may run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from tenure.core.durations import seconds, to_microseconds
from tenure.core.engine import Swept
from tenure.core.errors import OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from tenure.store.store import Store

MOST_IN_A_SWEEP = 500
LONGEST_PAUSE = 1.0
ALIVE_FOR = seconds(10)


async def sweep_all(store: Store, alive_for: timedelta = ALIVE_FOR) -> Swept:
    """Make all that is due, in bounded steps, and say for how long the sweeper counts as alive."""
    made = removed = 0
    while True:
        swept = await store.engine.sweep(store.space_name, MOST_IN_A_SWEEP, to_microseconds(alive_for), store.clock())
        made, removed = made + swept.made, removed + swept.removed
        if not swept.more:
            return Swept(made, removed, swept.next_due, more=False)


@asynccontextmanager
async def run_sweeper(store: Store, alive_for: timedelta = ALIVE_FOR) -> AsyncGenerator[None]:
    """Sweep in the background while the body runs: within a second of each deadline."""
    task = asyncio.create_task(_run(store, alive_for), name=f"sweeper of {store.space_name}")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(store: Store, alive_for: timedelta) -> None:
    while True:
        pause = LONGEST_PAUSE
        try:
            swept = await sweep_all(store, alive_for)
            now = (await store.engine.time(store.space_name, store.clock())).now
            if swept.next_due is not None:
                pause = min(max((swept.next_due - now) / 1_000_000, 0.0), LONGEST_PAUSE)
        except (Unavailable, OutcomeUnknown) as error:
            store.log.warning("sweep_failed", space=store.space_name, error=str(error))
        await store.clock.sleep(pause)
