"""The protocol over a WebSocket: one JSON object per text message.

The token comes as `?token=`, since a browser can't set headers here; no log line shows it. `?version=` is the
protocol's, 1 if none is given.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.types import Receive
from starlette.types import Send as SendEvent
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure.services.battles.sockets.contract import Gone, SendAtOnce, never
from tenure.services.battles.sockets.entrance import Entrance, TurnedAway
from tenure.services.battles.sockets.mistakes import NOT_JSON
from tenure.services.battles.sockets.protocol import VERSION, Code, Message
from tenure.services.battles.sockets.session import Session

PATH = "/socket"
CLOSE_SECONDS = 0.3

AT_ONCE = "tenure.at_once"
"""The extension of a server that lets texts in and out without waking a task for each, and lets go of a request while
its socket lives on; any other server does, too."""

# How the server says that the other side is gone, or that it closed the socket itself.
GONE = (WebSocketDisconnect, RuntimeError, OSError)


@dataclass(slots=True)
class Asked:
    """What a client asks for as it connects, and how the server gives and takes texts at once, if it does."""

    address: str
    token: str
    version: str
    at_once: dict[str, Any] | None


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
        at_once = websocket.scope.get("extensions", {}).get(AT_ONCE)
        asked = Asked(websocket.client.host if websocket.client else "", token, version, at_once)
        if at_once is None:
            await self._attend(asked, websocket.receive, websocket.send)
        else:
            at_once["stay"](partial(self._attend, asked))

    async def _attend(self, asked: Asked, receive: Receive, send: SendEvent) -> None:
        """Serve a socket that is open, and close it."""
        try:
            session = await self._serve(asked, receive, send)
        except TurnedAway as no:
            self._entrance.counting.turned_away[no.code] += 1
            await _close(send, no.code, no.text)
        else:
            await _close(send, session.code, session.text)

    async def _serve(self, asked: Asked, receive: Receive, send: SendEvent) -> Session:
        """Serve a socket, and give the session that was. Raises `TurnedAway`."""
        if not self._entrance.addresses.may_connect(asked.address):
            raise TurnedAway(Code.FLOOD, "your address connects too often: wait a moment")
        if asked.version != str(VERSION):
            raise TurnedAway(Code.WRONG_VERSION, f"version {VERSION} of the protocol is spoken here")
        session = await self._entrance.session(asked.token, asked.address, "websocket")

        async def tell(message: Message, encoded: bytes) -> None:  # noqa: ARG001  the form that is wanted
            try:
                await send({"type": "websocket.send", "text": encoded.decode()})
            except GONE:
                raise Gone from None

        at_once = _at_once(asked, session)
        await self._entrance.serve(session, asked.address, lambda: _read(receive, session), tell, at_once)
        return session


def _at_once(asked: Asked, session: Session) -> SendAtOnce:
    """Let the server give texts to a session at once, and give how to send at once, if it has these."""
    found, asked.at_once = asked.at_once, None
    if found is None:
        return never
    found["hear"](session.hear_at_once)
    send: SendAtOnce = found["send"]
    return send


async def _read(receive: Receive, session: Session) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        text = message.get("text")
        answer = session.mistaken(NOT_JSON) if text is None else await session.hear(text)
        if answer is not None:
            session.send(answer)


async def _close(send: SendEvent, code: Code, reason: str) -> None:
    """Close, but wait for nobody who does not read."""
    reason = reason.encode()[:120].decode(errors="ignore")
    with suppress(*GONE, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await send({"type": "websocket.close", "code": int(code), "reason": reason})
