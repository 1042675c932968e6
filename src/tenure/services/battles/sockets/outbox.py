"""What waits to be sent to one client: bounded in number and in bytes, so that who reads too slowly costs little."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Waiting(NamedTuple, Generic[T]):
    """A thing that waits."""

    thing: T
    size: int
    fleeting: bool


class Outbox(Generic[T]):
    """Things in order, each with a size. It is closed once; what stands in it then is still given.

    What is fleeting may get lost: where there is no room, all of it goes that waits, for it is the oldest.
    """

    def __init__(self, most: int, most_size: int) -> None:
        self._most, self._most_size, self._size = most, most_size, 0
        self._waiting: deque[Waiting[T]] = deque()
        self._changed = asyncio.Event()
        self._closed = self._awaited = False
        self.dropped = 0
        """How many fleeting things were dropped."""

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and nothing that was taken is still on its way: who takes waits for more."""
        return self._awaited and not self._waiting and not self._closed

    def put(self, thing: T, size: int, *, fleeting: bool = False) -> bool:
        """Add a thing; False if there is no room for it, and it is not fleeting. A closed one takes nothing."""
        if self._closed:
            return True
        if not self._has_room(size):
            self._drop_fleeting()
        if not self._has_room(size):
            self.dropped += fleeting
            return fleeting
        self._waiting.append(Waiting(thing, size, fleeting))
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
            self._awaited = True
            try:
                await self._changed.wait()
            finally:
                self._awaited = False
        thing, size, _ = self._waiting.popleft()
        self._size -= size
        return thing

    def _has_room(self, size: int) -> bool:
        return len(self._waiting) < self._most and self._size + size <= self._most_size

    def _drop_fleeting(self) -> None:
        before = len(self._waiting)
        self._waiting = deque(one for one in self._waiting if not one.fleeting)
        self.dropped += before - len(self._waiting)
        self._size = sum(one.size for one in self._waiting)
