"""The meetings service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from tenure import Store, WrongState
from tenure.services.meetings.accounts import Accounts
from tenure.services.meetings.archive import Archive
from tenure.services.meetings.attendance import Attendance
from tenure.services.meetings.callbacks import Callbacks
from tenure.services.meetings.following import Feed
from tenure.services.meetings.kinds import kinds
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.loops import Loops
from tenure.services.meetings.page.service import Page
from tenure.services.meetings.retention import Redaction, Retention
from tenure.services.meetings.runtimes.runtime import Runtime, RuntimeAway
from tenure.services.meetings.screenshots import Screenshots
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.usage import Usages
from tenure.services.meetings.webhooks.service import Webhooks
from tenure.store.keeping import Keeper
from tenure.webhooks.addresses import Guard

__all__ = ["MeetingsService", "kinds"]

SHUT_DOWN_SECONDS = 4.0


class MeetingsService:
    """Everything that one server does for meetings. One space holds all users, so their limits hold across it."""

    def __init__(
        self, store: Store, runtime: Runtime, settings: Settings, *, now: Callable[[], float] = time.time
    ) -> None:
        self.store, self.runtime, self.settings = store, runtime, settings
        self._closing = asyncio.Event()
        folder = settings.folder and settings.folder / "screenshots"
        self.screenshots = Screenshots(store, folder)
        guard, redaction = Guard(private=settings.webhook_private), Redaction(store, self.screenshots.discard)
        self.accounts = Accounts(
            store, admin_key=settings.admin_key, max_concurrent_bots=settings.max_concurrent_bots, guard=guard
        )
        self.archive = Archive(store, redaction)
        self.attendance = Attendance(store, self.archive, settings)
        self.callbacks = Callbacks(
            store, settings.server_key, now, self._closing, self.screenshots, beats_seconds=settings.beats_seconds
        )
        self.feed = Feed(store)
        self.page = Page(store, settings.server_key, self._closing)
        self.loops = Loops(store, runtime, settings)
        self.webhooks = Webhooks(store, settings, guard)
        self.usage = Usages(store)
        self.retention = Retention(store, redaction, settings.retention_days)
        self.keeper = Keeper(store)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background loops while the body runs. The bots outlive it; `shut_down` ends them."""
        async with self.runtime:
            work = asyncio.create_task(self._work(), name="meetings")
            try:
                yield
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    @property
    def trouble(self) -> str:
        """What is wrong with the background work; empty if nothing is. What ended by an error is begun again."""
        away = [f"the runtime is away: {self.loops.away}"] if self.loops.away else []
        return "; ".join([*self.keeper.troubles.values(), *away])

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            loops = {
                **self.loops.all(),
                **self.webhooks.loops(),
                "usage": self.usage.run,
                "retention": self.retention.run,
                "screenshots": self.screenshots.run,
            }
            for name, loop in loops.items():
                group.create_task(self.keeper.keep(name, loop))

    async def shut_down(self, *, keep: bool) -> None:
        """Prepare for the server's end, while it still serves: bots report to it.

        With `keep`, bots are left alone and reattach to the next server. Otherwise each is told to leave and ended
        after 4 seconds, with the reason `server_shutdown`.
        """
        self.attendance.closing = True
        if not keep:
            await self._end_all()
        self._closing.set()
        await self.feed.close()

    async def _end_all(self) -> None:
        live = await self.loops.live()
        for meeting in live:
            await self.attendance.end_attending(meeting, by="server", reason="server_shutdown")
        await asyncio.gather(*(self._end_one(meeting) for meeting in live))

    async def _end_one(self, meeting: Meeting) -> None:
        with suppress(RuntimeAway):  # the next server ends what it finds
            await self.runtime.end(meeting.container, grace_seconds=SHUT_DOWN_SECONDS)
        with suppress(WrongState):
            await self.store.acting("server").apply(
                Meeting.force_finish(meeting.id, ended_by="server", failure_reason="server_shutdown"),
                why="the server was stopped and the bot did not report its end",
            )
