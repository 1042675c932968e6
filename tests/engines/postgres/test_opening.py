"""What can't be opened, and what each error says to do; and what opening leaves in the database.

No engine-neutral form exists: servers, their users and their schemas are this engine's own.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.engine_contract.kinds import KINDS, Owner
from tests.engines.postgres.conftest import a_session, schema_of
from tests.places import drop_schema

import tenure
from tenure import InvalidChange, Unavailable
from tenure.engines.postgres import opening
from tenure.engines.postgres.statements import Statements


async def open_and_close(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        await store.count(Owner)


def changed(url: str, *, netloc: str | None = None, path: str | None = None) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=netloc or parts.netloc, path=path or parts.path))


async def complaint(url: str) -> str:
    """Give what is said of a URL that can't be opened, which never shows its password."""
    with pytest.raises(Unavailable) as caught:
        await open_and_close(url)
    password = urlsplit(url).password
    assert password
    assert password not in str(caught.value)
    assert password not in str(caught.value.__cause__)
    return str(caught.value)


async def test_a_server_that_is_not_there_is_told(url: str) -> None:
    parts = urlsplit(url)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens: so nobody else can take it meanwhile
        port = taken.getsockname()[1]
        told = await complaint(changed(url, netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    assert "nothing listens there; start the server, or check the address" in told


async def test_a_wrong_password_is_told_and_not_shown(url: str) -> None:
    parts = urlsplit(url)
    told = await complaint(changed(url, netloc=f"{parts.username}:a-wrong-secret@{parts.hostname}:{parts.port}"))
    assert "refuses this user or password: check them in the URL" in told


async def test_a_missing_database_is_told(url: str) -> None:
    assert "has no such database: create it, or name another" in await complaint(changed(url, path="/nowhere"))


@asynccontextmanager
async def a_user(url: str, *settings: str) -> AsyncIterator[str]:
    """Make a user who may only connect, and give the URL by which it does."""
    name = f"user_{schema_of(url)}"
    async with a_session(url) as session:
        await session.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'a-secret'")
        for setting in settings:
            await session.execute(f"ALTER ROLE {name} SET {setting}")
        parts = urlsplit(url)
        try:
            yield changed(url, netloc=f"{name}:a-secret@{parts.hostname}:{parts.port}")
        finally:
            await session.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


async def test_a_user_who_may_not_create_the_schema_is_told_what_to_ask_for(url: str) -> None:
    async with a_user(url) as theirs:
        told = await complaint(theirs)
        assert f"CREATE SCHEMA {schema_of(url)} AUTHORIZATION" in told
        async with a_session(url) as session:
            await session.execute(f"CREATE SCHEMA {schema_of(url)} AUTHORIZATION user_{schema_of(url)}")
        await open_and_close(theirs)


async def test_a_server_that_only_reads_is_told(url: str) -> None:
    async with a_user(url, "default_transaction_read_only = on") as theirs:
        assert "only reads: it is a standby, or set to read-only; name the primary" in await complaint(theirs)


async def test_an_old_server_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OLDEST", 9_900_000)
    assert "Tenure needs 15 or newer" in await complaint(url)
    async with a_session(url) as session:
        assert not await session.fetchval("SELECT to_regnamespace($1) IS NOT NULL", schema_of(url)), "nothing began"


async def test_a_newer_schema_is_told_and_left_alone(url: str) -> None:
    await open_and_close(url)
    async with a_session(url) as session:
        await session.execute("INSERT INTO tenure_steps VALUES (99)")
        assert "has taken step 99, and this build knows 1: upgrade this program" in await complaint(url)
        assert await session.fetchval("SELECT max(step) FROM tenure_steps") == 99


async def test_a_driver_that_is_not_installed_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tenure.engines.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert "pip install '/path/to/tenure[postgres]'" in await complaint(url)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("schema=Big", "use small letters"),
        ("schema=pg_x", "not pg_"),
        ("synchronous_commit=perhaps", "use one of on, off"),
        ("pooler=yes", "use `transaction`"),
        ("connections=one", "use a whole number from 2 on"),
        ("statement_seconds=0", "use a whole number from 1 on"),
    ],
)
async def test_a_wrong_option_is_told(url: str, option: str, told: str) -> None:
    with pytest.raises(InvalidChange, match=told):
        await open_and_close(f"{url.partition('?')[0]}?{option}")


async def test_many_who_open_a_fresh_schema_at_once_make_it_once(url: str) -> None:
    await asyncio.gather(*(open_and_close(url) for _ in range(6)))
    async with a_session(url) as session:
        assert await session.fetch("SELECT step FROM tenure_steps") == [(1,)]


async def test_nothing_outside_the_schema_is_touched(url: str) -> None:
    async with a_session(url) as session:
        sql = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE nspname NOT IN ($1, 'pg_toast')"""
        before = await session.fetch(sql, schema_of(url))
        await open_and_close(url)
        assert set(await session.fetch(sql, schema_of(url))) == set(before)


# --------------------------------------------------------------------------------------------- steps


CATALOG = """
    SELECT 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = $1 AND table_name !~ '_[1-9][0-9]*$'
    UNION ALL SELECT 'index', tablename, replace(indexdef, $1, ''), '', '', '' FROM pg_indexes
    WHERE schemaname = $1 AND tablename !~ '_[1-9][0-9]*$'
    UNION ALL SELECT 'function', proname, replace(prosrc, $1, ''), '', '', '' FROM pg_proc
    WHERE pronamespace = to_regnamespace($1)
    UNION ALL SELECT 'settings', relname, array_to_string(reloptions, ','), '', '', '' FROM pg_class
    WHERE relnamespace = to_regnamespace($1) AND relname !~ '_[1-9][0-9]*$'
"""


async def test_a_schema_that_was_stepped_is_as_a_fresh_one(url: str) -> None:
    await open_and_close(url)
    stepped = f"{schema_of(url)}_stepped"
    steps = Statements(stepped).steps
    async with a_session(url) as session:
        fresh = set(await session.fetch(CATALOG, schema_of(url)))
        for taken in range(len(steps)):
            await session.execute(
                f"CREATE SCHEMA {stepped}; CREATE TABLE {stepped}.tenure_steps (step integer NOT NULL)"
            )
            for number, text in enumerate(steps[:taken], 1):
                await session.execute(text)
                await session.execute(f"INSERT INTO {stepped}.tenure_steps VALUES ({number})")
            await open_and_close(f"{url.partition('?')[0]}?schema={stepped}")
            found = set(await session.fetch(CATALOG, stepped))
            await drop_schema(session, stepped)
            assert found == fresh


async def test_a_store_that_was_dropped_while_it_is_open_is_told(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        await store.apply(Owner.create("o", email="e"))
        await drop_schema(session, schema_of(url))
        with pytest.raises(Unavailable, match="was dropped or begun anew while it was open"):
            await store.apply(Owner.allow("o", most=1))
