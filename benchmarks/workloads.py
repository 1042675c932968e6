"""What is measured besides `move` and `full`: beats, creates under a limit, child records under a window."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Change,
    Claim,
    End,
    Lifecycle,
    Limit,
    State,
    Store,
    field,
    hours,
    lease,
    parent,
)
from tenure.benchmarks.workloads import FULL, MOVE, Share, Step, Workload, filling, next_op

HOLDERS = 4096
ROOMS = 1000


class Worker(Lifecycle):
    """Held by a lease."""

    busy = State(initial=True, by=CLAIMANT)
    gone = End()

    leave = busy.to(gone, by=HOLDER)
    lose = busy.to(gone, by=SWEEPER, after=lease(seconds=3600))


class Seat(Lifecycle):
    """Taken under a limit."""

    room: str = field()

    taken = State(initial=True)
    free = End()

    leave = taken.to(free)

    seats = Limit(at_most=10_000_000, per=room, over=taken)


class Question(Lifecycle):
    """Takes answers for a while."""

    open = State(initial=True)
    closed = End()

    close = open.to(closed, after=hours(1))


class Answer(Lifecycle):
    """Belongs to a question, and comes in its time only."""

    question: str = parent(Question)
    choice: int = 0

    given = State(initial=True, under=Question.open)
    void = End()

    drop = given.to(void)


async def _fill_workers(store: Store, records: int) -> None:
    await filling(lambda number: Worker.create(f"worker-{number}"))(store, HOLDERS)
    await MOVE.fill(store, records)


async def _beating(store: Store, share: Share, _records: int) -> Sequence[Step]:
    workers = await store.find(Worker.busy, limit=HOLDERS)
    claims: list[Claim[Worker]] = [worker.claim for worker in workers]

    def step_of(caller: int) -> Step:
        numbers = share.records(caller, HOLDERS)
        return lambda: store.beat(claims[next(numbers)])

    return [step_of(caller) for caller in range(share.callers)]


def _creating(
    created: Callable[[int, int], Change[Any]],
) -> Callable[[Store, Share, int], Awaitable[Sequence[Step]]]:
    """Give the steps of callers that each create one record after the other, in one room after the other."""
    numbers = itertools.count()

    async def steps(store: Store, share: Share, records: int) -> Sequence[Step]:
        def step_of(caller: int) -> Step:
            rooms = share.records(caller, records)
            return lambda: store.apply(created(next(numbers), next(rooms)), op=next_op())

        return [step_of(caller) for caller in range(share.callers)]

    return steps


BEATS = Workload("beats", "Beats", (Worker, *MOVE.kinds), _fill_workers, _beating)
CREATES = Workload(
    "creates",
    "Creates under a limit, with op ids",
    (Seat,),
    filling(lambda number: Seat.create(f"first-{number}", room=f"room-{number}")),
    _creating(lambda number, room: Seat.create(f"seat-{number}", room=f"room-{room}")),
    records=ROOMS,
)
CHILDREN = Workload(
    "children",
    "Child records under a window, with op ids",
    (Question, Answer),
    filling(lambda number: Question.create(f"room-{number}")),
    _creating(lambda number, room: Answer.create(f"answer-{number}", question=f"room-{room}", choice=number % 4)),
    records=ROOMS,
)
WORKLOADS = (MOVE, FULL, BEATS, CREATES, CHILDREN)
