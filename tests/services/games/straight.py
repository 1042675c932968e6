"""A store in memory whose work is done where it is asked for, and by no thread: so a seed says all that happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from tenure import Store
from tenure.engines.sqlite.engine import SqliteEngine
from tenure.engines.sqlite.worker import Worker

T = TypeVar("T")


class Straight(Worker):
    """Does at once what an engine's thread would do. Others go on before: they would while the thread works."""

    def __init__(self, engine: SqliteEngine) -> None:
        self._worker, self._transaction = engine._writer, engine._writing

    async def do(self, work: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        return work()

    async def write(self, work: Callable[[], T], size: int = 1) -> T:  # noqa: ARG002  each is a transaction of its own
        await asyncio.sleep(0)
        with self._transaction():
            return work()

    async def stop(self) -> None:
        await self._worker.stop()


def go_straight(store: Store) -> None:
    """Let a store in memory do its work without a thread. It is the same work, in an order that is always the same.

    A long simulation asks its store millions of times: each time it would wait for a thread.
    """
    engine = store.engine
    assert isinstance(engine, SqliteEngine)
    assert engine._reader is engine._writer, "only a store in memory has one thread for all"
    engine._writer = engine._reader = Straight(engine)
