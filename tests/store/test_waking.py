"""Bells wake those who wait for a record, a kind or a space, and nobody else."""

from __future__ import annotations

import asyncio

from tests.engine_contract.kinds import KINDS, Bot, Match

from tenure import seconds, testing
from tenure.store.timing import ManualClock


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
