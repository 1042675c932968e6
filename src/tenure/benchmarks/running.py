"""Lets callers work for a while, and notes how long each answer took and what it cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from tenure.benchmarks.workloads import Step

CpuSeconds = Callable[[], float]


@dataclass(frozen=True)
class Ran:
    """What a run gave. Waits are in seconds, as are what the two sides' processors spent."""

    made: int
    spent: float
    waits: list[float]
    client_cpu: float
    server_cpu: float

    @property
    def per_s(self) -> float:
        """How many changes were made in a second."""
        return self.made / self.spent

    def milliseconds(self, percent: int) -> float:
        """Give how long at most so many percent of the callers waited."""
        waits = self.waits if len(self.waits) > 1 else self.waits * 2
        return quantiles(waits, n=100)[percent - 1] * 1000

    def figures(self) -> dict[str, float]:
        """Give it as the figures of one round."""
        return {
            "ops_per_s": self.per_s,
            "p50_ms": self.milliseconds(50),
            "p99_ms": self.milliseconds(99),
            "client_cpu_us": self.client_cpu / self.made * 1e6,
            "server_cpu_us": self.server_cpu / self.made * 1e6,
        }


async def run(steps: Sequence[Step], seconds: float, *, most: int | None = None, server: CpuSeconds = float) -> Ran:
    """Let each caller make one step after the other, for so long, or until so many were made in all.

    Every caller makes at least one. `server` gives the seconds that the server's processors have spent so far.
    """
    waits: list[float] = []
    end = time.perf_counter() + seconds

    async def caller(step: Step) -> None:
        while True:
            began = time.perf_counter()
            await step()
            ended = time.perf_counter()
            waits.append(ended - began)
            if ended >= end or (most is not None and len(waits) >= most):
                return

    client_before, server_before, began = time.process_time(), server(), time.perf_counter()
    await asyncio.gather(*(caller(step) for step in steps))
    spent = time.perf_counter() - began
    return Ran(len(waits), spent, waits, time.process_time() - client_before, server() - server_before)
