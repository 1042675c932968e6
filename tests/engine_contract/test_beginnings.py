"""A kind may have several initial states, and fields that only the program reads."""

from __future__ import annotations

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Visit

from tenure import InvalidChange, LimitReached, OpConflict, hours, minutes
from tenure.testing import a


async def test_a_record_begins_in_the_first_initial_state_or_in_the_one_that_is_named(a_store: Stores) -> None:
    async with a_store() as store:
        now, later = await store.apply(
            Visit.create("now", house="1"), Visit.create_in(Visit.booked, "later", house="1", at=START + hours(1))
        )
        missed = await store.apply(Visit.create_in(Visit.missed, "missed", house="1"))
        assert (now.state, later.state, missed.state) == (Visit.inside, Visit.booked, Visit.missed)
        assert [event.target for event in await store.history(Visit, "later")] == [Visit.booked]
        assert await store.count(Visit) == {"inside": 1, "booked": 1, "missed": 1}


async def test_where_a_record_begins_its_limits_deadlines_and_effects_are_those_of_that_state(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Visit.create_in(Visit.booked, "later", house="1", at=START + minutes(5)))
        await store.apply(Visit.create("now", house="1"))
        with pytest.raises(LimitReached):
            await store.apply(Visit.create("second", house="1"))
        messages = await store.engine.messages("tests", "Visit", None, 10)
        assert [(m.entry.id, m.effect) for m in messages] == [("later", "noted"), ("now", "rung")]
        await store.apply(Visit.end("now"))
        await store.advance(minutes(5))
        assert (await store.get(Visit, "later")).state == Visit.inside


async def test_no_record_begins_in_a_state_that_is_not_initial(a_store: Stores) -> None:
    async with a_store() as store:
        with pytest.raises(InvalidChange, match="no record begins in over; they begin in inside, booked, missed"):
            await store.apply(Visit.create_in(Visit.over, "v", house="1"))


async def test_beginning_elsewhere_is_another_body_for_an_op_id(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Visit.create("v", house="1"), op="once")
        with pytest.raises(OpConflict):
            await store.apply(Visit.create_in(Visit.booked, "v", house="1"), op="once")


async def test_a_factory_finds_the_way_from_any_initial_state(a_store: Stores) -> None:
    async with a_store() as store:
        assert (await a(store, Visit.missed, house="1")).version == 1
        assert (await a(store, Visit.over, house="1")).version == 2


async def test_a_secret_is_kept_but_no_event_says_it(a_store: Stores) -> None:
    async with a_store() as store:
        visit = await store.apply(Visit.create("v", house="1", code="1234"))
        assert visit.code == "1234"
        visit = await store.apply(Visit.lock("v", code="5678"))
        assert (await store.get(Visit, "v")).code == visit.code == "5678"
        assert [event.fields for event in await store.history(Visit, "v")] == [{"house": "1"}, {}]


async def test_a_wrong_secret_is_not_repeated_in_the_error(a_store: Stores) -> None:
    async with a_store():
        with pytest.raises(InvalidChange, match=r"Visit.create: code=\(secret\) does not fit"):
            Visit.create("v", house="1", code=1234)  # type: ignore[arg-type]
        with pytest.raises(InvalidChange, match=r"Visit.lock: code=\(secret\) does not fit"):
            Visit.lock("v", code=1234)  # type: ignore[arg-type]
