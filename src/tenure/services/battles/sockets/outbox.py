"""What waits to be sent to one client: bounded in number and in bytes, so that who reads too slowly costs little."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """Things in order, each with a size. It is closed once; what stands in it then is still given."""

    def __init__(self, most: int, most_size: int) -> None:
        self._most, self._most_size, self._size = most, most_size, 0
        self._waiting: deque[tuple[T, int]] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, thing: T, size: int) -> bool:
        """Add a thing; False if there is no room for it. A closed one takes nothing."""
        if self._closed:
            return True
        if len(self._waiting) >= self._most or self._size + size > self._most_size:
            return False
        self._waiting.append((thing, size))
        self._size += size
        self._changed.set()
        return True

    def close(self, *, drop: bool = False) -> None:
        """Let `next` give what waits, and then None. With `drop`, what waits is not given."""
        if drop:
            self._waiting.clear()
            self._size = 0
        self._closed = True
        self._changed.set()

    async def next(self) -> T | None:
        """Take the next thing, as soon as there is one; None at the end."""
        while not self._waiting:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        thing, size = self._waiting.popleft()
        self._size -= size
        return thing
