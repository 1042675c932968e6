"""Work that is done every so often by one process at a time: a poller is itself a record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tenure.core.durations import lease
from tenure.core.errors import Exists, Refused, TenureError
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

    waiting = State(initial=True)
    running = State()
    removed = End(keep=timedelta(0))

    @waiting.to(running, by=CLAIMANT)
    def begin(self, turns: int, began_at: datetime) -> None:
        """Take the turn of this number."""

    finish = running.to(waiting, by=HOLDER)
    lose = running.to(waiting, by=SWEEPER, after=lease(seconds=30))
    remove = waiting.to(removed)


LONGEST_WAIT = 60.0


async def every(store: Store, period: timedelta, name: str) -> AsyncIterator[Turn]:
    """Give a turn each period, to one process at a time; the body is the turn. Endless."""
    with suppress(Exists):
        await store.apply(Poller.create(name))
    while True:
        turn = await _turn(store, period, name)
        async with store.hold(turn.claim) as held:
            try:
                yield Turn(turn.turns, turn.entered_at, turn.fence)
            finally:
                if not held.lost:
                    with suppress(TenureError):  # else the lease runs out, and another goes on
                        await store.apply(Poller.finish(turn.claim))


async def _turn(store: Store, period: timedelta, name: str) -> Poller:
    with store.bell(Poller, name) as bell:
        while True:
            poller, now = await store.get(Poller, name), await store.now()
            due_at = now if poller.began_at is None else poller.began_at + period
            if poller.state == Poller.waiting and due_at <= now:
                try:
                    return await store.apply(Poller.begin(poller, turns=poller.turns + 1, began_at=now))
                except Refused:
                    continue  # another process was faster
            wait = (due_at - now).total_seconds() if poller.state == Poller.waiting else LONGEST_WAIT
            await store.clock.wait(bell, min(max(wait, 0), LONGEST_WAIT))
