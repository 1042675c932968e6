"""The protocol over a WebSocket: one JSON object per text message.

The token comes as `?token=`, since a browser can't set headers here; no log line shows it. `?version=` is the
protocol's, 1 if none is given.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure.services.battles.sockets.entrance import Entrance, TurnedAway
from tenure.services.battles.sockets.mistakes import NOT_JSON
from tenure.services.battles.sockets.protocol import VERSION, Code, Message
from tenure.services.battles.sockets.session import Gone, SendAtOnce, Session, never

PATH = "/socket"
CLOSE_SECONDS = 0.3

AT_ONCE = "tenure.at_once"
"""The extension of a server that lets texts in and out without waking a task for each; any other server does, too."""

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
            self._entrance.counting.turned_away[HTTPStatus.FORBIDDEN] += 1
            await websocket.close()
            return
        await websocket.accept()
        try:
            session = await self._serve(websocket, token, version)
        except TurnedAway as no:
            self._entrance.counting.turned_away[no.code] += 1
            await _close(websocket, no.code, no.text)
        else:
            await _close(websocket, session.code, session.text)

    async def _serve(self, websocket: WebSocket, token: str, version: str) -> Session:
        """Serve a socket, and give the session that was. Raises `TurnedAway`."""
        address = websocket.client.host if websocket.client else ""
        if not self._entrance.addresses.may_connect(address):
            raise TurnedAway(Code.FLOOD, "your address connects too often: wait a moment")
        if version != str(VERSION):
            raise TurnedAway(Code.WRONG_VERSION, f"version {VERSION} of the protocol is spoken here")
        session = await self._entrance.session(token, address, "websocket")

        async def send(message: Message, encoded: bytes) -> None:  # noqa: ARG001  the form that is wanted
            try:
                await websocket.send({"type": "websocket.send", "text": encoded.decode()})
            except GONE:
                raise Gone from None

        send_at_once = _at_once(websocket, session)
        await self._entrance.serve(session, address, lambda: _read(websocket, session), send, send_at_once)
        return session


def _at_once(websocket: WebSocket, session: Session) -> SendAtOnce:
    """Let the server give texts to a session at once, and give how to send at once, if it has these."""
    found: dict[str, Any] = websocket.scope.get("extensions", {}).get(AT_ONCE)
    if found is None:
        return never
    found["hear"](session.hear_at_once)
    send: SendAtOnce = found["send"]
    return send


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
            await websocket.close(int(code), reason.encode()[:120].decode(errors="ignore"))
