"""Delivering effects: each message goes to its handler until the handler is done with it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from tenure.core.durations import minutes, seconds, to_microseconds
from tenure.core.engine import Message, Settled
from tenure.core.errors import OpConflict, OutcomeUnknown, Overdue, Refused, Unavailable, WrongState
from tenure.core.lifecycle import Lifecycle, record_of
from tenure.core.states import EffectOf
from tenure.store.events import Delivery, Event

if TYPE_CHECKING:
    from tenure.store.store import Store

K = TypeVar("K", bound=Lifecycle)
Handler = Callable[[Delivery[K]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Retry:
    """How a failed message is tried again: after `first`, doubled each time up to `most`, until `give_up`.

    A message that is given up stays, visible and to be sent again by hand. None means that it is tried for ever.
    """

    first: timedelta = seconds(1)
    most: timedelta = minutes(10)
    give_up: timedelta | None = None

    def again_at(self, message: Message, now: int) -> int | None:
        """Give the instant of the next try; None to give up."""
        if self.give_up is not None and now - message.created_at >= to_microseconds(self.give_up):
            return None
        return now + min(to_microseconds(self.first) << min(message.tries - 1, 30), to_microseconds(self.most))


class Deliverer:
    """Takes an effect's messages and gives them to the handler, several at a time, in order per record."""

    def __init__(
        self, store: Store, effect: EffectOf[Any], handler: Handler[Any], retry: Retry, within: timedelta, at_once: int
    ) -> None:
        self._store, self._effect, self._handler = store, effect, handler
        self._retry, self._within, self._at_once = retry, within, at_once
        self._under_way: set[asyncio.Task[None]] = set()
        self._again: list[float] = []  # when our failed ones are due again, by the loop's clock

    async def run(self) -> None:
        """Deliver for ever."""
        kind = self._effect.kind
        with self._store.bell(kind) as bell:
            try:
                while True:
                    taken = await self._take()
                    if not taken or len(self._under_way) >= self._at_once:
                        await self._pause(bell)
            finally:
                for task in self._under_way:
                    task.cancel()
                await asyncio.gather(*self._under_way, return_exceptions=True)

    async def once(self) -> int:
        """Deliver what is due now, and give how many messages that was."""
        number = await self._take()
        await asyncio.gather(*self._under_way)
        return number

    async def _take(self) -> int:
        free = self._at_once - len(self._under_way)
        if free <= 0:
            return 0
        try:
            taken = await self._store.engine.take(
                self._store.space_name,
                self._effect.kind.__name__,
                self._effect.name,
                free,
                to_microseconds(self._within) * 2,
                self._store.clock(),
            )
        except (Unavailable, OutcomeUnknown):
            return 0  # what was taken without our knowing comes back when its lease runs out
        for message in taken:
            task = asyncio.create_task(self._give(message), name=f"{message.effect} of {message.entry.id}")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(taken)

    async def _pause(self, bell: Any) -> None:
        heard = asyncio.create_task(self._store.clock.wait(bell, self._idle_seconds()))
        try:
            await asyncio.wait({heard, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()
            await asyncio.gather(heard, return_exceptions=True)

    def _idle_seconds(self) -> float:
        """Give how long there is nothing to take: a bell tells what is new, and our own failures are known."""
        now = asyncio.get_running_loop().time()
        while self._again and self._again[0] <= now:
            heapq.heappop(self._again)
        return min(self._again[0] - now + LATE_SECONDS, LOOK_AGAIN_SECONDS) if self._again else LOOK_AGAIN_SECONDS

    async def _give(self, message: Message) -> None:
        kind, entry = self._effect.kind, message.entry
        event: Event[Any] = Event(kind, entry)
        delivery = Delivery(f"{event.op}/{message.effect}", record_of(kind, message.row), event, message.tries)
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                await self._handler(delivery)
            error = None
        except Exception as failure:  # noqa: BLE001  whatever it is, the message is kept
            error = None if _already_made(failure, delivery) else failure
        try:
            await self._settle(message, error)
        except (Unavailable, OutcomeUnknown) as failure:  # it comes again when its lease runs out
            self._store.log.warning("settling_failed", effect=message.effect, id=entry.id, error=str(failure))

    async def _settle(self, message: Message, error: Exception | None) -> None:
        entry, again = message.entry, None
        if error is not None:
            time = await self._store.engine.time(self._store.space_name, self._store.clock())
            again = self._retry.again_at(message, time.now)
            if again is not None:
                heapq.heappush(self._again, asyncio.get_running_loop().time() + (again - time.now) / 1_000_000)
            self._store.log.warning(
                "effect_failed", effect=message.effect, kind=entry.kind, id=entry.id, tries=message.tries,
                error=type(error).__name__, given_up=again is None,
            )  # fmt: skip
        settled = Settled(
            message.effect, entry.kind, entry.id, entry.version, message.token,
            error is None, again, "" if error is None else _told(error),
        )  # fmt: skip
        await self._store.engine.settle(self._store.space_name, [settled], self._store.clock())


LOOK_AGAIN_SECONDS = 5.0
"""How soon what a killed process had taken is seen to be due again."""

LATE_SECONDS = 0.01
MOST_OF_AN_ERROR = 500


def _told(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:MOST_OF_AN_ERROR]
    return text.encode(errors="replace").decode().replace("\0", "?")  # whatever an error says, it can be stored


def _already_made(failure: Exception, delivery: Delivery[Any]) -> bool:
    """Tell whether the handler's own change was refused because an earlier try had made it."""
    if isinstance(failure, OpConflict):
        return True
    own = isinstance(failure, Refused) and failure.kind is type(delivery.record) and failure.id == delivery.record.id
    return own and isinstance(failure, WrongState) and not isinstance(failure, Overdue)
