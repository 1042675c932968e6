"""A TCP proxy that misbehaves as networks do: it stalls, drops, delays, cuts and resets, each way by itself.

async with proxy_to(server.port) as proxy:
    store = ... # at proxy.port instead of the server's
    proxy.to_client.stall()          # requests arrive, answers do not
    task = asyncio.create_task(store.apply(...))
    await proxy.to_client.arrived()  # the server has answered; nobody slept
    await proxy.reset()              # and the answer is lost
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

AT_ONCE = 1 << 16
LISTENS = (b"SSUBSCRIBE", b"LISTEN ")
"""What a client says, to Valkey and to PostgreSQL, by a connection that hears what others do."""


class Flow:
    """One direction of all connections: what becomes of its bytes from now on."""

    def __init__(self) -> None:
        self.passed = 0
        """How many bytes went on to the other side."""
        self.delay_seconds = 0.0
        """How long each piece waits before it goes on."""
        self._dropping = False
        self._left: int | None = None
        self._open, self._arrived = asyncio.Event(), asyncio.Event()
        self._open.set()

    def stall(self) -> None:
        """Hold all bytes back until `resume`."""
        self._open.clear()

    def drop(self) -> None:
        """Lose all bytes until `resume`, while the connections stay open."""
        self._dropping = True

    def cut_after(self, number: int) -> None:
        """Let so many more bytes pass, then close the connection that the next one came by."""
        self._left = number

    def resume(self) -> None:
        """Pass everything again, what was held back first."""
        self._dropping, self._left, self.delay_seconds = False, None, 0.0
        self._open.set()

    async def arrived(self) -> None:
        """Wait until bytes arrive here after this call, whether or not they may go on."""
        self._arrived.clear()
        await self._arrived.wait()

    async def carry(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Carry some bytes of one connection; tell whether it goes on, or is cut."""
        self._arrived.set()
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await self._open.wait()
        if self._dropping:
            return True
        part = data if self._left is None else data[: self._left]
        if self._left is not None:
            self._left -= len(part)
        writer.write(part)
        await writer.drain()
        self.passed += len(part)
        return len(part) == len(data)


class Proxy:
    """Listens at `port` of loopback and passes each connection on to another port."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.to_server, self.to_client = Flow(), Flow()
        self.to_listener: Flow | None = None
        """What goes to a client by a connection that begins to listen from now on, if that is another flow."""
        self.refusing = False
        """Whether new connections are closed as soon as they come."""
        self.accepted = 0
        """How many connections were passed on since the beginning."""
        self._over = False
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    def resume(self) -> None:
        """Pass everything again, both ways."""
        self.refusing = False
        self.to_server.resume()
        self.to_client.resume()

    async def reset(self) -> None:
        """End all connections at once, as a machine does that was started anew: both sides get a reset."""
        for writers in self._connections.values():
            for writer in writers:
                taken: socket.socket = writer.get_extra_info("socket")
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def let_nobody_in(self) -> None:
        """Take no connection any more. One that is just coming is ended: it would outlive a server that is closed."""
        self._over = True
        while any("_accept_connection" in repr(task.get_coro()) for task in asyncio.all_tasks()):
            await asyncio.sleep(0)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client."""
        if self._over:
            writer.transport.abort()
            return
        writers = [writer]
        task = asyncio.get_running_loop().create_task(self._pass_on(reader, writers), name="passes bytes on")
        self._connections[task] = writers
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        for writer in self._connections.pop(task):
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter]) -> None:
        if self.refusing:
            return
        with suppress(OSError):
            there, onward = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(onward)
            self.accepted += 1
            await self._carry(reader, onward, there, writers[0])

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Carry both ways until either ends."""
        back: list[Flow] = []

        async def to_server() -> None:
            while data := await reader.read(AT_ONCE):
                if not back and self.to_listener is not None and any(word in data for word in LISTENS):
                    back.append(self.to_listener)
                if not await self.to_server.carry(data, onward):
                    return

        async def to_client() -> None:
            while data := await there.read(AT_ONCE):
                if not await (back[0] if back else self.to_client).carry(data, writer):
                    return

        ways = [
            asyncio.create_task(to_server(), name="to the server"),
            asyncio.create_task(to_client(), name="to the client"),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


@asynccontextmanager
async def proxy_to(target: int) -> AsyncIterator[Proxy]:
    """Run a proxy to a port of loopback while the body runs."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        await proxy.let_nobody_in()
        server.close()
        await proxy.close()
        await asyncio.sleep(0)  # the last socket is closed by what comes next in the loop
        await server.wait_closed()
