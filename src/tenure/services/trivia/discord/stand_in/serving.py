"""Serving a stand-in on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from tenure.services.trivia.discord.stand_in import control
from tenure.services.trivia.discord.stand_in.standing import StandIn
from tenure.services.trivia.discord.stand_in.viewer.http import Viewer

LOOPBACK = "127.0.0.1"
END_SECONDS = 1
TICK_SECONDS = 1.0
RESET_AT_ONCE = struct.pack("ii", 1, 0)


class _Protocol(H11Protocol):
    """HTTP that lets an endpoint end its connection: `scope["state"]["cut"](by_reset)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)

        def cut(by_reset: bool) -> None:  # noqa: FBT001
            if by_reset:
                under: socket.socket = transport.get_extra_info("socket")
                under.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            transport.abort()

        self.app_state: dict[str, Any] = {**self.app_state, "cut": cut}


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to its caller, and does not look ten times a second whether it is to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let it end."""
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Tick once a second, for the header `Date`."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


def application(stand_in: StandIn) -> Starlette:
    """Make the application: the API, the gateway, the control of all that, and the page."""
    return Starlette(routes=[*stand_in.routes(), *control.routes(stand_in), *Viewer(stand_in).routes()])


def free_port() -> socket.socket:
    """Listen at a free port of this machine."""
    # Without the protocol's number asyncio leaves Nagle's algorithm on, and each answer waits 40 ms.
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.bind((LOOPBACK, 0))
    taken.listen(1024)
    return taken


@asynccontextmanager
async def serving(stand_in: StandIn, taken: socket.socket | None = None) -> AsyncIterator[StandIn]:
    """Serve a stand-in while the body runs, on a free port unless a listening socket is given."""
    listening = taken or free_port()
    host, port = listening.getsockname()[:2]
    stand_in.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    settings = uvicorn.Config(
        application(stand_in),
        http=_Protocol,
        ws="websockets-sansio",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=END_SECONDS,
    )
    server = _Server(settings)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110  uvicorn tells it in no other way
            await asyncio.sleep(0.005)
        yield stand_in
    finally:
        server.end()
        stand_in.rest.ending.set()
        stand_in.drop()
        await task
        listening.close()
