"""Versions rise by one, with exactly one event each, written in the same step (guarantee 2)."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Bot, Job, Match, Owner
from tests.engine_contract.looking import assert_one_event_per_version, entries_of, names

from tenure import Applied, NotFound, Refused, minutes, seconds
from tenure.testing import a


async def test_an_event_says_who_which_from_to_when_and_why(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.advance(seconds(3))
        await store.acting("user:7").apply(Bot.rate("ada", rating=7), why="a good game", op="game/1")
        created, rated = await store.history(Bot, "ada")
        assert (created.name, created.source, created.target, created.transition) == ("create", None, Bot.idle, None)
        assert created.fields == {"pool": "eu"}
        assert (rated.name, rated.transition, rated.source, rated.target) == ("rate", Bot.rate, Bot.idle, Bot.idle)
        assert (rated.by, rated.why, rated.cause, rated.fields) == ("user:7", "a good game", "game/1", {"rating": 7})
        assert (rated.version, rated.at) == (2, START + seconds(3))
        assert rated.position > created.position


async def test_what_happens_by_itself_is_made_by_the_sweeper(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await store.advance(minutes(1))
        expired = (await store.history(Match, "m"))[-1]
        assert (expired.name, expired.by, expired.at) == ("expire", "sweeper", START + seconds(15))


async def test_a_noted_parameter_stands_in_the_event_only(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        steered = await store.apply(Job.steer("j", course="north"))
        assert (await store.history(Job, "j", after=job.version))[0].fields == {"course": "north"}
        assert "course" not in steered.fields()


async def test_a_record_changed_many_times_in_one_batch_has_every_event(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await asyncio.gather(*(store.apply(Bot.rate("ada", rating=n)) for n in range(50)))
        assert (await store.get(Bot, "ada")).version == 51
        assert [e.fields["rating"] for e in (await store.history(Bot, "ada"))[1:]] == list(range(50))
        await assert_one_event_per_version(store)


async def test_concurrent_writers_of_one_version_are_one_success(a_store: Stores) -> None:
    async with a_store() as store:
        ada = await a(store, Bot.idle, "ada", pool="eu")
        verdicts = await store.submit([[Bot.rate(ada, rating=n)] for n in range(40)])
        assert sum(isinstance(v, Applied) for v in verdicts) == 1
        assert sum(isinstance(v, Refused) for v in verdicts) == 39
        assert await names(store, ada) == ["create", "rate"]


async def test_refused_and_applied_transactions_leave_no_gap(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n % 7}", pool="eu"), Bot.enqueue(f"b{n % 7}")] for n in range(30)])
        await store.submit([[Bot.withdraw(f"b{n % 7}")] for n in range(30)])
        await assert_one_event_per_version(store)
        assert len(await entries_of(store)) == 21


async def test_an_absent_record_has_no_history(a_store: Stores) -> None:
    async with a_store() as store:
        assert await store.history(Bot, "nobody") == []
        with pytest.raises(NotFound, match="there is no Bot 'nobody'"):
            await store.get(Bot, "nobody")
