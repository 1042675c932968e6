"""SQLite: one thread decides, one writes, one reads; a batch is one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

import apsw

from tenure.core.clock import Time, wall_time
from tenure.core.decide import Transaction
from tenure.core.engine import (
    Difference,
    Listener,
    Message,
    Outcome,
    Query,
    Settled,
    Swept,
)
from tenure.core.kinds import Kinds, Slot
from tenure.core.pieces import Part, Piece
from tenure.core.row import Entry, Row
from tenure.core.sheet import to_json
from tenure.core.signals import Carrier, InProcess
from tenure.core.views import Views
from tenure.engines.sqlite import builds, copying, finding, outbox, reading
from tenure.engines.sqlite.ahead import Ahead
from tenure.engines.sqlite.audit import audit
from tenure.engines.sqlite.connection import Location, connect_reader, nobody_writes
from tenure.engines.sqlite.file import File, Landing, unavailable
from tenure.engines.sqlite.reading import Spaces, first, read_rows, read_time, to_entry
from tenure.engines.sqlite.statements import SQL
from tenure.engines.sqlite.sweep import needs_pruning, prune, sweep
from tenure.engines.sqlite.views import offer
from tenure.engines.sqlite.watching import LogWatch, Watching
from tenure.engines.sqlite.worker import Prepared, Worker

T = TypeVar("T")

ERASED_AT_ONCE = 5000


class SqliteEngine:
    """One database file, or one in memory. Several processes may open the same file."""

    name = "sqlite"
    lanes = 3  # one is being decided, one written, and one answered
    enough: int | None = None

    def __init__(self, location: Location, kinds: Kinds, loop: asyncio.AbstractEventLoop) -> None:
        self.kinds, self._loop = kinds, loop
        self._location = location
        self.carrier: Carrier = InProcess()
        self._spaces = Spaces()
        self._listeners: list[Listener] = []
        self._writer = Worker("tenure-sqlite-writer", self._writing)
        self._reader = self._writer if location.path is None else Worker("tenure-sqlite-reader")
        self._decider: Worker | None = None if location.path is None else Worker("tenure-sqlite-decider")
        self._watching: Watching | None = None
        self._written = 0

    @classmethod
    async def open(cls, rest: str, kinds: Kinds) -> SqliteEngine:
        """Open what stands behind `sqlite:` in a URL."""
        engine = cls(Location(rest), kinds, asyncio.get_running_loop())
        try:
            await engine._writer.do(engine._connect)
            await engine._reader.do(engine._connect_reader)
            if engine._decider is not None:
                await engine._decider.do(engine._connect_decider)
        except BaseException:
            await engine._stop()
            raise
        if engine._location.path is not None:
            engine._watching = Watching(LogWatch(engine._location.path), engine)
        return engine

    # ------------------------------------------------------------------------------------- writing

    async def write(self, space: str, transactions: Sequence[Transaction], now: int | None = None) -> Sequence[Outcome]:
        """Apply transactions in order, each all or not at all, in one commit."""
        if self._decider is None:
            return await self._writer.write(lambda: self._file.write(space, transactions, now), len(transactions))
        try:
            job = partial(self._prepare, space, transactions, now)
            return await self._decider.prepare(job, self._writer, len(transactions))
        except apsw.Error as error:
            raise unavailable(error) from error

    async def check(self, space: str, transaction: Transaction, now: int | None = None) -> Outcome:
        """Give the outcome that a transaction would have now; nothing is written."""

        def job() -> Outcome:
            with self._file.reading():
                return self._file.decide(self._file.space(space), [transaction], now)[2][0]

        return await self._writer.do(job)

    def _prepare(self, space: str, transactions: Sequence[Transaction], now: int | None) -> Prepared[Sequence[Outcome]]:
        """Decide a batch on the decider's thread, for the writer's thread to write it."""
        number = self._spaces.number(self._ahead_reads, space)
        flight = self._ahead.decide(number, transactions, _now(now)) if number else None
        landing = Landing(space, flight, partial(self._file.write, space, transactions, now))
        return Prepared(landing, partial(self._file.land, landing), self._file.land_at_once)

    async def sweep(self, space: str, most: int, alive_for: int, now: int | None = None) -> Swept:
        """Make at most so many due transitions, remove what was kept long enough, and give a sign of life."""

        def job() -> Swept:
            number = self._file.make_space(space)
            builds.announce(self._file.connection, self.kinds)
            time = self._sign_of_life(number, self._file.time(number, now), alive_for)
            swept, batch = sweep(self._file.connection, number, self.kinds, time, most)
            prune(self._file.connection, number, self.kinds, time.now, most)
            self._file.tells(space, batch)
            return swept

        swept = await self._peek(space, alive_for) if now is None else None
        return swept if swept is not None else await self._writer.write(job)

    async def _peek(self, space: str, alive_for: int) -> Swept | None:
        """Look whether there is anything to sweep, so that an idle sweeper writes nothing."""

        def job() -> Swept | None:
            number = self._spaces.number(self._reads, space)
            time = read_time(self._reads, number, wall_time())
            sql = "SELECT at FROM tenure_due WHERE space = ? ORDER BY at LIMIT 1"
            next_due = first(self._reads.execute(sql, (number,)), -1)
            alive = time.alive_until - time.now > alive_for // 2
            idle = alive and not 0 <= next_due <= time.now and not needs_pruning(self._reads, number, time.now)
            return Swept(0, 0, next_due if next_due >= 0 else None, more=False) if idle else None

        return await self._read(job)

    def _sign_of_life(self, space: int, time: Time, alive_for: int) -> Time:
        swept = time.swept(alive_for)
        self._file.connection.execute(
            "UPDATE tenure_spaces SET swept_at = ?, alive_until = max(alive_until, ?), outages = ? WHERE space = ?",
            (swept.swept_at, swept.alive_until, to_json(swept.outages), space),
        )
        return swept

    # ------------------------------------------------------------------------------------- messages

    async def take(
        self, space: str, kind: str, effect: str, most: int, lease: int, now: int | None = None
    ) -> Sequence[Message]:
        """Take messages that are due for delivery, the oldest of each record only, for a lease."""

        def peek() -> bool:
            values = (self._spaces.number(self._reads, space), kind, effect, _now(now), 1)
            return bool(list(self._reads.execute(SQL["take_messages"], values)))

        def job() -> Sequence[Message]:
            return outbox.take(*self._file.inside(space), kind, effect, most, lease, _now(now))

        return await self._writer.write(job) if await self._read(peek) else []

    async def settle(self, space: str, settled: Sequence[Settled], now: int | None = None) -> None:
        """Say what became of taken messages; one whose token is no longer the last is left alone."""

        def job() -> None:
            for one in settled:
                outbox.settle(*self._file.inside(space), one, _now(now))

        await self._writer.write(job)

    async def resend(self, space: str, kind: str, id: str, effect: str, now: int | None = None) -> int:
        """Let a record's given up messages be tried again, and give how many there were."""

        def job() -> int:
            return outbox.resend(*self._file.inside(space), kind, id, effect, _now(now))

        return await self._writer.write(job)

    async def messages(self, space: str, kind: str | None, effect: str | None, most: int) -> Sequence[Message]:
        """Read the messages that wait, the oldest first."""
        return await self._read(lambda: outbox.waiting(*self._in(space), kind, effect, most))

    # ------------------------------------------------------------------------------------- reading

    async def time(self, space: str, now: int | None = None) -> Time:
        """Read the clock and what is credited."""
        return await self._read(lambda: read_time(*self._in(space), _now(now)))

    async def rows(self, space: str, keys: Sequence[tuple[str, str]]) -> Sequence[Row | None]:
        """Read records by kind and id."""

        def job() -> Sequence[Row | None]:
            rows = read_rows(*self._in(space), keys)
            found = {(row.kind, row.id): row for _, _, row in rows}
            return [found.get(key) for key in keys]

        return await self._read(job)

    async def find(self, space: str, query: Query) -> Sequence[Row]:
        """Read the records that a query asks for."""
        return await self._read(lambda: finding.find(*self._in(space), query))

    async def counts(self, space: str) -> dict[str, dict[str, int]]:
        """Read how many records of each kind are in each state."""

        def job() -> dict[str, dict[str, int]]:
            counts: dict[str, dict[str, int]] = {}
            sql = "SELECT kind, state, number FROM tenure_counts WHERE space = ? AND number <> 0"
            for kind, state, number in self._reads.execute(sql, (self._spaces.number(self._reads, space),)):
                counts.setdefault(kind, {})[state] = number
            return counts

        return await self._read(job)

    async def holders(self, space: str, slot: Slot, most: int) -> Sequence[str]:
        """Read the ids of those that hold a limit's slot."""
        return await self._read(lambda: reading.holders(*self._in(space), slot, most))

    async def history(self, space: str, kind: str, id: str, after: int, most: int) -> Sequence[Entry]:
        """Read a record's events after a version, in order."""
        return await self._entries("read_events", space, kind, id, after, most)

    async def feed(self, space: str, kinds: Sequence[str], after: int, most: int) -> Sequence[Entry]:
        """Read the events of some kinds (all, if none is named) after a position, in order."""
        return await self._entries("read_feed", space, after, to_json(list(kinds)), most)

    async def last_position(self, space: str) -> int:
        """Read the position of the last event, or one that no event has passed yet."""
        del space  # positions are one sequence for the whole file
        return await self._read(lambda: first(self._reads.execute("SELECT sequence FROM tenure_clock"), 0))

    async def due(self, space: str, most: int) -> Sequence[tuple[int, str, str]]:
        """Read what is looked at next: instant, kind and id."""
        sql = """SELECT d.at, r.kind, r.id FROM tenure_due AS d CROSS JOIN tenure_records AS r ON r.record = d.record
                 WHERE d.space = ? AND r.removed = 0 ORDER BY d.at LIMIT ?"""
        return await self._read(lambda: list(self._reads.execute(sql, (self._spaces.number(self._reads, space), most))))

    async def _entries(self, statement: str, space: str, *values: Any) -> Sequence[Entry]:
        def job() -> Sequence[Entry]:
            return [
                to_entry(cells)
                for cells in self._reads.execute(SQL[statement], (self._spaces.number(self._reads, space), *values))
            ]

        return await self._read(job)

    # ------------------------------------------------------------------------------------- the whole

    async def audit(self, space: str, *, repair: bool, now: int | None = None) -> Sequence[Difference]:
        """Compare every index with what the records say, and mend it if asked."""

        def job() -> Sequence[Difference]:
            with self._file.writing() if repair else self._file.reading():
                number = self._file.space(space)
                return audit(self._file.connection, number, self.kinds, self._file.time(number, now), repair=repair)

        return await self._writer.do(job)

    async def spaces(self) -> Sequence[str]:
        """Read the names of all spaces."""
        sql = "SELECT name FROM tenure_spaces ORDER BY space"
        return await self._read(lambda: [cells[0] for cells in self._reads.execute(sql)])

    async def declarations(self) -> dict[str, bytes]:
        """Read the tables under which each kind was last opened, as JSON."""
        sql = "SELECT kind, declaration FROM tenure_kinds"
        return await self._read(lambda: {k: d.encode() for k, d in self._reads.execute(sql)})

    # ------------------------------------------------------------------------------------- copying

    async def dump(self, space: str, after: str, most: int) -> Part:
        """Read a part of all that a space holds, after the mark of the part before."""
        return await self._read(lambda: copying.dump(*self._in(space), after, most))

    async def load(self, space: str, pieces: Sequence[Piece]) -> None:
        """Put pieces into a space as they are, without what stands beside the records."""
        await self._writer.write(lambda: copying.load(*self._file.inside(space), pieces))

    async def index(self, space: str, now: int | None = None) -> None:
        """Make what stands beside the records of a loaded space."""

        def job() -> None:
            number = self._file.make_space(space)
            copying.index(self._file.connection, number, self.kinds, self._file.time(number, now))

        await self._writer.write(job)

    async def erase(self, space: str) -> None:
        """Remove all that a space holds, in bounded steps."""
        while await self._writer.write(lambda: copying.erase(*self._file.inside(space), ERASED_AT_ONCE)):
            pass

    async def seal(self, space: str, reason: str) -> None:
        """Refuse all writes of a space with this reason, those of other processes too; without one, allow them."""
        await self._writer.write(lambda: copying.seal(*self._file.inside(space), reason))

    async def sealed(self, space: str) -> str:
        """Read why a space may not be written; the empty text if it may."""
        return await self._read(lambda: copying.sealed(*self._in(space)))

    async def offer(self, views: Views, space: str) -> str | None:
        """Make the views that a program offers of a space, beside those of the kinds; give whose are there instead."""
        selects = views.of(self.name, space)
        return await self._writer.write(lambda: offer(self._file.connection, selects, space))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each write from now on; gives the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        if self._watching is not None:
            await self._watching.end()
        if self._decider is not None:
            await self._decider.do(lambda: None)  # what was handed over before is handed on
        await self._writer.do(self._file.tidy)
        await self._stop()

    async def _stop(self) -> None:
        if self._decider is not None:
            await self._decider.do(lambda: self._ahead_reads.close() if hasattr(self, "_ahead_reads") else None)
            await self._decider.stop()
        if self._reader is not self._writer:
            await self._reader.do(lambda: self._reads.close() if hasattr(self, "_reads") else None)
            await self._reader.stop()
        await self._writer.do(lambda: self._file.close() if hasattr(self, "_file") else None)
        await self._writer.stop()

    def _in(self, space: str) -> tuple[apsw.Connection, int]:
        """Give the connection that reads, and a space's number."""
        return self._reads, self._spaces.number(self._reads, space)

    async def _read(self, job: Callable[[], T]) -> T:
        try:
            return await self._reader.do(job)
        except apsw.Error as error:
            raise unavailable(error) from error

    # ----------------------------------------------------------------------- on the writer's thread

    def _writing(self) -> AbstractContextManager[None]:
        return self._file.writing()  # which is opened on that thread

    def _connect(self) -> None:
        self._file = File(self._location, self.kinds, self._spaces, self._tell, self._writer.tell)

    def _connect_decider(self) -> None:
        self._ahead_reads = connect_reader(self._location)
        self._ahead = Ahead(self._ahead_reads, self.kinds)

    def _connect_reader(self) -> None:
        self._reads = self._file.connection if self._location.path is None else connect_reader(self._location)

    def _tell(self, space: str, entries: Sequence[Entry]) -> None:
        """Tell the listeners, from whichever thread."""
        if entries and self._listeners:
            self._loop.call_soon_threadsafe(self._tell_listeners, space, entries)

    def _tell_listeners(self, space: str, entries: Sequence[Entry]) -> None:
        for listener in list(self._listeners):
            listener(space, entries)

    def has_written(self) -> bool:
        """Tell whether this process wrote since it was asked last: each write tells what others wrote before it."""
        before, self._written = self._written, self._file.written
        return before < self._written

    async def look_for_others(self) -> bool:
        """Wake those who wait for what another process wrote, and tell whether that was all there is to come."""

        def job() -> bool:
            ended = nobody_writes(self._file.connection)  # asked first: what ends after this is told by a later look
            self._file.catch_up()
            self._file.checkpoint()  # of what others wrote, if the file is ours
            return ended

        try:
            return await self._writer.do(job)
        except apsw.Error:
            return False  # a disk that fails for a moment: the next look tells of it all


def _now(now: int | None) -> int:
    return wall_time() if now is None else now
