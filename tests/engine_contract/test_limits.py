"""Limits hold at every instant; a slot is freed exactly once; a refusal says who holds them (guarantee 6)."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.conftest import Stores
from tests.engine_contract.kinds import Bot, Job, Match, Owner

from tenure import Applied, LimitReached, NotFound, hours, minutes, seconds
from tenure.testing import a


async def test_a_hundred_at_once_at_a_limit_of_ten_are_exactly_ten(a_store: Stores) -> None:
    async with a_store() as store:
        for turn in range(20):
            owner = f"o{turn}"
            await a(store, Owner.enabled, owner, email="e", most=10)
            verdicts = await asyncio.gather(
                *(store.apply(Job.create(f"{owner}/{n}", owner=owner, place=f"p{n}")) for n in range(100)),
                return_exceptions=True,
            )
            assert sum(isinstance(v, Job) for v in verdicts) == 10
            assert sum(isinstance(v, LimitReached) for v in verdicts) == 90
            assert len(await store.holding(Job.slots, owner)) == 10


async def test_a_refusal_names_the_holders(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=2)
        await a(store, Job.waiting, "one", owner="o", place="p1")
        await a(store, Job.running, "two", owner="o", place="p2")
        with pytest.raises(LimitReached, match="held by one, two") as refusal:
            await store.apply(Job.create("three", owner="o", place="p3"))
        assert (refusal.value.limit, refusal.value.at_most, refusal.value.holders) == (Job.slots, 2, ["one", "two"])


async def test_within_one_transaction_the_holders_are_those_it_made(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=1)
        with pytest.raises(LimitReached) as refusal:
            await store.apply(Job.create("one", owner="o", place="p1"), Job.create("two", owner="o", place="p2"))
        assert refusal.value.holders == ["one"]


async def test_uniqueness_is_a_limit_of_one(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=9)
        await a(store, Owner.enabled, "other", email="e", most=9)
        await a(store, Job.waiting, "one", owner="o", place="here")
        with pytest.raises(LimitReached) as refusal:
            await store.apply(Job.create("two", owner="o", place="here"))
        assert (refusal.value.limit, refusal.value.holders) == (Job.once, ["one"])
        await a(store, Job.waiting, "three", owner="other", place="here")


async def test_a_slot_is_freed_exactly_once(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=2)
        await a(store, Job.waiting, "one", owner="o", place="p1")
        await a(store, Job.waiting, "two", owner="o", place="p2")
        await asyncio.gather(*(store.apply(Job.stop("one", reason=str(n))) for n in range(10)), return_exceptions=True)
        verdicts = await store.submit([[Job.create(f"n{n}", owner="o", place=f"n{n}")] for n in range(5)])
        assert [isinstance(v, Applied) for v in verdicts] == [True, False, False, False, False]


async def test_a_slot_taken_and_freed_in_one_transaction_is_free(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=1)
        for number in range(3):
            await store.apply(
                Job.create(f"j{number}", owner="o", place="here"), Job.stop(f"j{number}", reason="at once")
            )
        await store.apply(Job.create("last", owner="o", place="here"))


async def test_a_slot_is_handed_over_within_one_transaction(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=1)
        await a(store, Job.waiting, "one", owner="o", place="here")
        await store.apply(Job.stop("one", reason="over"), Job.create("two", owner="o", place="here"))
        assert [j.id for j in await store.holding(Job.once, "o", "here")] == ["two"]


async def test_a_refused_transaction_gives_back_what_it_took(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=1)
        with pytest.raises(NotFound):
            await store.apply(Job.create("one", owner="o", place="here"), Job.stop("none", reason="x"))
        await store.apply(Job.create("two", owner="o", place="here"))


async def test_expiry_and_removal_free_the_slot(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=1)
        await a(store, Job.running, "one", owner="o", place="here")
        await store.advance(seconds(30))
        await a(store, Job.running, "two", owner="o", place="here")
        await store.advance(hours(1))
        assert await store.holding(Job.slots, "o") == []


async def test_a_limit_lowered_below_its_use_lets_nobody_in_and_throws_nobody_out(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=5)
        for number in range(5):
            await a(store, Job.waiting, f"j{number}", owner="o", place=f"p{number}")
        await store.apply(Owner.allow("o", most=2))
        for number in range(3):
            with pytest.raises(LimitReached) as refusal:
                await store.apply(Job.create("new", owner="o", place="new"))
            assert refusal.value.at_most == 2
            assert await store.count(Job) == {"waiting": 5 - number} | ({"failed": number} if number else {})
            await store.apply(Job.stop(f"j{number}", reason="over"))
        with pytest.raises(LimitReached):
            await store.apply(Job.create("new", owner="o", place="new"))
        await store.apply(Job.stop("j3", reason="over"))
        await store.apply(Job.create("new", owner="o", place="new"))


async def test_the_cap_is_the_parents_field_at_that_instant(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=0)
        with pytest.raises(LimitReached):
            await store.apply(Job.create("j", owner="o", place="here"))
        _, job = await store.apply(Owner.allow("o", most=1), Job.create("j", owner="o", place="here"))
        assert job.version == 1


async def test_a_key_changed_by_a_stay_moves_the_slot(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=9)
        await a(store, Job.waiting, "one", owner="o", place="here")
        await a(store, Job.waiting, "two", owner="o", place="there")
        with pytest.raises(LimitReached):
            await store.apply(Job.move("one", place="there"))
        await store.apply(Job.move("one", place="elsewhere"))
        await store.apply(Job.move("two", place="here"))
        assert [j.id for j in await store.holding(Job.once, "o", "elsewhere")] == ["one"]


async def test_two_records_swap_their_keys_by_way_of_a_third(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=9)
        await a(store, Job.waiting, "one", owner="o", place="a")
        await a(store, Job.waiting, "two", owner="o", place="b")
        await store.apply(Job.move("one", place="c"), Job.move("two", place="a"), Job.move("one", place="b"))
        assert [(await store.get(Job, j)).place for j in ("one", "two")] == ["b", "a"]


async def test_who_leaves_and_comes_back_at_once_holds_the_slot_and_the_reverse_frees_it(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=9)
        await a(store, Job.waiting, "one", owner="o", place="a")
        await a(store, Job.waiting, "two", owner="o", place="b")
        await store.submit(
            [
                [Job.move(job, place=place)]
                for job, *places in (("one", "c", "a"), ("two", "d", "b", "d"))
                for place in places
            ]
        )
        held = {place: [j.id for j in await store.holding(Job.once, "o", place)] for place in "abcd"}
        assert held == {"a": ["one"], "b": [], "c": [], "d": ["two"]}
        await store.submit([[Job.stop("one", reason="over")], [Job.create("three", owner="o", place="a")]])
        assert [j.id for j in await store.holding(Job.once, "o", "a")] == ["three"]


async def test_moving_between_states_of_the_limit_keeps_the_one_slot(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="b0", second="b1")
        for number in range(10):
            await a(store, Bot.queued, f"b{number}", pool="eu")
        await store.apply(Bot.reserve("b0", match="m"))
        await a(store, Bot.idle, "late", pool="eu")
        with pytest.raises(LimitReached):
            await store.apply(Bot.enqueue("late"))
        await store.apply(Bot.withdraw("b5"))
        await store.apply(Bot.enqueue("late"))
        await store.advance(minutes(10))
        assert await store.count(Bot) == {"idle": 11}


async def test_a_limit_counts_per_space(a_store: Stores) -> None:
    async with a_store() as store:
        for space in ("s1", "s2"):
            here = store.space(space)
            await a(here, Owner.enabled, "o", email="e", most=1)
            await a(here, Job.waiting, "j", owner="o", place="here")
