"""What users ask for: bots in meetings, and what became of them. Every read and write is one user's."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from tenure import NEXT, LimitReached, NotFound, NotUnder, Overdue, Refused, Stale, StateOf, Store, WrongState
from tenure.services.meetings.api.inputs import About, BotConfig, BotWanted
from tenure.services.meetings.api.rejections import Absent, Conflict, Invalid, NotNow, TooMany, Unauthorized
from tenure.services.meetings.lifecycle import Meeting, Segment, Session, User

NO_MEETING = "there is no such meeting"
BOT_NAME = "Tenure"
MOST_TRIES = 10
PAGE = 1000
MOST_SEGMENTS = 20_000
EVERY = StateOf(Meeting, (*Meeting.planned.names, *Meeting.live.names, *Meeting.over.names))


def new_run() -> str:
    """Make the part of a container's name that tells runs apart."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A meeting with what its bot heard, in order, and the bot's presences."""

    meeting: Meeting
    segments: list[Segment]
    sessions: list[Session]


class Attendance:
    """Bots in meetings, as their users see them."""

    def __init__(self, store: Store, *, make_run: Callable[[], str] = new_run) -> None:
        self._store, self._make_run = store, make_run
        self.closing = False

    # ------------------------------------------------------------------------------------ bots

    async def request(self, user: User, wanted: BotWanted) -> Meeting:
        """Reserve a slot; the bot's process follows at once."""
        if self.closing:
            raise NotNow("the server is stopping: try again in a moment")
        run = self._make_run()
        try:
            return await self._as(user).apply(
                Meeting.create(
                    NEXT,
                    user=user.id,
                    deduplication_key=run,
                    platform=wanted.platform,
                    native_id=wanted.native_meeting_id,
                    run=run,
                    language=wanted.language,
                    task=wanted.task,
                    passcode=wanted.passcode,
                    bot_name=wanted.bot_name or BOT_NAME,
                )
            )
        except LimitReached as refusal:
            if refusal.limit is Meeting.once:
                raise Conflict("you already have a bot in this meeting: stop that one first") from refusal
            raise TooMany(f"Maximum concurrent bots limit reached ({refusal.at_most}): stop one first") from refusal
        except NotUnder as refusal:
            raise Unauthorized("this needs a valid API key in the header X-API-Key") from refusal

    async def stop(self, user: User, platform: str, native_id: str) -> str:
        """Have the bot leave, in whatever state it is; says what will happen."""
        for _ in range(MOST_TRIES):
            meeting = await self.latest(user, platform, native_id)
            if meeting.state in Meeting.over:
                return "The bot had already left."
            if meeting.state == Meeting.stopping:
                return "The bot was already told to leave."
            if await self.end_attending(meeting, by=f"user:{user.id}", reason="stopped"):
                return "The bot is told to leave."
        raise Conflict("the bot's state changes too fast: try again")

    async def end_attending(self, meeting: Meeting, *, by: str, reason: str) -> bool:
        """Stop a bot, or cancel it before it has a process; False if the meeting changed meanwhile."""
        if meeting.holder is None and meeting.state == Meeting.reserved:
            # The record, not its id: if the process is launched meanwhile, this is refused.
            change = Meeting.cancel(meeting, ended_by=by, end_reason=reason)
        else:
            change = Meeting.stop(meeting.id, ended_by=by, end_reason=reason)
        try:
            await self._store.acting(by).apply(change, why=reason)
        except (Stale, WrongState):
            return False
        return True

    async def reconfigure(self, user: User, platform: str, native_id: str, config: BotConfig) -> None:
        """Send the bot other settings; it gets them even if it is not listening yet."""
        if config == BotConfig():
            raise Invalid("give at least one of language, task")
        for _ in range(MOST_TRIES):
            meeting = await self.latest(user, platform, native_id)
            try:
                await self._as(user).apply(
                    Meeting.reconfigure(
                        meeting,
                        language=meeting.language if config.language is None else config.language,
                        task=meeting.task if config.task is None else config.task,
                    )
                )
            except Stale:
                continue
            except WrongState:
                raise Conflict(f"the bot is {meeting.state}: only one that comes or attends takes settings") from None
            return
        raise Conflict("the bot's state changes too fast: try again")

    async def running(self, user: User) -> list[Meeting]:
        """Give the meetings in which the user has a bot now, oldest first."""
        return await self._store.find(Meeting.live, under=user.id, limit=PAGE)

    async def finish(self, id: str | None, reason: str | None) -> Meeting:
        """For admins: end a stuck meeting. Its process is ended too."""
        try:
            return await self._store.acting("admin").apply(
                Meeting.force_finish(id or "0", ended_by="admin"), why=reason or ""
            )
        except NotFound:
            raise Absent(NO_MEETING) from None
        except Overdue:
            raise Conflict("the meeting is just being ended by its deadline") from None
        except WrongState:
            raise Conflict("the meeting is over already") from None

    # ------------------------------------------------------------------------------------ meetings

    async def meetings(self, user: User, *, limit: int, before: str | None) -> list[Meeting]:
        """Give the user's meetings, newest first, those before an id."""
        return await self._store.find(EVERY, under=user.id, newest_first=True, limit=limit, after=before)

    async def latest(self, user: User, platform: str, native_id: str) -> Meeting:
        """Give the live meeting of this name, else the newest. Raises `Absent`."""
        live: list[Meeting] = await self._store.holding(Meeting.once, user.id, platform, native_id)
        if live:
            return live[0]
        before: str | None = None
        while part := await self.meetings(user, limit=PAGE, before=before):
            for meeting in part:
                if (meeting.platform, meeting.native_id) == (platform, native_id):
                    return meeting
            before = part[-1].id
        raise Absent(NO_MEETING)

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

    async def describe(self, user: User, platform: str, native_id: str, about: About) -> Meeting:
        """Write what a user says about a meeting over what was there."""
        given = msgspec.to_builtins(about)
        if not given:
            raise Invalid("`data` must hold at least one of name, participants, languages, notes")
        for _ in range(MOST_TRIES):
            meeting = await self.latest(user, platform, native_id)
            data = {**meeting.data, **given}
            change = Meeting.annotate if meeting.state in Meeting.over else Meeting.describe
            try:
                return await self._as(user).apply(change(meeting, data=data))
            except (Stale, WrongState):
                continue
        raise Conflict("the meeting changes too fast: try again")

    async def transcript(self, user: User, platform: str, native_id: str, id: str | None) -> Transcript:
        """Give a meeting with what was heard: the one of this id, or the newest."""
        meeting = await self.one(user, id, platform, native_id) if id else await self.latest(user, platform, native_id)
        segments = [s for s in await self._segments(meeting) if s.text]
        segments.sort(key=lambda segment: (segment.start, segment.at))
        sessions = await self._store.find(StateOf(Session, ("open", "closed")), under=meeting.id)
        return Transcript(meeting, segments, sessions)

    async def redact(self, user: User, platform: str, native_id: str) -> None:
        """Empty a meeting that is over, and its segments; the row stays. A repeat goes on where one broke off."""
        meeting = await self.latest(user, platform, native_id)
        if meeting.state not in Meeting.over:
            raise Conflict("the meeting is not over: stop its bot first")
        segments = await self._segments(meeting)
        for start in range(0, len(segments), 100):
            verdicts = await self._as(user).submit(
                [[Segment.redact(segment.id)] for segment in segments[start : start + 100]], why="redacted"
            )
            for verdict in verdicts:
                if isinstance(verdict, Refused):
                    raise verdict
        await self._as(user).apply(Meeting.redact(meeting.id), why="redacted")

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
