"""A client's WebSocket that costs next to nothing, so that what is measured is the servers.

It knows what our servers send: whole frames without extensions. What it sends is masked with zeros, as it is allowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

CONTINUES, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
SHORT, LONG = 126, 127
WHOLE, MASKED = 0x80, 0x80
ZEROS = bytes(4)
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class NotLetIn(Exception):  # noqa: N818  it says what is so
    """The server answered with something else than a WebSocket."""


class Line(asyncio.Protocol):
    """One socket: `heard` is given each text, `ended` is called once, with the code if the server said one."""

    def __init__(self, heard: Callable[[bytes], None], ended: Callable[[int], None]) -> None:
        self._heard, self._ended = heard, ended
        self._buffer = bytearray()
        self._code = 0
        self._transport: asyncio.Transport
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, path: str, host: str, port: int) -> None:
        """Shake hands. Raises `NotLetIn`, and `OSError` where there is nobody."""
        self._transport.write(REQUEST.format(path=path, host=host, port=port).encode())
        await self._opened

    def send(self, text: bytes) -> None:
        """Send a text."""
        if not self._transport.is_closing():
            self._transport.write(_frame(TEXT, text))

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
        """Take all whole frames."""
        self._buffer += data
        if not self._opened.done() and not self._has_opened():
            return
        at = 0
        while (frame := self._next(at)) is not None:
            kind, begin, at = frame
            self._take(kind, bytes(self._buffer[begin:at]))
        del self._buffer[:at]

    def _has_opened(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self._buffer.startswith(b"HTTP/1.1 101 "):
            self._opened.set_result(None)
        else:
            self._opened.set_exception(NotLetIn(self._buffer[:end].decode("latin-1")))
            self._transport.abort()
        del self._buffer[: end + 4]
        return not self._transport.is_closing()

    def _next(self, at: int) -> tuple[int, int, int] | None:
        """Give the kind of the frame that begins here, where its payload does, and where it ends."""
        there = len(self._buffer) - at
        if there < 2:  # noqa: PLR2004  the shortest head
            return None
        size = self._buffer[at + 1]
        head = {SHORT: 4, LONG: 10}.get(size, 2)
        if there < head:
            return None
        if head > 2:  # noqa: PLR2004  the length stands apart
            size = int.from_bytes(self._buffer[at + 2 : at + head])
        end = at + head + size
        return (self._buffer[at] & 15, at + head, end) if there >= head + size else None

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self._heard(payload)
        elif kind == PING:
            self._transport.write(_frame(PONG, payload))
        elif kind == CLOSE:
            self._code = int.from_bytes(payload[:2])
            self._transport.write(_frame(CLOSE, payload[:2]))
            self._transport.close()


def _frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < SHORT:
        return bytes((WHOLE | kind, MASKED | size)) + ZEROS + payload
    return bytes((WHOLE | kind, MASKED | SHORT)) + size.to_bytes(2) + ZEROS + payload
