"""What users ask for: bots in meetings, now or later. Every read and write is one user's."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from tenure import NEXT, Change, LimitReached, NotFound, NotUnder, Overdue, Stale, Store, WrongState
from tenure.http.rejections import Absent, Conflict, Invalid, NotNow, TooMany, Unauthorized
from tenure.services.meetings.api.inputs import BotConfig, BotWanted
from tenure.services.meetings.archive import NO_MEETING, Archive
from tenure.services.meetings.booking import place_of, rules_of, start_of
from tenure.services.meetings.lifecycle import Meeting, User
from tenure.services.meetings.platforms import Place
from tenure.services.meetings.settings import Settings

BOT_NAME = "Tenure"
MOST_TRIES = 10
TOO_FAST = "the bot's state changes too fast: try again"


def new_run() -> str:
    """Make the part of a container's name that tells runs apart."""
    return secrets.token_hex(4)


class Attendance:
    """Bots in meetings, as their users order them about."""

    def __init__(
        self, store: Store, archive: Archive, settings: Settings, *, make_run: Callable[[], str] = new_run
    ) -> None:
        self._store, self._archive, self._settings, self._make_run = store, archive, settings, make_run
        self.closing = False

    # ------------------------------------------------------------------------------------ asking

    async def request(self, user: User, wanted: BotWanted) -> tuple[Meeting, bool]:
        """Reserve a slot, or plan a bot for later; give the meeting, and whether it is new.

        The bot's process follows at once, or at its time. A repeat of a deduplication key gives the meeting that
        has it.
        """
        if self.closing:
            raise NotNow("the server is stopping: try again in a moment")
        place = place_of(wanted, page_url=self._settings.page_url)
        join_at = start_of(wanted.join_at, await self._store.now()) if wanted.join_at else None
        change = self._created(user, wanted, place, planned=join_at is not None)
        for _ in range(MOST_TRIES):
            try:
                return await self._as(user).apply(change), True
            except LimitReached as refusal:
                if refusal.limit is not Meeting.once_per_key:
                    raise _full(refusal) from refusal
                same = await self._holder(refusal)
            except NotUnder as refusal:
                raise Unauthorized("this needs a valid API key in the header X-API-Key") from refusal
            if same is not None:
                return _repeated(same, place), False
        raise Conflict(TOO_FAST)

    def _created(self, user: User, wanted: BotWanted, place: Place, *, planned: bool) -> Change[Meeting]:
        run, rules = self._make_run(), rules_of(wanted.automatic_leave, self._settings)
        return Meeting.create_in(
            Meeting.scheduled if planned else Meeting.reserved,
            NEXT,
            user=user.id,
            platform=place.platform,
            native_id=place.native_id,
            passcode=place.passcode,
            join_at=wanted.join_at,
            deduplication_key=wanted.deduplication_key or run,
            run=run,
            bot_name=wanted.bot_name or BOT_NAME,
            language=wanted.language,
            task=wanted.task,
            alone_seconds=rules.alone_seconds,
            silence_seconds=rules.silence_seconds,
            waiting_room_limit=rules.waiting_room,
            longest=rules.longest,
        )

    async def _holder(self, refusal: LimitReached) -> Meeting | None:
        """Give the meeting that has the key; None if it ended meanwhile, and the key is free again."""
        meeting = await self._store.get(Meeting, refusal.holders[0])
        return None if meeting.state in Meeting.over else meeting

    async def reschedule(
        self, user: User, platform: str, native_id: str, join_at: datetime, id: str | None = None
    ) -> Meeting:
        """Move a scheduled bot to another time; one within the next seconds, or just past, is at once."""
        meeting = await self._archive.named(user, platform, native_id, id)
        start_of(join_at, await self._store.now())
        try:
            return await self._as(user).apply(Meeting.reschedule(meeting.id, join_at=join_at))
        except WrongState:
            raise Conflict(
                "only a bot that is still scheduled can be moved, and this one is not: where several meetings have "
                "this name, say which one by ?meeting_id="
            ) from None

    # ------------------------------------------------------------------------------------ stopping

    async def stop(self, user: User, platform: str, native_id: str, id: str | None = None) -> str:
        """Have the bot leave, in whatever state it is, or never come; says what will happen."""
        for _ in range(MOST_TRIES):
            meeting = await self._archive.named(user, platform, native_id, id)
            if meeting.state in Meeting.over:
                return "The bot had already left."
            if meeting.state == Meeting.stopping:
                return "The bot was already told to leave."
            if await self.end_attending(meeting, by=f"user:{user.id}", reason="stopped"):
                return "The bot is told to leave." if meeting.holder else "The bot is cancelled: it will not come."
        raise Conflict(TOO_FAST)

    async def end_attending(self, meeting: Meeting, *, by: str, reason: str) -> bool:
        """Stop a bot, or cancel it before it has a process; False if the meeting changed meanwhile."""
        if meeting.holder is None and meeting.state != Meeting.stopping:
            # The record, not its id: if the process is launched meanwhile, this is refused.
            change = Meeting.cancel(meeting, ended_by=by, end_reason=reason)
        else:
            change = Meeting.stop(meeting.id, ended_by=by, end_reason=reason)
        try:
            await self._store.acting(by).apply(change, why=reason)
        except (Stale, WrongState):
            return False
        return True

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

    # ------------------------------------------------------------------------------------ commands

    async def reconfigure(
        self, user: User, platform: str, native_id: str, config: BotConfig, id: str | None = None
    ) -> None:
        """Send the bot other settings; it gets them even if it is not listening yet."""
        if config == BotConfig():
            raise Invalid("give at least one of language, task")

        def change(meeting: Meeting) -> Change[Meeting]:
            return Meeting.reconfigure(
                meeting,
                language=meeting.language if config.language is None else config.language,
                task=meeting.task if config.task is None else config.task,
            )

        await self._command(user, platform, native_id, id, change)

    async def pause(self, user: User, platform: str, native_id: str, id: str | None = None) -> None:
        """Have the bot capture nothing until it is resumed; a repeat changes nothing."""
        await self._command(user, platform, native_id, id, lambda m: None if m.paused else Meeting.pause(m))

    async def resume(self, user: User, platform: str, native_id: str, id: str | None = None) -> None:
        """Have the bot capture again; a repeat changes nothing."""
        await self._command(user, platform, native_id, id, lambda m: Meeting.resume(m) if m.paused else None)

    async def _command(
        self,
        user: User,
        platform: str,
        native_id: str,
        id: str | None,
        change: Callable[[Meeting], Change[Meeting] | None],
    ) -> None:
        for _ in range(MOST_TRIES):
            meeting = await self._archive.named(user, platform, native_id, id)
            if meeting.state not in Meeting.attending:
                raise Conflict(f"the bot is {meeting.state}: only one that comes or attends can be told this")
            wanted = change(meeting)
            try:
                if wanted is not None:
                    await self._as(user).apply(wanted)
            except (Stale, WrongState):
                continue
            return
        raise Conflict(TOO_FAST)

    async def running(self, user: User) -> list[Meeting]:
        """Give the meetings in which the user has a bot now, oldest first."""
        live: list[Meeting] = await self._store.holding(Meeting.slots, user.id)
        return sorted(live, key=lambda meeting: meeting.number)

    def _as(self, user: User) -> Store:
        return self._store.acting(f"user:{user.id}")


def _full(refusal: LimitReached) -> Conflict | TooMany:
    """Say which limit is in the way."""
    if refusal.limit is Meeting.once:
        return Conflict("you already have a bot in this meeting: stop that one first")
    if refusal.limit is Meeting.schedule:
        return TooMany(f"Maximum scheduled bots limit reached ({refusal.at_most}): cancel one first")
    return TooMany(f"Maximum concurrent bots limit reached ({refusal.at_most}): stop one first")


def _repeated(meeting: Meeting, place: Place) -> Meeting:
    """Give the meeting that has the key already, if it is the one that is asked for."""
    if (meeting.platform, meeting.native_id) != (place.platform, place.native_id):
        raise Conflict(
            f"`deduplication_key` belongs to your meeting {meeting.number}, which is another one: take a key of its own"
        )
    return meeting
