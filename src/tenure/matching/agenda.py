"""What is to be looked at when: a heap of moments, in which each thing has at most one."""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import Generic, TypeVar

Thing = TypeVar("Thing")

SPARE = 1024
"""How many outdated moments the heap may hold beside half of its length."""


class Agenda(Generic[Thing]):
    """Gives what is due. A moment is a lower bound: a look may come early, never late."""

    def __init__(self) -> None:
        self._at: dict[Thing, float] = {}
        self._heap: list[tuple[float, int, Thing]] = []
        self._numbers = count()
        self._settled: set[Thing] = set()

    def put(self, thing: Thing, at: float) -> None:
        """Look at something then, and not before. Infinity is never."""
        self._settled.discard(thing)
        if at == math.inf:
            self._at.pop(thing, None)
        elif self._at.get(thing) != at:
            self._push(thing, at)

    def settle(self, thing: Thing) -> None:
        """Note that something's moment is known, and not merely the earliest possible."""
        self._settled.add(thing)

    def sooner(self, thing: Thing, at: float) -> None:
        """Look at something then at the latest; whatever was known of its moment is in doubt."""
        self._settled.discard(thing)
        if at < self._at.get(thing, math.inf):
            self._push(thing, at)

    def doubt(self, thing: Thing) -> None:
        """Note that something's moment may be too early now."""
        self._settled.discard(thing)

    def knows(self, thing: Thing) -> bool:
        """Tell whether something's moment is known."""
        return thing in self._settled

    def drop(self, thing: Thing) -> None:
        """Look at something no more."""
        self._at.pop(thing, None)
        self._settled.discard(thing)

    def due(self, now: float) -> list[Thing]:
        """Take off all that is due, in the order of their moments."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            at, _, thing = heapq.heappop(self._heap)
            if self._at.get(thing) == at:
                self.drop(thing)
                found.append(thing)
        return found

    def first(self) -> tuple[float, Thing] | None:
        """Give the first moment and its thing, or None."""
        while self._heap:
            at, _, thing = self._heap[0]
            if self._at.get(thing) == at:
                return at, thing
            heapq.heappop(self._heap)
        return None

    def _push(self, thing: Thing, at: float) -> None:
        self._at[thing] = at
        heapq.heappush(self._heap, (at, next(self._numbers), thing))
        if len(self._heap) > 2 * len(self._at) + SPARE:
            self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)
