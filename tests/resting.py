"""Waiting until engines are at rest: explicit time that is moved on earlier outruns the work on a slow machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from tenure import Store

PATIENCE_SECONDS = 60
CALLS = (
    "check", "counts", "feed", "find", "history", "holders", "last_position", "messages", "resend", "rows", "settle",
    "sweep", "take", "time", "write",
)  # fmt: skip
"""What stores ask of an engine while a program is at work."""

STEPS = 50
"""For so many steps of the loop nothing may be asked: between two calls of one piece of work there are fewer."""


class Rest:
    """Counts what is asked of engines and not answered yet."""

    def __init__(self) -> None:
        self._under_way = 0

    def watch(self, store: Store) -> None:
        """Count what is asked of a store's engine from now on."""
        for name in CALLS:
            setattr(store.engine, name, self._counted(getattr(store.engine, name)))

    def watching(
        self, opened: Callable[[], AbstractAsyncContextManager[Store]]
    ) -> Callable[[], AbstractAsyncContextManager[Store]]:
        """Give what opens the same stores, which are watched from their opening on."""

        @asynccontextmanager
        async def watched() -> AsyncIterator[Store]:
            async with AsyncExitStack() as stack:
                with self._working():
                    store = await stack.enter_async_context(opened())
                self.watch(store)
                yield store

        return watched

    async def comes(self) -> None:
        """Wait until all that was asked is answered, and nothing more is asked."""
        still = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while still < STEPS:
                # While it works, its threads are to have the processor.
                await asyncio.sleep(0.0002 if self._under_way else 0)
                still = 0 if self._under_way else still + 1

    @contextmanager
    def _working(self) -> Generator[None]:
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _counted(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*given: Any, **more: Any) -> Any:
            with self._working():
                return await call(*given, **more)

        return counted
