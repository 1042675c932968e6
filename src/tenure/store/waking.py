"""Waking those who wait for a record, a kind or a message. The log carries the data; this only wakes."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from tenure.core.engine import Engine
from tenure.core.row import Entry

Topic = tuple[str, ...]


class Bell:
    """Set when its topic was written to."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the one who waits."""
        self._rung.set()

    async def heard(self, most_seconds: float | None = None) -> bool:
        """Wait until it rings, or so long; then it is silent again."""
        try:
            async with asyncio.timeout(most_seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Bells:
    """The bells of one engine, by topic: a space, a kind in it, a record of that."""

    def __init__(self, engine: Engine) -> None:
        self._bells: dict[Topic, set[Bell]] = {}
        self._end = engine.listen(self._written)

    @contextmanager
    def bell(self, *topics: Topic) -> Generator[Bell]:
        """Give a bell that rings for each write to a topic. Hang it before you read, or you miss one."""
        bell, named = Bell(), set(topics)  # somebody may name one twice
        for topic in named:
            self._bells.setdefault(topic, set()).add(bell)
        try:
            yield bell
        finally:
            for topic in named:
                self._bells[topic].discard(bell)
                if not self._bells[topic]:
                    del self._bells[topic]

    def ring_all(self, space: str) -> None:
        """Wake everybody in a space: the time was moved."""
        for topic, bells in self._bells.items():
            if topic[0] == space:
                for bell in bells:
                    bell.ring()

    def ring(self, topic: Topic) -> None:
        """Wake those who wait for a topic, though nothing was written."""
        for bell in self._bells.get(topic, ()):
            bell.ring()

    def close(self) -> None:
        """Listen no more."""
        self._end()

    def _written(self, space: str, entries: Sequence[Entry]) -> None:
        if not self._bells:
            return
        topics: set[Topic] = {(space,)}
        for entry in entries:
            topics.add((space, entry.kind))
            topics.add((space, entry.kind, entry.id))
        for topic in topics & self._bells.keys():
            for bell in self._bells[topic]:
                bell.ring()
