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


Message = tuple[bytes, bytes]


async def read_message(reader: asyncio.StreamReader) -> Message:
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
        asked: asyncio.Queue[Message] = asyncio.Queue()
        reading: asyncio.Task[None] | None = None
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                if await self._greet(reader, writer):
                    reading = asyncio.create_task(read_all(reader, asked))
                    while (message := await asked.get())[0] != b"X":
                        await self._transaction(message, asked, writer)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
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

    async def _transaction(self, first: Message, asked: asyncio.Queue[Message], writer: asyncio.StreamWriter) -> None:
        """Pass one transaction on, by whichever connection has been free for longest."""
        backend = await self._free.get()
        self.transactions += 1
        over = Answering(backend, writer)
        answering = asyncio.create_task(over.run())
        message: Message | None = first
        try:
            while message is not None and message[0] != b"X":
                over.ask(message)
                message = await first_of(asked, over.idle)
        finally:
            if not over.idle.is_set():  # the client is gone in the middle of a transaction
                over.ask((b"Q", b"Q" + struct.pack("!i", 13) + b"ROLLBACK\0"))
                await over.idle.wait()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            self._free.put_nowait(backend)
            if message is not None:
                asked.put_nowait(message)


class Answering:
    """Passes the server's answers on, and knows when a transaction is over."""

    def __init__(self, backend: Backend, writer: asyncio.StreamWriter) -> None:
        self._backend, self._writer = backend, writer
        self._open = 0
        self.idle = asyncio.Event()

    def ask(self, message: Message) -> None:
        """Send the server a message; to some it says when it has done all before."""
        self._open += message[0] in (b"Q", b"S")
        self._backend.writer.write(message[1])

    async def run(self) -> None:
        while True:
            kind, message = await read_message(self._backend.reader)
            self._writer.write(message)
            if kind == b"Z":
                self._open -= 1
                if message[5:6] == b"I" and not self._open:
                    self.idle.set()
                    return


async def first_of(asked: asyncio.Queue[Message], idle: asyncio.Event) -> Message | None:
    """Give what the client asks next; None, if the transaction is over before."""
    asking, ending = asyncio.create_task(asked.get()), asyncio.create_task(idle.wait())
    await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
    if not asking.done():
        asking.cancel()
    ending.cancel()
    await asyncio.gather(asking, ending, return_exceptions=True)
    return None if asking.cancelled() else asking.result()


async def read_all(reader: asyncio.StreamReader, asked: asyncio.Queue[Message]) -> None:
    """Read what a client asks, until it is gone."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            asked.put_nowait(await read_message(reader))
    asked.put_nowait((b"X", b""))


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
