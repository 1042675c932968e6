"""Stands before the Socket.IO library: origin, addresses, sizes and rates, and only frames that may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenure.services.battles.sockets.entrance import Entrance
from tenure.services.battles.sockets.frames import MOST_OF_A_BODY, frames_of, is_frame
from tenure.services.battles.sockets.limits import Bucket, Rate
from tenure.services.battles.sockets.protocol import Code
from tenure.services.battles.sockets.session import Session

FRAMES_A_MESSAGE = 3
"""Beside each message there may be an answer, and a sign of life."""

AGAIN_SECONDS, CLOSE_SECONDS = 0.1, 0.3
BEGIN_SECONDS = 10.0
"""How long a line may be open without a session."""

FRAME_SIZE = 200
"""How much an event's name and the library's own signs may add to a message."""

SOCKET = "tenure.socket"
NOT_A_FRAME = "a message is an event with one object"
TOO_LARGE = "the message is too large"


class Gate:
    """The application before the library's. `lines` are the library's open ones, `sessions` has theirs by line."""

    def __init__(self, entrance: Entrance, app: ASGIApp, lines: Mapping[str, Any]) -> None:
        self.entrance, self.app, self.lines = entrance, app, lines
        self.sessions: dict[str, Session] = {}
        self.sockets: dict[str, Socket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one WebSocket to its end."""
        line = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("sid", [""])[0]
        refused = self._refused(scope, line)
        if refused is not None:
            self.entrance.counting.turned_away[refused.status_code] += 1
        if scope["type"] == "websocket":
            if refused is not None:
                await receive()
                await send({"type": "websocket.close"})
                return
            await Socket(self, receive, send, line).serve(scope)
        elif refused is not None:
            await refused(scope, receive, send)
        else:
            await self._poll(scope, receive, send, line)

    def _refused(self, scope: Scope, line: str) -> PlainTextResponse | None:
        entrance, address = self.entrance, address_of(scope)
        if not entrance.admits(Headers(scope=scope).get("origin")):
            return PlainTextResponse("this origin may not connect", HTTPStatus.FORBIDDEN)
        addresses = entrance.addresses
        known = addresses.messages(address).take(entrance.clock()) if line else addresses.may_connect(address)
        if not known:
            return PlainTextResponse("your address asks too often: wait a moment", HTTPStatus.TOO_MANY_REQUESTS)
        if not line and len(self.lines) >= entrance.limits.sockets:
            return PlainTextResponse("this server is full: try again later", HTTPStatus.SERVICE_UNAVAILABLE)
        return None

    async def _poll(self, scope: Scope, receive: Receive, send: Send, line: str) -> None:
        """Serve one request of a client that polls."""
        if scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            self._close(line, Code.TOO_LARGE)
            answer = PlainTextResponse("the body is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            await answer(scope, receive, send)
        elif frames_of(body, begun=line in self.sessions) is None:
            self.mistaken(line)
            await PlainTextResponse(NOT_A_FRAME, HTTPStatus.BAD_REQUEST)(scope, receive, send)
        else:
            known = self.lines.get(line)
            await self.app(_sized(scope, body), _again(body, receive), send)
            if known is not None and known.closed:
                known.queue.put_nowait(None)  # the library leaves a request waiting that is under way

    def mistaken(self, line: str) -> None:
        """Count a mistake of a session, if there is one yet."""
        session = self.sessions.get(line)
        error = session.mistaken(NOT_A_FRAME) if session is not None else None
        if session is not None and error is not None:
            session.send(error)

    def _close(self, line: str, code: Code) -> None:
        if line in self.sessions:
            self.sessions[line].close(code, TOO_LARGE)


class Socket:
    """One WebSocket before the library's. `line` is its line's, as soon as that is known."""

    def __init__(self, gate: Gate, receive: Receive, send: Send, line: str) -> None:
        self._gate, self._receive, self._send, self.line = gate, receive, send, line
        self._limits, rate = gate.entrance.limits, gate.entrance.limits.messages
        frames = Rate(a_second=rate.a_second * FRAMES_A_MESSAGE, at_once=rate.at_once * FRAMES_A_MESSAGE)
        self._frames = Bucket(frames, gate.entrance.clock())
        loop = asyncio.get_running_loop()
        self._begin_by, self._over = loop.time() + BEGIN_SECONDS, loop.create_future()
        self._session: Session | None = None
        self._code = Code.NORMAL

    async def serve(self, scope: Scope) -> None:
        """Let the library serve it, until that ends or somebody ends it."""
        self.named(self.line)
        work = asyncio.ensure_future(self._gate.app({**scope, SOCKET: self}, self.receive, self.send))
        try:
            await asyncio.wait([work, self._over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._gate.sockets.pop(self.line, None)
            self.end()
            # The library takes the first cancellation for the end of what it waits for, and waits for the next thing.
            while not work.done():
                work.cancel()
                await asyncio.wait([work], timeout=AGAIN_SECONDS)
        with suppress(RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": int(self._reason())})

    def named(self, line: str) -> None:
        """Learn the line's name."""
        self.line = line
        if line:
            self._gate.sockets[line] = self

    def end(self) -> None:
        """End it now, whatever the library waits for, with the session's code."""
        if not self._over.done():
            self._over.set_result(None)

    async def receive(self) -> Message:
        """Give the next frame that may go on, or the end."""
        while (message := await self._next())["type"] == "websocket.receive":
            code = self._wrong(message.get("text"))
            if code is None:
                return message
            if self._known() is None:
                return self._end(code)
            self._complain(code)
        return message

    async def send(self, message: Message) -> None:
        """Send what the library sends; its end comes from us, since it knows no reasons."""
        if self._over.done():
            raise RuntimeError("the socket was ended")
        if message["type"] != "websocket.close":
            await self._send(message)

    def _reason(self) -> Code:
        session = self._known()
        return self._code if session is None or self._code != Code.NORMAL else session.code

    async def _next(self) -> Message:
        if self._known() is not None:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._begin_by):
                return await self._receive()
        except TimeoutError:
            return self._end(Code.UNAUTHORIZED)

    def _known(self) -> Session | None:
        self._session = self._session or self._gate.sessions.get(self.line)
        return self._session

    def _wrong(self, text: str | None) -> Code | None:
        """Give what is wrong with a frame."""
        if not self._frames.take(self._gate.entrance.clock()):
            return Code.FLOOD
        if text is not None and len(text) > self._limits.message_size + FRAME_SIZE:
            return Code.TOO_LARGE
        return None if is_frame(text, begun=self._session is not None) else Code.MALFORMED

    def _complain(self, code: Code) -> None:
        if self._session is not None and code == Code.MALFORMED:
            self._gate.mistaken(self.line)
        elif self._session is not None:
            self._session.close(code, TOO_LARGE if code == Code.TOO_LARGE else "too many messages")

    def _end(self, code: Code) -> Message:
        """Let the library end it, with our code."""
        self._code = code
        return {"type": "websocket.disconnect", "code": int(code)}


def address_of(scope: Scope) -> str:
    """Give the address from which a request comes."""
    return str(scope["client"][0]) if scope.get("client") else ""


async def _body(receive: Receive) -> bytes | None:
    """Read a body; None for one that is too large."""
    parts, size, more = list[bytes](), 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_OF_A_BODY:
            return None
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already to the next one who reads."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Message:
        return messages.pop() if messages else await receive()

    return read


def _sized(scope: Scope, body: bytes) -> Scope:
    """Give the body's true size: the library reads as much as it is told."""
    headers = [pair for pair in scope["headers"] if pair[0].lower() != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
