"""What others tell an instance: which of its connections they replaced, and that it is to let nobody in any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from tenure import OutcomeUnknown, Store, Unavailable
from tenure.services.battles.lifecycle import Instance

AGAIN_SECONDS = 5.0


def topic_of(instance: str) -> str:
    """Give the topic on which an instance hears which of its connections were replaced."""
    return f"instance/{instance}"


class Hearing:
    """Listens for one instance. `replaced` is told a connection's id, `drained` is called once an operator drained."""

    def __init__(
        self, store: Store, instance: str, *, replaced: Callable[[str], None], drained: Callable[[], None]
    ) -> None:
        self._store, self._instance, self._replaced, self._drained = store, instance, replaced, drained

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while the body runs."""
        tasks = [asyncio.create_task(one(), name=f"hears for {self._instance}") for one in (self._hear, self._notice)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        """Hear of what was replaced; what is not heard, a look finds later."""
        while True:
            with suppress(Unavailable):
                async with self._store.signals(topic_of(self._instance)) as heard:
                    async for connection in heard:
                        self._replaced(connection.decode())
                    return
            await self._store.clock.sleep(AGAIN_SECONDS)

    async def _notice(self) -> None:
        """Notice that the instance is drained, whoever did it; its log keeps that, so it is never missed."""
        while True:
            with suppress(Unavailable, OutcomeUnknown):
                async with aclosing(self._store.watch(Instance, self._instance)) as events:
                    async for event in events:
                        if event.target == Instance.draining:
                            self._drained()
                            return
            await self._store.clock.sleep(AGAIN_SECONDS)
