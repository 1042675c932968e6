"""Serving a stand-in on a port of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tenure.http.serving import UNHEARD, bind, running, url_of
from tenure.services.games.riot.stand_in import control
from tenure.services.games.riot.stand_in.api import HOSTS
from tenure.services.games.riot.stand_in.standing import StandIn
from tenure.services.games.riot.stand_in.traffic import AHEAD_SECONDS
from tenure.services.games.riot.stand_in.viewer.http import routes as viewer_routes

KEPT_SECONDS = 24 * 3600.0
"""How long games are remembered while players play by themselves."""


class _Protocol(HttpToolsProtocol):
    """HTTP that lets an endpoint end its connection: `scope["state"]["cut"]()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.logger = UNHEARD
        self.app_state: dict[str, Any] = {**self.app_state, "cut": transport.abort}


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


@asynccontextmanager
async def serving(stand_in: StandIn, taken: socket.socket | None = None) -> AsyncIterator[StandIn]:
    """Serve a stand-in while the body runs, on a free port unless a listening socket is given."""
    listening = taken or bind()
    stand_in.url = url_of(listening)
    async with running(Application(stand_in), listening, http=_Protocol, ws="none"):
        playing = asyncio.create_task(_play(stand_in), name="players go on by themselves")
        try:
            yield stand_in
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


async def _play(stand_in: StandIn) -> None:
    """Let those who play by themselves go on, well before what was entered of them is over, and forget the oldest."""
    while True:
        if stand_in.traffic.go_on():
            stand_in.world.forget_before(stand_in.world.now() - KEPT_SECONDS)
        await asyncio.sleep(AHEAD_SECONDS / 4)
