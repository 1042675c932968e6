"""The data folder's own store, for when no URL is given: which engine keeps it, and the server that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from tenure import servers
from tenure.core.errors import Unavailable
from tenure.opening import EngineName

TITLES: dict[EngineName, str] = {"sqlite": "SQLite", "valkey": "Valkey", "postgres": "PostgreSQL"}

STORE_FILE = "tenure.sqlite3"
ENGINE_FILE = "engine"
"""Holds the name of the engine that `--engine` chose last, so that later commands find the same store."""


def engine_of(data: Path) -> EngineName:
    """Give the engine of the data folder's own store: the one that was chosen last, else SQLite."""
    try:
        text = (data / ENGINE_FILE).read_text().strip()
    except OSError:
        return "sqlite"
    return next((name for name in get_args(EngineName) if name == text), "sqlite")


def place_of(engine: EngineName, data: Path) -> Path:
    """Give where the engine's data lies."""
    return data / (STORE_FILE if engine == "sqlite" else engine)


def url_of(data: Path) -> str:
    """Give the URL of the data folder's own store. Raises `Unavailable` if its server does not run."""
    engine = engine_of(data)
    if engine == "sqlite":
        return f"sqlite://{place_of(engine, data)}"
    url = servers.running_url(place_of(engine, data))
    if url is None:
        raise Unavailable(
            f"the store of {data} is kept by a {TITLES[engine]} of its own, which does not run: start `tenure up`, "
            f"or name another store with --store or TENURE_STORE"
        )
    return url


@contextmanager
def running(engine: EngineName, data: Path) -> Iterator[str]:
    """Give the URL of an engine's store in the data folder; its server, if it needs one, runs while the body does."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if engine == "sqlite":
        yield f"sqlite://{place_of(engine, data)}"
        return
    if engine == "postgres":
        servers.let_in(data)
    start = servers.start_valkey if engine == "valkey" else servers.start_postgres
    with start(place_of(engine, data)) as server:
        yield server.url


@contextmanager
def chosen(engine: EngineName | None, data: Path) -> Iterator[str]:
    """Run the data folder's own store as `running` does, with the engine that is asked for, and remember which."""
    engine = engine or engine_of(data)
    with running(engine, data) as url:
        (data / ENGINE_FILE).write_text(f"{engine}\n")
        yield url


def without_password(url: str) -> str:
    """Give a URL as it may be shown: who may read it shall not open it."""
    parts = urlsplit(url)
    return url if parts.password is None else url.replace(f":{parts.password}@", ":…@", 1)
