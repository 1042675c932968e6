"""SQLite: a file, and its statements in one loop on one connection."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from tenure.benchmarks.stand import Ear, Heard, Name, ReplayDiffers, Stand
from tenure.engines.sqlite.connection import LOG_PAGES_BEFORE_CHECKPOINT, Location, connect
from tenure.engines.sqlite.statements import WRITE_SHEET

Statement = tuple[str, Any]
MOST_REFUSED = 0.01


@contextlib.contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """Measure in a folder."""
    yield SqliteStand(folder)


class SqliteStand:
    """A file for each store."""

    engine: Name = "sqlite"
    durability = "each answer waits for the disk (synchronous=FULL)"
    raw = "the same statements in the same transactions, in one loop on one connection (apsw)"
    naive = "the statements of one change each, one commit each (apsw)"
    by_hand: Mapping[str, Callable[[float], Awaitable[float]]] = {}  # nothing is simpler than single changes
    shares = 1

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()

    async def versions(self) -> Mapping[str, str]:
        """Name the versions of SQLite and of its driver."""
        return {"sqlite": apsw.sqlite_lib_version(), "apsw": apsw.apsw_version()}

    def server_cpu(self) -> float:
        """SQLite works inside our process."""
        return 0.0

    async def fresh(self, of: str | None = None) -> str:
        """Give another file; the one before is gone."""
        for old in self._folder.glob("store-*"):
            old.unlink()
        path = self._folder / f"store-{next(self._numbers)}.db"
        if of is not None:
            shutil.copy(self._folder / of, path)
        return f"sqlite://{path}"

    async def keep(self, url: str) -> str:
        """Copy a file, with what its log holds."""
        name = f"kept-{next(self._numbers)}.db"
        source, target = apsw.Connection(str(_path(url))), apsw.Connection(str(self._folder / name))
        with target.backup("main", source, "main") as backup:
            backup.step()
        source.close()
        target.close()
        return name

    async def forget(self) -> None:
        """Remove the copies."""
        for old in self._folder.glob("kept-*"):
            old.unlink()

    @contextlib.asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[Ear]:
        """Hear the statements of all connections that this process opens, in the order in which they are run."""
        del url
        ear = _Ear()
        apsw.connection_hooks.append(ear.hear)
        try:
            yield ear
        finally:
            apsw.connection_hooks.remove(ear.hear)

    def batches(self, units: Sequence[Statement]) -> int:
        """Count the statements that write a batch, or several at once."""
        return sum(1 for sql, _ in units if sql.startswith(WRITE_SHEET))

    async def replay(self, url: str, shares: Sequence[Heard]) -> float:
        """Run the statements in one plain loop."""
        (share,) = shares
        connection = connect(Location(url.partition(":")[2]))
        connection.wal_autocheckpoint(LOG_PAGES_BEFORE_CHECKPOINT)
        _run(connection, share.warming)
        began = time.perf_counter()
        _run(connection, share.timed)
        spent = time.perf_counter() - began
        connection.close()
        return spent

    async def replay_singly(self, url: str, share: Heard) -> float:
        """Do the same: each transaction is of one change."""
        return await self.replay(url, [share])


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite://"))


def _run(connection: apsw.Connection, statements: Sequence[Statement]) -> None:
    """Run statements. Where the store decided anew, since a statement was refused, that one is refused here too."""
    cursor, refused = connection.cursor(), 0
    for sql, values in statements:
        try:
            for _ in cursor.execute(sql, values):
                pass
        except apsw.ConstraintError:
            refused += 1
    if refused > MOST_REFUSED * len(statements):
        raise ReplayDiffers(f"{refused} of {len(statements)} statements were refused when they were replayed")


class _Ear:
    def __init__(self) -> None:
        self._statements: list[Statement] = []

    def hear(self, connection: apsw.Connection) -> None:
        """Note each statement of a connection, with its values."""

        def trace(_cursor: object, sql: str, values: Any) -> bool:
            self._statements.append((sql, values))
            return True

        connection.exec_trace = trace

    async def heard(self) -> Sequence[Statement]:
        """Give what was run since the last time."""
        statements, self._statements = self._statements, []
        return statements
