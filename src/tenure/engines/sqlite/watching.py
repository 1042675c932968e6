"""Whether another process wrote: Linux tells when the log's file is written to; elsewhere it is looked at often.

What was written is told by the file's time and by SQLite alone. Being told only says when to look.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Protocol

LOOK_SECONDS = 0.05
LOOK_AFTER_OWN_WRITES_SECONDS = 0.02
LOOK_ONCE_TOLD_SECONDS = 0.06  # by then the file's time is old enough, so that one look is enough
LOOK_UNTOLD_SECONDS = 1.0
IN_MODIFY = 0x2
SAME_TIME_NANOSECONDS = 50_000_000  # file systems stamp files by a clock that ticks every few milliseconds


class LogWatch:
    """Tells whether the log may have been written to since the last look, without a word to SQLite."""

    def __init__(self, path: Path) -> None:
        self.path = f"{path}-wal"
        self._seen: tuple[int, int, int] | None = None

    def moved(self) -> bool:
        """Look. Where the last write is so fresh that the next one may bear the same time, the next look says yes."""
        try:
            found = os.stat(self.path)  # noqa: PTH116  a path's own costs three times as much
        except OSError:
            return True
        mark = (found.st_ino, found.st_size, found.st_mtime_ns)
        moved = mark != self._seen
        self._seen = None if abs(time.time_ns() - found.st_mtime_ns) < SAME_TIME_NANOSECONDS else mark
        return moved

    @property
    def is_settled(self) -> bool:
        """Whether the next look says yes only if there was a write."""
        return self._seen is not None

    def forget(self) -> None:
        """Let the next look say yes."""
        self._seen = None


class Notices:
    """What Linux tells of writes to a file; elsewhere, and where it has no room for one more, `number` is None."""

    def __init__(self, path: str) -> None:
        self.number: int | None = None
        with suppress(AttributeError, OSError):
            system = ctypes.CDLL(None)
            number = system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if number >= 0 and system.inotify_add_watch(number, os.fsencode(path), IN_MODIFY) >= 0:
                self.number = number
            elif number >= 0:
                os.close(number)

    def take(self) -> None:
        """Take all that was told."""
        with suppress(BlockingIOError):
            while self.number is not None and os.read(self.number, 4096):
                pass

    def close(self) -> None:
        """Be told no more: Linux gives few of these to each user."""
        if self.number is not None:
            os.close(self.number)
            self.number = None

    def __del__(self) -> None:
        self.close()


class Looks(Protocol):
    """Whoever wants to know what others wrote."""

    def has_written(self) -> bool:
        """Tell whether it wrote since it was asked last: then it found out what others had written before."""
        ...

    async def look_for_others(self) -> bool:
        """Find out what others wrote, and tell whether that was all there is to come."""
        ...


class Watching:
    """Looks at the log, and has its owner look for others when it has moved, until the owner is gone.

    Looks are timers, not a task that sleeps: they are most of what an idle store does, and so they cost half. While
    the owner writes without a pause there are none: each would wait for the thread that writes, and hold it up.
    """

    def __init__(self, log: LogWatch, owner: Looks) -> None:
        self._log, self._owner = log, weakref.ref(owner)
        self._loop = asyncio.get_running_loop()
        self._notices = Notices(log.path)
        self._telling: asyncio.Task[None] | None = None
        self._timer: asyncio.Handle = self._loop.call_soon(self._look)

    async def end(self) -> None:
        """Look no more."""
        self._timer.cancel()
        self._listen(listening=False)
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        self._notices.close()

    def _look(self) -> None:
        owner = self._owner()
        self._listen(listening=False)
        self._notices.take()  # before the file is looked at: what comes after this is told anew
        if owner is not None and owner.has_written():
            self._timer = self._loop.call_later(LOOK_AFTER_OWN_WRITES_SECONDS, self._look)
        elif owner is not None and self._log.moved():
            self._telling = self._loop.create_task(self._tell(owner), name="looks for other writers")
        elif owner is not None:
            self._wait()

    async def _tell(self, owner: Looks) -> None:
        if not await owner.look_for_others():
            self._log.forget()
        self._telling = None
        self._wait()

    def _wait(self) -> None:
        told = self._notices.number is not None and self._log.is_settled
        self._timer = self._loop.call_later(LOOK_UNTOLD_SECONDS if told else LOOK_SECONDS, self._look)
        self._listen(listening=told)

    def _listen(self, *, listening: bool) -> None:
        """Hear of writes, or be deaf to them: while many are made, one look a while later is enough for all."""
        if self._notices.number is not None and listening:
            self._loop.add_reader(self._notices.number, self._told)
        elif self._notices.number is not None:
            self._loop.remove_reader(self._notices.number)

    def _told(self) -> None:
        self._timer.cancel()
        self._listen(listening=False)
        self._timer = self._loop.call_later(LOOK_ONCE_TOLD_SECONDS, self._look)
