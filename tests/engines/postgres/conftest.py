"""The stores of these tests: schemas of the one PostgreSQL of the run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tests.places import POSTGRES, Place

from tenure.engines.postgres.engine import PostgresEngine


@pytest.fixture
def url(place_of: Callable[[str], Place]) -> str:
    """Give the URL of a fresh store."""
    return place_of(POSTGRES).fresh()


def schema_of(url: str) -> str:
    """Give the schema that a URL names."""
    return url.rpartition("schema=")[2]


def engine_of(store: object) -> PostgresEngine:
    """Give a store's engine."""
    engine = getattr(store, "engine", store)
    assert isinstance(engine, PostgresEngine)
    return engine


@asynccontextmanager
async def a_session(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection of one's own beside the engine's, whose names are found in the store's schema."""
    connection = await asyncpg.connect(url.partition("?")[0], server_settings={"search_path": schema_of(url)})
    try:
        yield connection
    finally:
        await connection.close()


async def until(session: asyncpg.Connection, question: str) -> None:
    """Wait until the server answers a question with true."""
    while not await session.fetchval(question):
        pass


async def all_is_counted(session: asyncpg.Connection) -> None:
    """Wait until the connections of stores that were closed have ended: what they did is counted by then."""
    await until(session, "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'tenure'")


MARKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 'tenure_positions'::regclass::oid"
"""How many transactions have drawn positions and are under way."""
