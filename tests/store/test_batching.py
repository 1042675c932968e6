"""Concurrent callers share batches, nobody waits for company, and a closed store takes nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tenure import End, Lifecycle, OutcomeUnknown, State, Unavailable, minutes
from tenure.core.decide import Transaction
from tenure.core.engine import Applied, Outcome
from tenure.store.batching import MOST_IN_A_BATCH, Lanes
from tenure.store.timing import SystemClock


class Recorder:
    """An engine that notes its batches and answers when it is told to."""

    lanes = 1
    enough: int | None = None

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def write(self, _space: str, transactions: Sequence[Transaction], _now: int | None) -> Sequence[Outcome]:
        self.batches.append(len(transactions))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [Applied(()) for _ in transactions]


def lanes_of(engine: Any) -> Lanes:
    return Lanes(engine, "space", SystemClock())


class Pair(Lifecycle):
    """Something that begins."""

    waiting = State(initial=True)
    done = End(keep=minutes(1))
    begin = waiting.to(done)


NOTHING = Transaction((), "ann")


async def test_a_single_call_goes_at_once() -> None:
    engine = Recorder()
    engine.go.set()
    assert await lanes_of(engine).put(NOTHING) == Applied(())
    assert engine.batches == [1]


async def test_while_one_batch_is_under_way_the_next_one_fills() -> None:
    engine = Recorder()
    lanes = lanes_of(engine)
    tasks = [lanes.put(NOTHING)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks += [lanes.put(NOTHING) for _ in range(30)]
    await asyncio.sleep(0)
    engine.go.set()
    await asyncio.gather(*tasks)
    assert engine.batches == [1, 30]


async def test_a_batch_is_bounded() -> None:
    engine = Recorder()
    engine.go.set()
    await lanes_of(engine).put_all([NOTHING] * (MOST_IN_A_BATCH + 3))
    assert engine.batches == [MOST_IN_A_BATCH, 3]


@pytest.mark.parametrize(("lanes", "batches"), [(1, [10]), (2, [2, 8]), (3, [2, 2, 6])])
async def test_what_is_more_than_enough_is_left_to_lanes_that_are_free(lanes: int, batches: list[int]) -> None:
    engine = Recorder()
    engine.lanes, engine.enough = lanes, 3
    engine.go.set()
    await lanes_of(engine).put_all([Transaction((Pair.begin("a"), Pair.begin("b")), "ann")] * 10)
    assert engine.batches == batches


async def test_what_is_submitted_together_stays_together_where_batches_are_not_made_in_order() -> None:
    engine = Recorder()
    engine.lanes = 4
    engine.go.set()
    await lanes_of(engine).put_all([Transaction((Pair.begin("a"), Pair.begin("b")), "ann")] * 10)
    assert engine.batches == [10]


class Failing(Recorder):
    """An engine of which some batches fail."""

    lanes, enough = 4, 1

    def __init__(self, *errors: Exception | None) -> None:
        super().__init__()
        self.errors = list(errors)
        self.go.set()

    async def write(self, _space: str, transactions: Sequence[Transaction], _now: int | None) -> Sequence[Outcome]:
        self.error = self.errors.pop(0)
        return await super().write(_space, transactions, _now)


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([Unavailable("gone"), Unavailable("gone")], Unavailable),
        ([None, Unavailable("gone")], OutcomeUnknown),
        ([Unavailable("gone"), None], OutcomeUnknown),
        ([Unavailable("gone"), OutcomeUnknown("lost")], OutcomeUnknown),
        ([OutcomeUnknown("lost"), None], OutcomeUnknown),
        ([None, ZeroDivisionError("a defect")], ZeroDivisionError),
    ],
)
async def test_a_submission_of_which_some_may_be_made_does_not_say_that_nothing_changed(
    errors: list[Exception | None], told: type[Exception]
) -> None:
    with pytest.raises(Exception, match=r"gone|lost|defect") as raised:
        await lanes_of(Failing(*errors)).put_all([Transaction((Pair.begin("a"),), "ann")] * 2)
    assert type(raised.value) is told


async def test_whoever_is_cancelled_before_it_is_sent_is_not_sent() -> None:
    engine = Recorder()
    lanes = lanes_of(engine)
    first = lanes.put(NOTHING)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second, third = (lanes.put(NOTHING) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    engine.go.set()
    await asyncio.gather(first, third)
    assert engine.batches == [1, 1]


async def test_an_error_is_every_callers_own() -> None:
    engine = Recorder()
    engine.error = Unavailable("away")
    engine.go.set()
    lanes = lanes_of(engine)
    errors = await asyncio.gather(*(lanes.put(NOTHING) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in errors] == ["away"] * 3
    assert len({id(error) for error in errors}) == 3


async def test_closing_finishes_what_is_under_way_and_takes_nothing_more() -> None:
    engine = Recorder()
    lanes = lanes_of(engine)
    tasks = [lanes.put(NOTHING) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    closing = asyncio.create_task(lanes.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="closed"):
        await lanes.put(NOTHING)
    engine.go.set()
    await closing
    assert await asyncio.gather(*tasks) == [Applied(())] * 3


async def test_whoever_is_cancelled_while_its_batch_is_under_way_harms_no_other() -> None:
    engine = Recorder()
    lanes = lanes_of(engine)
    first, *others = (lanes.put(NOTHING) for _ in range(3))
    while not engine.batches:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    engine.go.set()
    async with asyncio.timeout(30):
        assert await asyncio.gather(*others) == [Applied(())] * 2
