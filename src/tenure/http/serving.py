"""A server in this process: its address, and an end that its caller decides."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tenure.core.errors import TenureError

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 1
TICK_SECONDS = 1.0
MOST_WAITING = 2048
UNREAD_MILLISECONDS = 60_000
UNHEARD = logging.getLogger("tenure.unheard")
"""For connections that fail on purpose. uvicorn's own level would be that of all servers of the process."""
UNHEARD.setLevel(logging.CRITICAL + 1)


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


def bind(host: str = LOOPBACK, port: int = 0) -> socket.socket:
    """Take an address, before anything else is started; 0 is any free port. Raises `AddressTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol's number asyncio leaves Nagle's algorithm on, and each answer waits 40 ms.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections inherit it: one whose other side reads nothing more is let go, and its memory with it.
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    try:
        taken.bind((host, port))
        taken.listen(MOST_WAITING)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressTaken(
                f"port {port} of {host} is taken by another program: end that one, or take another port "
                f"with --port or PORT"
            ) from None
        raise AddressTaken(f"{host}:{port} can't be listened at ({error.strerror}): check HOST and PORT") from None
    return taken


def url_of(taken: socket.socket) -> str:
    """Return the URL of an address that was taken."""
    host, port = taken.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


@asynccontextmanager
async def running(
    app: ASGIApp, taken: socket.socket, *, stop_seconds: float | None = None, **settings: Any
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve while the body runs. Gives the task, which ends only when the server does; `settings` are uvicorn's.

    With `stop_seconds` the end waits so long for those that are being answered; else it waits, then breaks them off.
    """
    server = Server(
        uvicorn.Config(
            app, lifespan="off", log_config=None, access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS, **settings,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve(sockets=[taken]), name="http server")
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110  uvicorn tells it in no other way
            await asyncio.sleep(0.005)
        yield task
    finally:
        server.stop()
        done, _ = await asyncio.wait([task], timeout=stop_seconds)
        if not done:
            server.force_exit = True
        await asyncio.gather(task, return_exceptions=True)
        taken.close()
