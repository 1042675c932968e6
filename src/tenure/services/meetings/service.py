"""The meetings service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tenure import Store, WrongState
from tenure.services.meetings import lifecycle
from tenure.services.meetings.accounts import Accounts
from tenure.services.meetings.attendance import Attendance
from tenure.services.meetings.callbacks import Callbacks
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.loops import Loops
from tenure.services.meetings.page import lifecycle as page_lifecycle
from tenure.services.meetings.page.service import Page
from tenure.services.meetings.runtimes.processes import Processes
from tenure.services.meetings.runtimes.runtime import Runtime
from tenure.services.meetings.settings import Settings

kinds = (*lifecycle.kinds, *page_lifecycle.kinds)
"""What the store must be opened with."""

BOT = (sys.executable, "-m", "tenure.services.meetings.bot")
SHUT_DOWN_SECONDS = 4.0


class MeetingsService:
    """Everything that one server does for meetings. One space holds all users, so their limits hold across it."""

    def __init__(
        self, store: Store, runtime: Runtime, settings: Settings, *, now: Callable[[], float] = time.time
    ) -> None:
        self.store, self.runtime, self.settings = store, runtime, settings
        self._closing = asyncio.Event()
        self.accounts = Accounts(store, admin_key=settings.admin_key, max_concurrent_bots=settings.max_concurrent_bots)
        self.attendance = Attendance(store)
        self.callbacks = Callbacks(store, settings.server_key, now, self._closing)
        self.page = Page(store, settings.server_key, self._closing)
        self.loops = Loops(store, runtime, settings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background loops while the body runs. The bots outlive it; `shut_down` ends them."""
        async with self.runtime:
            work = asyncio.create_task(self.loops.run(), name="meetings")
            try:
                yield
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    async def shut_down(self, *, keep: bool) -> None:
        """Prepare for the server's end, while it still serves: bots report to it.

        With `keep`, bots are left alone and reattach to the next server. Otherwise each is told to leave and ended
        after 4 seconds, with the reason `server_shutdown`.
        """
        self.attendance.closing = True
        if not keep:
            await self._end_all()
        self._closing.set()

    async def _end_all(self) -> None:
        live = await self.loops.live()
        for meeting in live:
            await self.attendance.end_attending(meeting, by="server", reason="server_shutdown")
        await asyncio.gather(*(self._end_one(meeting) for meeting in live))

    async def _end_one(self, meeting: Meeting) -> None:
        await self.runtime.end(meeting.container, grace_seconds=SHUT_DOWN_SECONDS)
        with suppress(WrongState):
            await self.store.acting("server").apply(
                Meeting.force_finish(meeting.id, ended_by="server", failure_reason="server_shutdown"),
                why="the server was stopped and the bot did not report its end",
            )


def process_runtime(folder: Path) -> Runtime:
    """Give the runtime that needs nothing installed; logs and state of bots lie in the folder."""
    return Processes(folder, BOT)
