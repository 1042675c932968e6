"""Serving a stand-in on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tenure.services.games.riot.stand_in import control
from tenure.services.games.riot.stand_in.api import HOSTS
from tenure.services.games.riot.stand_in.standing import StandIn
from tenure.services.games.riot.stand_in.traffic import AHEAD_SECONDS
from tenure.services.games.riot.stand_in.viewer.http import routes as viewer_routes

LOOPBACK = "127.0.0.1"
END_SECONDS = 1
KEPT_SECONDS = 24 * 3600.0
"""How long games are remembered while players play by themselves."""
TICK_SECONDS = 1.0


class _Protocol(HttpToolsProtocol):
    """HTTP that lets an endpoint end its connection: `scope["state"]["cut"]()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {**self.app_state, "cut": transport.abort}


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


class Application:
    """The API of each host, the control of all that, and the page."""

    def __init__(self, stand_in: StandIn) -> None:
        self._api = stand_in.api
        self._rest = Starlette(routes=[*control.routes(stand_in), *viewer_routes()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # A framework's look through its routes would cost as much as most answers.
        is_api = scope["type"] == "http" and scope["path"].removeprefix("/").partition("/")[0] in HOSTS
        await (self._api if is_api else self._rest)(scope, receive, send)


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
        Application(stand_in),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=END_SECONDS,
    )
    server = _Server(settings)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    playing = asyncio.create_task(_play(stand_in))
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110  uvicorn tells it in no other way
            await asyncio.sleep(0.005)
        yield stand_in
    finally:
        playing.cancel()
        server.end()
        await asyncio.gather(task, playing, return_exceptions=True)
        listening.close()


async def _play(stand_in: StandIn) -> None:
    """Let those who play by themselves go on, well before what was entered of them is over, and forget the oldest."""
    while True:
        if stand_in.traffic.go_on():
            stand_in.world.forget_before(stand_in.world.now() - KEPT_SECONDS)
        await asyncio.sleep(AHEAD_SECONDS / 4)
