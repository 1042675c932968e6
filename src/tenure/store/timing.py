"""Where the time comes from: the engine's clock, or for tests one that only moves when it is told to."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Protocol

from tenure.store.waking import Bell


class Clock(Protocol):
    """What the store asks for time."""

    def __call__(self) -> int | None:
        """Give the instant in microseconds, or None to let the engine read its own clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        ...

    async def wait(self, bell: Bell, seconds: float) -> bool:
        """Wait for a bell, but no longer than this; tells whether it rang."""
        ...


class SystemClock:
    """The engine's own clock."""

    def __call__(self) -> int | None:
        """Let the engine read its clock."""
        return None

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)

    async def wait(self, bell: Bell, seconds: float) -> bool:
        """Wait for a bell, but no longer than this; tells whether it rang."""
        return await bell.heard(seconds)


class ManualClock:
    """A clock that stands still until it is moved. What sleeps on it wakes when its time is passed."""

    def __init__(self, at: int) -> None:
        self.now = at
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __call__(self) -> int | None:
        """Give the instant."""
        return self.now

    def move_to(self, at: int) -> None:
        """Let it be so late, and wake who slept until then. Time never goes back."""
        self.now = max(self.now, at)
        while self._sleepers and self._sleepers[0][0] <= self.now:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    def next_wake(self) -> int | None:
        """Give the instant at which the next sleeper wakes."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved so far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + round(seconds * 1_000_000), next(self._order), future))
        await future

    async def wait(self, bell: Bell, seconds: float) -> bool:
        """Wait for a bell, which also rings when the clock is moved."""
        return True if seconds <= 0 else await bell.heard()
