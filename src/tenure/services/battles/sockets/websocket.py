"""The protocol over a WebSocket: one JSON object per text message.

The token comes as `?token=`, since a browser can't set headers here; no log line shows it. `?version=` is the
protocol's, 1 if none is given.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure import OutcomeUnknown, Unavailable
from tenure.http.rejections import Rejected
from tenure.services.battles.sockets.entrance import Entrance
from tenure.services.battles.sockets.limits import Flooding, TooManySockets
from tenure.services.battles.sockets.protocol import VERSION, Code, Message
from tenure.services.battles.sockets.session import NOT_JSON, Gone, Session
from tenure.services.battles.sockets.tokens import BadToken

PATH = "/socket"
CLOSE_SECONDS = 0.3
AWAY = "the store can't be reached: try again in a moment"

# How the server says that the other side is gone, or that it closed the socket itself.
GONE = (WebSocketDisconnect, RuntimeError)


class WebSockets:
    """The WebSockets of one server."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def route(self) -> WebSocketRoute:
        """Give the route."""
        return WebSocketRoute(PATH, self.serve)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket to its end. A foreign origin is refused before there is a socket, with 403."""
        token, version = websocket.query_params.get("token", ""), websocket.query_params.get("version", str(VERSION))
        # Whoever logs the request from here on, the server itself too, finds no token in it.
        websocket.scope["query_string"] = b""
        if not self._entrance.admits(websocket.headers.get("origin")):
            await websocket.close()
            return
        await websocket.accept()
        await _close(websocket, *await self._let_in(websocket, token, version))

    async def _let_in(self, websocket: WebSocket, token: str, version: str) -> tuple[Code, str]:
        """Serve a socket, and give why it ends."""
        address = websocket.client.host if websocket.client else ""
        if not self._entrance.addresses.may_connect(address):
            return Code.FLOOD, "your address connects too often: wait a moment"
        if version != str(VERSION):
            return Code.WRONG_VERSION, f"version {VERSION} of the protocol is spoken here"
        try:
            with self._entrance.addresses.open(address):
                session = await self._entrance.session(token, address, "websocket")
                return await self._serve(websocket, session)
        except TooManySockets as full:
            return Code.TRY_LATER, str(full)
        except Flooding as flooding:
            return Code.FLOOD, str(flooding)
        except BadToken as bad:
            return Code.UNAUTHORIZED, bad.detail
        except Rejected as no:
            return Code.TRY_LATER, no.detail
        except (Unavailable, OutcomeUnknown):
            return Code.TRY_LATER, AWAY

    async def _serve(self, websocket: WebSocket, session: Session) -> tuple[Code, str]:
        async def send(message: Message, encoded: bytes) -> None:  # noqa: ARG001  the form that is wanted
            try:
                await websocket.send_text(encoded.decode())
            except GONE:
                raise Gone from None

        self._entrance.sessions.add(session)
        try:
            await session.serve(self._entrance.flow, lambda: _read(websocket, session), send)
        finally:
            self._entrance.sessions.discard(session)
        return session.code, session.text


async def _read(websocket: WebSocket, session: Session) -> None:
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        text = message.get("text")
        answer = session.mistaken(NOT_JSON) if text is None else await session.hear(text)
        if answer is not None:
            session.send(answer)


async def _close(websocket: WebSocket, code: Code, reason: str) -> None:
    """Close, but wait for nobody who does not read."""
    with suppress(*GONE, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(code, reason.encode()[:120].decode(errors="ignore"))
