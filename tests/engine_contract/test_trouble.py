"""Replies that are lost, callers that are cancelled, processes that are killed, backups that are put back."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from tests.engine_contract.conftest import START, Stores, stores_at
from tests.engine_contract.kinds import KINDS, Bot, Instance, Job, Owner
from tests.engine_contract.looking import assert_one_event_per_version, entries_of, everything, first, names, rows_of
from tests.places import Place

from tenure import (
    CursorAhead,
    Delivery,
    InvalidChange,
    NotFound,
    NotHolder,
    OutcomeUnknown,
    Store,
    Unavailable,
    seconds,
)
from tenure.core.decide import Transaction
from tenure.core.durations import to_microseconds
from tenure.core.engine import Engine, Outcome
from tenure.opening import open_engine
from tenure.store.shared import Shared
from tenure.store.timing import ManualClock
from tenure.testing import a

# ------------------------------------------------------------------------------------- lost replies


class Faulty:
    """An engine whose writes may get lost on their way, or their answers on the way back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lose_requests = self.lose_replies = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def write(self, space: str, transactions: Sequence[Transaction], now: int | None = None) -> Sequence[Outcome]:
        if self.lose_requests:
            self.lose_requests -= 1
            raise Unavailable("the request was lost")
        outcomes = await self._engine.write(space, transactions, now)
        if self.lose_replies:
            self.lose_replies -= 1
            raise OutcomeUnknown("the reply was lost")
        return outcomes

    async def settle(self, *args: Any) -> None:
        if self.lose_requests:
            self.lose_requests -= 1
            raise Unavailable("the request was lost")
        await self._engine.settle(*args)


@asynccontextmanager
async def a_faulty_store(url: str) -> AsyncIterator[tuple[Store, Faulty]]:
    faulty = Faulty(await open_engine(url, KINDS))
    shared = Shared(cast("Engine", faulty), KINDS, ManualClock(to_microseconds(START)))
    store = Store(shared, "tests", "tests")
    await store.sweep()
    yield store, faulty
    assert await store.engine.audit("tests", repair=False) == []
    await store.close()


async def test_a_retry_after_a_lost_reply_applies_once(url: str) -> None:
    async with a_faulty_store(url) as (store, faulty):
        await store.apply(Bot.create("ada", pool="eu"))
        faulty.lose_replies = 1
        with pytest.raises(OutcomeUnknown):
            await store.apply(Bot.rate("ada", rating=7), op="x")
        ada = await store.apply(Bot.rate("ada", rating=7), op="x")
        assert (ada.rating, ada.version) == (7, 2)
        assert await names(store, ada) == ["create", "rate"]


async def test_a_retry_after_a_lost_request_applies_once(url: str) -> None:
    async with a_faulty_store(url) as (store, faulty):
        await store.apply(Bot.create("ada", pool="eu"))
        faulty.lose_requests = 1
        with pytest.raises(Unavailable):
            await store.apply(Bot.rate("ada", rating=7))
        assert (await store.get(Bot, "ada")).version == 1
        assert (await store.apply(Bot.rate("ada", rating=7))).version == 2


async def test_every_caller_of_a_lost_batch_is_told(url: str) -> None:
    async with a_faulty_store(url) as (store, faulty):
        faulty.lose_replies = 1
        made = await asyncio.gather(
            *(store.apply(Bot.create(f"b{n}", pool="eu"), op=str(n)) for n in range(20)), return_exceptions=True
        )
        assert {type(m) for m in made} == {OutcomeUnknown}
        again = await asyncio.gather(*(store.apply(Bot.create(f"b{n}", pool="eu"), op=str(n)) for n in range(20)))
        assert [b.version for b in again] == [1] * 20


async def test_an_effect_whose_settling_is_lost_comes_again(url: str) -> None:
    async with a_faulty_store(url) as (store, faulty):
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.running, "j", owner="o", place="here")
        taken: list[int] = []

        async def handle(delivery: Delivery[Job]) -> None:
            taken.append(delivery.tries)
            faulty.lose_requests = 1 if delivery.tries == 1 else 0

        await store.deliver_once(Job.begun, handle)
        await store.advance(seconds(121))
        await store.deliver_once(Job.begun, handle)
        assert taken == [1, 2]
        assert await store.engine.messages("tests", "Job", "begun", 10) == []


async def test_a_hold_outlives_a_lost_beat(url: str) -> None:
    async with a_faulty_store(url) as (store, faulty):
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        async with store.hold(job.claim):
            await asyncio.sleep(0)
            faulty.lose_requests = 1
            for _ in range(6):
                await store.advance(seconds(10))
                for _ in range(20):
                    await asyncio.sleep(0)
                    await store.now()
        assert (await store.get(Job, "j")).state == Job.running


@pytest.mark.parametrize(
    ("where", "bad"),
    [
        *((where, bad) for where in ("why", "op", "actor") for bad in ("\ud800", "\0")),
        *((where, "much" * 1000) for where in ("op", "actor")),
    ],
)
async def test_a_text_that_cannot_be_stored_is_refused_before_it_harms_others(
    a_store: Stores, where: str, bad: str
) -> None:
    async with a_store(every_change_applied=False) as store:
        speaker = store.acting(bad) if where == "actor" else store
        made = await asyncio.gather(
            store.apply(Bot.create("ada", pool="eu")),
            speaker.apply(
                Bot.create("bob", pool="eu"), why=bad if where == "why" else "", op=bad if where == "op" else ""
            ),
            store.apply(Bot.create("eve", pool="eu")),
            return_exceptions=True,
        )
        assert [type(m) for m in made] == [Bot, InvalidChange, Bot]


