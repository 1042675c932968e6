"""WebSocket clients that do no more than they must: what they cost is not the server's, and shares its machine."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable
from typing import Any, Self, cast

SHORT = 126
"""A length that stands for one in the next two bytes; one more stands for one in the next eight."""


class Client(asyncio.Protocol):
    """One WebSocket. `told` is called with each text that comes; without it, texts wait to be read."""

    def __init__(self) -> None:
        self.told: Callable[[bytes], None] | None = None
        self._transport: asyncio.Transport
        self._came = b""
        self._accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()

    @classmethod
    async def connect(cls, port: int, path: str) -> Self:
        """Connect to a server of this machine."""
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        await client.begin(f"127.0.0.1:{port}", path)
        return client

    async def begin(self, host: str, path: str) -> None:
        """Turn the connection into a WebSocket."""
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await self._accepted

    def write(self, frame: bytes) -> None:
        """Send a frame that was made before."""
        self._transport.write(frame)

    async def hear(self, *types: str) -> Any:
        """Read on until a message of one of these types comes."""
        while True:
            message = json.loads(await self._waiting.get())
            if message["type"] == "error":
                raise RuntimeError(f"the server refused something: {message}")
            if message["type"] in types:
                return message

    def close(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    # ------------------------------------------------------------------------------------ as a protocol

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the protocol's
        """Let whoever reads know."""
        self._waiting.put_nowait(b'{"type":"error","text":"the connection was lost"}')

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what comes apart."""
        came = self._came + data if self._came else data
        if not self._accepted.done():
            head, end, came = came.partition(b"\r\n\r\n")
            if not end:
                self._came = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(f"the server said {head!r}")
            self._accepted.set_result(None)
        self._came = self._take(came)

    def _take(self, came: bytes) -> bytes:
        """Give each whole text to whoever reads, and give back the rest."""
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
            if came[at] == 0x81:  # noqa: PLR2004  a whole text
                self._text(came[begins : begins + size])
            at = begins + size
        return came[at:]

    def _text(self, text: bytes) -> None:
        if self.told is None:
            self._waiting.put_nowait(text)
        else:
            self.told(text)


def frame(message: object) -> bytes:
    """Make the frame of a message. Its mask is 0, which costs a server as much as any other."""
    text = json.dumps(message, separators=(",", ":")).encode()
    size = bytes([0x80 | len(text)]) if len(text) < SHORT else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text
