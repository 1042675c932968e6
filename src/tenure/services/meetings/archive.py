"""Meetings as their users read them: by name, in lists, with what was heard; described, and redacted."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tenure import NotFound, Stale, StateOf, Store, WrongState
from tenure.http.rejections import Absent, Conflict, Invalid
from tenure.services.meetings.api.inputs import About
from tenure.services.meetings.lifecycle import Meeting, Segment, Session, User
from tenure.services.meetings.retention import Redaction

NO_MEETING = "there is no such meeting"
MOST_TRIES = 10
PAGE = 1000
MOST_SEGMENTS = 20_000
EVERY = StateOf(Meeting, (*Meeting.planned.names, *Meeting.live.names, *Meeting.over.names))
EVERY_SESSION = StateOf(Session, (*Session.present.names, *Session.closed.names))


@dataclass(frozen=True, slots=True)
class Transcript:
    """A meeting with what its bot heard, in order, and the bot's presences."""

    meeting: Meeting
    segments: list[Segment]
    sessions: list[Session]


class Archive:
    """A user's meetings: planned, live and over."""

    def __init__(self, store: Store, redaction: Redaction) -> None:
        self._store, self._redaction = store, redaction

    # ------------------------------------------------------------------------------------ finding

    async def named(self, user: User, platform: str, native_id: str, id: str | None = None) -> Meeting:
        """Give the meeting of this name, and of this id if one is given. Raises `Absent`.

        Where several have the name: the live one, else the next that is planned, else the newest.
        """
        if id is not None:
            return await self.one(user, id, platform, native_id)
        name = (user.id, platform, native_id)
        if not native_id:
            raise Absent(NO_MEETING)
        live: list[Meeting] = await self._store.holding(Meeting.once, *name)
        if live:
            return live[0]
        for state in (Meeting.called, Meeting.scheduled):
            if planned := await self._store.find(state, per=name, limit=1):
                return planned[0]
        over = [
            meeting
            for end in (Meeting.completed, Meeting.failed)
            for meeting in await self._store.find(end, per=name, limit=1, newest_first=True)
        ]
        if not over:
            raise Absent(NO_MEETING)
        return max(over, key=lambda meeting: meeting.number)

    async def one(self, user: User, id: str, platform: str, native_id: str) -> Meeting:
        """Give this very meeting, if it is the user's and has this name."""
        try:
            meeting = await self._store.get(Meeting, id)
        except NotFound:
            raise Absent(NO_MEETING) from None
        if (meeting.user, meeting.platform, meeting.native_id) != (user.id, platform, native_id):
            raise Absent(NO_MEETING)
        return meeting

    async def by_id(self, id: str | None) -> Meeting:
        """For admins: give any meeting."""
        try:
            return await self._store.get(Meeting, id or "0")
        except NotFound:
            raise Absent(NO_MEETING) from None

    async def meetings(self, user: User, *, limit: int, before: str | None) -> list[Meeting]:
        """Give the user's meetings, newest first, those before an id."""
        return await self._store.find(EVERY, under=user.id, newest_first=True, limit=limit, after=before)

    async def transcript(self, user: User, platform: str, native_id: str, id: str | None = None) -> Transcript:
        """Give a meeting with what was heard in it."""
        meeting = await self.named(user, platform, native_id, id)
        segments = [s for s in await self._segments(meeting) if s.text]
        segments.sort(key=lambda segment: (segment.start, segment.at))
        return Transcript(meeting, segments, await self._store.find(EVERY_SESSION, under=meeting.id))

    # ------------------------------------------------------------------------------------ writing

    async def describe(self, user: User, platform: str, native_id: str, about: About, id: str | None = None) -> Meeting:
        """Write what a user says about a meeting over what was there."""
        given = msgspec.to_builtins(about)
        if not given:
            raise Invalid("`data` must hold at least one of name, participants, languages, notes")
        for _ in range(MOST_TRIES):
            meeting = await self.named(user, platform, native_id, id)
            data = {**meeting.data, **given}
            change = Meeting.annotate if meeting.state in Meeting.over else Meeting.describe
            try:
                return await self._as(user).apply(change(meeting, data=data))
            except (Stale, WrongState):
                continue
        raise Conflict("the meeting changes too fast: try again")

    async def redact(self, user: User, platform: str, native_id: str, id: str | None = None) -> None:
        """Empty a meeting that is over, and its segments; the row stays. A repeat goes on where one broke off."""
        meeting = await self.named(user, platform, native_id, id)
        if meeting.state not in Meeting.over:
            raise Conflict("the meeting is not over: stop its bot first")
        await self._redaction.redact(meeting, by=f"user:{user.id}")

    # ------------------------------------------------------------------------------------ inside

    def _as(self, user: User) -> Store:
        return self._store.acting(f"user:{user.id}")

    async def _segments(self, meeting: Meeting) -> list[Segment]:
        found: list[Segment] = []
        after: str | None = None
        while len(found) < MOST_SEGMENTS:
            part = await self._store.find(Segment.kept, under=meeting.id, limit=PAGE, after=after)
            if not part:
                break
            found += part
            after = part[-1].id
        return found
