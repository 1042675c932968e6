"""What goes on in the background: bots are started and ended with their records, and the two are kept in step."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from datetime import timedelta

import msgspec

from tenure import (
    Change,
    Claim,
    Delivery,
    LimitReached,
    NotFound,
    NotHolder,
    NotUnder,
    OutcomeUnknown,
    Retry,
    Store,
    Unavailable,
    WrongState,
    seconds,
)
from tenure.services.meetings.bot.settings import BotSettings
from tenure.services.meetings.lifecycle import Meeting, Session
from tenure.services.meetings.platforms import address, room
from tenure.services.meetings.runtimes.runtime import Process, Runtime, RuntimeAway, RuntimeFailed
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.signing import secret_for
from tenure.store.keeping import Loop

RECONCILE_SECONDS = 5.0
SOON = Retry(first=seconds(1), most=seconds(10))
"""What waits for a slot, a runtime or a record is tried again soon: the record's own deadline ends that."""

ROUNDS_PER_PRUNING = 500
AS_TOLD = (0, 143, None)
"""How a process ends that was told to: by itself, or by a signal. None: nobody could tell."""

UNSEEN_FOR = seconds(30)
UNSTARTED_FOR = seconds(5)
AT_ONCE = 100


class Loops:
    """Starts, ends and reconciles bots."""

    def __init__(self, store: Store, runtime: Runtime, settings: Settings) -> None:
        self._store, self._runtime, self._settings = store, runtime, settings
        self.away = ""
        """Why the runtime could not be reached at the last look; empty if it was."""

    def all(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        deliver = self._store.deliver
        return {
            "begin": lambda: deliver(Meeting.begin, self.begin, retry=SOON, at_once=AT_ONCE),
            "start_process": lambda: deliver(Meeting.start_process, self.start_process, retry=SOON, at_once=AT_ONCE),
            "end_process": lambda: deliver(Meeting.end_process, self.end_process, retry=SOON, at_once=AT_ONCE),
            "end_meeting": lambda: deliver(Session.end_meeting, self.end_meeting, retry=SOON),
            "reconcile": self._reconcile_for_ever,
        }

    # ------------------------------------------------------------------------------------ effects

    async def begin(self, effect: Delivery[Meeting]) -> None:
        """Reserve a bot whose time has come. While its user has no slot for it this is tried again, for 5 minutes."""
        meeting = effect.record
        try:
            await self._store.acting("server").apply(Meeting.reserve(meeting.id), op=f"{meeting.container}/reserve")
        except NotUnder:
            await self._give_up(meeting, "user_deleted")
        except LimitReached as refusal:
            if refusal.limit is not Meeting.once:
                raise
            await self._give_up(meeting, "already_attended")

    async def start_process(self, effect: Delivery[Meeting]) -> None:
        """Launch the record, then start its bot. A repeat finds the launch made and the name started."""
        await self._start(await self._store.get(Meeting, effect.record.id))

    async def end_process(self, effect: Delivery[Meeting]) -> None:
        """Whoever ended the record: its process ends too."""
        await self._runtime.end(effect.record.container, grace_seconds=self._settings.leave_seconds)

    async def end_meeting(self, effect: Delivery[Session]) -> None:
        """Fail the meeting whose bot beats, but captures nothing any more. One that is leaving anyway may leave."""
        session = await self._store.get(Session, effect.record.id)
        meeting = await self._store.get(Meeting, session.meeting)
        if session.state == Session.stalled and meeting.state in Meeting.attending:
            # The record: if it moves meanwhile this is tried again, and finds whether it still holds.
            change = Meeting.force_finish(meeting, ended_by="server", failure_reason="capture_stalled")
            await self._store.acting("server").apply(change, why="the bot beat on, but captured nothing for 2 minutes")

    # ------------------------------------------------------------------------------------ reconciling

    async def reconcile(self) -> None:
        """End processes without a live record; fail records whose process died; start what was never started.

        What goes wrong with one of them is that one's alone, and is seen again at the next look.
        """
        # The processes first: what is started after this look has a record that the next look finds.
        bots = {bot.name: bot for bot in await self._runtime.bots()}
        live = {meeting.container: meeting for meeting in await self.live()}
        now = await self._store.now()
        steps = [
            *(self._without_process(m, now - m.beaten_at) for name, m in live.items() if name not in bots),
            *(self._after_process(bot, live.get(bot.name)) for bot in bots.values() if not bot.running),
            *(self._end_orphan(bot) for bot in bots.values() if bot.running and bot.name not in live),
        ]
        for outcome in await asyncio.gather(*steps, return_exceptions=True):
            if isinstance(outcome, Exception):
                self._store.log.warning("reconciling_one_failed", error=type(outcome).__name__, said=str(outcome))

    async def live(self) -> list[Meeting]:
        """Give all meetings that are not over."""
        found: list[Meeting] = []
        while part := await self._store.find(Meeting.live, after=found[-1].id if found else None):
            found += part
        return found

    async def _reconcile_for_ever(self) -> None:
        for round_number in itertools.count():
            try:
                await self.reconcile()
                if round_number % ROUNDS_PER_PRUNING == 0:
                    await self._runtime.prune(older_than_seconds=self._settings.log_days * 86400)
                self._note_runtime("")
            except RuntimeAway as error:
                self._note_runtime(str(error))
            except (Unavailable, OutcomeUnknown) as error:
                self._store.log.warning("reconcile_failed", error=str(error))
            try:
                async with asyncio.timeout(RECONCILE_SECONDS):
                    await self._runtime.changed()
            except TimeoutError:
                continue

    async def _start(self, meeting: Meeting) -> None:
        if meeting.state in Meeting.over:
            return
        if meeting.holder is None:
            # One op id, whoever starts it: two at once get one launch under one fence.
            meeting, _ = await self._store.acting(meeting.container).apply(
                Meeting.launch(meeting.id),
                Session.create(meeting.container, meeting=meeting.id),
                op=f"{meeting.container}/launch",
            )
        try:
            await self._runtime.start(meeting.container, {"BOT_CONFIG": self._bot_config(meeting)})
        except (RuntimeFailed, OSError) as error:  # a broken image, a full disk: this one's end, and no other's
            await self._fail(meeting.claim, "start_failed", str(error))

    async def _without_process(self, meeting: Meeting, unseen: timedelta) -> None:
        """Do what is right for a live record whose process no runtime knows."""
        never_beat = meeting.beaten_at <= meeting.changed_at
        if meeting.state == Meeting.reserved and never_beat:
            # A server was killed after it had taken the effect: that comes again only when its time is over.
            if unseen > UNSTARTED_FOR:
                with suppress(NotFound, WrongState):
                    await self._start(meeting)
        elif meeting.holder is not None and unseen > UNSEEN_FOR:
            await self._end_gone(meeting, None, "bot_process_missing", "no runtime knows its process")

    async def _after_process(self, bot: Process, meeting: Meeting | None) -> None:
        """End the record of a process that is gone, if it is live still; then forget the process."""
        if meeting is not None:
            code = "unknown" if bot.exit_code is None else bot.exit_code
            why = f"exit code {code}{bot.cause and f': {bot.cause}'}"
            await self._end_gone(meeting, bot.exit_code, "bot_process_died", why)
        await self._runtime.forget(bot.name)

    async def _end_gone(self, meeting: Meeting, exit_code: int | None, failure_reason: str, why: str) -> None:
        """Fail the record of a process that is gone, unless it was told to leave: then it has left.

        It may have done so while nobody listened to its farewell, such as while the server was away.
        """
        if meeting.state == Meeting.stopping and exit_code in AS_TOLD:
            by, reason = meeting.ended_by or "bot", meeting.end_reason or "left"
            await self._end(Meeting.exited(meeting.claim, ended_by=by, end_reason=reason), why)
        else:
            await self._fail(meeting.claim, failure_reason, why)

    async def _end_orphan(self, bot: Process) -> None:
        await self._runtime.end(bot.name, grace_seconds=self._settings.leave_seconds)

    def _note_runtime(self, away: str) -> None:
        """Say once that the runtime is away, and once that it is back."""
        if away and not self.away:
            self._store.log.warning("runtime_away", error=away)
        elif self.away and not away:
            self._store.log.info("runtime_back")
        self.away = away

    async def _give_up(self, meeting: Meeting, failure_reason: str) -> None:
        change = Meeting.force_finish(meeting.id, ended_by="server", failure_reason=failure_reason)
        await self._store.acting("server").apply(change)

    async def _fail(self, claim: Claim[Meeting], failure_reason: str, why: str) -> None:
        await self._end(Meeting.crashed(claim, failure_reason=failure_reason, ended_by="server"), why)

    async def _end(self, change: Change[Meeting], why: str) -> None:
        try:
            await self._store.acting("server").apply(change, why=why)
        except (NotFound, NotHolder, WrongState):
            return  # it ended in another way meanwhile

    def _bot_config(self, meeting: Meeting) -> str:
        settings, local = self._settings, meeting.platform == "local" or self._settings.stand_in
        connection = str(meeting.claim)
        platform = "local" if local else meeting.platform
        native_id = room(meeting.platform, meeting.native_id) if local else meeting.native_id
        bot = BotSettings(
            meeting_id=meeting.number,
            connection_id=connection,
            callback_url=settings.callback_url,
            callback_secret=secret_for(settings.server_key, connection),
            platform=platform,
            native_meeting_id=meeting.native_id,
            meeting_url=address(platform, native_id, page_url=settings.page_url_for_bots),
            bot_name=meeting.bot_name,
            language=meeting.language,
            task=meeting.task,
            passcode=meeting.passcode,
            heartbeat_seconds=settings.heartbeat_seconds,
            join_timeout_seconds=settings.join_timeout_seconds,
            alone_seconds=meeting.alone_seconds,
            silence_seconds=meeting.silence_seconds,
        )
        return msgspec.json.encode(bot).decode()
