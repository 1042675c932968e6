"""One ear for many pages: each is woken by what concerns it, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tenure import CursorAhead, Event, Lifecycle, OutcomeUnknown, Store, Unavailable
from tenure.store.waking import Bell

AGAIN_SECONDS = 1.0


class Hearing:
    """Reads what happens to some kinds once for all pages, while there is any, and rings the bells of whom it is of.

    `key_of` says of whom an event is.
    """

    def __init__(self, store: Store, *kinds: type[Lifecycle], key_of: Callable[[Event[Any]], str]) -> None:
        self._store, self._kinds, self._key_of = store, kinds, key_of
        self._bells: dict[str, set[Bell]] = {}
        self._task: asyncio.Task[None] | None = None
        self._began = asyncio.Lock()

    @asynccontextmanager
    async def of(self, *keys: str) -> AsyncIterator[Bell]:
        """Give a bell that rings for events of these; hang it before you read, or you miss one.

        Raises `Unavailable`, `OutcomeUnknown`.
        """
        bell = Bell()
        for key in keys:
            self._bells.setdefault(key, set()).add(bell)
        try:
            async with self._began:
                if self._task is None or self._task.done():
                    after = await self._store.position()
                    self._task = asyncio.create_task(self._listen(after), name="hears for pages")
            yield bell
        finally:
            self._take_down(bell, keys)

    def _take_down(self, bell: Bell, keys: tuple[str, ...]) -> None:
        for key in keys:
            self._bells[key].discard(bell)
            if not self._bells[key]:
                del self._bells[key]
        if not self._bells and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _listen(self, after: int | None) -> None:
        while True:
            try:
                async for event in self._store.feed(*self._kinds, after=after):
                    after = event.position
                    self._ring(self._key_of(event))
            except (CursorAhead, Unavailable, OutcomeUnknown) as error:
                if isinstance(error, CursorAhead):
                    after = None  # the store was set back: everything may be another
                for key in self._bells:
                    self._ring(key)
                await self._store.clock.sleep(AGAIN_SECONDS)

    def _ring(self, key: str) -> None:
        for bell in self._bells.get(key, ()):
            bell.ring()
