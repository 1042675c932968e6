"""Looks from time to time whether watchers missed something: news of a write may get lost, and the log has it anyway.

One read tells how far all the records have come that this process watches. The log is read only of those that have come
further than their watchers know; so what is watched and does not change costs next to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

from tenure.core.engine import Engine
from tenure.store.timing import Clock
from tenure.store.waking import Bell, Bells, Ear, Topic

LOOK_AGAIN_SECONDS = 5.0
MOST_AT_ONCE = 500


class Looking:
    """What the watchers of one store share. It is at work while there are any."""

    def __init__(self, engine: Engine, bells: Bells, clock: Clock) -> None:
        self._engine, self._bells, self._clock = engine, bells, clock
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def ear(self, record: Topic) -> Generator[Ear]:
        """Give an ear for what is written to a record; it also rings when something was missed after its `after`."""
        self._watchers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="looks for what watchers missed")
        try:
            with self._bells.ear(record) as ear:
                yield ear
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        while True:
            await self._clock.wait(Bell(), LOOK_AGAIN_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look once. Where that fails, all are rung: each finds out by itself what is the matter."""
        for records in _parts(self._bells.watched):
            try:
                rows = await self._engine.rows(records[0][0], [(kind, id) for _, kind, id in records])
                versions: list[int | None] = [row.version if row is not None else 0 for row in rows]
            except Exception:  # noqa: BLE001  whatever it is, a watcher gets it as its own
                versions = [None] * len(records)
            for record, version in zip(records, versions, strict=True):
                self._bells.ring_behind(record, version)


def _parts(watched: Iterable[Topic]) -> Iterable[Sequence[Topic]]:
    """Give the records in parts that one read may name: those of one space."""
    spaces: dict[str, list[Topic]] = {}
    for record in watched:
        spaces.setdefault(record[0], []).append(record)
    for records in spaces.values():
        for start in range(0, len(records), MOST_AT_ONCE):
            yield records[start : start + MOST_AT_ONCE]
