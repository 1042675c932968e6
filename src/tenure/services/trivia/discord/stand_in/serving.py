"""Serving a stand-in on a port of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from tenure.http.serving import UNHEARD, bind, running, url_of
from tenure.services.trivia.discord.stand_in import control
from tenure.services.trivia.discord.stand_in.standing import StandIn
from tenure.services.trivia.discord.stand_in.viewer.http import Viewer

RESET_AT_ONCE = struct.pack("ii", 1, 0)


class _Protocol(H11Protocol):
    """HTTP that lets an endpoint end its connection: `scope["state"]["cut"](by_reset)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.logger = UNHEARD

        def cut(by_reset: bool) -> None:  # noqa: FBT001
            if by_reset:
                under: socket.socket = transport.get_extra_info("socket")
                under.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            transport.abort()

        self.app_state: dict[str, Any] = {**self.app_state, "cut": cut}


def application(stand_in: StandIn) -> Starlette:
    """Make the application: the API, the gateway, the control of all that, and the page."""
    return Starlette(routes=[*stand_in.routes(), *control.routes(stand_in), *Viewer(stand_in).routes()])


@asynccontextmanager
async def serving(stand_in: StandIn, taken: socket.socket | None = None) -> AsyncIterator[StandIn]:
    """Serve a stand-in while the body runs, on a free port unless a listening socket is given."""
    listening = taken or bind()
    stand_in.url = url_of(listening)
    async with running(
        application(stand_in), listening, http=_Protocol,
        ws="websockets-sansio", ws_ping_interval=None, ws_per_message_deflate=False,
    ):  # fmt: skip
        try:
            yield stand_in
        finally:
            stand_in.rest.ending.set()
            stand_in.drop()
