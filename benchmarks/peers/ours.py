"""Tenure itself, as a peer is called: `move` by 512 callers on the peer's own store."""

from __future__ import annotations

import asyncio
import os

import uvloop
from benchmarks.peers.told import arguments, main

import tenure
from tenure.benchmarks.running import run
from tenure.benchmarks.workloads import MOVE, Share

CALLERS, WARMING_SECONDS = 512, 0.3


async def measure(url: str, seconds: float) -> tuple[int, float]:
    """Move records of a space of this process's own."""
    async with tenure.open(url, *MOVE.kinds, space=f"process-{os.getpid()}") as store:
        await MOVE.fill(store, MOVE.records)
        steps = await MOVE.steps(store, Share(CALLERS), MOVE.records)
        await run(steps, WARMING_SECONDS)
        ran = await run(steps, seconds)
        return ran.made, ran.spent


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main(measure(*arguments()))
