"""Valkey: the calls that a store makes are read with MONITOR, and sent again over one plain socket."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import hiredis
import redis
import redis.asyncio

from tenure.benchmarks.machine import cpu_seconds
from tenure.benchmarks.stand import Ear, Heard, Name, Stand
from tenure.servers import Server, start_valkey

TASKS = 64
IN_FLIGHT = 8
"""How many calls are on their way at once: enough that the server never waits, few enough for its buffers."""

DATABASES = 16
MANY = 1000
CALLS = (b"FCALL", b"FCALL_RO")
READ_BYTES = 1 << 16

Call = tuple[bytes, ...]


@contextlib.contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """Start a server in a folder, and end it."""
    with start_valkey(folder / "server", settings={"databases": str(DATABASES)}) as server:
        yield ValkeyStand(server)


class ValkeyStand:
    """A numbered database of one server for each store."""

    engine: Name = "valkey"
    durability = "on the disk within a second (appendonly yes, appendfsync everysec)"
    raw = f"the same FCALLs, encoded before, over one plain socket, {IN_FLIGHT} on their way at once"
    naive = f"FCALLs of one change each, each awaited, by redis-py from {TASKS} tasks"
    by_hand: Mapping[str, Callable[[float], Awaitable[float]]] = {}  # nothing is simpler than single changes
    shares = 1

    def __init__(self, server: Server) -> None:
        self._server = server
        self._last = 0
        self._kept: list[int] = []

    async def versions(self) -> Mapping[str, str]:
        """Name the versions of the server and of its driver."""
        with self._client(0) as client:
            told = client.info("server")
        server = str(told.get("valkey_version", told["redis_version"]))
        return {"valkey": server, "redis-py": redis.__version__, "hiredis": hiredis.__version__}

    def server_cpu(self) -> float:
        """Give what the server has cost so far."""
        return cpu_seconds(self._server.process.pid)

    async def fresh(self, of: str | None = None) -> str:
        """Give another database; the one before is gone."""
        with self._client(self._last) as client:
            client.flushdb()
        self._last = self._unused(self._last)
        if of is not None:
            self._copy(int(of), self._last)
        return f"{self._server.url}/{self._last}"

    async def keep(self, url: str) -> str:
        """Copy a database to another."""
        number = self._unused(self._last)
        self._copy(_number(url), number)
        self._kept.append(number)
        return str(number)

    async def forget(self) -> None:
        """Empty the copies."""
        for number in self._kept:
            with self._client(number) as client:
                client.flushdb()
        self._kept.clear()

    @contextlib.asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[Ear]:
        """Hear the calls of one database."""
        ear = _Ear(self._server, _number(url))
        try:
            yield ear
        finally:
            ear.close()

    def batches(self, units: Sequence[Call]) -> int:
        """Count the calls."""
        return len(units)

    async def replay(self, url: str, shares: Sequence[Heard]) -> float:
        """Send the calls over one socket."""
        (share,) = shares
        with _connected(self._server, _number(url)) as connection:
            _pipeline(connection, [_encoded(call) for call in share.warming])
            timed = [_encoded(call) for call in share.timed]
            began = time.perf_counter()
            _pipeline(connection, timed)
            return time.perf_counter() - began

    async def replay_singly(self, url: str, share: Heard) -> float:
        """Make the calls from some tasks, each awaited."""
        async with redis.asyncio.Redis.from_url(
            url.replace("valkey://", "redis://", 1), max_connections=TASKS, retry=None
        ) as client:
            await _call_all(client, share.warming)
            began = time.perf_counter()
            await _call_all(client, share.timed)
            return time.perf_counter() - began

    def _client(self, number: int) -> redis.Redis:
        password = urlsplit(self._server.url).password
        return redis.Redis("127.0.0.1", self._server.port, number, password=password)

    def _unused(self, last: int) -> int:
        """Give a number of which nothing is kept, and that was not the last."""
        return next(number for number in range(DATABASES) if number != last and number not in self._kept)

    def _copy(self, source: int, target: int) -> None:
        with self._client(source) as client, client.pipeline(transaction=False) as pipeline:
            for key in client.scan_iter(count=MANY):
                pipeline.copy(key, key, destination_db=str(target))
            pipeline.execute()


async def _call_all(client: redis.asyncio.Redis, calls: Sequence[Call]) -> None:
    waiting = iter(calls)

    async def caller() -> None:
        for call in waiting:
            await client.execute_command(*call)  # type: ignore[no-untyped-call]

    await asyncio.gather(*(caller() for _ in range(TASKS)))


def _number(url: str) -> int:
    return int(urlsplit(url).path[1:])


# ------------------------------------------------------------------------------------- over a plain socket


@contextlib.contextmanager
def _connected(server: Server, number: int) -> Iterator[socket.socket]:
    password = urlsplit(server.url).password or ""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _pipeline(connection, [_encoded((b"AUTH", password.encode())), _encoded((b"SELECT", str(number).encode()))])
        yield connection


def _encoded(call: Call) -> bytes:
    return b"*%d\r\n" % len(call) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in call)


def _pipeline(connection: socket.socket, calls: Sequence[bytes]) -> None:
    """Send calls, so many ahead of their answers, and read all answers."""
    reader = hiredis.Reader()
    under_way: deque[None] = deque()
    for call in calls:
        if len(under_way) == IN_FLIGHT:
            _read_answer(connection, reader)
            under_way.pop()
        connection.sendall(call)
        under_way.append(None)
    for _ in under_way:
        _read_answer(connection, reader)


def _read_answer(connection: socket.socket, reader: hiredis.Reader) -> None:
    while (answer := reader.gets()) is False:
        reader.feed(connection.recv(READ_BYTES))
    if isinstance(answer, hiredis.ReplyError):
        raise answer


# ------------------------------------------------------------------------------------------ what is heard


SHOWN = re.compile(rb"\+\d+\.\d+ \[(\d+) (?!lua)[^\]]*\]((?: \"(?:[^\"\\]|\\.)*\")+)")
PART = re.compile(rb"\"((?:[^\"\\]|\\.)*)\"")
ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)")
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


def call_of(line: bytes) -> tuple[int, Call] | None:
    """Read the database and the call from a line of MONITOR; None if it is a script's own, or something else."""
    found = SHOWN.fullmatch(line)
    if found is None:
        return None
    return int(found[1]), tuple(ESCAPE.sub(_plain, part) for part in PART.findall(found[2]))


