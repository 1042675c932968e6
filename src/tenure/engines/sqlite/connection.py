"""Opening the file: settings, schema steps, and who may checkpoint.

The rule for checkpoints: the process that holds the lock on `FILE.owner` makes them, and no other. Whoever opens the
file first gets it; when that process ends, the next one that finds the log long takes it over.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import apsw

from tenure.core.errors import InvalidChange, Unavailable
from tenure.engines.sqlite.statements import STEPS, sheet

BUSY_MILLISECONDS = 10_000
LOG_PAGES_BEFORE_CHECKPOINT = 12_000
LOG_PAGES_BEFORE_OTHERS_WAIT = 32_000
CHECKPOINT_WAITS_MILLISECONDS = 100
CACHE_KIB = 65_536


class Location:
    """What a URL says: the file (None for memory) and whether each commit waits for the disk."""

    def __init__(self, rest: str) -> None:
        parts = urlsplit(rest)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.path = Path(parts.path).absolute() if parts.path not in ("", "/") else None
        self.synchronous = options.pop("synchronous", "full").upper()
        if self.synchronous not in ("FULL", "NORMAL"):
            raise InvalidChange(
                "synchronous= is `full` (an answer waits for the disk) or `normal` (a power loss may "
                "cost the last answers; nothing is torn)"
            )
        if options:
            raise InvalidChange(f"a sqlite URL knows synchronous=, not {', '.join(options)}")


class Ownership:
    """The lock on `FILE.owner`: its holder checkpoints."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(f"{path}.owner", os.O_RDWR | os.O_CREAT, 0o600)
        self.held = False

    def take(self) -> bool:
        """Take the lock if nobody has it, and tell whether it is ours."""
        if not self.held:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.held = True
            except BlockingIOError:
                return False
        return self.held

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)


@contextmanager
def opening(location: Location) -> Generator[None]:
    """Say what to do if the file can't be opened."""
    try:
        yield
    except (OSError, apsw.CantOpenError, apsw.NotADBError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise Unavailable(
            f"{location.path} can't be opened for writing ({error}): check that the folder is there and "
            f"writable, and that the file is a database and may be written"
        ) from None
    except apsw.BusyError:
        raise Unavailable(f"{location.path} is locked by another program: end it, or wait for it") from None


def connect(location: Location) -> apsw.Connection:
    """Open the connection that writes, and bring the schema up to date."""
    connection = apsw.Connection(str(location.path) if location.path else ":memory:")
    try:
        _set_writer(connection, location.synchronous)
        _step(connection)
        connection.execute(sheet())
    except BaseException:
        connection.close()
        raise
    return connection


def checkpoint(connection: apsw.Connection, mode: int) -> None:
    """Make a checkpoint, waiting for readers and writers only a moment, since they wait too meanwhile."""
    connection.set_busy_timeout(CHECKPOINT_WAITS_MILLISECONDS)
    try:
        connection.wal_checkpoint(mode=mode)
    finally:
        connection.set_busy_timeout(BUSY_MILLISECONDS)


def nobody_writes(connection: apsw.Connection) -> bool:
    """Tell whether no other connection is just writing: what it has put into the log is not there before its end."""
    connection.set_busy_timeout(0)
    try:
        connection.execute("BEGIN IMMEDIATE; ROLLBACK")
    except apsw.BusyError:
        return False
    finally:
        connection.set_busy_timeout(BUSY_MILLISECONDS)
    return True


def connect_reader(location: Location) -> apsw.Connection:
    """Open a connection that only reads."""
    connection = apsw.Connection(str(location.path), flags=apsw.SQLITE_OPEN_READONLY)
    _set(connection)
    return connection


def _set(connection: apsw.Connection) -> None:
    """Set what holds for all connections.

    Their plans do not depend on the values that a statement is given (QPSG): else SQLite, where it is built with
    STAT4, compiles a statement anew each time it is given some, which takes longer than running it.
    """
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    connection.pragma("cache_size", -CACHE_KIB)


def _set_writer(connection: apsw.Connection, synchronous: str) -> None:
    _set(connection)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", synchronous)
    connection.pragma("temp_store", "memory")
    connection.wal_autocheckpoint(0)


def _step(connection: apsw.Connection) -> None:
    if connection.readonly("main"):
        raise apsw.ReadOnlyError("it may only be read")
    known = connection.pragma("user_version")
    if known > len(STEPS):
        raise Unavailable(f"the file has schema step {known}, and this build knows {len(STEPS)}: upgrade this program")
    if known == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number, text in enumerate(STEPS[connection.pragma("user_version") :], connection.pragma("user_version")):
            connection.execute(text)
            connection.pragma("user_version", number + 1)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
