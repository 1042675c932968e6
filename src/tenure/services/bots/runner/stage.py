"""Where players play: an event loop in a thread of its own, so that a player that blocks it holds up no beat.

A player that waits too long is merely cancelled when its match ends. One that blocks (a loop without `await`, a
`time.sleep`) stops the thread, with all that play there: then that one is given up with its thread, which nobody can
end, and the others begin again on a new one. They read from their rooms how things stand.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from tenure.store.logging import Log

Perform = Callable[[aiohttp.ClientSession], Awaitable[None]]

LOOK_SECONDS = 0.25
END_SECONDS = 2.0
MOST_LEFT = 3
"""So many threads may be left behind at a time; with the next one the runner ends, and gives its bots to another."""


class PlayerBlocks(Exception):  # noqa: N818  it says what is so
    """The player has blocked the thread in which all play."""


class PlayerFailed(Exception):  # noqa: N818  it says what is so
    """The player has raised; the message says what."""


class StageLost(Exception):  # noqa: N818  it says what is so
    """Another player has blocked the thread: begin again."""


class Loop:
    """One thread with its event loop, and the HTTP session of those who play in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Who has blocked it."""
        self._thread = threading.Thread(target=self._run, name="players", daemon=True)
        self._thread.start()
        self._http: aiohttp.ClientSession | None = None

    async def perform(self, name: str, perform: Perform) -> None:
        """Let somebody play here. Raises what goes wrong with it as one of the three errors."""
        playing = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._perform(name, perform), self.loop))
        try:
            ends: list[asyncio.Future[Any]] = [playing, self.lost]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                raise PlayerBlocks(_blocks(name)) if self.lost.result() == name else StageLost
            await playing
        finally:
            playing.cancel()

    async def answers(self, within: float) -> bool:
        """Tell whether the thread does what it is asked to."""
        answered = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self.loop))
        done, _ = await asyncio.wait({answered}, timeout=within)
        answered.cancel()
        return bool(done)

    def blocked_by(self) -> str:
        """Give who is running in the thread at this moment."""
        task = asyncio.current_task(self.loop)
        return "" if task is None else task.get_name()

    @property
    def lives(self) -> bool:
        """Whether the thread is there still."""
        return self._thread.is_alive()

    def leave(self, name: str) -> None:
        """Leave a thread behind that is blocked; should it ever go on, it ends."""
        self.lost.set_result(name)
        asyncio.run_coroutine_threadsafe(self._end(), self.loop)

    async def end(self) -> None:
        """End all that play here, and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self.loop)
        await asyncio.to_thread(self._thread.join, END_SECONDS)
        self.lost.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.close()

    async def _perform(self, name: str, perform: Perform) -> None:
        task = asyncio.current_task()
        if task is not None:
            task.set_name(name)
        if self._http is None:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        try:
            await perform(self._http)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # also a SystemExit: it must not end the others' thread
            raise PlayerFailed(f"{type(error).__name__}: {error}"[:MOST_OF_AN_ERROR]) from error

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=END_SECONDS / 2)
        if self._http is not None:
            await self._http.close()
        self.loop.stop()


MOST_OF_AN_ERROR = 300


def _blocks(name: str) -> str:
    return f"{name} keeps its thread busy and lets nobody else play: what takes long belongs into `asyncio.to_thread`"


class Stage:
    """Lets players play, each for itself: `blocked_seconds` is how long one may keep the thread to itself."""

    def __init__(self, log: Log, *, blocked_seconds: float = 5.0) -> None:
        self._log, self._blocked_seconds = log, blocked_seconds
        self._loop: Loop | None = None
        self._watching: asyncio.Task[None] | None = None
        self._left: list[Loop] = []
        self.broken = asyncio.Event()
        """Set when too many players have blocked their threads."""

    async def __aenter__(self) -> Self:
        self._loop = Loop()
        self._watching = asyncio.create_task(self._watch(), name="watches the players")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._loop is not None:
            await self._loop.end()

    async def perform(self, name: str, perform: Perform) -> None:
        """Let somebody play. Raises `PlayerFailed`, `PlayerBlocks`, or `StageLost`: then begin again."""
        await self._now().perform(name, perform)

    def _now(self) -> Loop:
        if self._loop is None:
            raise RuntimeError("a Stage is used inside `async with`")
        return self._loop

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            loop = self._now()
            # Asked twice: where the whole process was paused, the time is over before anybody could answer.
            if await loop.answers(self._blocked_seconds) or await loop.answers(LOOK_SECONDS):
                continue
            name = loop.blocked_by()
            self._log.error("player_blocks", player=name, seconds=self._blocked_seconds)
            self._loop = Loop()
            loop.leave(name)
            self._left = [left for left in (*self._left, loop) if left.lives]
            if len(self._left) > MOST_LEFT:
                self.broken.set()
