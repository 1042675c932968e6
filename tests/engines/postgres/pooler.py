"""A pooler in transaction mode: each transaction of a client gets another of a few connections to the server.

It keeps nothing of a client between two transactions: settings, prepared statements, locks and listening stay behind
on a connection that others use next. It leaves them there, as poolers do, so that whoever rests on them is found out.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

TLS = 80877103  # the number by which a client asks for it
GREETING = {"server_version": "15.0", "client_encoding": "UTF8", "integer_datetimes": "on", "TimeZone": "UTC",
            "standard_conforming_strings": "on"}  # fmt: skip


class Backend:
    """One connection to the server, opened and let in by the driver, whose bytes are then ours."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: asyncpg.Connection) -> None:
        self.reader, self.writer, self._kept = reader, writer, kept

    @classmethod
    async def open(cls, url: str) -> Backend:
        kept = await asyncpg.connect(url, statement_cache_size=0)
        transport = kept._transport
        transport.pause_reading()
        own = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        own.setblocking(False)
        return cls(*await asyncio.open_connection(sock=own), kept)

    def close(self) -> None:
        self.writer.close()
        self._kept.terminate()


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read a message: its kind, and all of its bytes."""
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


class Pooler:
    """Listens at `port`; `transactions` counts what it passed on."""

    def __init__(self, backends: list[Backend]) -> None:
        self._free: asyncio.Queue[Backend] = asyncio.Queue()
        for backend in backends:
            self._free.put_nowait(backend)
        self.port = self.transactions = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                if await self._greet(reader, writer):
                    while True:
                        kind, message = await read_message(reader)
                        if kind == b"X":
                            return
                        await self._transaction(kind, message, reader, writer)
        finally:
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Let a client in; False, if it only came to cancel something."""
        while True:
            (size,) = struct.unpack("!i", await reader.readexactly(4))
            body = await reader.readexactly(size - 4)
            (code,) = struct.unpack("!i", body[:4])
            if code == TLS:
                writer.write(b"N")
                continue
            if code != 3 << 16:
                return False
            break
        writer.write(b"R" + struct.pack("!ii", 8, 0))
        for name, value in GREETING.items():
            text = f"{name}\0{value}\0".encode()
            writer.write(b"S" + struct.pack("!i", len(text) + 4) + text)
        writer.write(b"K" + struct.pack("!iii", 12, 0, 0) + b"Z" + struct.pack("!i", 5) + b"I")
        return True

    async def _transaction(
        self, kind: bytes, message: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one transaction on, by whichever connection has been free for longest."""
        backend = await self._free.get()
        self.transactions += 1
        state = b"T"
        try:
            while state != b"I":
                backend.writer.write(message)
                while kind not in (b"Q", b"S"):
                    kind, message = await read_message(reader)
                    backend.writer.write(message)
                state = await self._answer(backend, writer)
                if state != b"I":
                    kind, message = await read_message(reader)
        finally:
            if state != b"I":  # the client is gone in the middle of a transaction
                rollback = b"ROLLBACK\0"
                backend.writer.write(b"Q" + struct.pack("!i", len(rollback) + 4) + rollback)
                await self._answer(backend, None)
            self._free.put_nowait(backend)

    async def _answer(self, backend: Backend, writer: asyncio.StreamWriter | None) -> bytes:
        """Pass the answer on, and tell the state in which the connection is then."""
        while True:
            kind, message = await read_message(backend.reader)
            if writer is not None:
                writer.write(message)
            if kind == b"Z":
                return message[5:6]


@asynccontextmanager
async def a_pooler(url: str, connections: int) -> AsyncIterator[Pooler]:
    """Run a pooler before a server while the body runs."""
    backends = [await Backend.open(url) for _ in range(connections)]
    pooler = Pooler(backends)
    server = await asyncio.start_server(pooler.accept, "127.0.0.1", 0)
    pooler.port = server.sockets[0].getsockname()[1]
    try:
        yield pooler
    finally:
        server.close()
        for task in pooler.tasks:
            task.cancel()
        await asyncio.gather(*pooler.tasks, return_exceptions=True)
        await server.wait_closed()
        for backend in backends:
            backend.close()
        await asyncio.sleep(0)
