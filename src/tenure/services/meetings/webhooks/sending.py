"""The tries of one delivery: when it is posted, what is noted of it, and when it is given up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from tenure import Change, Delivery, NotFound, Stale, Store, WrongState, days, hours, minutes, seconds
from tenure.services.meetings.lifecycle import User
from tenure.services.meetings.webhooks.lifecycle import Try, WebhookDelivery
from tenure.webhooks.posting import Outcome, Poster
from tenure.webhooks.signing import headers

FIRST, MOST, ROUND = seconds(5), hours(1), days(1)
PER_USER = 8
PATIENCE_SECONDS = 5.0
SLOW_MILLISECONDS = 1000
TRIES_KEPT = 10
OFF = "the webhook is switched off"


def spread() -> float:
    """Give a number from 0.5 to 1: by it waits are shortened, so that those who failed together come back apart."""
    return 0.5 + secrets.randbelow(1_000_001) / 2_000_000


class Lane:
    """A user's place among those that post at the same time."""

    def __init__(self) -> None:
        self.room = asyncio.Semaphore(PER_USER)
        self.slow = False


class Busy(Exception):  # noqa: N818  what is the matter is the name
    """The user's receiver is at work on as much as it may have at once."""


class Sender:
    """Posts deliveries, and moves them on by what came of it."""

    def __init__(
        self,
        store: Store,
        poster: Poster,
        *,
        spread: Callable[[], float] = spread,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._store, self._poster, self._spread, self._patience_seconds = store, poster, spread, patience_seconds
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()

    async def send(self, effect: Delivery[WebhookDelivery]) -> None:
        """Make one try. A repeat, after a kill or a lost answer, posts the same bytes under the same id once more."""
        delivery = effect.record
        if delivery.state != WebhookDelivery.sending:
            return
        user = await self._store.get(User, delivery.user)
        try:
            outcome = await self.post(user, delivery.body)
        except Busy:
            await self._note(self._later(delivery, await self._store.now()))
            return
        now = await self._store.now()
        await self._note(self._after(delivery, outcome, now))
        self._store.log.info(
            "webhook_posted", id=delivery.id, user=delivery.user, attempt=delivery.attempts + 1, status=outcome.status,
            error=outcome.error, milliseconds=outcome.milliseconds,
        )  # fmt: skip

    async def post(self, user: User, body: str) -> Outcome:
        """Post to a user's webhook, signed for this instant. Raises `Busy`."""
        if user.webhook_url is None or user.state != User.enabled:
            return Outcome(milliseconds=0, error=OFF)
        data = body.encode()
        async with self._room_for(user.id) as lane:
            timestamp = int((await self._store.now()).timestamp())
            outcome = await self._poster.post(user.webhook_url, data, headers(user.webhook_secret, timestamp, data))
            lane.slow = outcome.milliseconds >= SLOW_MILLISECONDS
            return outcome

    @asynccontextmanager
    async def _room_for(self, user: str) -> AsyncIterator[Lane]:
        """Take one of the user's places, so that no receiver, however slow, has all of ours."""
        lane = self._lanes.get(user) or self._lanes.setdefault(user, Lane())
        if lane.slow and lane.room.locked():
            raise Busy
        try:
            async with asyncio.timeout(self._patience_seconds):
                await lane.room.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            yield lane
        finally:
            lane.room.release()

    # ------------------------------------------------------------------------------------ what becomes of it

    def _after(self, delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> Change[WebhookDelivery]:
        status, error, attempts = outcome.status, outcome.error, delivery.attempts + 1
        made = Try(now, outcome.milliseconds, status, error, outcome.answer)
        tries = [*delivery.tries, made][-TRIES_KEPT:]
        if outcome.taken:
            return WebhookDelivery.succeed(delivery, attempts=attempts, tries=tries, status=status)
        # The last try is at the end of the day. What could not be tried for a day, because nothing ran, gets its try.
        if outcome.gone or error == OFF or now >= delivery.since + ROUND:
            return WebhookDelivery.give_up(delivery, attempts=attempts, tries=tries, status=status, error=error)
        asked = seconds(min(outcome.seconds_asked(now), MOST.total_seconds()))
        wait = max(_back_off(delivery.failures) * self._spread(), asked)
        return WebhookDelivery.put_off(
            delivery,
            try_at=min(now + wait, delivery.since + ROUND),
            attempts=attempts,
            failures=delivery.failures + 1,
            tries=tries,
            status=status,
            error=error,
        )

    def _later(self, delivery: WebhookDelivery, now: datetime) -> Change[WebhookDelivery]:
        """Put off what was not tried. The longer it has waited, the longer: a long queue shall cost little."""
        wait = min(max(minutes(1), (now - delivery.since) / 4), MOST) * self._spread()
        return WebhookDelivery.put_off(
            delivery,
            try_at=now + wait,
            attempts=delivery.attempts,
            failures=delivery.failures,
            tries=delivery.tries,
            status=None,
            error="the receiver is busy with others",
        )

    async def _note(self, change: Change[WebhookDelivery]) -> None:
        # Withdrawn meanwhile, or noted by an earlier try whose answer was lost.
        with suppress(Stale, WrongState, NotFound):
            await self._store.acting("webhooks").apply(change)


def _back_off(failures: int) -> timedelta:
    return min(FIRST * (1 << min(failures, 20)), MOST)
