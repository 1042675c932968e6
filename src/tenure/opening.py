"""The one place that knows the engines: it opens a store by its URL."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from tenure.core.engine import Engine
from tenure.core.errors import InvalidChange
from tenure.core.kinds import Kinds
from tenure.core.lifecycle import Lifecycle, table_of
from tenure.engines.sqlite.engine import SqliteEngine
from tenure.store.polling import Poller
from tenure.store.shared import Shared
from tenure.store.store import Store
from tenure.store.timing import Clock

EngineName = Literal["sqlite", "valkey", "postgres"]
SCHEMES = """sqlite:///path/to/file.db (kept), sqlite: (in memory, gone when closed),
    postgresql://user@host/database or valkey://host:6379"""
POSTGRES = frozenset({"postgresql", "postgres"})
VALKEY = frozenset({"valkey", "valkeys", "valkey+cluster", "valkey+sentinel", "redis", "rediss"})


@asynccontextmanager
async def open(
    url: str,
    *kinds: type[Lifecycle],
    space: str = "main",
    actor: str | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Store]:
    """Open a store with its kinds, and close it when the body is done.

    `url` names the engine: `sqlite:///path/to/file.db`, or `sqlite:` for one in memory, `postgresql://…` or
    `valkey://…`; what its options relax stands on the engine's page of the docs. `actor` is who makes changes that
    name nobody; by default this process.
    """
    engine = await open_engine(url, kinds)
    store = Store(Shared(engine, kinds, clock), space, actor or f"{socket.gethostname()}:{os.getpid()}")
    try:
        yield store
    finally:
        await store.close()


async def open_engine(url: str, kinds: Sequence[type[Lifecycle]]) -> Engine:
    """Open the engine that a URL names, with these kinds and those of the store itself."""
    return await open_tables(url, Kinds([*(table_of(kind) for kind in kinds), table_of(Poller)]))


async def open_tables(url: str, tables: Kinds) -> Engine:
    """Open the engine that a URL names, with kinds that are known by their tables alone."""
    match engine_of(url):
        case "sqlite":
            return await SqliteEngine.open(url.partition(":")[2], tables)
        case "postgres":
            from tenure.engines.postgres.engine import PostgresEngine  # noqa: PLC0415  its driver is optional

            return await PostgresEngine.open(url, tables)
        case "valkey":
            from tenure.engines.valkey.engine import ValkeyEngine  # noqa: PLC0415  its driver is optional

            return await ValkeyEngine.open(url, tables)


def engine_of(url: str) -> EngineName:
    """Give the name of the engine that a URL names."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return "sqlite"
    if scheme in POSTGRES:
        return "postgres"
    if scheme in VALKEY:
        return "valkey"
    raise InvalidChange(f"{url.partition('://')[0]!r} names no engine: use {SCHEMES}")
