"""The file as the thread sees it that writes: transactions, who is told of them, and the log."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, pairwise
from typing import NamedTuple

import apsw

from tenure.core.batch import Batch
from tenure.core.clock import Time, wall_time
from tenure.core.decide import Transaction
from tenure.core.engine import Outcome
from tenure.core.errors import OutcomeUnknown, Unavailable
from tenure.core.kinds import Kinds
from tenure.core.row import Entry
from tenure.engines.sqlite import builds
from tenure.engines.sqlite.ahead import Flight, decide_all
from tenure.engines.sqlite.connection import (
    LOG_PAGES_BEFORE_CHECKPOINT,
    LOG_PAGES_BEFORE_OTHERS_WAIT,
    Location,
    Ownership,
    checkpoint,
    connect,
    opening,
)
from tenure.engines.sqlite.reading import Files, Spaces, first, read_time, to_entry
from tenure.engines.sqlite.statements import SQL, write_sheets
from tenure.engines.sqlite.writing import write

MOST_EVENTS_TOLD = 10_000

Tell = Callable[[str, Sequence[Entry]], None]
"""Called with a space and the events that were written to it, by whichever process."""


class Landing(NamedTuple):
    """A batch to be written to a space: as it was decided ahead, if it was, or else as it is decided `anew`."""

    space: str
    flight: Flight | None
    anew: Callable[[], Sequence[Outcome]]


class File:
    """One database. `ready` is called when only SQLite's own work is left of a transaction.

    `written` is how many were made; after each, all is told that others had written before it.
    """

    def __init__(self, location: Location, kinds: Kinds, spaces: Spaces, tell: Tell, ready: Callable[[], None]) -> None:
        self._kinds, self._spaces, self._tell, self._ready = kinds, spaces, tell, ready
        self._told = self.written = 0
        self._untold: list[tuple[str, Batch]] = []
        self._landing: list[Flight] = []
        with opening(location):
            self.connection = connect(location)
            self._ownership = Ownership(location.path) if location.path else None
        with self.writing():
            builds.declare(self.connection, kinds)
            builds.announce(self.connection, kinds)
        self._told = self._sequence()
        if self._ownership is not None:
            self._ownership.take()

    def close(self) -> None:
        """Let go of it."""
        self.connection.close()
        if self._ownership is not None:
            self._ownership.close()

    # ------------------------------------------------------------------------------ transactions

    @contextmanager
    def writing(self) -> Generator[None]:
        """One transaction that writes. What fails before the commit has changed nothing."""
        self._untold.clear()
        self._landing.clear()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise unavailable(error) from error
        try:
            self.catch_up()
            changes = self.connection.total_changes()
            yield
            if self.connection.total_changes() > changes:
                self.connection.execute("UPDATE tenure_clock SET stamp = random()")
        except apsw.Error as error:
            self._roll_back()
            raise unavailable(error) from error
        except BaseException:
            self._roll_back()
            raise
        try:
            self.connection.execute("COMMIT")
        except apsw.Error as error:
            self._roll_back()
            if isinstance(error, apsw.BusyError | apsw.FullError):
                raise unavailable(error) from error
            raise unknown(error) from error
        self.written += 1
        for flight in self._landing:
            flight.land(failed=flight.failed)
        for space, batch in self._untold:
            self._told = max(self._told, batch.sequence)
            self._tell(space, batch.entries)
        self.checkpoint()

    @contextmanager
    def reading(self) -> Generator[None]:
        """One consistent view, in which nothing is written."""
        try:
            self.connection.execute("BEGIN")
            yield
        except apsw.Error as error:
            raise unavailable(error) from error
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        for flight in self._landing:
            flight.land(failed=True)
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    # ------------------------------------------------------------------------------ batches

    def tells(self, space: str, batch: Batch) -> None:
        """Let a batch's events be told once the transaction is over."""
        self._untold.append((space, batch))

    def write(self, space: str, transactions: Sequence[Transaction], now: int | None) -> Sequence[Outcome]:
        """Decide a batch and write it, inside a transaction."""
        number = self.make_space(space)
        batch, files, outcomes = self.decide(number, transactions, now)
        if batch.changed:
            write(self.connection, number, batch, files, self._ready)
        self.tells(space, batch)
        return outcomes

    def decide(
        self, space: int, transactions: Sequence[Transaction], now: int | None
    ) -> tuple[Batch, Files, list[Outcome]]:
        """Decide a batch on what is in the file now."""
        files = Files(self.connection, space)
        files.load(transactions)
        batch = Batch(self._kinds, self.time(space, now), self._sequence(), files)
        return batch, files, decide_all(batch, transactions)

    def land(self, landing: Landing) -> Sequence[Outcome]:
        """Write what was decided ahead, inside a transaction, or decide anew if it does not hold any more."""
        flight = landing.flight
        if flight is None:
            return landing.anew()
        self._landing.append(flight)
        if not self._put([flight]):
            flight.failed = True
            return landing.anew()
        self.tells(landing.space, flight.batch)
        return flight.outcomes

    def land_at_once(self, landings: Sequence[Landing]) -> Sequence[Sequence[Outcome]] | None:
        """Write what was decided ahead in one statement that is a transaction too; None if it does not hold any more.

        The tempting wrong version begins a transaction and writes one after the other: after each statement the thread
        waits for the interpreter.
        """
        flights = [landing.flight for landing in landings if landing.flight is not None]
        if len(flights) < len(landings):
            return None
        self._ready()
        landed = False
        try:
            if self._told < flights[0].ground.sequence:
                self.catch_up()
            landed = self._put(flights)
        except (apsw.BusyError, apsw.FullError) as error:
            raise unavailable(error) from error
        except apsw.Error as error:
            raise unknown(error) from error
        finally:
            for flight in flights:
                flight.land(failed=not landed)
        if not landed:
            return None
        self.written += 1
        for landing, flight in zip(landings, flights, strict=True):
            self._told = max(self._told, flight.batch.sequence)
            self._tell(landing.space, flight.batch.entries)
        self.checkpoint()
        return [flight.outcomes for flight in flights]

    def _put(self, flights: Sequence[Flight]) -> bool:
        """Write what was decided ahead, each on the one before, and tell whether it still held."""
        if any(later.ground.stamp != earlier.leaves.stamp for earlier, later in pairwise(flights)):
            return False
        sheets = [flight.values for flight in flights if flight.values is not None]
        if not sheets:
            stamp: int = first(self.connection.execute("SELECT stamp FROM tenure_clock"), 0)
            return stamp == flights[0].ground.stamp
        try:
            self.connection.execute(write_sheets(len(sheets)), tuple(chain.from_iterable(sheets)))
        except apsw.ConstraintError:
            return False
        return True

    # ------------------------------------------------------------------------------ what is in it

    def space(self, name: str) -> int:
        """Give a space's number; 0, where nothing lies, if nobody has written to it."""
        return self._spaces.number(self.connection, name)

    def make_space(self, name: str) -> int:
        """Give a space's number, and make it if nobody has written to it."""
        return self._spaces.made(self.connection, name)

    def inside(self, space: str) -> tuple[apsw.Connection, int]:
        """Give the connection that writes, and a space's number, which is made if nobody has written to it."""
        return self.connection, self.make_space(space)

    def time(self, space: int, now: int | None) -> Time:
        """Read the clock and what is credited."""
        return read_time(self.connection, space, wall_time() if now is None else now)

    def _sequence(self) -> int:
        return first(self.connection.execute("SELECT sequence FROM tenure_clock"), 0)

    # ------------------------------------------------------------------------------ log and wake-ups

    def checkpoint(self) -> None:
        """Take a long log over into the file, if that is for us to do; once all is taken over, it begins anew.

        Where several write without a pause that instant never comes by itself: then they are made to wait for it.
        """
        if self._ownership is None:
            return
        with suppress(apsw.Error):  # the log grows on, and the next commit tries again
            pages, taken_over = self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            if pages - taken_over >= LOG_PAGES_BEFORE_CHECKPOINT and self._ownership.take():
                others_wait = pages >= LOG_PAGES_BEFORE_OTHERS_WAIT
                mode = apsw.SQLITE_CHECKPOINT_RESTART if others_wait else apsw.SQLITE_CHECKPOINT_PASSIVE
                checkpoint(self.connection, mode)

    def tidy(self) -> None:
        """Take all of the log over into the file, if that is for us to do."""
        if self._ownership is not None and self._ownership.take():
            with suppress(apsw.Error):  # somebody reads: the log stays, and is read when the file is opened next
                checkpoint(self.connection, apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def catch_up(self) -> None:
        """Tell of the events that other processes wrote since we last looked."""
        last = self._sequence()
        if last > self._told:
            others: dict[str, list[Entry]] = {}
            values = (self._told, last, MOST_EVENTS_TOLD)
            for space, *cells in self.connection.execute(SQL["read_others"], values):
                others.setdefault(self._name(space), []).append(to_entry(tuple(cells)))
            for name, entries in others.items():
                self._tell(name, entries)
            self._told = last

    def _name(self, space: int) -> str:
        sql = "SELECT name FROM tenure_spaces WHERE space = ?"
        return next((str(cells[0]) for cells in self.connection.execute(sql, (space,))), "")


def unavailable(error: apsw.Error) -> Unavailable:
    """Say what an error of SQLite means that has changed nothing."""
    if isinstance(error, apsw.BusyError):
        return Unavailable("another process has been writing for ten seconds; nothing was changed, try again")
    if isinstance(error, apsw.FullError):
        return Unavailable("the disk is full; nothing was changed, free some space and try again")
    return Unavailable(f"the database can't be used now ({error}); nothing was changed")


def unknown(error: apsw.Error) -> OutcomeUnknown:
    """Say what an error of SQLite means that came while it committed."""
    return OutcomeUnknown(f"the commit failed ({error}): read before you retry, or use an op id")