def _plain(escape: re.Match[bytes]) -> bytes:
    shown = escape[1]
    return bytes([int(shown[1:], 16)]) if len(shown) > 1 else ESCAPED.get(shown, shown)


class _Ear:
    """Takes what MONITOR shows on a thread, so that the server never has to hold it back."""

    def __init__(self, server: Server, number: int) -> None:
        self._server, self._number = server, number
        self._connected = _connected(server, number)
        self._connection = self._connected.__enter__()
        _pipeline(self._connection, [_encoded((b"MONITOR",))])
        self._taken: list[bytes] = []
        self._rest = b""
        self._thread = threading.Thread(target=self._take, name="hears what is called", daemon=True)
        self._thread.start()

    async def heard(self) -> Sequence[Call]:
        """Give the calls since the last time."""
        mark = uuid.uuid4().bytes.hex().encode()
        with _connected(self._server, self._number) as connection:
            _pipeline(connection, [_encoded((b"ECHO", mark))])
        while mark not in b"".join(self._taken[-2:]):  # noqa: ASYNC110  another thread takes it
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        taken, self._taken = self._taken, []
        *lines, self._rest = (self._rest + b"".join(taken)).split(b"\r\n")
        calls = [found for line in lines if (found := call_of(line)) is not None]
        return [call for number, call in calls if number == self._number and call[0].upper() in CALLS]

    def close(self) -> None:
        """Hear no more."""
        self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connected.__exit__(None, None, None)

    def _take(self) -> None:
        with contextlib.suppress(ConnectionResetError):  # closed while the server still showed something
            while taken := self._connection.recv(READ_BYTES):
                self._taken.append(taken)


LOOK_AGAIN_SECONDS = 0.01
