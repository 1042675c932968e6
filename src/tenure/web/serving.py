"""The server of a process: its WebSockets, its signals, and an end that waits for nobody too long."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from tenure.http.serving import running
from tenure.web.keepalive import Connection

STOP_SECONDS = 0.6
PING_SECONDS = 45.0
MOST_OF_A_MESSAGE = 64 * 1024


@asynccontextmanager
async def serving(app: ASGIApp, taken: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve while the body runs. Gives the task, which ends only when the server does."""
    async with running(
        app, taken, stop_seconds=STOP_SECONDS, ws=Connection, ws_max_size=MOST_OF_A_MESSAGE,
        ws_per_message_deflate=False, ws_ping_interval=PING_SECONDS, ws_ping_timeout=PING_SECONDS,
    ) as task:  # fmt: skip
        yield task


class Stop:
    """Waits for the signal to stop; `keep` says whether workers shall live on."""

    def __init__(self, *, keep_on_sigterm: bool) -> None:
        self._keep_on_sigterm = keep_on_sigterm
        self._asked = asyncio.Event()
        self.keep = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take what ends a process while the body runs; a second one ends it at once."""
        loop, numbers = asyncio.get_running_loop(), _ending()
        for number in numbers:
            loop.add_signal_handler(number, self._heard, number)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    @property
    def is_asked(self) -> bool:
        """Whether somebody has asked."""
        return self._asked.is_set()

    async def asked(self) -> None:
        """Wait until somebody asks."""
        await self._asked.wait()

    def _heard(self, number: signal.Signals) -> None:
        if self._asked.is_set():
            # Somebody does not want to wait: the process ends as if nobody had taken the signal.
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.keep = self._keep_on_sigterm and number == signal.SIGTERM
        self._asked.set()


def _ending() -> list[signal.Signals]:
    """Give the signals that end a process: that of a closed terminal too, unless somebody said not to (`nohup`)."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored else [signal.SIGHUP])]
