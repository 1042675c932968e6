"""How a peer's program is called, and what it prints."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine

CALLERS = 512
Step = Callable[[], Awaitable[object]]


def arguments() -> tuple[str, float]:
    """Give the URL of the peer's store, and for how many seconds to work."""
    return sys.argv[1], float(sys.argv[2])


async def repeat(step: Step, seconds: float, callers: int = CALLERS) -> tuple[int, float]:
    """Let so many callers make one step after the other, and give how many that were, in how many seconds."""
    made, end = 0, time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal made
        while time.perf_counter() < end:
            await step()
            made += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return made, time.perf_counter() - began


def tell(made: int, spent: float) -> None:
    """Print the figures; it is the last line."""
    print("\n" + json.dumps({"per_s": made / spent}), flush=True)


def main(measured: Coroutine[None, None, tuple[int, float]]) -> None:
    """Run a measurement, and print what it gave."""
    tell(*asyncio.run(measured))
