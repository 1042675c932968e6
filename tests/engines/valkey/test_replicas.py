"""Replicas, and what a failover may undo: with and without waiting for a replica, by hand and by sentinels.

Only for Valkey, because its replicas take over without having everything.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import redis
from tests.engine_contract.kinds import KINDS, Bot
from tests.engine_contract.looking import assert_one_event_per_version
from tests.engines.valkey.asking import ask, listening_port, password_of, program, until
from tests.engines.valkey.conftest import Start
from tests.proxy import Proxy, proxy_to

import tenure
from tenure import Applied, OutcomeUnknown, Store, Unavailable
from tenure.opening import open_engine
from tenure.servers import Server

LINK = ("INFO", "replication")


class Pair(NamedTuple):
    """A primary, its replica, and the wire between them."""

    primary: Server
    replica: Server
    wire: Proxy

    def promote(self) -> None:
        """Make the replica a primary."""
        ask(self.replica.url, "REPLICAOF", "NO", "ONE")


@asynccontextmanager
async def a_pair(start: Start, **settings: str) -> AsyncIterator[Pair]:
    primary = start("primary", repl_diskless_sync_delay="0", **settings)
    async with proxy_to(primary.port) as wire:
        settings |= {"replicaof": f"127.0.0.1 {wire.port}", "masterauth": password_of(primary.url)}
        replica = start("replica", **settings)
        while ask(replica.url, *LINK)["master_link_status"] != "up":
            await asyncio.sleep(0.01)
        yield Pair(primary, replica, wire)


async def test_a_change_is_acknowledged_once_a_replica_has_it(start: Start) -> None:
    async with a_pair(start) as pair, tenure.open(f"{pair.primary.url}?replicas=1", *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        for number in range(50):
            await store.apply(Bot.rate("ada", rating=number))
            held = ask(pair.replica.url, "HGET", "tenure:{main}:records", "Bot:ada")
            assert str(number).encode() in held
        assert (await store.get(Bot, "ada")).version == 51


async def test_too_few_replicas_leave_the_outcome_unknown_and_say_how_many_have_it(start: Start) -> None:
    async with a_pair(start) as pair, tenure.open(f"{pair.primary.url}?replicas=1&timeout=3", *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        pair.wire.to_client.stall()
        with pytest.raises(OutcomeUnknown, match="the change is made, but only 0 of 1 replicas have it"):
            await store.apply(Bot.enqueue("ada"), op="x")
        pair.wire.resume()
        assert (await store.apply(Bot.enqueue("ada"), op="x")).version == 2


async def test_reading_does_not_wait_for_replicas(start: Start) -> None:
    async with a_pair(start) as pair, tenure.open(f"{pair.primary.url}?replicas=1", *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        pair.wire.to_client.stall()
        writing = asyncio.ensure_future(store.apply(Bot.enqueue("ada")))
        while (await store.get(Bot, "ada")).version < 2:
            await asyncio.sleep(0)
        assert not writing.done()
        pair.wire.resume()
        assert (await writing).version == 2


async def test_with_always_the_replicas_disks_have_it_too(start: Start) -> None:
    async with a_pair(start, appendfsync="always") as pair:
        url = f"{pair.primary.url}?replicas=1&durability=always&timeout=2"
        if not has_waitaof(pair.primary.url):
            with pytest.raises(Unavailable, match="WAITAOF"):
                await open_engine(url, KINDS)
            return
        async with tenure.open(url, *KINDS) as store:
            assert (await store.apply(Bot.create("ada", pool="eu"))).version == 1
            ask(pair.replica.url, "CONFIG", "SET", "appendonly", "no")
            with pytest.raises(OutcomeUnknown, match="only 0 of 1 replicas"):
                await store.apply(Bot.enqueue("ada"))


def has_waitaof(url: str) -> bool:
    return tuple(map(int, ask(url, "INFO", "server")["redis_version"].split(".")[:2])) >= (7, 2)


# -------------------------------------------------------------------------------------- failover


async def test_a_failover_without_waiting_may_undo_what_was_acknowledged(start: Start) -> None:
    """This is what the page on Valkey states of `replicas=0`: it must stay true, or the page is wrong."""
    async with a_pair(start) as pair:
        async with tenure.open(pair.primary.url, *KINDS) as store:
            acknowledged = await write_while_the_wire_stalls(store, pair)
        pair.primary.kill()
        pair.promote()
        async with tenure.open(pair.replica.url, *KINDS) as store:
            kept = {bot.id for bot in await store.find(Bot.idle)}
            assert acknowledged - kept
            assert await store.engine.audit("main", repair=False) == []
            await assert_one_event_per_version(store)


async def test_a_failover_undoes_nothing_that_a_replica_was_waited_for(start: Start) -> None:
    async with a_pair(start) as pair:
        async with tenure.open(f"{pair.primary.url}?replicas=1&timeout=3", *KINDS) as store:
            acknowledged = await write_while_the_wire_stalls(store, pair)
        assert acknowledged
        pair.primary.kill()
        pair.promote()
        async with tenure.open(pair.replica.url, *KINDS) as store:
            kept = {bot.id for bot in await store.find(Bot.idle)}
            assert acknowledged <= kept
            assert await store.engine.audit("main", repair=False) == []
            await assert_one_event_per_version(store)


async def write_while_the_wire_stalls(store: Store, pair: Pair) -> set[str]:
    """Create records while the replica falls behind in the middle, and give those that were acknowledged."""
    acknowledged: set[str] = set()
    for batch in range(10):
        if batch == 5:
            pair.wire.to_client.stall()
        ids = [f"b{batch}/{n}" for n in range(20)]
        try:
            verdicts = await store.submit([[Bot.create(id, pool="eu")] for id in ids])
        except OutcomeUnknown:
            break
        acknowledged |= {id for id, verdict in zip(ids, verdicts, strict=True) if isinstance(verdict, Applied)}
    return acknowledged


async def test_a_zombie_primary_acknowledges_nothing_that_waits_for_a_replica(start: Start) -> None:
    """The old primary lives on behind a broken wire: fences and versions of the new one go on without it."""
    async with a_pair(start) as pair:
        old = f"{pair.primary.url}?replicas=1&timeout=3"
        async with tenure.open(old, *KINDS) as zombie:
            await zombie.apply(Bot.create("ada", pool="eu"))
            pair.wire.to_client.stall()
            pair.promote()
            with pytest.raises(OutcomeUnknown):
                await zombie.apply(Bot.rate("ada", rating=1))
            async with tenure.open(pair.replica.url, *KINDS) as store:
                ada = await store.get(Bot, "ada")
                assert (ada.version, ada.rating) == (1, 1000)
                await store.apply(Bot.rate(ada, rating=2))


# ------------------------------------------------------------------------------------- sentinels


@contextmanager
def a_sentinel(folder: Path, primary: Server) -> Iterator[int]:
    """Run a sentinel that makes a replica the primary when this one is gone; gives its port."""
    port, file = listening_port(), folder / "sentinel.conf"
    file.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary.port} 1\n"
        f"sentinel auth-pass main {password_of(primary.url)}\nsentinel down-after-milliseconds main 60000\n"
        f"sentinel failover-timeout main 2000\n"
    )
    with subprocess.Popen([program(), str(file), "--sentinel"], cwd=folder, stdout=subprocess.DEVNULL) as sentinel:
        try:
            yield port
        finally:
            sentinel.kill()


def has_replicas(port: int, number: int) -> bool:
    try:
        found = ask(f"redis://127.0.0.1:{port}", "SENTINEL", "MASTER", "main")
    except redis.ConnectionError:  # it is not up yet
        return False
    return int(found[b"num-slaves"]) >= number


async def test_the_primary_that_sentinels_name_is_found_again_after_a_failover(start: Start, tmp_path: Path) -> None:
    primary = start("primary", repl_diskless_sync_delay="0")
    password = password_of(primary.url)
    ask(primary.url, "CONFIG", "SET", "masterauth", password)
    replica = start("replica", replicaof=f"127.0.0.1 {primary.port}", masterauth=password)
    ask(replica.url, "CONFIG", "SET", "requirepass", password)  # one password for all, as sentinels need it
    until(lambda: ask(replica.url.replace(password_of(replica.url), password), *LINK)["master_link_status"] == "up")
    with a_sentinel(tmp_path, primary) as port:
        until(lambda: has_replicas(port, 1))
        url = f"valkey+sentinel://:{password}@127.0.0.1:{port}/main?timeout=2"
        async with tenure.open(url, *KINDS) as store:
            await store.apply(Bot.create("ada", pool="eu"))
            primary.kill()
            # Only now: before, a machine that stands still for a moment would be taken for a primary that is gone.
            ask(f"redis://127.0.0.1:{port}", "SENTINEL", "SET", "main", "down-after-milliseconds", 300)
            ada = await until_applied(store)
            assert ada.version >= 2
            async with tenure.open(url, *KINDS) as again:
                assert (await again.get(Bot, "ada")).version == ada.version


async def until_applied(store: Store) -> Bot:
    while True:
        try:
            return await store.apply(Bot.enqueue("ada"), op="x")
        except (Unavailable, OutcomeUnknown):
            await asyncio.sleep(0.05)


async def test_a_name_that_no_sentinel_knows_is_told(start: Start, tmp_path: Path) -> None:
    with a_sentinel(tmp_path, start()) as port:
        until(lambda: has_replicas(port, 0))
        with pytest.raises(Unavailable, match="no sentinel knows 'other'"):
            await open_engine(f"valkey+sentinel://127.0.0.1:{port}/other", KINDS)
