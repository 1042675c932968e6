"""A circuit breaker around calls: after several failures in a row there are none for a while, then one to try."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Literal

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

BreakerState = Literal["closed", "open", "half-open"]
NAMES: dict[str, BreakerState] = {"closed": "closed", "opened": "open", "half-opened": "half-open"}


class Open(Exception):  # noqa: N818  it says how the breaker stands
    """No call is made: the last ones failed."""


class Breaker:
    """Counts the failures of calls in a row. `answers` are errors that show that the other side is there."""

    def __init__(self, name: str, *, threshold: int, open_seconds: float, answers: type[Exception]) -> None:
        # A call that we cancel ourselves says nothing of the other side.
        self._factory = AsyncCircuitBreakerFactory(
            default_threshold=threshold, default_ttl=open_seconds, exclude=[answers, asyncio.CancelledError]
        )
        self._name, self._trying = name, asyncio.Lock()
        self.state: BreakerState = "closed"

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Let the body call. Raises `Open` where it must not; once the breaker may close again, one body tries."""
        breaker = await self._factory.get_breaker(self._name)
        tries = breaker.context.state != "closed"
        if tries and self._trying.locked():
            raise Open
        async with self._trying if tries else nullcontext():
            try:
                async with breaker:
                    self.state = NAMES[breaker.context.state]
                    yield
            except OpenedState as error:
                error.__traceback__ = None  # it is one object for all: it would keep every caller's frames
                raise Open from None
            finally:
                self.state = NAMES[breaker.context.state]
