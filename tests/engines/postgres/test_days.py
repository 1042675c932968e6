"""The history lies by days: made ahead, by however many at once, and dropped as a whole when its time is over.

No engine-neutral form exists: partitions are this engine's own.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Owner, Ticket
from tests.engines.postgres.conftest import a_session, engine_of

import tenure
from tenure import NEXT, Store, days, hours, testing
from tenure.core.clock import wall_time
from tenure.engines.postgres.days import DAY
from tenure.testing import START, a

FIRST = int(START.timestamp()) // 86400


async def days_of(url: str) -> list[int]:
    """Give the days that there are, but for day 0."""
    async with a_session(url) as session:
        sql = "SELECT relid::regclass::text FROM pg_partition_tree('tenure_events') WHERE isleaf"
        names = [name for (name,) in await session.fetch(sql)]
    return sorted({int(name.rpartition("_")[2]) for name in names} - {0})


async def number_in(url: str, day: int) -> int:
    async with a_session(url) as session:
        return int(await session.fetchval("SELECT count(*) FROM tenure_events WHERE day = $1", day) or 0)


async def pass_time(store: Store, by: timedelta) -> None:
    await store.advance(by)
    await store.advance(hours(1))


async def test_an_open_store_has_this_day_and_the_next(url: str) -> None:
    before = wall_time() // DAY
    async with tenure.open(url, *KINDS):
        pass
    today = {before, wall_time() // DAY}  # it may have been midnight
    assert await days_of(url) in [[day, day + 1] for day in today]


async def test_a_day_that_is_not_there_is_made_by_the_write_that_needs_it(url: str) -> None:
    async with testing.store(*KINDS, url=url, at=START + days(4000)) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        assert FIRST + 4000 in await days_of(url)
        assert [e.name for e in await store.history(Bot, "ada")] == ["create"]


async def test_many_make_a_day_at_once_and_it_is_made_once(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        engines = [engine_of(here), engine_of(there)]
        await asyncio.gather(*(engine._days.make(DAY * 30_000) for engine in engines for _ in range(4)))
        assert 30_000 in await days_of(url)


async def test_a_day_goes_when_all_of_it_was_kept_long_enough(url: str) -> None:
    async with testing.store(*KINDS, url=url) as store:
        await a(store, Bot.idle, "ada", pool="eu")
        for number in range(20):
            await store.apply(Bot.rate("ada", rating=number))
        await pass_time(store, days(20))
        await store.apply(Bot.rate("ada", rating=77))
        assert await number_in(url, FIRST) == 21
        await pass_time(store, days(12))
        assert FIRST not in await days_of(url)
        assert FIRST + 20 in await days_of(url)
        assert await number_in(url, 0) == 0
        assert [e.version for e in await store.history(Bot, "ada")] == [22]


async def test_what_must_stay_longer_outlives_its_day(url: str) -> None:
    async with testing.store(*KINDS, url=url) as store:
        await a(store, Bot.idle, "idle for long", pool="eu")
        await a(store, Owner.enabled, "o", email="e")
        await store.apply(Job.create("j", owner="o", place="here"))
        await pass_time(store, days(45))
        assert FIRST not in await days_of(url)
        assert [e.name for e in await store.history(Bot, "idle for long")] == ["create"]
        kept = await number_in(url, 0)
        assert kept >= 3
        await store.apply(Bot.rate("idle for long", rating=1))
        assert [e.name for e in await store.history(Bot, "idle for long")] == ["create", "rate"]
        feed = await store.engine.feed(store.space_name, [], 0, 1000)
        assert [e.position for e in feed] == sorted(e.position for e in feed)
        assert len(feed) == kept + 1


async def test_what_stayed_longer_goes_once_it_need_not_stay(url: str) -> None:
    async with testing.store(*KINDS, url=url) as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await pass_time(store, days(45))
        assert await number_in(url, 0) == 1
        await store.apply(Bot.rate("ada", rating=1))
        await store.advance(hours(1))
        assert await number_in(url, 0) == 0
        assert [e.version for e in await store.history(Bot, "ada")] == [2]


async def test_kinds_with_a_shorter_history_are_pruned_within_a_day(url: str) -> None:
    async with testing.store(*KINDS, url=url) as store:
        await store.apply(Ticket.create(NEXT, title="0"))
        await a(store, Bot.idle, "ada", pool="eu")
        for number in range(5):
            await store.apply(Ticket.rename("1", title=str(number)))
            await store.apply(Bot.rate("ada", rating=number))
        await pass_time(store, days(2))
        assert [e.version for e in await store.history(Ticket, "1")] == [6]
        assert len(await store.history(Bot, "ada")) == 6


@pytest.mark.parametrize("held", [True, False])
async def test_a_day_that_is_being_read_goes_later_and_nobody_waits_for_it(url: str, *, held: bool) -> None:
    async with testing.store(*KINDS, url=url) as store, a_session(url) as session:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.apply(Bot.rate("ada", rating=1))
        transaction = session.transaction()
        await transaction.start()
        if held:
            await session.fetch("SELECT count(*) FROM tenure_events")
        await pass_time(store, days(32))
        assert (FIRST in await days_of(url)) == held
        await transaction.rollback()
        await store.advance(hours(1))
        assert FIRST not in await days_of(url)
