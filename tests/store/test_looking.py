"""Watchers of a process share one look for what they missed: the log is read only where there is more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from tests.engine_contract.kinds import KINDS, Bot
from tests.places import ENGINES, Place
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import Event, Store, Unavailable
from tenure.store import looking


@pytest.fixture(autouse=True)
def _looks_come_as_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LOOK_AGAIN_SECONDS", 600)


class Reads:
    """Counts what a store reads from its engine, and hears of no write."""

    def __init__(self, store: Store) -> None:
        self.rows: list[int] = []
        self.histories = self.finished = 0
        self.fails = False
        self._rows, self._history = store.engine.rows, store.engine.history
        store.engine.rows, store.engine.history = self._read_rows, self._read_history  # type: ignore[method-assign,assignment]
        store._shared.bells.close()
        store._shared.bells._end = lambda: None  # for the store's own end

    async def _read_rows(self, space: str, keys: Any) -> Any:
        self.rows.append(len(keys))
        if self.fails:
            raise Unavailable("the store is away")
        return await self._rows(space, keys)

    async def _read_history(self, *args: Any) -> Any:
        self.histories += 1
        if self.fails:
            raise Unavailable("the store is away")
        found = await self._history(*args)
        self.finished += 1
        return found

    def forget(self) -> None:
        self.rows, self.histories = [], 0


class Watcher:
    """Watches a bot, and keeps what it is told."""

    def __init__(self, store: Store, bot: str) -> None:
        self.told: list[Event[Bot]] = []
        self.task = asyncio.create_task(self._watch(store, bot))

    async def _watch(self, store: Store, bot: str) -> None:
        async with aclosing(store.watch(Bot, bot, after=1)) as events:
            async for event in events:
                self.told.append(event)

    async def has(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.told) < number:
                await asyncio.sleep(0)


@asynccontextmanager
async def watched(url: str, number: int) -> AsyncIterator[tuple[Store, Reads, list[Watcher]]]:
    """Open a store that hears nothing, in which each of so many bots has a watcher that waits."""
    async with tenure.open(url, *KINDS, space="bots") as store:
        for bot in range(number):
            await store.apply(Bot.create(f"b{bot}", pool="eu"))
        reads = Reads(store)
        watchers = [Watcher(store, f"b{bot}") for bot in range(number)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while reads.finished < number:
                await asyncio.sleep(0)
        reads.forget()
        try:
            yield store, reads, watchers
        finally:
            for watcher in watchers:
                watcher.task.cancel()
            await asyncio.gather(*(watcher.task for watcher in watchers), return_exceptions=True)
            assert store._shared.looking._task is None


@pytest.mark.parametrize("engine", ENGINES)
async def test_who_heard_nothing_of_a_write_is_told_by_the_next_look_and_the_others_cost_one_read(
    engine: str, place_of: Any
) -> None:
    place: Place = place_of(engine)
    async with watched(place.fresh(), 40) as (store, reads, watchers):
        await store.apply(Bot.enqueue("b7"))
        await store._shared.looking.look()
        await watchers[7].has(1)
        assert [event.name for event in watchers[7].told] == ["enqueue"]
        assert (reads.rows, reads.histories) == ([40], 1)
        assert not any(watcher.told for watcher in watchers if watcher is not watchers[7])


async def test_looks_come_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LOOK_AGAIN_SECONDS", 0.01)
    async with watched("sqlite:", 1) as (store, _, (watcher,)):
        await store.apply(Bot.enqueue("b0"))
        await watcher.has(1)
        await store.apply(Bot.withdraw("b0"))
        await watcher.has(2)


async def test_a_look_that_fails_tells_each_watcher_what_is_the_matter() -> None:
    async with watched("sqlite:", 3) as (store, reads, watchers):
        reads.fails = True
        await store._shared.looking.look()
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await asyncio.gather(*(watcher.task for watcher in watchers), return_exceptions=True)
        assert [type(error) for error in found] == [Unavailable] * 3


async def test_many_records_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST_AT_ONCE", 10)
    async with watched("sqlite:", 25) as (store, reads, _):
        await store._shared.looking.look()
        assert reads.rows == [10, 10, 5]
