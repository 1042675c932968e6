"""What waits to be sent to one reader: bounded, so that who reads too slowly is told to come again."""

from __future__ import annotations

import asyncio
from collections import deque

MOST_WAITING = 1024 * 1024


class Outbox:
    """Texts in order, up to a size in characters. It is closed once; what stands in it then is still sent."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most, self._size = most, 0
        self._texts: deque[str] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, text: str) -> bool:
        """Add a text; False if there is no more room."""
        if self._size + len(text) > self._most:
            return False
        if not self._closed:
            self._texts.append(text)
            self._size += len(text)
            self._changed.set()
        return True

    def close(self) -> None:
        """Let `next` give None once all is sent."""
        self._closed = True
        self._changed.set()

    async def room(self) -> None:
        """Wait until at least half of it is free: for who adds a lot that was written before."""
        while self._size > self._most // 2 and not self._closed:
            self._changed.clear()
            await self._changed.wait()

    async def next(self) -> str | None:
        """Take the next text, as soon as there is one; None at the end."""
        while not self._texts:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        text = self._texts.popleft()
        self._size -= len(text)
        self._changed.set()
        return text
