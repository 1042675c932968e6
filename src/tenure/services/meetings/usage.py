"""What users used: each meeting that is over is counted once, in the month of its end (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime

from tenure import Change, Delivery, Exists, NotFound, Stale, Store
from tenure.services.meetings.lifecycle import Meeting, Session, Usage, User

MOST_TRIES = 20


class Usages:
    """Counts, and gives what was counted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """Count until cancelled; one after the other, since several of one user would only refuse each other."""
        await self._store.deliver(Meeting.count_usage, self.count, at_once=1)

    async def count(self, effect: Delivery[Meeting]) -> None:
        """Count a meeting that is over.

        Its own note and the month's sums change in one transaction, each guarded by its version. The tempting wrong
        version adds to the sums first and then notes it: a kill in between counts the meeting twice.
        """
        for _ in range(MOST_TRIES):
            meeting = await self._store.get(Meeting, effect.record.id)
            if meeting.accounted:
                return
            change = await self._add(meeting)
            try:
                await self._store.acting("usage").apply(Meeting.account(meeting), *([change] if change else []))
            except (Stale, Exists):
                continue  # another meeting of this month was counted meanwhile, or this one was described
            return
        raise RuntimeError("usage is being counted by too many at once; it is tried again")

    async def of(self, user: User, months: int) -> list[Usage]:
        """Give what a user used in the last so many months, this one included, the newest first."""
        now = await self._store.now()
        wanted = [_month_before(now, back) for back in range(months)]
        found = await self._store.get_many(Usage, [_id(user.id, month) for month in wanted])
        return [found[id] for month in wanted if (id := _id(user.id, month)) in found]

    async def _add(self, meeting: Meeting) -> Change[Usage] | None:
        """Give what the month's sums become; None for a meeting whose bot was never started."""
        try:
            launched = await self._store.get(Session, meeting.container)
        except NotFound:
            return None
        seconds = round(max(0.0, (meeting.entered_at - launched.created_at).total_seconds()), 3)
        month = _month_before(meeting.entered_at, 0)
        id = _id(meeting.user, month)
        usage = (await self._store.get_many(Usage, [id])).get(id)
        if usage is None:
            return Usage.create(id, user=meeting.user, month=month, meetings=1, bot_seconds=seconds)
        return Usage.add(usage, meetings=usage.meetings + 1, bot_seconds=usage.bot_seconds + seconds)


def _id(user: str, month: str) -> str:
    return f"{user}-{month}"


def _month_before(instant: datetime, back: int) -> str:
    """Give the month that is so many before an instant's, such as 2026-01."""
    at = instant.astimezone(UTC)
    years, month = divmod(at.year * 12 + at.month - 1 - back, 12)
    return f"{years:04}-{month + 1:02}"
