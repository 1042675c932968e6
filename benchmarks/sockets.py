"""A client's WebSocket that costs next to nothing, so that what is measured is the servers: they share its machine.

It knows what our servers send: whole frames without extensions. What it sends is masked with zeros, which costs a
server as much as any other mask.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self, cast

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SHORT = 126
"""A length that stands for one in the next two bytes; one more stands for one in the next eight."""

WHOLE, MASKED = 0x80, 0x80
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class NotLetIn(Exception):  # noqa: N818  it says what is so
    """The server answered with something else than a WebSocket."""


class Line(asyncio.Protocol):
    """One socket: `heard` is given each text, `ended` is called once, with the code if the server said one."""

    def __init__(self, heard: Callable[[bytes], None], ended: Callable[[int], None]) -> None:
        self.heard, self._ended = heard, ended
        self._came = b""
        self._code = 0
        self._transport: asyncio.Transport
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, path: str, host: str, port: int) -> None:
        """Shake hands. Raises `NotLetIn`, and `OSError` where there is nobody."""
        self._transport.write(REQUEST.format(path=path, host=host, port=port).encode())
        await self._opened

    def send(self, text: bytes) -> None:
        """Send a text."""
        self.write(frame(text))

    def write(self, made: bytes) -> None:
        """Send a frame that was made before."""
        if not self._transport.is_closing():
            self._transport.write(made)

    def pause(self) -> None:
        """Read nothing from now on."""
        self._transport.pause_reading()

    def close(self) -> None:
        """End it without a word."""
        self._transport.abort()

    # ------------------------------------------------------------------------------------ the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the loop's form
        """End."""
        if self._opened.done():
            self._ended(self._code)
        else:
            self._opened.set_exception(NotLetIn("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Take all whole frames, and keep the rest."""
        came = self._came + data if self._came else data
        self._came = self._take(came) if self._opened.done() else self._open_with(came)

    def _open_with(self, came: bytes) -> bytes:
        """Read the server's answer to the handshake, and what comes after it; gives back what is no whole yet."""
        head, end, rest = came.partition(b"\r\n\r\n")
        if not end:
            return came
        if head.startswith(b"HTTP/1.1 101 "):
            self._opened.set_result(None)
            return self._take(rest)
        self._opened.set_exception(NotLetIn(head.decode("latin-1")))
        self._transport.abort()
        return b""

    def _take(self, came: bytes) -> bytes:
        """Take each whole frame, and give back the rest."""
        at = 0
        while len(came) - at >= 2:  # noqa: PLR2004  the least that a frame has
            size, begins = came[at + 1], at + 2
            if size >= SHORT:
                more = 2 if size == SHORT else 8
                if len(came) < begins + more:
                    break
                size, begins = int.from_bytes(came[begins : begins + more], "big"), begins + more
            if len(came) < begins + size:
                break
            self._took(came[at] & 15, came[begins : begins + size])
            at = begins + size
        return came[at:]

    def _took(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self.heard(payload)
        elif kind == PING:
            self.write(frame(payload, PONG))
        elif kind == CLOSE:
            self._code = int.from_bytes(payload[:2], "big")
            self.write(frame(payload[:2], CLOSE))
            self._transport.close()


class Client(Line):
    """A line whose texts wait to be read, until `heard` is somebody else's."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        super().__init__(self._waiting.put_nowait, self._lost)

    @classmethod
    async def connect(cls, port: int, path: str) -> Self:
        """Connect to a server of this machine."""
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        await client.open(path, "127.0.0.1", port)
        return client

    async def hear(self, *types: str) -> Any:
        """Read on until a message of one of these types comes."""
        while True:
            message = json.loads(await self._waiting.get())
            if message["type"] == "error":
                raise RuntimeError(f"the server refused something: {message}")
            if message["type"] in types:
                return message

    def _lost(self, code: int) -> None:
        """Let whoever reads know."""
        self._waiting.put_nowait(json.dumps({"type": "error", "text": f"the connection was lost: {code}"}).encode())


def frame(payload: bytes, kind: int = TEXT) -> bytes:
    """Make a frame."""
    size = len(payload)
    if size < SHORT:
        return bytes((WHOLE | kind, MASKED | size)) + bytes(4) + payload
    return bytes((WHOLE | kind, MASKED | SHORT)) + size.to_bytes(2, "big") + bytes(4) + payload


def said(message: object) -> bytes:
    """Make the frame of a message."""
    return frame(json.dumps(message, separators=(",", ":")).encode())
