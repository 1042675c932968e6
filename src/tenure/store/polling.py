"""Work that is done every so often by one process at a time: a poller is itself a record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from tenure.core.durations import lease
from tenure.core.errors import Exists, Refused, Stale, TenureError, WrongState
from tenure.core.fields import field
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import End, State
from tenure.core.transitions import CLAIMANT, HOLDER, SWEEPER
from tenure.store.events import Turn

if TYPE_CHECKING:
    from tenure.store.store import Store


class Poller(Lifecycle):
    """Something that is done every so often; its holder has the present turn."""

    turns: int = field(default=0)
    began_at: datetime | None = field(default=None)
    next_at: datetime | None = None
    """When the next turn is, where the last one said so."""
    called_at: datetime | None = None
    """By when somebody has asked for a turn."""
    under_way: bool = False
    """Whether a turn was begun and not given back: where nobody holds it, its holder has died in it."""

    waiting = State(initial=True)
    running = State()
    removed = End(keep=timedelta(0))

    @waiting.to(running, by=CLAIMANT)
    def begin(self, turns: int, began_at: datetime, called_at: None = None, *, under_way: bool = True) -> None:
        """Take the turn of this number."""

    @running.to(waiting, by=HOLDER)
    def finish(self, next_at: datetime | None = None, *, under_way: bool = False) -> None:
        """Give the turn back, and say when the next one is, if that is not by the period."""

    @(waiting | running).stay()
    def call(self, called_at: datetime) -> None:
        """Ask for a turn by then: one that runs at present has perhaps not seen what there is to do."""

    lose = running.to(waiting, by=SWEEPER, after=lease(seconds=30))
    remove = waiting.to(removed)


LONGEST_WAIT = 60.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def every(store: Store, period: timedelta, name: str, phase: float | None) -> AsyncIterator[Turn]:
    """Give a turn each period, to one process at a time; the body is the turn. Endless."""
    with suppress(Exists):
        await store.apply(Poller.create(name))
    while True:
        poller = await _turn(store, period, name, phase)
        turn = Turn(poller.turns, poller.entered_at, poller.fence)
        async with store.hold(poller.claim) as held:
            try:
                yield turn
            finally:
                if not held.lost:
                    with suppress(TenureError):  # else the lease runs out, and another goes on
                        await store.apply(Poller.finish(poller.claim, next_at=turn.next_at))


async def hasten(store: Store, name: str, at: datetime) -> None:
    """Let the next turn come no later than at this instant. Where nobody has had a turn yet, there is nothing to do."""
    while (poller := (await store.get_many(Poller, [name])).get(name)) is not None:
        if poller.called_at is not None and poller.called_at <= at:
            return
        try:
            await store.apply(Poller.call(poller, called_at=at))
        except WrongState:
            return  # it was removed, or its holder is dead, and whoever takes over has the turn at once
        except Stale:
            continue  # it has begun or ended
        return


async def _turn(store: Store, period: timedelta, name: str, phase: float | None) -> Poller:
    with store.bell(Poller, name) as bell:
        while True:
            poller, now = await store.get(Poller, name), await store.now()
            due_at = _due_at(poller, now, period, phase)
            if poller.state == Poller.waiting and due_at <= now:
                try:
                    return await store.apply(Poller.begin(poller, turns=poller.turns + 1, began_at=now))
                except Refused:
                    continue  # another process was faster
            wait = (due_at - now).total_seconds() if poller.state == Poller.waiting else LONGEST_WAIT
            await store.clock.wait(bell, min(max(wait, 0), LONGEST_WAIT))


def _due_at(poller: Poller, now: datetime, period: timedelta, phase: float | None) -> datetime:
    """Give when a poller's next turn is: as its last one said, or by the period; sooner if somebody called."""
    if poller.began_at is None or poller.under_way:
        return now  # also what a dead process left undone: that does not wait until the period is over
    due_at = poller.next_at or (poller.began_at + period if phase is None else _slot(poller.began_at, period, phase))
    return due_at if poller.called_at is None else min(due_at, poller.called_at)


def _slot(began_at: datetime, period: timedelta, phase: float) -> datetime:
    """Give the next of the instants that lie so far into each period, half a period or more after the last turn."""
    first = EPOCH + period * phase
    return first + period * ceil((began_at + period / 2 - first) / period)
