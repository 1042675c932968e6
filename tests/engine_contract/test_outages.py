"""While no sweeper is at work, leases and lengths do not run; instants do (guarantee 9)."""

from __future__ import annotations

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Guess, Instance, Job, Kettle, Match, Owner, Quiz
from tests.engine_contract.looking import pass_swept, pass_unswept

from tenure import NotUnder, Overdue, hours, minutes, seconds
from tenure.testing import a


async def test_nothing_expires_en_masse_after_an_outage(a_store: Stores) -> None:
    async with a_store() as store:
        for number in range(20):
            await a(store, Instance.up, f"i{number}")
        await a(store, Kettle.heating, "k", length=minutes(3))
        await a(store, Match.offered, "m", first="ada", second="bob")
        await store.sweep()
        pass_unswept(store, hours(1))
        assert await store.sweep() == 0
        assert await store.count(Instance) == {"up": 20}


async def test_after_an_outage_leases_and_lengths_run_on_where_they_stood(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Kettle.heating, "k", length=minutes(3))
        await a(store, Instance.up, "i")
        await pass_swept(store, seconds(5))
        pass_unswept(store, hours(1))
        await store.sweep()
        assert await store.advance(seconds(4.9)) == 0
        assert await store.advance(seconds(0.1)) == 1, "the lease: 10 s, of which 5 had run"
        assert await store.advance(seconds(169.9)) == 0
        assert await store.advance(seconds(0.1)) == 1, "the length: 180 s, of which 10 had run"


async def test_an_instant_is_not_credited(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(30))
        pass_unswept(store, hours(1))
        with pytest.raises(NotUnder, match="is over"):
            await store.apply(Guess.create("g", quiz="q", choice="a"))
        assert await store.sweep() == 1


async def test_a_beat_before_the_first_sweep_after_an_outage_is_accepted(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        pass_unswept(store, hours(1))
        assert await store.beat(job.claim) == []
        await store.sweep()
        assert await store.advance(seconds(29)) == 0
        assert await store.advance(seconds(1)) == 1


async def test_a_record_may_be_changed_during_an_outage(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        pass_unswept(store, hours(1))
        await store.apply(Match.start("m"))
        await a(store, Match.offered, "n", first="ada", second="bob")
        pass_unswept(store, hours(1))
        assert await store.sweep() == 0
        assert await store.advance(seconds(15)) == 1
        assert (await store.get(Match, "n")).state == Match.void
        assert (await store.get(Match, "m")).state == Match.running


async def test_a_short_pause_of_the_sweeper_is_no_outage(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Instance.up, "i")
        pass_unswept(store, seconds(10))
        with pytest.raises(Overdue):
            await store.beat((await store.get(Instance, "i")).claim)
        assert await store.sweep() == 1


async def test_several_outages_are_credited_each(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Kettle.heating, "k", length=minutes(1))
        for _ in range(5):
            pass_unswept(store, hours(1))
            await store.sweep()
            await pass_swept(store, seconds(10))
            assert await store.count(Kettle) == {"heating": 1}
        assert await store.advance(seconds(9)) == 0
        assert await store.advance(seconds(1)) == 1


async def test_an_outage_is_remembered_by_a_store_that_is_opened_again(a_kept_store: Stores) -> None:
    async with a_kept_store() as store:
        await a(store, Instance.up, "i")
        await pass_swept(store, seconds(5))
    async with a_kept_store(at=START + hours(5)) as store:  # it sweeps when it opens
        assert (await store.get(Instance, "i")).state == Instance.up
        assert await store.advance(seconds(4)) == 0
        assert await store.advance(seconds(1)) == 1


async def test_an_outage_of_one_space_is_not_that_of_another(a_store: Stores) -> None:
    async with a_store() as store:
        other = store.space("other")
        await other.sweep()
        await a(store, Instance.up, "here")
        await a(other, Instance.up, "there")
        assert await store.advance(hours(1)) == 1
        assert await other.sweep() == 0
        assert (await other.get(Instance, "there")).state == Instance.up
