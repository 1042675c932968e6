"""Connects Playwright, which wants a WebSocket, with a browser that listens on a pipe only.

A browser that listens on a port obeys everybody on the machine. The WebSocket here has an address that nobody can
guess, and takes one connection.
"""

from __future__ import annotations

import asyncio
import os
import secrets

from aiohttp import WSMsgType, web

END = b"\0"


class Messages(asyncio.Protocol):
    """Cuts what the browser writes into its messages; None is its end."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[str | None] = asyncio.Queue()
        self.ended = asyncio.Event()
        self._part = bytearray()

    def data_received(self, data: bytes) -> None:
        """Take more of a message, or the ends of several."""
        *whole, rest = data.split(END)
        for piece in whole:
            self._part += piece
            self.waiting.put_nowait(self._part.decode())
            self._part.clear()
        self._part += rest

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Note that the browser is gone."""
        self.waiting.put_nowait(None)
        self.ended.set()


class Pipe:
    """One browser's pipe as a WebSocket at `address`."""

    def __init__(self) -> None:
        self.address = ""
        self._messages = Messages()
        self._path = f"/{secrets.token_hex(32)}"
        self._runner: web.AppRunner | None = None
        self._transports: list[asyncio.BaseTransport] = []
        self._taken = False

    async def open(self, read: int, write: int) -> None:
        """Serve these two ends, which are closed with it."""
        loop = asyncio.get_running_loop()
        reading, _ = await loop.connect_read_pipe(lambda: self._messages, os.fdopen(read, "rb", 0))
        # Through a transport, since a hung browser lets the pipe run full: nothing else may wait for it.
        self._write, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(write, "wb", 0))
        self._transports = [reading, self._write]
        app = web.Application()
        app.router.add_get(self._path, self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"ws://127.0.0.1:{self._runner.addresses[0][1]}{self._path}"

    async def ended(self) -> None:
        """Return when the browser has ended."""
        await self._messages.ended.wait()

    async def close(self) -> None:
        """Close both sides."""
        for transport in self._transports:
            transport.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self._taken:
            raise web.HTTPConflict
        self._taken = True
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        ways = [asyncio.create_task(self._up(socket)), asyncio.create_task(self._down(socket))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        await socket.close()
        return socket

    async def _up(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type == WSMsgType.TEXT and not self._write.is_closing():
                self._write.write(message.data.encode() + END)

    async def _down(self, socket: web.WebSocketResponse) -> None:
        while (message := await self._messages.waiting.get()) is not None:
            await socket.send_str(message)
