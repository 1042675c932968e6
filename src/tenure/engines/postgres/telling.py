"""Telling listeners of what was written, by whichever process: each event once, in the order of positions.

Nothing of this is part of a write: `NOTIFY` takes a lock that all writers of a database share. What commits wakes the
one task here. It looks how far all is decided (the horizon), tells what this process wrote up to there, reads what
others wrote in between, and notifies them; a notification says nothing but that there is something to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg

from tenure.core.engine import Listener
from tenure.core.errors import Unavailable
from tenure.core.row import Entry
from tenure.engines.postgres.connection import LOST, Connection, Pool, Transaction, connect, end
from tenure.engines.postgres.location import Location
from tenure.engines.postgres.reading import columns, to_entry
from tenure.engines.postgres.statements import Statements

POLL_SECONDS = 0.05
"""How often is looked where no notification can come: through a pooler."""

SURELY_SECONDS = 1.0
"""How often is looked although no notification came."""

HORIZON_SECONDS = 5.0
"""How long the answer to a question may take that costs the server nothing; without one the connection is dead."""

PAUSE_SECONDS = 0.01
"""Between two looks; what is written meanwhile is told with the next."""

TURNS_FOR_CALLERS = 6
"""After so many turns of the event loop those who wrote have their answers: they come before who only listens."""

MOST_AT_ONCE = 10_000

Range = tuple[int, int]


class Draws:
    """What one transaction drew, and which events it wrote."""

    def __init__(self, open: set[Range]) -> None:
        self._open = open
        self.ranges: list[Range] = []
        self.entries: Sequence[Entry] = ()

    def add(self, first: int, number: int) -> None:
        """Note that so many positions were drawn."""
        drawn = (first, first + number - 1)
        self.ranges.append(drawn)
        self._open.add(drawn)


class Teller:
    """The one task of an engine that tells."""

    def __init__(self, location: Location, sql: Statements, pool: Pool) -> None:
        self._location, self._sql, self._pool = location, sql, pool
        self._channel = f"tenure_{location.schema}"
        self.listeners: list[Listener] = []
        self.told = 0
        """Up to which position all was told."""
        self.open: set[Range] = set()
        """Positions drawn here whose outcome is not known yet."""
        self._ours: list[Range] = []
        """Positions drawn here that nobody else has."""
        self._untold: list[tuple[str, Entry]] = []
        self._wake = asyncio.Event()
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Begin with what is written from now on."""
        async with self._pool.reading() as reading:
            self.told = (await reading.rows(self._sql["read_horizon"]))[0][1]
        self._task = asyncio.create_task(self._run(), name="tells what was written")

    async def stop(self) -> None:
        """Tell what was written, and then no more."""
        self._ended.set()
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await end(self._connection)

    # ------------------------------------------------------------------------------- what writers say

    @contextmanager
    def draws(self, space: str) -> Generator[Draws]:
        """Note what a transaction draws and writes; where it fails, nobody may know what became of it."""
        draws = Draws(self.open)
        try:
            yield draws
        except BaseException:
            self.open.difference_update(draws.ranges)  # they are read as if others had written them
            self._wake.set()
            raise
        self.open.difference_update(draws.ranges)
        self._ours += draws.ranges
        self._untold += [(space, entry) for entry in draws.entries]
        if draws.entries:
            self._wake.set()

    # -------------------------------------------------------------------------------------- the task

    async def _run(self) -> None:
        pause = POLL_SECONDS if self._location.pooler else SURELY_SECONDS
        while not self._ended.is_set():
            with suppress(Unavailable, *LOST, asyncpg.PostgresError):  # the next look tells of it all
                await self._look_once()
            await _happens(self._ended, PAUSE_SECONDS)
            await _happens(self._wake, pause)
            for _ in range(TURNS_FOR_CALLERS):
                await asyncio.sleep(0)

    async def _look_once(self) -> None:
        if self._location.pooler:
            async with self._pool.reading() as reading:
                await self._look(reading)
            return
        connection, fresh = self._connection, False
        if connection is None or connection.is_closed():
            connection, fresh = await connect(self._location), True
        self._connection = connection
        try:
            async with asyncio.timeout(self._location.statement_seconds):
                if fresh:
                    async with asyncio.timeout(HORIZON_SECONDS):
                        await connection.add_listener(self._channel, self._notified)
                await self._look(Transaction(connection, lambda: None))
        except BaseException:
            connection.terminate()
            raise

    def _notified(self, _connection: Any, pid: int, _channel: str, _payload: object) -> None:
        if self._connection is None or pid != self._connection.get_server_pid():
            self._wake.set()

    async def _look(self, reading: Transaction) -> None:
        """Tell all up to the horizon. Events are read in a later statement than the horizon; see `tenure_horizon`."""
        self._wake.clear()
        async with asyncio.timeout(HORIZON_SECONDS):
            last, horizon = (await reading.rows(self._sql["read_horizon"]))[0]
        upto = min([horizon, *(first - 1 for first, _ in self.open)])
        if upto > self.told:
            others = await self._others(reading, upto)
            ours = [told for told in self._untold if told[1].position <= upto]
            self._untold = [told for told in self._untold if told[1].position > upto]
            self._ours = [drawn for drawn in self._ours if drawn[1] > upto]
            self.told = upto
            self._tell(sorted([*others, *ours], key=lambda told: told[1].position))
            if ours:
                await reading.rows("SELECT pg_notify($1, '')", self._channel)
        if upto < last:
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._wake.set)

    async def _others(self, reading: Transaction, upto: int) -> list[tuple[str, Entry]]:
        """Read the events between what was told and the horizon that were not drawn here."""
        gaps: list[Range] = []
        low = self.told
        for first, last in sorted(self._ours):
            gaps.append((low, min(first, upto + 1)))
            low = last
        gaps.append((low, upto + 1))
        lows, highs = columns([gap for gap in gaps if gap[1] - gap[0] > 1], 2)
        if not lows:
            return []
        found: list[tuple[str, Entry]] = []
        for space, *cells in await reading.rows(self._sql["read_others"], lows, highs, MOST_AT_ONCE):
            found.append((space, to_entry(cells)))
        return found

    def _tell(self, told: Sequence[tuple[str, Entry]]) -> None:
        by_space: dict[str, list[Entry]] = {}
        for space, entry in told:
            by_space.setdefault(space, []).append(entry)
        for space, entries in by_space.items():
            for listener in list(self.listeners):
                listener(space, entries)


async def _happens(event: asyncio.Event, most_seconds: float) -> None:
    """Wait for something, but no longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(most_seconds):
            await event.wait()
