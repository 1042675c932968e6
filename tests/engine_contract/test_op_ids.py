"""A repeat of an op id gives the first answer (guarantee 4)."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.conftest import Stores
from tests.engine_contract.kinds import Bot, Ticket
from tests.engine_contract.looking import entries_of, names

from tenure import NEXT, Applied, OpConflict, Stale, WrongState, minutes, seconds
from tenure.core.engine import Applied as AppliedRows
from tenure.testing import a


async def test_a_repeat_gives_the_first_answer_and_applies_nothing(a_store: Stores) -> None:
    async with a_store() as store:
        ada = await a(store, Bot.idle, "ada", pool="eu")
        first = await store.apply(Bot.rate("ada", rating=1), op="x")
        await store.apply(Bot.rate("ada", rating=2))
        again = await store.apply(Bot.rate("ada", rating=1), op="x")
        assert again == first
        assert again.rating == 1
        assert (await store.get(Bot, "ada")).rating == 2
        assert await names(store, ada) == ["create", "rate", "rate"]


async def test_a_repeat_is_told_by_its_verdict_and_may_pass_a_newer_record(a_store: Stores) -> None:
    async with a_store() as store:
        ada = await a(store, Bot.idle, "ada", pool="eu")
        await store.apply(Bot.enqueue(ada), op="x")
        with pytest.raises(Stale):
            await store.apply(Bot.withdraw(ada))
        assert (await store.apply(Bot.enqueue(await store.get(Bot, "ada")), op="x")).version == 2


async def test_a_repeat_of_a_whole_transaction_gives_all_its_records(a_store: Stores) -> None:
    async with a_store() as store:
        first = await store.apply(
            Bot.create("ada", pool="eu"), Bot.enqueue("ada"), Bot.create("bob", pool="eu"), op="x"
        )
        again = await store.apply(
            Bot.create("ada", pool="eu"), Bot.enqueue("ada"), Bot.create("bob", pool="eu"), op="x"
        )
        assert again == first
        assert len(await entries_of(store)) == 3


async def test_the_same_op_id_many_times_at_once_applies_once(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        answers = await asyncio.gather(*(store.apply(Bot.rate("ada", rating=1), op="x") for _ in range(50)))
        assert {answer.version for answer in answers} == {2}


async def test_another_body_is_a_conflict(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.apply(Bot.rate("ada", rating=1), op="x")
        for change in (Bot.rate("ada", rating=2), Bot.enqueue("ada"), Bot.rate("bob", rating=1)):
            with pytest.raises(OpConflict):
                await store.apply(change, op="x")


async def test_a_refusal_is_not_remembered(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        with pytest.raises(WrongState):
            await store.apply(Bot.enqueue("ada"), op="x")
        await store.apply(Bot.withdraw("ada"))
        assert (await store.apply(Bot.enqueue("ada"), op="x")).state == Bot.queued


async def test_op_ids_of_two_spaces_are_apart(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Bot.create("ada", pool="eu"), op="x")
        assert (await store.space("other").apply(Bot.create("ada", pool="us"), op="x")).pool == "us"


async def test_a_numbered_create_with_an_op_id_makes_one_record(a_store: Stores) -> None:
    async with a_store() as store:
        first = await store.apply(Ticket.create(NEXT, title="leak"), op="x")
        assert await store.apply(Ticket.create(NEXT, title="leak"), op="x") == first


async def test_the_answer_is_kept_for_ten_minutes(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.apply(Bot.enqueue("ada"), op="x")
        await store.apply(Bot.retire("ada"))
        await store.advance(minutes(9))
        assert (await store.apply(Bot.enqueue("ada"), op="x")).state == Bot.queued


async def test_after_that_it_is_forgotten_and_pruned(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.apply(Bot.rate("ada", rating=1), op="x")
        await store.advance(minutes(25))
        await store.advance(minutes(1))
        assert (await store.apply(Bot.rate("ada", rating=1), op="x")).version == 3


async def test_a_check_of_a_known_op_id_is_no_use_of_it(a_store: Stores) -> None:
    async with a_store() as store:
        verdict = await store.check(Bot.create("ada", pool="eu"))
        assert isinstance(verdict, Applied)
        assert (await store.apply(Bot.create("ada", pool="eu"), op="x")).version == 1


async def test_the_outcome_says_that_it_is_a_replay(a_store: Stores) -> None:
    async with a_store() as store:
        transaction = store._transaction((Bot.create("ada", pool="eu"),), "x", "")
        first, again = await store.engine.write(store.space_name, [transaction, transaction], store.clock())
        assert isinstance(first, AppliedRows)
        assert isinstance(again, AppliedRows)
        assert (first.replayed, again.replayed) == (False, True)
        assert first.rows == again.rows
        await store.advance(seconds(1))
