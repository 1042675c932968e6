"""Budgets that all processes of a store share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.engine_contract.conftest import Stores

from tenure import Store, days, hours, seconds, testing
from tenure.pacing.lifecycle import Budget
from tenure.pacing.pacer import Pacer, SpentError
from tenure.pacing.rates import HOLD_SECONDS, Rate
from tenure.store.timing import ManualClock

AT_ONCE_5 = Rate(50, 10.0)
AT_ONCE_2 = Rate(20, 10.0)


def a_pacer(store: Store, rate: Rate = AT_ONCE_5, *, patience: timedelta = seconds(0)) -> Pacer:
    """Give one process's pacer, whose tokens grow old by the store's time."""
    clock = store.clock
    assert isinstance(clock, ManualClock)
    return Pacer(store, until_known=[rate], patience=patience, clock=lambda: clock.now / 1_000_000)


async def taken(*takes: object) -> tuple[int, list[SpentError]]:
    """Tell how many got a token, and what the others were told."""
    got = await asyncio.gather(*takes, return_exceptions=True)  # type: ignore[call-overload]
    refused = [one for one in got if isinstance(one, SpentError)]
    assert got.count(None) + len(refused) == len(got), got
    return got.count(None), refused


async def test_processes_that_take_at_the_same_time_get_no_more_than_there_is(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        pacers = [a_pacer(store) for _ in range(3)]
        got, refused = await taken(*(pacer.take("key") for pacer in pacers for _ in range(10)))
    assert got == 5
    assert {error.name for error in refused} == {"key"}


async def test_a_token_of_several_budgets_is_one_of_each(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        pacer = a_pacer(store)
        await pacer.learn("key/matches", [AT_ONCE_2])
        await store.advance(seconds(10))
        got, refused = await taken(*(pacer.take("key", "key/matches") for _ in range(10)))
        others, _ = await taken(*(pacer.take("key", "key/accounts") for _ in range(10)))
    assert (got, others) == (2, 3)
    assert {error.name for error in refused} == {"key/matches"}


async def test_a_budget_that_is_blocked_by_one_process_is_blocked_for_all(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        here, there = a_pacer(store), a_pacer(store)
        await there.take("key")
        await here.block("key", 30)
        await here.block("key", 10)
        got, refused = await taken(*(pacer.take("key") for pacer in (here, there)))
        assert (got, [round(error.retry_after) for error in refused]) == (0, [30, 30])
        await store.advance(seconds(30))
        assert (await taken(here.take("key"), there.take("key")))[0] == 2


async def test_what_one_process_learns_of_a_limit_holds_for_all(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        here, there = a_pacer(store), a_pacer(store)
        await there.take("key")
        await here.learn("key", [AT_ONCE_2])
        await store.advance(seconds(10))
        assert (await taken(*(there.take("key") for _ in range(10))))[0] == 2
        version = (await store.get(Budget, "key")).version
        await there.learn("key", [AT_ONCE_2])
        assert (await store.get(Budget, "key")).version == version


async def test_who_asks_much_takes_blocks_and_not_each_token(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        pacer = a_pacer(store, Rate(2000, 10.0))
        assert (await taken(*(pacer.take("key") for _ in range(50))))[0] == 50
        await store.advance(seconds(0.1))
        assert (await taken(*(pacer.take("key") for _ in range(30))))[0] == 30
        assert (await store.get(Budget, "key")).version <= 4


async def test_a_token_that_was_kept_too_long_is_not_used(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        pacer = a_pacer(store)
        assert (await taken(*(pacer.take("key") for _ in range(2))))[0] == 2
        # Now one more is held for the next who comes soon.
        version = (await store.get(Budget, "key")).version
        await store.advance(seconds(HOLD_SECONDS))
        await pacer.take("key")
        assert (await store.get(Budget, "key")).version == version + 1


async def test_a_budget_of_which_nobody_takes_is_forgotten_and_begins_anew(a_store: Stores) -> None:
    async with a_store(Budget) as store:
        pacer = a_pacer(store)
        await pacer.take("key")
        await store.advance(days(1) + hours(1))
        await pacer.take("key")
        await store.advance(days(1) + hours(1))
        assert await store.count(Budget) == {"open": 1}
        await store.advance(days(1))
        assert not any((await store.count(Budget)).values())
        await pacer.take("key")
        assert (await store.count(Budget))["open"] == 1


# What follows waits, in explicit time: only where nothing has to be fetched from a server is it clear when all has been
# done that can be done at one instant.


@asynccontextmanager
async def in_memory() -> AsyncIterator[Store]:
    async with testing.store(Budget) as store:
        yield store


async def go_on(store: Store, tenths: int) -> None:
    """Let so many tenths of a second pass, one after the other."""
    for _ in range(tenths):
        await store.advance(seconds(0.1))


async def test_who_waits_gets_the_next_tokens_in_order() -> None:
    async with in_memory() as store:
        pacer, order = a_pacer(store, patience=seconds(5)), list[int]()

        async def take(number: int) -> None:
            await pacer.take("key")
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(take(number))
            for tenth in range(30):
                await go_on(store, 1)
                assert len(order) <= 6 + tenth
        assert order == list(range(12))


async def test_who_would_wait_too_long_is_told_so_at_once() -> None:
    async with in_memory() as store:
        pacer = a_pacer(store, Rate(10, 100.0), patience=seconds(25))
        await pacer.take("key")
        takes = [asyncio.create_task(pacer.take("key")) for _ in range(6)]
        await go_on(store, 1)
        assert sum(take.done() for take in takes) == 3  # eleven seconds each: the fourth would come too late
        await go_on(store, 250)
        got, refused = await taken(*takes)
        assert (got, len(refused)) == (2, 4)


async def test_who_gives_up_waiting_leaves_their_turn_to_the_next() -> None:
    async with in_memory() as store:
        pacer = a_pacer(store, patience=seconds(5))
        await taken(*(pacer.take("key") for _ in range(5)))
        gone, stays = asyncio.create_task(pacer.take("key")), asyncio.create_task(pacer.take("key"))
        await go_on(store, 1)
        assert not gone.done()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        await go_on(store, 10)
        assert stays.done()
        await stays
