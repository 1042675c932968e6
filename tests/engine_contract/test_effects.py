"""Effects reach their handler at least once, in order per record, under a stable id (guarantee 11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Job, Owner
from tests.engine_contract.looking import pass_unswept

from tenure import Delivery, NotFound, Retry, Store, days, hours, minutes, seconds
from tenure.core.engine import Message, Settled
from tenure.testing import a


class Handler:
    """Takes deliveries, and fails as often as it is told to."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.taken: list[Delivery[Job]] = []
        self._failures, self._error = failures, error or ConnectionError("no route")

    async def __call__(self, delivery: Delivery[Job]) -> None:
        self.taken.append(delivery)
        if len(self.taken) <= self._failures:
            raise self._error


async def an_owner(store: Store) -> None:
    await a(store, Owner.enabled, "o", email="e", most=100)


async def test_entering_a_state_sends_its_effect(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        job = await a(store, Job.running, "j", owner="o", place="here")
        handler = Handler()
        assert await store.deliver_once(Job.begun, handler) == 1
        delivery = handler.taken[0]
        assert (delivery.record, delivery.event.name, delivery.tries) == (job, "take", 1)
        assert await store.deliver_once(Job.begun, handler) == 0, "done when the handler returned"


async def test_a_stay_does_not_enter_the_state_again_but_may_be_named_itself(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        job = await a(store, Job.running, "j", owner="o", place="here")
        handler = Handler()
        await store.deliver_once(Job.begun, handler)
        await store.apply(Job.report(job.claim, note="half"))
        await store.apply(Job.move("j", place="there"))
        assert await store.deliver_once(Job.begun, handler) == 0
        assert await store.deliver_once(Job.moved, handler) == 1
        assert handler.taken[-1].event.fields == {"place": "there"}


async def test_a_message_that_is_taken_again_tells_what_went_wrong_the_last_time(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        await store.deliver_once(Job.begun, Handler(failures=1))
        await store.advance(minutes(5))
        (again,) = await store.engine.take("tests", "Job", "begun", 10, 1_000_000, store.clock())
        assert (again.tries, again.error) == (2, "ConnectionError: no route")


async def test_messages_that_are_sent_again_go_out_in_their_order(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        for place in ("there", "elsewhere", "nowhere"):
            await store.apply(Job.move("j", place=place))
            await store.deliver_once(Job.moved, Handler(failures=1), retry=Retry(give_up=seconds(0)))
        assert await store.resend(Job.moved, "j") == 3
        handler = Handler()
        (first,) = await store.engine.take("tests", "Job", "moved", 10, 1_000_000, store.clock())
        assert first.entry.version == 3, "the oldest alone: the others wait for it"
        await store.advance(seconds(2))
        for _ in range(3):
            await store.deliver_once(Job.moved, handler)
        assert [delivery.event.fields["place"] for delivery in handler.taken] == ["there", "elsewhere", "nowhere"]


async def test_a_message_that_was_given_up_goes_with_its_record(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.deliver_once(Job.begun, Handler())
        await store.apply(Job.finish(job.claim))
        await store.deliver_once(Job.ended, Handler(failures=1), retry=Retry(give_up=seconds(0)))
        (given_up,) = await store.engine.messages("tests", None, None, 10)
        assert (given_up.entry.id, given_up.next_at) == ("j", None)
        await store.advance(days(2))
        assert await store.engine.rows("tests", [("Job", "j")]) == [None], "it holds its record back no more"
        assert await store.engine.messages("tests", None, None, 10) == []


async def test_a_failed_message_comes_again_later_and_later_under_the_same_id(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        handler = Handler(failures=5)
        at = []
        for _ in range(64):
            if await store.deliver_once(Job.begun, handler):
                at.append(await store.now() - START)
            pass_unswept(store, seconds(1))
        assert at == [seconds(n) for n in (0, 1, 3, 7, 15, 31)]
        assert [d.tries for d in handler.taken] == [1, 2, 3, 4, 5, 6]
        assert len({d.id for d in handler.taken}) == 1


async def test_messages_of_one_record_come_in_order_and_those_of_others_do_not_wait(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.waiting, "stuck", owner="o", place="s")
        await a(store, Job.waiting, "free", owner="o", place="f")
        for number in range(3):
            await store.apply(Job.move("stuck", place=f"s{number}"))
            await store.apply(Job.move("free", place=f"f{number}"))
        seen: list[str] = []

        async def handle(delivery: Delivery[Job]) -> None:
            if delivery.record.id == "stuck" and delivery.tries == 1 and not [s for s in seen if s[0] == "s"]:
                raise ConnectionError
            seen.append(delivery.event.fields["place"])

        for _ in range(10):
            await store.deliver_once(Job.moved, handle)
            pass_unswept(store, seconds(1))
        assert [s for s in seen if s[0] == "s"] == ["s0", "s1", "s2"]
        assert [s for s in seen if s[0] == "f"] == ["f0", "f1", "f2"]
        assert seen[0] == "f0"


async def test_a_message_is_given_up_after_its_time_and_stays_to_be_seen(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.waiting, "j", owner="o", place="a")
        await store.apply(Job.move("j", place="b"))
        await store.apply(Job.move("j", place="c"))
        handler = Handler(failures=3)
        for _ in range(4):
            await store.deliver_once(Job.moved, handler, retry=Retry(first=minutes(1), give_up=minutes(3)))
            pass_unswept(store, minutes(2))
        waiting = await store.engine.messages("tests", "Job", "moved", 10)
        assert waiting[0].next_at is None
        assert "no route" in waiting[0].error
        assert [d.event.fields["place"] for d in handler.taken] == ["b", "b", "b", "c"], "the next one is not held up"


async def test_a_handler_whose_own_change_was_made_before_is_done(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")

        async def handle(delivery: Delivery[Job]) -> None:
            await store.apply(Job.stop(delivery.record.id, reason="seen"), op=delivery.id)
            raise ConnectionError("after the change was made")

        async def again(delivery: Delivery[Job]) -> None:
            await store.apply(Job.stop(delivery.record.id, reason="again"))

        await store.deliver_once(Job.begun, handle)
        pass_unswept(store, seconds(1))
        assert await store.deliver_once(Job.begun, again) == 1
        pass_unswept(store, minutes(20))
        assert await store.deliver_once(Job.begun, again) == 0
        assert (await store.get(Job, "j")).reason == "seen"


async def test_a_refusal_of_another_record_is_no_end_of_the_effect(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        await a(store, Job.failed, "k", owner="o", place="there", reason="x")

        async def handle(_: Delivery[Job]) -> None:
            await store.apply(Job.stop("k", reason="y"))

        await store.deliver_once(Job.begun, handle)
        pass_unswept(store, seconds(1))
        assert await store.deliver_once(Job.begun, Handler()) == 1


async def test_an_effect_is_taken_by_one_and_comes_back_if_its_taker_dies(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        lost = await store.engine.take("tests", "Job", "begun", 10, 60_000_000, store.clock())
        assert len(lost) == 1
        assert await store.deliver_once(Job.begun, Handler()) == 0
        pass_unswept(store, seconds(60))
        handler = Handler()
        assert await store.deliver_once(Job.begun, handler) == 1
        assert handler.taken[0].tries == 2


async def test_the_word_of_a_taker_whose_lease_was_lost_does_not_count(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        first = (await store.engine.take("tests", "Job", "begun", 10, 60_000_000, store.clock()))[0]
        pass_unswept(store, seconds(60))
        second = (await store.engine.take("tests", "Job", "begun", 10, 60_000_000, store.clock()))[0]
        assert second.token > first.token
        await store.engine.settle("tests", [settled(first, done=True)], store.clock())
        assert len(await store.engine.messages("tests", "Job", "begun", 10)) == 1
        await store.engine.settle("tests", [settled(second, done=True)], store.clock())
        assert await store.engine.messages("tests", "Job", "begun", 10) == []


async def test_two_deliverers_give_each_effect_to_one_of_them(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await store.submit([[Job.create(f"j{n}", owner="o", place=f"p{n}"), Job.take(f"j{n}")] for n in range(40)])
        one, two = Handler(), Handler()
        await asyncio.gather(store.deliver_once(Job.begun, one), store.deliver_once(Job.begun, two))
        assert len(one.taken) + len(two.taken) == 40
        assert len({d.id for d in (*one.taken, *two.taken)}) == 40


async def test_effects_outlive_the_records_end(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.apply(Job.finish(job.claim))
        await store.advance(days(1) + minutes(5))  # what is kept for longer is looked at each minute
        assert (await store.get(Job, "j")).state == Job.done, "kept while a message waits"
        handler = Handler()
        await store.deliver_once(Job.begun, handler)
        await store.deliver_once(Job.ended, handler)
        assert [d.event.name for d in handler.taken] == ["take", "finish"]
        assert handler.taken[0].record.state == Job.done, "the record as it is now"
        await store.advance(hours(1))
        with pytest.raises(NotFound):
            await store.get(Job, "j")


async def test_a_handler_that_takes_too_long_is_stopped_and_tried_again(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        await a(store, Job.running, "j", owner="o", place="here")
        tries = []

        async def handle(delivery: Delivery[Job]) -> None:
            tries.append(delivery.tries)
            if delivery.tries == 1:
                await asyncio.Event().wait()

        async with delivering(store, handle, within=seconds(0.01)):
            while not tries:
                await asyncio.sleep(0)
            while not (await store.engine.messages("tests", "Job", "begun", 1))[0].error:
                await asyncio.sleep(0.001)
            await store.advance(seconds(2))
            while await store.engine.messages("tests", "Job", "begun", 1):
                await asyncio.sleep(0)
        assert tries == [1, 2]


async def test_an_endless_delivery_gets_what_comes_and_leaves_nothing_behind(a_store: Stores) -> None:
    async with a_store() as store:
        await an_owner(store)
        handler = Handler(failures=1)
        async with delivering(store, handler):
            await a(store, Job.running, "j", owner="o", place="here")
            while not handler.taken:
                await asyncio.sleep(0)
            await a(store, Job.running, "k", owner="o", place="there")
            while len(handler.taken) < 2:
                await asyncio.sleep(0)
            await store.advance(seconds(2))
            while len(handler.taken) < 3:
                await asyncio.sleep(0)
        assert [d.record.id for d in handler.taken] == ["j", "k", "j"]


def settled(message: Message, *, done: bool) -> Settled:
    entry = message.entry
    return Settled(message.effect, entry.kind, entry.id, entry.version, message.token, done)


@asynccontextmanager
async def delivering(
    store: Store, handler: Callable[[Delivery[Job]], Awaitable[object]], within: timedelta = minutes(1)
) -> AsyncIterator[None]:
    task = asyncio.create_task(store.deliver(Job.begun, handler, within=within))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_error_that_says_what_cannot_be_stored_is_noted_all_the_same(a_store: Stores) -> None:
    async def fail(_: Delivery[Job]) -> None:
        raise RuntimeError("half \ud800 and \0")

    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.running, "j", owner="o", place="here")
        await store.deliver_once(Job.begun, fail)
        (message,) = await store.engine.messages("tests", "Job", "begun", 10)
        assert message.error == "RuntimeError: half ? and ?"
