"""What Tenure gives to the tests of others: explicit time, factories, and forgotten changes as errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Match, Owner

import tenure
from tenure import SWEEPER, End, InvalidChange, Lifecycle, NotUnder, State, hours, minutes, seconds, testing
from tenure.store.timing import ManualClock


class Tide(Lifecycle):
    """Nobody can turn it."""

    high = State(initial=True)
    low = End()
    ebb = high.to(low, by=SWEEPER, after=hours(6))


async def test_time_stands_still_until_it_is_moved() -> None:
    async with testing.store(*KINDS) as store:
        assert await store.now() == testing.START
        await store.advance(minutes(3))
        assert await store.now() == testing.START + minutes(3)


async def test_only_explicit_time_can_be_moved() -> None:
    async with tenure.open("sqlite:", *KINDS) as store:
        with pytest.raises(InvalidChange, match=r"open it with tenure.testing.store\(\)"):
            await store.advance(minutes(1))


async def test_a_forgotten_change_is_an_error_that_names_it() -> None:
    with pytest.raises(testing.UnappliedChange, match="<enqueue Bot ada>"):  # noqa: PT012  the end of the block fails
        async with testing.store(*KINDS) as store:
            await testing.a(store, Bot.idle, "ada", pool="eu")
            Bot.enqueue("ada")


async def test_a_checked_or_refused_change_is_not_forgotten() -> None:
    async with testing.store(*KINDS) as store:
        await store.check(Bot.enqueue("nobody"))
        await store.submit([[Bot.enqueue("nobody")]])


async def test_an_error_of_the_body_hides_nothing() -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with testing.store(*KINDS):
            Bot.enqueue("ada")
            raise ZeroDivisionError


async def test_a_factory_goes_the_declared_way_and_holds_what_is_held() -> None:
    async with testing.store(*KINDS, actor="me") as store:
        await testing.a(store, Match.offered, "m", first="ada", second="bob")
        await testing.a(store, Owner.enabled, "o", email="e")
        bot = await testing.a(store, Bot.matched, "ada", pool="eu", rating=7, match="m")
        job = await testing.a(store, Job.running, owner="o", place="here")
        done = await testing.a(store, Job.done, owner="o", place="there")
        failed = await testing.a(store, Job.failed, owner="o", place="elsewhere", reason="rain")
        assert [e.name for e in await store.history(Bot, bot.id)] == ["create", "enqueue", "reserve"]
        assert (bot.rating, bot.match) == (7, "m")
        assert (job.state, job.holder) == (Job.running, "me")
        assert (done.state, failed.reason) == (Job.done, "rain")
        assert len({job.id, done.id, failed.id}) == 3


async def test_a_factory_says_where_only_time_leads() -> None:
    async with testing.store(Tide) as store:
        with pytest.raises(InvalidChange, match="create an earlier one, then advance"):
            await testing.a(store, Tide.low)


async def test_a_factory_is_refused_like_anybody() -> None:
    async with testing.store(*KINDS) as store:
        with pytest.raises(NotUnder):
            await testing.a(store, Job.running, owner="none", place="here")


async def test_stores_share_a_clock(tmp_path: Path) -> None:
    clock = ManualClock(0)
    url = f"sqlite:///{tmp_path}/store.db"
    async with testing.store(*KINDS, url=url, clock=clock) as one, testing.store(*KINDS, url=url, clock=clock) as two:
        await one.advance(seconds(5))
        assert await two.now() == await one.now()
