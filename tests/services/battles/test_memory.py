"""What a socket holds on which nothing happens. `benchmarks/battling.py` compares it with a bare server's."""

from __future__ import annotations

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.resting import PATIENCE_SECONDS
from tests.services.battles.serving import Server, servers

SOCKETS, WARMING = 50, 20
MOST_BYTES = 26_000
"""It holds 21,500. With what its request went through, and with tasks that read and send, it would hold 36,000."""


async def welcomed(server: Server, player: str) -> socket.socket:
    """Give a client that was welcomed and is nothing but a socket: it has no memory worth mentioning."""
    loop, client = asyncio.get_running_loop(), socket.socket()
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", server.port))
    request = (
        f"GET /socket?token={await server.token(player)} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(client, request.encode())
    came = b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while b'"welcome"' not in came:
            came += await loop.sock_recv(client, 4096)
    return client


@contextmanager
def traced() -> Iterator[None]:
    """Count memory while the body runs."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def held() -> tuple[int, int]:
    """Give how many bytes are held, and how many tasks there are."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0], len(asyncio.all_tasks())


async def test_a_socket_on_which_nothing_happens_holds_little_and_one_task(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,):
        with ExitStack() as clients, traced():
            for number in range(WARMING):
                clients.enter_context(await welcomed(one, f"early-{number}"))
            before, tasks_before = held()
            for number in range(SOCKETS):
                clients.enter_context(await welcomed(one, f"player-{number}"))
            after, tasks = held()
        assert (after - before) / SOCKETS < MOST_BYTES
        assert round((tasks - tasks_before) / SOCKETS, 1) == 1.0