# ------------------------------------------------------------------------------------- cancellation


STEPS = 12
Doing = Callable[[Store, Job, int], Awaitable[object]]


async def _apply(store: Store, _: Job, number: int) -> object:
    return await store.apply(Bot.create(f"b{number}", pool=f"p{number}"), Bot.enqueue(f"b{number}"), op=f"op{number}")


async def _submit(store: Store, _: Job, number: int) -> object:
    return await store.submit([[Bot.create(f"b{number}/{n}", pool=f"p{number}")] for n in range(3)])


async def _beat(store: Store, job: Job, _: int) -> object:
    return await store.beat(job.claim)


async def _deliver(store: Store, _: Job, number: int) -> object:
    async def handle(delivery: Delivery[Job]) -> None:
        await store.apply(Job.move(delivery.record.id, place=f"{number}"), op=delivery.id)

    await store.deliver(Job.begun, handle)
    return None


async def _hold(store: Store, job: Job, _number: int) -> object:
    async with store.hold(job.claim) as held:
        async for _ in held.commands():
            pass
    return None


async def _every(store: Store, _job: Job, number: int) -> object:
    async for _ in (turns := store.every(seconds(30), f"poller {number}")):
        await turns.aclose()  # type: ignore[attr-defined]
        break
    return None


async def _watch(store: Store, job: Job, _: int) -> object:
    return await first(store.watch(Job, job.id), 99)


@pytest.mark.parametrize("doing", [_apply, _submit, _beat, _deliver, _hold, _every, _watch], ids=lambda d: d.__name__)
async def test_a_call_cancelled_at_any_await_leaves_a_store_that_works(a_store: Stores, doing: Doing) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        for steps in (*range(STEPS), 30, 60):
            task = asyncio.ensure_future(doing(store, job, steps))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await store.beat(job.claim) == []
            assert (await store.apply(Bot.create(f"after {steps}", pool=f"after {steps}"))).version == 1
        assert await store.engine.audit("tests", repair=False) == []
        await assert_one_event_per_version(store)


async def test_a_cancelled_apply_is_applied_once_by_its_retry(a_store: Stores) -> None:
    async with a_store() as store:
        for steps in range(STEPS):
            task = asyncio.ensure_future(_apply(store, None, steps))  # type: ignore[arg-type]
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            _, queued = await store.apply(
                Bot.create(f"b{steps}", pool=f"p{steps}"), Bot.enqueue(f"b{steps}"), op=f"op{steps}"
            )
            assert queued.version == 2
            assert await names(store, queued) == ["create", "enqueue"]


# ------------------------------------------------------------------------------------------- killed


MOVES = 2500
ROOT = Path(__file__).parents[2]


async def test_what_was_acknowledged_outlives_a_killed_process(kept_url: str, a_kept_store: Stores) -> None:
    async with a_kept_store(at=datetime.now(UTC)) as store:
        for number in range(10):
            await a(store, Bot.idle, f"b{number}", pool="eu")
    for turn in range(4):
        acknowledged = _kill_while_writing(kept_url, turn)
        async with a_kept_store(at=datetime.now(UTC)) as store:
            rows = {row.id: row for row in await rows_of(store)}
            for bot, version in acknowledged.items():
                assert rows[bot].version >= version
            await assert_one_event_per_version(store)
            assert await store.engine.audit("tests", repair=False) == []


def _kill_while_writing(url: str, turn: int) -> dict[str, int]:
    """Let a process write, kill it after so many acknowledged moves, and give the last version of each record."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine_contract.writer", url, str(turn)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as writer:
        assert writer.stdout is not None
        seen: dict[str, int] = {}
        for number, line in enumerate(writer.stdout):
            bot, version = line.split()
            seen[bot] = int(version)
            if number >= MOVES + turn * 7:
                break
        writer.send_signal(signal.SIGKILL)
        writer.stdout.read()
    assert writer.returncode == -signal.SIGKILL
    return seen


# ------------------------------------------------------------------------------------- put back


async def test_after_a_restore_fences_go_on_rising_and_old_claims_are_refused(
    kept_place: Place,
) -> None:
    clock, url = ManualClock(to_microseconds(START)), kept_place.fresh()
    a_kept_store = stores_at(url)
    async with a_kept_store(clock=clock) as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.waiting, "j", owner="o", place="here")
    put_back = kept_place.back_up(url)
    async with a_kept_store(clock=clock) as store:
        held = await store.acting("before").apply(Job.take("j"))
        await store.apply(Job.move("j", place="there"))
        late = await a(store, Instance.up, "i")
        cursor = (await entries_of(store))[-1].position
        assert [e.version for e in await first(store.watch(Job, "j"), 3)] == [1, 2, 3]
    put_back()
    clock.move_to(clock.now + 1_000_000)
    async with a_kept_store(clock=clock) as store:
        with pytest.raises(CursorAhead):
            await anext(store.watch(Job, "j", after=3))
        with pytest.raises(CursorAhead):
            await anext(store.feed(after=cursor))
        with pytest.raises(NotHolder):
            await store.beat(held.claim)
        with pytest.raises(NotFound):
            await store.beat(late.claim)
        again = await store.acting("after").apply(Job.take("j"))
        assert again.fence > held.fence
        with pytest.raises(NotHolder):
            await store.beat(held.claim)
        assert (await store.apply(Instance.create("i"))).fence > late.fence


async def test_a_store_opened_again_is_as_it_was_left(a_kept_store: Stores) -> None:
    async with a_kept_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.running, "j", owner="o", place="here")
        before = await everything(store)
    async with a_kept_store() as store:
        assert await everything(store) == before
