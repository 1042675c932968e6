"""DBOS: a workflow of one step, which it keeps durably before and after."""

from __future__ import annotations

import asyncio
import sys
import uuid

from benchmarks.peers.told import arguments, repeat, tell
from dbos import DBOS

CALLERS = 64
"""At once; 512 were slower here."""

POOL = 20


def configured(url: str) -> None:
    """Configure DBOS for one store, as quiet as can be."""
    url = url.replace("sqlite://", "sqlite:///", 1)
    DBOS(
        config={
            "name": "benchmark",
            "system_database_url": url,
            "sys_db_pool_size": POOL,
            "log_level": "ERROR",
            "application_version": "1",
            "executor_id": str(uuid.uuid4()),
        }
    )


@DBOS.step()
async def step(number: int) -> int:
    """Do next to nothing."""
    return number + 1


@DBOS.workflow()
async def workflow(number: int) -> int:
    """Make one step."""
    return await step(number)


async def measure(seconds: float) -> tuple[int, float]:
    """Run workflows."""
    await repeat(lambda: workflow(1), 0.5, CALLERS)
    return await repeat(lambda: workflow(1), seconds, CALLERS)


if __name__ == "__main__":
    url, seconds = arguments()
    configured(url)
    DBOS.launch()
    tell(*asyncio.run(measure(seconds)))
    DBOS.destroy()
    sys.exit()
