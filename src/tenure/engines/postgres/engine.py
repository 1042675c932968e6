"""PostgreSQL: each batch locks what it touches, is decided here, and is written by one statement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import msgspec

from tenure.core.batch import Key
from tenure.core.clock import Time, wall_time
from tenure.core.decide import Transaction as Asking
from tenure.core.engine import Difference, Listener, Message, Outcome, Query, Settled, Swept
from tenure.core.errors import Unavailable
from tenure.core.kinds import Kinds, Slot
from tenure.core.pieces import EventPiece, Part, Piece
from tenure.core.row import Entry, Row
from tenure.core.sheet import to_json
from tenure.core.signals import Carrier, InProcess
from tenure.core.views import Views
from tenure.engines.postgres import batches, builds, copying, finding, outbox
from tenure.engines.postgres.audit import audit
from tenure.engines.postgres.connection import Drifted, Pool, Raced, Transaction
from tenure.engines.postgres.days import DAY, Days, NoDay
from tenure.engines.postgres.grounds import Grounds
from tenure.engines.postgres.location import Location, read_location
from tenure.engines.postgres.locking import Locked
from tenure.engines.postgres.needs import Needs
from tenure.engines.postgres.offering import offer
from tenure.engines.postgres.opening import open_schema
from tenure.engines.postgres.outbox import to_message
from tenure.engines.postgres.pruning import Pruner
from tenure.engines.postgres.reading import Files, to_entry
from tenure.engines.postgres.signals import Signals
from tenure.engines.postgres.statements import Statements
from tenure.engines.postgres.sweep import Result, sweep
from tenure.engines.postgres.telling import Draws, Teller

T = TypeVar("T")

TRIES = 20
"""How often the same is tried when others are faster each time."""

ONE_VIEW = "ISOLATION LEVEL REPEATABLE READ, READ ONLY"
ERASED_AT_ONCE = 5000
ANNOUNCED_EVERY = 60 * 1_000_000
LONGEST_WAIT_SECONDS = 1
LOOK_AGAIN_SECONDS, LONGEST_PAUSE_SECONDS = 0.002, 0.1
PATIENCE_SECONDS = 1.0
LATE_ENOUGH = 3
"""After so many times what a statement may take, the server has ended whatever was under way."""


class PostgresEngine:
    """One schema of one database. Any number of processes may open it, on any number of machines."""

    name = "postgres"
    lanes = 4
    enough: int | None = None

    def __init__(self, location: Location, kinds: Kinds) -> None:
        self.kinds, self._location = kinds, location
        self._sql = Statements(location.schema)
        self._pool = Pool(location)
        self._needs = Needs(kinds)
        self._days = Days(self._sql, self._pool)
        self._teller = Teller(location, self._sql, self._pool)
        self.carrier: Carrier = InProcess() if location.pooler else Signals(location, self._sql)
        self._pruner = Pruner(self._sql, self._pool, kinds, self._days)
        self._spaces: dict[str, int] = {}
        self._jobs: set[asyncio.Task[object]] = set()
        self._announced_at = 0

    @classmethod
    async def open(cls, url: str, kinds: Kinds) -> PostgresEngine:
        """Open what a URL names. Raises `InvalidChange` for a wrong URL, and `Unavailable`, which says what to do."""
        engine = cls(read_location(url), kinds)
        try:
            await engine._again(lambda: open_schema(engine._pool, engine._location, engine._sql, kinds))
            await engine._days.make_ahead(wall_time())
            await engine._teller.start()
        except BaseException:
            await engine.close()
            raise
        engine._announced_at = wall_time()
        return engine

    # ------------------------------------------------------------------------------------- writing

    async def write(self, space: str, transactions: Sequence[Asking], now: int | None = None) -> Sequence[Outcome]:
        """Apply transactions in order, each all or not at all, in one commit."""
        also: set[Key] = set()
        careful = False

        async def job() -> Sequence[Outcome]:
            nonlocal careful
            number = await self._make_space(space)
            try:
                async with self._writing(space) as (transaction, draws):
                    files = Locked(transaction, self._sql, number, self._needs)
                    files.drawn = draws.add
                    batch, outcomes = await batches.apply(
                        files, self.kinds, self._days, transactions, now, also, careful=careful
                    )
                    draws.entries = batch.entries if transaction.keep else ()
            except batches.NotLocked as missing:
                also.add(missing.key)
                raise Raced from None
            except Drifted:
                careful = True
                raise
            return outcomes

        return await self._do(job)

    async def check(self, space: str, transaction: Asking, now: int | None = None) -> Outcome:
        """Give the outcome that a transaction would have now; nothing is written."""

        async def job() -> Outcome:
            async with self._pool.transaction(ONE_VIEW) as reading:
                files = Files(reading, self._sql, await self._space(space, reading))
                time, before = await files.begin_check(now, [transaction.op] if transaction.op else [])
                _, outcomes, _ = await batches.decide(files, self.kinds, time, before, [transaction])
                return outcomes[0]

        return await self._do(job)

    async def sweep(self, space: str, most: int, alive_for: int, now: int | None = None) -> Swept:
        """Make at most so many due transitions, remove what was kept long enough, and give a sign of life."""

        async def job() -> Result:
            number = await self._make_space(space)
            at = await self._sign_of_life(number, alive_for, now)
            async with self._writing(space) as (transaction, draws):
                grounds = Grounds(transaction, self._sql, number, self._needs)
                grounds.drawn = draws.add
                result = await sweep(grounds, self.kinds, most, at, now, self._days.check)
                if result.batch is None:
                    transaction.keep = False
                else:
                    await grounds.give_back(result.batch.sequence)
                    draws.entries = result.batch.entries
            return result

        swept = await self._do(lambda: self._peek(space, alive_for)) if now is None else None
        if swept is not None:
            return swept
        result = await self._do(job)
        await self._do(lambda: self._prune(space, now))
        if result.busy is not None and await self._do(lambda: self._is_free(result.busy)):
            return msgspec.structs.replace(result.swept, more=True)
        return result.swept

    async def _is_free(self, record: int | None) -> bool:
        """Wait a moment, holding nothing, for a record that another transaction has; tell whether it is free now."""
        with suppress(Unavailable):
            async with self._pool.transaction() as transaction:
                transaction.keep = False
                await transaction.run(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_SECONDS}s'")
                await transaction.rows(self._sql["await_record"], record)
                return True
        return False

    async def _peek(self, space: str, alive_for: int) -> Swept | None:
        """Look whether there is anything to sweep, so that an idle sweeper writes nothing."""
        async with self._pool.reading() as reading:
            files = Files(reading, self._sql, await self._space(space, reading))
            time, _ = await files.begin_check(None, [])
            found = await reading.rows(self._sql["read_next_due"], files.space, -1)
        next_due: int | None = found[0][0] if found else None
        alive = time.alive_until - time.now > alive_for // 2
        idle = alive and (next_due is None or next_due > time.now) and not self._pruner.is_due(time.now)
        return Swept(0, 0, next_due, more=False) if idle else None

    async def _sign_of_life(self, space: int, alive_for: int, now: int | None) -> int:
        """Say that a sweeper is at work, and give the time; in a transaction of its own, since sweepers wait for it."""
        async with self._pool.transaction() as transaction:
            found = await transaction.rows(self._sql["give_sign_of_life"], space, alive_for, now)
            at: int = found[0][0] if found else await self._end_outage(transaction, space, alive_for, now)
            if wall_time() - self._announced_at > ANNOUNCED_EVERY:
                await builds.announce(transaction, self._sql, self.kinds)
                self._announced_at = wall_time()
            await builds.look_around(transaction, self._sql, self.kinds)
        return at

    async def _end_outage(self, transaction: Transaction, space: int, alive_for: int, now: int | None) -> int:
        await transaction.rows(self._sql["lock_space"], space)
        time, _ = await Files(transaction, self._sql, space).begin_check(now, [])
        swept = time.swept(alive_for)
        values = (space, swept.swept_at, swept.alive_until, to_json(swept.outages))
        await transaction.run(self._sql["end_outage"], *values)
        return time.now

    async def _prune(self, space: str, now: int | None) -> None:
        at = wall_time() if now is None else now
        if self._pruner.is_due(at):
            await self._days.make_ahead(at)
            await self._pruner.prune(await self._make_space(space), at)

    # ------------------------------------------------------------------------------------- messages

    async def take(
        self, space: str, kind: str, effect: str, most: int, lease: int, now: int | None = None
    ) -> Sequence[Message]:
        """Take messages that are due for delivery, the oldest of each record only, for a lease."""

        async def job() -> Sequence[Message]:
            number = await self._make_space(space)
            async with self._writing(space) as (transaction, draws):
                files = Files(transaction, self._sql, number)
                files.drawn = draws.add
                return await outbox.take(files, kind, effect, most, lease, now)

        due = await self._read(space, lambda files: files.select("are_messages_due", kind, effect, now))
        return await self._do(job) if due else []

    async def settle(self, space: str, settled: Sequence[Settled], now: int | None = None) -> None:
        """Say what became of taken messages; one whose token is no longer the last is left alone."""
        await self._change(space, lambda files: outbox.settle(files, settled, now))

    async def resend(self, space: str, kind: str, id: str, effect: str, now: int | None = None) -> int:
        """Let a record's given up messages be tried again, and give how many there were."""
        return await self._change(space, lambda files: outbox.resend(files, kind, id, effect, now))

    async def messages(self, space: str, kind: str | None, effect: str | None, most: int) -> Sequence[Message]:
        """Read the messages that wait, the oldest first."""
        rows = await self._read(space, lambda files: files.select("read_messages", kind, effect, most))
        return [to_message(cells) for cells in rows]

    # ------------------------------------------------------------------------------------- reading

    async def time(self, space: str, now: int | None = None) -> Time:
        """Read the clock and what is credited."""
        return (await self._read(space, lambda files: files.begin_check(now, [])))[0]

    async def rows(self, space: str, keys: Sequence[tuple[str, str]]) -> Sequence[Row | None]:
        """Read records by kind and id."""

        async def job(files: Files) -> Sequence[Row | None]:
            await files.read("read_rows", keys)
            return [files.rows[key] for key in keys]

        return await self._read(space, job)

    async def find(self, space: str, query: Query) -> Sequence[Row]:
        """Read the records that a query asks for."""
        found = await self._read(space, lambda files: finding.find(files, query))
        if found is None:
            raise query.nowhere()
        return found

    async def counts(self, space: str) -> dict[str, dict[str, int]]:
        """Read how many records of each kind are in each state."""
        counts: dict[str, dict[str, int]] = {}
        for kind, state, number in await self._read(space, lambda files: files.select("read_counts")):
            counts.setdefault(kind, {})[state] = number
        return counts

    async def holders(self, space: str, slot: Slot, most: int) -> Sequence[str]:
        """Read the ids of those that hold a limit's slot."""
        values = ([slot.kind], [slot.limit], [slot.key], most)
        return [cells[3] for cells in await self._read(space, lambda files: files.select("read_holders", *values))]

    async def history(self, space: str, kind: str, id: str, after: int, most: int) -> Sequence[Entry]:
        """Read a record's events after a version, in order."""
        rows = await self._read(space, lambda files: files.select("read_events", kind, id, after, most))
        return [to_entry(cells) for cells in rows]

    async def feed(self, space: str, kinds: Sequence[str], after: int, most: int) -> Sequence[Entry]:
        """Read the events of some kinds (all, if none is named) after a position, in order.

        The horizon may go back by a mark's unit when another batch draws. So whoever is woken by what was told waits
        for that to be shown: reading once, they would find nothing, and nobody would wake them again.
        """

        async def job(files: Files) -> tuple[int, Sequence[Entry]]:
            _, horizon = await files.read_horizon()
            rows = await files.select("read_feed", after, list(kinds), most, horizon)
            return horizon, [to_entry(cells) for cells in rows]

        loop, pause = asyncio.get_running_loop(), LOOK_AGAIN_SECONDS
        told, end = self._teller.told, loop.time() + PATIENCE_SECONDS
        horizon, entries = await self._read(space, job)
        while horizon < told and not entries and loop.time() < end:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            horizon, entries = await self._read(space, job)
        return entries

    async def last_position(self, space: str) -> int:
        """Read the position of the last event, or one that no event has passed yet.

        Whatever was committed before the call is not after it, and nothing before it is still to come. So it waits
        for what is under way, as all readers of the feed do. The tempting wrong version gives up after a while and
        says how far all is decided: a cursor after that would seem to be ahead of the store.
        """
        loop, pause = asyncio.get_running_loop(), LOOK_AGAIN_SECONDS
        end = loop.time() + LATE_ENOUGH * self._location.statement_seconds
        wanted, horizon = await self._read(space, lambda files: files.read_horizon())
        while horizon < wanted:
            if loop.time() > end:
                raise Unavailable(
                    f"a batch at {self._location.place} has been under way for long, so nobody knows the last event: "
                    f"try again, and see what holds it up"
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            last, horizon = await self._read(space, lambda files: files.read_horizon())
            wanted = min(wanted, last)  # what was drawn and not used may have been given back
        return horizon

    async def due(self, space: str, most: int) -> Sequence[tuple[int, str, str]]:
        """Read what is looked at next: instant, kind and id."""
        rows = await self._read(space, lambda files: files.select("read_looks", most))
        return [(at, kind, id) for at, kind, id in rows]

    # ------------------------------------------------------------------------------------- the whole

    async def audit(self, space: str, *, repair: bool, now: int | None = None) -> Sequence[Difference]:
        """Compare every index with what the records say, and mend it if asked."""

        async def job() -> Sequence[Difference]:
            async with self._pool.transaction(
                "" if repair else "ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            ) as reading:
                files = Files(reading, self._sql, await self._space(space, reading))
                return await audit(files, self.kinds, now, repair=repair)

        return await self._do(job)

    async def spaces(self) -> Sequence[str]:
        """Read the names of all spaces."""
        rows = await self._read("", lambda files: files.transaction.rows(files.sql["read_spaces"]))
        return [name for (name,) in rows]

    async def declarations(self) -> dict[str, bytes]:
        """Read the tables under which each kind was last opened, as JSON."""
        rows = await self._read("", lambda files: files.transaction.rows(files.sql["read_kinds"]))
        return {kind: declaration.encode() for kind, declaration, _ in rows}

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each write from now on; gives the function that ends it."""
        self._teller.listeners.append(listener)
        return lambda: self._teller.listeners.remove(listener)

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        while self._jobs:
            await asyncio.wait(self._jobs)
        await self.carrier.close()
        await self._teller.stop()
        await self._pool.close()

    async def offer(self, views: Views, space: str) -> str | None:
        """Make the views that a program offers of a space, in a schema of their own; give whose are there instead."""

        async def job() -> str | None:
            async with self._pool.transaction() as transaction:
                return await offer(transaction, self._sql, views, space)

        return await self._do(job)

    # ------------------------------------------------------------------------------------- copying

    async def dump(self, space: str, after: str, most: int) -> Part:
        """Read a part of all that a space holds, after the mark of the part before; the first begins after ''."""
        return await self._read(space, lambda files: copying.dump(files, after, most))

    async def load(self, space: str, pieces: Sequence[Piece]) -> None:
        """Put pieces into a space as they are, sealed or not, without what stands beside the records."""
        await self._do(lambda: self._make_days_of(pieces))
        await self._change(space, lambda files: copying.load(files, pieces, self._days.known))

    async def _make_days_of(self, pieces: Sequence[Piece]) -> None:
        """Make the days of events that are not old; an old one lies where all do that must stay longer."""
        longest = max(table.history for table in self.kinds.tables.values())
        async with self._pool.reading() as reading:
            time, _ = await Files(reading, self._sql, 0).begin_check(None, [])
        positions = [p.entry.position for p in pieces if isinstance(p, EventPiece)]
        young = [position for position in positions if position >= time.now - longest]
        if not {position // DAY for position in young} <= self._days.known:
            await self._days.make(*young)

    async def index(self, space: str, now: int | None = None) -> None:
        """Make what stands beside the records of a loaded space, sealed or not."""
        await self._make_space(space)
        await self.audit(space, repair=True, now=now)

    async def erase(self, space: str) -> None:
        """Remove all that a space holds, sealed or not, in bounded steps. Its seal stays."""
        while await self._change(space, lambda files: copying.erase(files, ERASED_AT_ONCE)):
            pass

    async def seal(self, space: str, reason: str) -> None:
        """Refuse all writes of a space with `Unavailable` and this reason, whichever process; '' allows them again."""
        await self._change(space, lambda files: copying.seal(files, reason))

    async def sealed(self, space: str) -> str:
        """Read why a space may not be written; '' if it may."""
        return await self._read(space, copying.sealed)

    # ------------------------------------------------------------------------------------- inside

    async def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work to its end, also if its caller is cancelled: so a cancellation leaves no connection half used."""
        task = asyncio.ensure_future(self._again(work))
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return await asyncio.shield(task)

    async def _again(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work again where others were faster, or where something had to be done before."""
        for _ in range(TRIES):
            try:
                return await work()
            except Raced:
                continue
            except NoDay as missing:
                await self._days.make(missing.position)
        raise Unavailable(f"others were faster {TRIES} times in a row; nothing was changed, try again")

    @asynccontextmanager
    async def _writing(self, space: str) -> AsyncGenerator[tuple[Transaction, Draws]]:
        """One transaction that writes; what it wrote is told once it is committed."""
        with self._teller.draws(space) as draws:
            async with self._pool.transaction() as transaction:
                yield transaction, draws

    async def _read(self, space: str, work: Callable[[Files], Awaitable[T]]) -> T:
        """Read in a space; each statement sees what is committed by then."""

        async def job() -> T:
            async with self._pool.reading() as reading:
                return await work(Files(reading, self._sql, await self._space(space, reading) if space else 0))

        return await self._do(job)

    async def _change(self, space: str, work: Callable[[Files], Awaitable[T]]) -> T:
        """Change what no event tells of, in one transaction."""

        async def job() -> T:
            number = await self._make_space(space)
            async with self._pool.transaction() as transaction:
                return await work(Files(transaction, self._sql, number))

        return await self._do(job)

    async def _space(self, name: str, reading: Transaction) -> int:
        """Give a space's number; 0, where nothing lies, if nobody has written to it."""
        if name not in self._spaces:
            found = await reading.rows(self._sql["read_space"], name)
            if not found:
                return 0
            self._spaces[name] = found[0][0]
        return self._spaces[name]

    async def _make_space(self, name: str) -> int:
        if name not in self._spaces:
            async with self._pool.transaction() as transaction:
                await transaction.run(self._sql["add_space"], name)
            async with self._pool.reading() as reading:
                await self._space(name, reading)
        return self._spaces[name]
