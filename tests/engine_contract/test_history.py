"""History is kept as long as it is declared, and pruned in bounded steps (guarantee 13)."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.conftest import Stores
from tests.engine_contract.kinds import Bot, Job, Owner, Ticket
from tests.engine_contract.looking import ALL

from tenure import NEXT, OpConflict, days, hours, minutes
from tenure.testing import a


async def test_history_is_kept_as_long_as_the_kind_says(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Ticket.create(NEXT, title="0"))
        await a(store, Bot.idle, "ada", pool="eu")
        await store.apply(Bot.rate("ada", rating=1))
        await store.advance(hours(20))
        await store.apply(Ticket.rename("1", title="1"))
        await store.apply(Ticket.rename("1", title="2"))
        await store.advance(hours(5))
        await store.advance(minutes(1))
        assert [e.version for e in await store.history(Ticket, "1")] == [2, 3], "a day of history"
        assert [e.version for e in await store.history(Bot, "ada")] == [1, 2], "thirty days of it"


async def test_the_last_event_of_a_record_stays(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Ticket.create(NEXT, title="0"))
        await store.apply(Ticket.rename("1", title="1"))
        for _ in range(3):
            await store.advance(days(30))
        assert [(e.version, e.name) for e in await store.history(Ticket, "1")] == [(2, "rename")]


async def test_pruning_is_bounded_and_ends(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Ticket.create(NEXT, title="0"))
        await store.submit([[Ticket.rename("1", title=str(n))] for n in range(1000)])
        await store.advance(hours(23))
        assert await store.advance(hours(2)) == 0
        left = []
        for _ in range(300):
            await store.advance(minutes(1))
            left.append(len(await store.engine.history("tests", "Ticket", "1", 0, ALL)))
            if left[-1] == 1:
                break
        assert left[-1] == 1


async def test_a_removed_records_history_outlives_it_for_its_time(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.retired, "ada", pool="eu")
        await store.advance(hours(2))
        assert [e.name for e in await store.history(Bot, "ada")] == ["create", "retire"]
        await store.advance(days(32))
        assert await store.history(Bot, "ada") == []


async def test_an_erasing_stay_empties_the_earlier_events(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await store.apply(Job.create("j", owner="o", place="here", note="secret"), why="secret")
        await store.apply(Job.stop("j", reason="secret"), why="secret")
        await store.apply(Job.redact("j", note=None, reason="-"), why="asked to")
        events = await store.history(Job, "j")
        assert [e.name for e in events] == ["create", "stop", "redact"]
        assert [(e.fields, e.why) for e in events] == [({}, ""), ({}, ""), ({"note": None, "reason": "-"}, "asked to")]
        job = await store.get(Job, "j")
        assert (job.note, job.reason) == (None, "-")
        feed = await store.engine.feed("tests", [], 0, ALL)
        assert not [e for e in feed if b"secret" in e.note or "secret" in e.why]


async def test_what_was_erased_is_in_no_message_and_no_kept_answer(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        create = Job.create("j", owner="o", place="here", note="secret")
        other = Job.create("k", owner="o", place="\0there", note="kept")
        await store.apply(create, other, op="1")
        await store.apply(Job.stop("j", reason="secret"), op="2")
        redacted = await store.apply(Job.redact("j", note=None, reason="-"), op="3")
        messages = await store.engine.messages("tests", None, None, ALL)
        assert not [m for m in messages if b"secret" in m.entry.note or b"secret" in m.row.rest]
        again, kept = await store.apply(create, other, op="1")
        assert again == redacted, "the op id is known, and gives the record as it is"
        assert (kept.version, kept.note) == (1, "kept")
        assert await store.apply(Job.stop("j", reason="secret"), op="2") == redacted
        assert await store.apply(Job.redact("j", note=None, reason="-"), op="3") == redacted
        with pytest.raises(OpConflict):
            await store.apply(Job.stop("j", reason="another"), op="2")


async def test_what_one_batch_writes_and_erases_is_in_no_kept_answer(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        changes = (
            Job.create("j", owner="o", place="here", note="secret"),
            Job.stop("j", reason="secret"),
            Job.redact("j", note=None, reason="-"),
        )
        first = await asyncio.gather(*(store.apply(change, op=str(n)) for n, change in enumerate(changes)))
        again = [await store.apply(change, op=str(n)) for n, change in enumerate(changes)]
        assert again == [first[-1]] * 3
        job = Job.create("k", owner="o", place="there", note="secret")
        whole = (job, Job.stop("k", reason="x"), Job.redact("k", note=None, reason="-"))
        *_, last = await store.apply(*whole, op="all")
        assert await store.apply(*whole, op="all") == (last, last, last)
