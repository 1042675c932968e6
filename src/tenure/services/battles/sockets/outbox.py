"""What waits to be sent to one client: bounded in number and in bytes, so that who reads too slowly costs little."""

from __future__ import annotations

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

    __slots__ = ("_closed", "_most", "_most_size", "_size", "_waiting", "dropped")

    def __init__(self, most: int, most_size: int) -> None:
        self._most, self._most_size, self._size = most, most_size, 0
        self._waiting: list[Waiting[T]] = []  # nothing waits almost always: an empty deque has 600 bytes
        self._closed = False
        self.dropped = 0
        """How many fleeting things were dropped."""

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
        return True

    def close(self, *, drop: bool = False) -> None:
        """Take nothing more. With `drop`, what waits is not given either."""
        if drop:
            self._waiting.clear()
            self._size = 0
        self._closed = True

    def take(self) -> T | None:
        """Take the next thing; None where nothing waits."""
        if not self._waiting:
            return None
        thing, size, _ = self._waiting.pop(0)
        self._size -= size
        return thing

    def _has_room(self, size: int) -> bool:
        return len(self._waiting) < self._most and self._size + size <= self._most_size

    def _drop_fleeting(self) -> None:
        before = len(self._waiting)
        self._waiting = [one for one in self._waiting if not one.fleeting]
        self.dropped += before - len(self._waiting)
        self._size = sum(one.size for one in self._waiting)
