"""Bells wake those who wait for a record, a kind or a space, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from unittest.mock import patch

from tests.engine_contract.kinds import KINDS, Bot, Match

from tenure import Store, seconds, testing
from tenure.core.row import Entry
from tenure.store.timing import ManualClock
from tenure.store.waking import MOST_KEPT, Ear


async def test_a_bell_rings_for_its_topic_only() -> None:
    async with testing.store(*KINDS) as store:
        with (
            store.bell(Bot, "ada") as record,
            store.bell(Bot) as kind,
            store.bell() as space,
            store.bell(Match) as other,
            store.bell(Bot, "bob") as bob,
            store.space("elsewhere").bell() as elsewhere,
        ):
            await testing.a(store, Bot.idle, "ada", pool="eu")
            assert [await bell.heard(0) for bell in (record, kind, space)] == [True] * 3
            assert [await bell.heard(0) for bell in (other, bob, elsewhere)] == [False] * 3
            assert not await record.heard(0), "silent again until the next write"


async def test_a_bell_of_several_kinds_rings_for_each() -> None:
    async with testing.store(*KINDS) as store:
        with store.bell(Bot, Match) as bell:
            await testing.a(store, Match.offered, "m", first="a", second="b")
            assert await bell.heard(0)
            await testing.a(store, Bot.idle, "ada", pool="eu")
            assert await bell.heard(0)


async def test_a_bell_of_several_records_rings_for_each_also_for_one_that_was_named_twice() -> None:
    async with testing.store(*KINDS) as store:
        with store.bell_of((Bot, "ada"), (Match, "m"), (Bot, "ada")) as bell:
            await testing.a(store, Bot.idle, "ada", pool="eu")
            assert await bell.heard(0)
            await testing.a(store, Match.offered, "m", first="a", second="b")
            assert await bell.heard(0)
        with store.bell_of((Bot, "ada")) as bell:
            await store.apply(Bot.enqueue("ada"))
            assert await bell.heard(0)


async def test_a_sleeper_on_explicit_time_wakes_when_its_time_has_come() -> None:
    clock = ManualClock(0)
    woken: list[int] = []

    async def sleep(length: int) -> None:
        await clock.sleep(length)
        woken.append(length)

    tasks = [asyncio.create_task(sleep(length)) for length in (3, 1, 2)]
    await asyncio.sleep(0)
    assert clock.next_wake() == 1_000_000
    for at in (500_000, 1_000_000, 5_000_000):
        clock.move_to(at)
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(3)))
    await asyncio.gather(*tasks)
    assert woken == [1, 2, 3]
    clock.move_to(0)
    assert clock() == 5_000_000, "time never goes back"


async def test_advance_wakes_who_waits() -> None:
    async with testing.store(*KINDS) as store:
        with store.bell(Bot) as bell:
            await store.advance(seconds(1))
            assert await bell.heard(0)


async def test_a_watcher_is_told_what_was_written_without_reading_it_again() -> None:
    async with testing.store(*KINDS) as store:
        await testing.a(store, Bot.idle, "ada", pool="eu")
        async with watched(store) as (events, reads):
            assert await events(1) == [1]
            for number in range(50):
                await store.apply(Bot.rate("ada", rating=number))
                assert await events(1) == [number + 2]
            assert len(reads) == 1, "only what was there before it listened"


async def test_a_watcher_that_was_away_too_long_reads_what_it_missed() -> None:
    async with testing.store(*KINDS) as store:
        await testing.a(store, Bot.idle, "ada", pool="eu")
        async with watched(store) as (events, reads):
            assert await events(1) == [1]
            await store.submit([[Bot.rate("ada", rating=number)] for number in range(MOST_KEPT + 1)])
            assert await events(MOST_KEPT + 1) == list(range(2, MOST_KEPT + 3))
            assert len(reads) == 2
            await store.apply(Bot.rate("ada", rating=0))
            assert await events(1) == [MOST_KEPT + 3]


def test_an_ear_gives_nothing_where_it_missed_something() -> None:
    ear = Ear()
    for version in (4, 5, 7):
        ear.hear(an_entry(version))
    assert not ear.take(after=4), "the 6 is not there"
    for version in (8, 9):
        ear.hear(an_entry(version))
    assert not ear.take(after=6), "the 7 was given up"
    for version in (10, 11):
        ear.hear(an_entry(version))
    assert [entry.version for entry in ear.take(after=10)] == [11], "what the watcher knows is left out"


def an_entry(version: int) -> Entry:
    return Entry(version, "Bot", "ada", version, 0, "somebody", "rate", "idle", "idle", 0, "", "", b"{}", ())


@asynccontextmanager
async def watched(store: Store) -> AsyncIterator[tuple[Callable[[int], Awaitable[list[int]]], list[int]]]:
    """Watch a bot: give what takes so many versions, and the versions after which the log was read."""
    reads: list[int] = []
    read = store.engine.history

    async def counted(space: str, kind: str, id: str, after: int, most: int) -> Sequence[Entry]:
        reads.append(after)
        return await read(space, kind, id, after, most)

    watch = store.watch(Bot, "ada")

    async def events(number: int) -> list[int]:
        return [(await anext(watch)).version for _ in range(number)]

    with patch.object(store.engine, "history", counted):
        async with aclosing(watch):
            yield events, reads
