"""Redaction, and when it comes by itself: a meeting's row stays, and everything that was said or shown goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from tenure import Change, Lifecycle, NotFound, Overdue, Refused, StateOf, Store, WrongState, days, hours
from tenure.http.rejections import NotNow
from tenure.services.meetings.lifecycle import Meeting, Screenshot, Segment, User
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery

K = TypeVar("K", bound=Lifecycle)
Discard = Callable[[Screenshot], Awaitable[None]]

PERIOD = hours(1)
AT_ONCE = 100
MOST_TRIES, AGAIN_SECONDS = 30, 0.1
EVERY_USER = StateOf(User, (*User.enabled.names, *User.deleted.names))
EVERY_MEETING = StateOf(Meeting, (*Meeting.planned.names, *Meeting.live.names, *Meeting.over.names))
EVERY_DELIVERY = StateOf(WebhookDelivery, ("sending", "waiting", *WebhookDelivery.settled.names))


class Redaction:
    """Empties what belongs to a meeting that is over. A repeat goes on where one broke off.

    `discard` removes a screenshot's file.
    """

    def __init__(self, store: Store, discard: Discard) -> None:
        self._store, self._discard = store, discard

    async def redact(self, meeting: Meeting, *, by: str) -> None:
        """Empty a meeting with its segments and screenshots, and withdraw what was to be told of it.

        The meeting comes last: until its own row is empty, a repeat looks through the rest again.
        """
        store = self._store.acting(by)
        await _withdraw(store, meeting)
        async for segments in _parts(store, Segment.kept, meeting):
            await _submit(store, [Segment.redact(segment.id) for segment in segments if segment.text])
        async for screenshots in _parts(store, Screenshot.kept, meeting):
            for screenshot in screenshots:
                await self._discard(screenshot)
            await _submit(store, [Screenshot.redact(screenshot.id) for screenshot in screenshots if screenshot.size])
        await store.apply(Meeting.redact(meeting.id), why="redacted")


class Retention:
    """Redacts meetings that ended so long ago as their user's retention, or the service's own, says."""

    def __init__(self, store: Store, redaction: Redaction, default_days: int | None) -> None:
        self._store, self._redaction, self._default_days = store, redaction, default_days
        self._done: dict[str, str] = {}

    async def run(self) -> None:
        """Look each hour, in one process at a time, until cancelled."""
        async for _ in self._store.every(PERIOD, "meetings/retention"):
            await self.once()

    async def once(self) -> int:
        """Redact what is over for long enough, and give how many meetings that was."""
        now, number = await self._store.now(), 0
        async for users in _parts(self._store, EVERY_USER, None):
            for user in users:
                kept = self._default_days if user.retention_days is None else user.retention_days
                if kept is not None:
                    number += await self._of(user, now - days(kept))
        if number:
            self._store.log.info("meetings_redacted", number=number)
        return number

    async def _of(self, user: User, before: datetime) -> int:
        """Redact a user's meetings that ended before an instant.

        Those that stand before the first that is not redacted are never looked at again: nobody undoes a redaction.
        All states are looked through, since one that was planned long ago may end long after the later ones.
        """
        number, unbroken = 0, True
        async for meetings in _parts(self._store, EVERY_MEETING, user, after=self._done.get(user.id)):
            for meeting in meetings:
                over, done = meeting.state in Meeting.over, not meeting.native_id
                if over and not done and meeting.entered_at <= before:
                    await self._redaction.redact(meeting, by="retention")
                    number, done = number + 1, True
                unbroken = unbroken and done
                if unbroken:
                    self._done[user.id] = meeting.id
        return number


async def _parts(
    store: Store, state: StateOf[K], under: Lifecycle | None, after: str | None = None
) -> AsyncIterator[list[K]]:
    """Give the records of a state, below a parent, in parts of a bounded size."""
    while part := await store.find(state, under=under, limit=AT_ONCE, after=after):
        yield part
        after = part[-1].id


async def _withdraw(store: Store, meeting: Meeting) -> None:
    """Withdraw all that was to be told of a meeting. Raises `NotNow` where the sweeper leaves some overdue."""
    for _ in range(MOST_TRIES):
        while deliveries := await store.find(EVERY_DELIVERY, under=meeting, limit=AT_ONCE):
            if not await _submit(store, [WebhookDelivery.withdraw(delivery.id) for delivery in deliveries]):
                break
        else:
            return
        await store.clock.sleep(AGAIN_SECONDS)
    raise NotNow("some of what was to be told of the meeting is just due: try again in a moment")


async def _submit(store: Store, changes: list[Change[K]]) -> bool:
    """Make changes, each for itself; tell whether all are made, or were before. Others are overdue: they move first."""
    late = False
    for verdict in await store.submit([[change] for change in changes], why="redacted") if changes else []:
        late = late or isinstance(verdict, Overdue)
        # Who is gone, or was withdrawn already, is as it should be.
        if isinstance(verdict, Refused) and not isinstance(verdict, NotFound | WrongState):
            raise verdict
    return not late
