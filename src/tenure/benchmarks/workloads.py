"""What is done to a store while it is measured.

`move`: a transition with an op id, an event and a deadline. `full`: the same, and it enters or leaves a rank and a
limit's slot.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.core.durations import hours, minutes
from tenure.core.fields import field
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import End, Limit, State
from tenure.core.transitions import Change
from tenure.store.store import Store

RECORDS = 10_000
SCATTER = 104_729  # a prime, so that records that follow one another lie apart
POOLS = 16
MANY = 1000

Step = Callable[[], Awaitable[object]]
"""Makes one caller's next change, and waits for it."""


@dataclass(frozen=True)
class Share:
    """The records that so many callers work on: each `of`-th one, from `number` on. Each caller has some of its own."""

    callers: int
    number: int = 0
    of: int = 1

    def records(self, caller: int, records: int) -> Iterator[int]:
        """Give the numbers of a caller's records, again and again."""
        first, step = self.number + self.of * caller, self.of * self.callers
        own = [number * SCATTER % records for number in range(first, records, step)]
        return itertools.cycle(own or [first * SCATTER % records])


@dataclass(frozen=True)
class Workload:
    """What is done: on so many records of these kinds, which `fill` makes. `steps` gives one step for each caller."""

    name: str
    title: str
    kinds: tuple[type[Lifecycle], ...]
    fill: Callable[[Store, int], Awaitable[object]]
    steps: Callable[[Store, Share, int], Awaitable[Sequence[Step]]]
    records: int = RECORDS


class Mover(Lifecycle):
    """Goes to and fro; one of its states has a deadline."""

    label: str = field(default="")
    steps: int = 0

    left = State(initial=True)
    right = State()
    gone = End()

    go = left.to(right)
    back = right.to(left, after=hours(1))
    end = left.to(gone)


class Player(Lifecycle):
    """Enters and leaves a queue that is ranked and limited."""

    pool: str = field()
    rating: int = field(default=1000)

    idle = State(initial=True)
    queued = State(rank=rating, per=pool)
    gone = End()

    enqueue = idle.to(queued)
    withdraw = queued.to(idle, after=minutes(50))
    end = idle.to(gone)

    ready = Limit(at_most=1_000_000, per=pool, over=queued)


_ops = itertools.count()


def next_op() -> str:
    """Give an op id that no other change of this process has; a later one sorts later."""
    return f"{next(_ops):012d}"


def filling(created: Callable[[int], Change[Any]]) -> Callable[[Store, int], Awaitable[object]]:
    """Give what fills a store with records that are created by their numbers."""

    async def filled(store: Store, records: int) -> None:
        for start in range(0, records, MANY):
            await store.submit([created(number)] for number in range(start, min(start + MANY, records)))

    return filled


def moving(
    name: str, there: Callable[[str], Change[Any]], back: Callable[[str], Change[Any]]
) -> Callable[[Store, Share, int], Awaitable[Sequence[Step]]]:
    """Give the steps of callers that move each of their records there and back in turn."""

    async def steps(store: Store, share: Share, records: int) -> Sequence[Step]:
        moved = [False] * records

        def step_of(caller: int) -> Step:
            numbers = share.records(caller, records)

            async def step() -> None:
                number = next(numbers)
                change = back if moved[number] else there
                await store.apply(change(f"{name}-{number}"), op=next_op())
                moved[number] = not moved[number]

            return step

        return [step_of(caller) for caller in range(share.callers)]

    return steps


def _mover(number: int) -> Change[Any]:
    return Mover.create(f"mover-{number}")


def _player(number: int) -> Change[Any]:
    return Player.create(f"player-{number}", pool=f"pool-{number % POOLS}", rating=number % 3000)


MOVE = Workload(
    "move",
    "Transitions with an op id, an event and a deadline (`move`)",
    (Mover,),
    filling(_mover),
    moving("mover", Mover.go, Mover.back),
)
FULL = Workload(
    "full",
    "The same, entering or leaving a rank and a limit (`full`)",
    (Player,),
    filling(_player),
    moving("player", Player.enqueue, Player.withdraw),
)
