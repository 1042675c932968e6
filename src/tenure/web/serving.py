"""The server in this process: its socket, its signals, and an end that waits for nobody too long."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from tenure.core.errors import TenureError
from tenure.web.keepalive import Connection

STOP_SECONDS = 0.6
PING_SECONDS = 45.0
TICK_SECONDS = 1.0
MOST_OF_A_MESSAGE = 64 * 1024
UNREAD_MILLISECONDS = 60_000


class AddressTaken(TenureError):  # noqa: N818
    """Something else listens at the address."""


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to its caller, and sleeps while it has nothing to do."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let it end."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Tick once a second, for the header `Date`. A uvicorn looks ten times whether it is to end."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """Take the address, before anything else is started. Raises `AddressTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol's number asyncio leaves Nagle's algorithm on, and each answer waits 40 ms.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections inherit it: one whose other side reads nothing more is let go, and its memory with it.
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    try:
        taken.bind((host, port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressTaken(
                f"port {port} of {host} is taken by another program: end that one, or take another port "
                f"with --port or PORT"
            ) from None
        raise AddressTaken(f"{host}:{port} can't be listened at ({error.strerror}): check HOST and PORT") from None
    return taken


@asynccontextmanager
async def serving(app: ASGIApp, taken: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve while the body runs. Gives the task, which ends only when the server does."""
    settings = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1,
        proxy_headers=False, ws=Connection, ws_max_size=MOST_OF_A_MESSAGE, ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS, ws_ping_timeout=PING_SECONDS,
    )  # fmt: skip
    server = Server(settings)
    task = asyncio.create_task(server.serve(sockets=[taken]), name="http server")
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110  uvicorn tells it in no other way
            await asyncio.sleep(0.005)
        yield task
    finally:
        server.stop()
        done, _ = await asyncio.wait([task], timeout=STOP_SECONDS)
        if not done:
            server.force_exit = True
        await asyncio.gather(task, return_exceptions=True)
        taken.close()


class Stop:
    """Waits for the signal to stop; `keep` says whether workers shall live on."""

    def __init__(self, *, keep_on_sigterm: bool) -> None:
        self._keep_on_sigterm = keep_on_sigterm
        self._asked = asyncio.Event()
        self.keep = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while the body runs; a second one ends the process at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._heard, number)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
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
