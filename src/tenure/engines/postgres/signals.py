"""Signals on PostgreSQL: a notification for each, by a connection that has no part in any write.

One connection sends and hears, so that what the server takes lies between the two, also for who hears themselves. One
task has it: each round it listens to what is newly asked for, then sends what has gathered in one statement. `NOTIFY`
takes a lock that all notifying transactions of a server share, which is why no write of a record may do it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

import asyncpg

from tenure.core.errors import Unavailable
from tenure.core.signals import Receive
from tenure.engines.postgres.connection import LOST, Connection, connect, end, translated
from tenure.engines.postgres.location import Location
from tenure.engines.postgres.statements import Statements

CLOSED = "the store is closed: no signal is sent or heard any more"
PING_SECONDS = 2.0
ANSWER_SECONDS = 5.0
RETRY_SECONDS = 0.5
CHANNELS_AT_ONCE = 500
MOST_BYTES_UNSENT = 1 << 20
BYTES_OF_A_SIGNAL = 100
"""What a signal counts for beside its payload."""


class HearingConnection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """Gives each notification to one function at once.

    The driver's own listeners are asked for one by one, and each waits for two answers: after a lost connection,
    thousands of topics would take seconds.
    """

    notified: Callable[[str, str], None]

    def _process_notification(self, pid: int, channel: str, payload: str) -> None:  # noqa: ARG002  the driver gives it
        self.notified(channel, payload)


class Signals:
    """The signals of one process."""

    def __init__(self, location: Location, sql: Statements) -> None:
        self._location, self._sql = replace(location, synchronous_commit="off"), sql
        self._heard: dict[str, Receive] = {}
        self._listening: set[str] = set()
        """What the present connection listens to."""
        self._changed: set[str] = set()
        """Channels that it may have to begin or end to listen to."""
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._unsent: list[tuple[str, str]] = []
        self._bytes = 0
        self._room, self._wake = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._numbers = itertools.count()
        self._connection: Connection | None = None
        self._reached: asyncio.Future[None] | None = None
        """What those wait for who need a connection while there is none."""
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def send(self, space: str, topic: str, payload: bytes) -> None:
        """Hand a signal over; no answer is waited for. Raises `Unavailable` where the server is out of reach."""
        await self._reach()
        await self._room.wait()
        self._put(space, topic, payload)

    def send_at_once(self, space: str, topic: str, payload: bytes) -> bool:
        """Hand a signal over; False while there is no connection, or too much is unsent."""
        if self._closed or self._connection is None or self._connection.is_closed() or not self._room.is_set():
            return False
        self._put(space, topic, payload)
        return True

    def _put(self, space: str, topic: str, payload: bytes) -> None:
        numbered = f"{next(self._numbers):x} {base64.b64encode(payload).decode()}"
        self._unsent.append((self._channel(space, topic), numbered))
        self._bytes += len(payload) + BYTES_OF_A_SIGNAL
        if self._bytes > MOST_BYTES_UNSENT:
            self._room.clear()
        self._wake.set()

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        """Call this for each signal of a topic from now on. Raises `Unavailable`."""
        channel = self._channel(space, topic)
        self._heard[channel] = heard
        await self._reach()
        if channel not in self._listening:
            confirmed = self._confirmed[channel] = asyncio.get_running_loop().create_future()
            self._change(channel)
            await confirmed

    def unsubscribe(self, space: str, topic: str) -> None:
        """Hear no more of a topic."""
        channel = self._channel(space, topic)
        self._heard.pop(channel, None)
        self._confirmed.pop(channel, None)
        self._change(channel)

    def renew(self) -> None:
        """Drop the connection, so that another one is made, and listens to all that is asked for."""
        if self._connection is not None:
            self._connection.terminate()
            self._wake.set()

    async def close(self) -> None:
        """Send what is unsent, and hear no more."""
        self._closed = True
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await end(self._connection)

    def _channel(self, space: str, topic: str) -> str:
        """Name a topic's channel. Channels are one for all schemas of a database, and have at most 63 bytes."""
        named = f"{self._location.schema}\0{space}\0{topic}".encode()
        return f"tenure.signal.{hashlib.blake2b(named, digest_size=16).hexdigest()}"

    def _change(self, channel: str) -> None:
        self._changed.add(channel)
        self._wake.set()

    async def _reach(self) -> None:
        """Wait until there is a connection that listens to all that is asked for. Raises `Unavailable`."""
        if self._closed:
            raise Unavailable(CLOSED)
        if self._connection is None or self._connection.is_closed():
            if self._reached is None:
                self._reached = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="sends and hears signals")
            self._wake.set()
            await asyncio.shield(self._reached)

    # -------------------------------------------------------------------------------------- the task

    async def _run(self) -> None:
        ended = False
        while not ended:
            self._wake.clear()
            ended, pause = self._closed, PING_SECONDS if self._heard else None
            try:
                await self._round()
            except (Unavailable, asyncpg.PostgresError, *LOST) as error:
                self._give_up(error)
                pause = RETRY_SECONDS if self._heard else None
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if ended else pause):
                    await self._wake.wait()

    async def _round(self) -> None:
        """Send what has gathered and listen to what is asked for, or see whether the connection lives."""
        connection = self._connection
        if connection is None or connection.is_closed():
            if self._closed:
                raise Unavailable(CLOSED)
            if not (self._heard or self._unsent or self._reached):
                return
            connection = await self._connect()
        idle = not self._changed and not self._unsent
        await self._notify(connection)
        await self._listen(connection)
        if idle:
            await _ask(connection, "SELECT 1")

    async def _connect(self) -> Connection:
        """Make a connection, and listen before anything is sent: who hears themselves misses nothing."""
        connection = cast("HearingConnection", await connect(self._location, HearingConnection))
        self._connection = connection
        connection.notified = self._notified
        connection.add_termination_listener(lambda _: self._wake.set())
        self._listening, self._changed = set(), set(self._heard)
        await self._listen(connection)
        if self._reached is not None:
            self._reached.set_result(None)
            self._reached = None
        return connection

    def _notified(self, channel: str, payload: str) -> None:
        heard = self._heard.get(channel)
        if heard is not None:
            heard(base64.b64decode(payload.partition(" ")[2]))

    async def _listen(self, connection: Connection) -> None:
        changed, self._changed = self._changed, set()
        gone = [channel for channel in changed if channel in self._listening and channel not in self._heard]
        fresh = [channel for channel in changed if channel in self._heard and channel not in self._listening]
        self._listening.difference_update(gone)
        for channels in _parts(gone):
            await _ask(connection, "; ".join(f'UNLISTEN "{channel}"' for channel in channels))
        for channels in _parts(fresh):
            await _ask(connection, "; ".join(f'LISTEN "{channel}"' for channel in channels))
            self._listening.update(channels)
            for confirmed in [self._confirmed.pop(channel, None) for channel in channels]:
                if confirmed is not None and not confirmed.done():
                    confirmed.set_result(None)

    async def _notify(self, connection: Connection) -> None:
        unsent = self._take()
        if unsent:
            channels, payloads = zip(*unsent, strict=True)
            await _ask(connection, self._sql["signal"], channels, payloads)

    def _take(self) -> list[tuple[str, str]]:
        """Take what is unsent. What then fails is not sent again: it may have been heard."""
        unsent, self._unsent, self._bytes = self._unsent, [], 0
        self._room.set()
        return unsent

    def _give_up(self, error: Exception) -> None:
        """Drop the connection, and tell those who wait for an answer by it."""
        if self._connection is not None:
            self._connection.terminate()
        self._take()
        unavailable = error if isinstance(error, Unavailable) else translated(error, self._location, committing=False)
        for waiting in (self._reached, *self._confirmed.values()):
            if waiting is not None and not waiting.done():
                waiting.set_exception(unavailable)
                waiting.exception()  # it counts as seen: whoever waited may be gone
        self._reached = None
        self._confirmed.clear()


async def _ask(connection: Connection, statement: str, *values: Sequence[str]) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        await connection.execute(statement, *values)


def _parts(channels: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(channels), CHANNELS_AT_ONCE):
        yield channels[start : start + CHANNELS_AT_ONCE]
