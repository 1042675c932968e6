"""Waking those who wait for a record, a kind or a message. The log carries the data; this only wakes."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tenure.core.engine import Engine
from tenure.core.row import Entry

Topic = tuple[str, ...]
B = TypeVar("B", bound="Bell")


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


class Ear(Bell):
    """A bell of one record that keeps what was written to it, so that a watcher need not read it again."""

    def __init__(self) -> None:
        super().__init__()
        self.after = 0
        """The version up to which its watcher was told."""
        self._kept: list[Entry] = []
        self._full = False

    def hear(self, entry: Entry) -> None:
        """Keep an event, if there is room."""
        self._full = self._full or len(self._kept) == MOST_KEPT
        if not self._full:
            self._kept.append(entry)

    def take(self, after: int) -> list[Entry]:
        """Give what follows a version without a gap; nothing if the log must be read."""
        kept = [entry for entry in self._kept if entry.version > after]
        whole = not self._full and all(entry.version == after + n for n, entry in enumerate(kept, start=1))
        self._kept, self._full = [], False
        return kept if whole else []


MOST_KEPT = 256


class Bells:
    """The bells of one engine, by topic: a space, a kind in it, a record of that."""

    def __init__(self, engine: Engine) -> None:
        self._bells: dict[Topic, set[Bell]] = {}
        self._ears: dict[Topic, set[Ear]] = {}
        self._end = engine.listen(self._written)

    @contextmanager
    def bell(self, *topics: Topic) -> Generator[Bell]:
        """Give a bell that rings for each write to a topic. Hang it before you read, or you miss one."""
        bell = Bell()
        with _hung(self._bells, bell, topics):
            yield bell

    @contextmanager
    def ear(self, record: Topic) -> Generator[Ear]:
        """Give an ear for what is written to a record. As with a bell: first this, then read."""
        ear = Ear()
        with _hung(self._bells, ear, (record,)), _hung(self._ears, ear, (record,)):
            yield ear

    @property
    def watched(self) -> list[Topic]:
        """The records that have ears."""
        return list(self._ears)

    def ring_behind(self, record: Topic, version: int | None) -> None:
        """Wake those who were not told of a record up to this version; all of them, if it is not known."""
        for ear in self._ears.get(record, ()):
            if version is None or version > ear.after:
                ear.ring()

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
            for ear in self._ears.get((space, entry.kind, entry.id), ()):
                ear.hear(entry)
        for topic in topics & self._bells.keys():
            for bell in self._bells[topic]:
                bell.ring()


@contextmanager
def _hung(bells: dict[Topic, set[B]], bell: B, topics: Sequence[Topic]) -> Generator[None]:
    named = set(topics)  # somebody may name one twice
    for topic in named:
        bells.setdefault(topic, set()).add(bell)
    try:
        yield
    finally:
        for topic in named:
            bells[topic].discard(bell)
            if not bells[topic]:
                del bells[topic]
