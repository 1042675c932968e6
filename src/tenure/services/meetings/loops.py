"""What goes on in the background: bots are started and ended with their records, and the two are kept in step."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from datetime import timedelta

import msgspec

from tenure import (
    Claim,
    Delivery,
    NotFound,
    NotHolder,
    OutcomeUnknown,
    Store,
    Unavailable,
    WrongState,
    seconds,
)
from tenure.services.meetings.bot.settings import BotSettings
from tenure.services.meetings.lifecycle import Meeting, Session
from tenure.services.meetings.platforms import address, room
from tenure.services.meetings.runtimes.runtime import Process, Runtime, RuntimeFailed
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.signing import secret_for

RECONCILE_SECONDS = 5.0
ROUNDS_PER_PRUNING = 500
UNSEEN_FOR = seconds(30)
UNSTARTED_FOR = seconds(5)
AT_ONCE = 100


class Loops:
    """Starts, ends and reconciles bots."""

    def __init__(self, store: Store, runtime: Runtime, settings: Settings) -> None:
        self._store, self._runtime, self._settings = store, runtime, settings

    async def run(self) -> None:
        """Do all of it until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._store.deliver(Meeting.start_process, self.start_process, at_once=AT_ONCE))
            group.create_task(self._store.deliver(Meeting.end_process, self.end_process, at_once=AT_ONCE))
            group.create_task(self._reconcile_for_ever())

    # ------------------------------------------------------------------------------------ effects

    async def start_process(self, effect: Delivery[Meeting]) -> None:
        """Launch the record, then start its bot. A repeat finds the launch made and the name started."""
        await self._start(await self._store.get(Meeting, effect.record.id))

    async def end_process(self, effect: Delivery[Meeting]) -> None:
        """Whoever ended the record: its process ends too."""
        await self._runtime.end(effect.record.container, grace_seconds=self._settings.leave_seconds)

    # ------------------------------------------------------------------------------------ reconciling

    async def reconcile(self) -> None:
        """End processes without a live record; fail records whose process died; start what was never started."""
        # The processes first: what is started after this look has a record that the next look finds.
        bots = {bot.name: bot for bot in await self._runtime.bots()}
        live = {meeting.container: meeting for meeting in await self.live()}
        now = await self._store.now()
        for name, meeting in live.items():
            if name not in bots:
                await self._without_process(meeting, now - meeting.beaten_at)
        for bot in bots.values():
            if not bot.running:
                await self._after_process(bot, live.get(bot.name))
        orphans = [bot.name for bot in bots.values() if bot.running and bot.name not in live]
        await asyncio.gather(*(self._runtime.end(name, grace_seconds=self._settings.leave_seconds) for name in orphans))

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
        except RuntimeFailed as error:
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
            await self._fail(meeting.claim, "bot_process_missing", "no runtime knows its process")

    async def _after_process(self, bot: Process, meeting: Meeting | None) -> None:
        """Fail the record of a process that died, if it is live still; then forget the process."""
        if meeting is not None:
            code = "unknown" if bot.exit_code is None else bot.exit_code
            await self._fail(meeting.claim, "bot_process_died", f"exit code {code}")
        await self._runtime.forget(bot.name)

    async def _fail(self, claim: Claim[Meeting], failure_reason: str, why: str) -> None:
        change = Meeting.crashed(claim, failure_reason=failure_reason, ended_by="server")
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
            meeting_url=address(platform, native_id, page_url=settings.page_url),
            bot_name=meeting.bot_name,
            language=meeting.language,
            task=meeting.task,
            passcode=meeting.passcode,
            heartbeat_seconds=settings.heartbeat_seconds,
            join_timeout_seconds=settings.join_timeout_seconds,
        )
        return msgspec.json.encode(bot).decode()
