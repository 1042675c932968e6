"""Connections that break, stall and lose replies; callers that are cancelled; memory that is full; stores that vanish.

Only for Valkey, because no other engine's decision is a network away from its caller, or can be emptied by a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.engine_contract.conftest import Stores, stores_at
from tests.engine_contract.kinds import KINDS, Bot, Job, Owner
from tests.engine_contract.looking import assert_one_event_per_version, entries_of, names
from tests.engines.valkey.asking import ask, at_port
from tests.engines.valkey.conftest import Start
from tests.proxy import Proxy, proxy_to

import tenure
from tenure import OutcomeUnknown, Store, StoreReplaced, Unavailable
from tenure.servers import Server
from tenure.testing import a

SHORT = "?timeout=2"


@asynccontextmanager
async def behind_a_proxy(server: Server, options: str = "") -> AsyncIterator[tuple[Store, Proxy]]:
    async with proxy_to(server.port) as proxy, tenure.open(at_port(server.url, proxy.port) + options, *KINDS) as store:
        yield store, proxy


# ------------------------------------------------------------------------------- what may be concluded


async def test_a_reply_that_is_lost_leaves_the_outcome_unknown_and_the_op_id_settles_it(server: Server) -> None:
    async with behind_a_proxy(server) as (store, proxy):
        await store.apply(Bot.create("ada", pool="eu"))
        proxy.to_client.stall()
        arrived = asyncio.ensure_future(proxy.to_client.arrived())
        await asyncio.sleep(0)
        making = asyncio.ensure_future(store.apply(Bot.rate("ada", rating=7), op="x"))
        await arrived
        await proxy.reset()
        with pytest.raises(OutcomeUnknown, match="read before you retry, or use an op id"):
            await making
        proxy.resume()
        ada = await store.apply(Bot.rate("ada", rating=7), op="x")
        assert (ada.version, await names(store, ada)) == (2, ["create", "rate"])


async def test_a_server_that_does_not_answer_in_time_leaves_the_outcome_unknown(server: Server) -> None:
    async with behind_a_proxy(server, SHORT) as (store, proxy):
        await store.apply(Bot.create("ada", pool="eu"))
        proxy.to_server.stall()
        with pytest.raises(OutcomeUnknown):
            await store.apply(Bot.rate("ada", rating=7))
        with pytest.raises(Unavailable):
            await store.get(Bot, "ada")
        proxy.resume()


async def test_what_could_not_be_sent_has_changed_nothing(server: Server) -> None:
    async with behind_a_proxy(server) as (store, proxy):
        await store.apply(Bot.create("ada", pool="eu"))
        proxy.refusing = True
        await proxy.reset()
        link = await lost_link(store)
        assert not link
        with pytest.raises(Unavailable, match="nothing was changed, try again"):
            await store.apply(Bot.rate("ada", rating=7))
        proxy.resume()
        assert (await store.apply(Bot.rate("ada", rating=7))).version == 2


async def lost_link(store: Store) -> bool:
    """Wait until the engine has noticed that its connection for writing is gone; tells whether it is open."""
    (node,) = await store.engine._nodes.all()  # type: ignore[attr-defined]
    link = node._links["write"]
    await link.closed
    return bool(link.is_open)


async def test_a_connection_cut_in_the_middle_of_a_reply_is_made_anew(server: Server) -> None:
    async with behind_a_proxy(server) as (store, proxy):
        await store.apply(Bot.create("ada", pool="eu"))
        for size in (0, 1, 5, 40, 120):
            proxy.to_client.cut_after(size)
            with pytest.raises((OutcomeUnknown, Unavailable)):
                await rated_for_ever(store)
            proxy.resume()
        ada = await store.get(Bot, "ada")
        assert len(await names(store, ada)) == ada.version


async def rated_for_ever(store: Store) -> None:
    while True:
        await store.apply(Bot.rate("ada", rating=1))


async def test_a_reply_is_given_to_nobody_else_after_a_cancellation(server: Server) -> None:
    async with behind_a_proxy(server) as (store, proxy):
        for number in range(20):
            await store.apply(Bot.create(f"b{number}", pool=f"p{number}"))
        for number in range(19):
            proxy.to_client.stall()
            reading = asyncio.ensure_future(store.get(Bot, f"b{number}"))
            for _ in range(3):
                await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            proxy.resume()
            assert (await store.get(Bot, f"b{number + 1}")).pool == f"p{number + 1}"


async def test_an_engine_call_cancelled_at_any_await_leaves_a_connection_that_works(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        for steps in range(30):
            here = store.space(f"s{steps}")  # the first call of a space has the most awaits
            transaction = here._transaction((Bot.create("bob", pool="eu"),), "", "")
            task = asyncio.ensure_future(store.engine.write(here.space_name, [transaction]))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await store.get(Bot, "ada")).pool == "eu"
            assert len(await here.find(Bot.idle)) <= 1
            await here.apply(Bot.create("eve", pool="eu"))


# ------------------------------------------------------------------------------- memory, scripts, disks


async def test_a_write_to_a_full_server_is_refused_whole_and_work_goes_on_when_there_is_room(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        await store.submit([[Bot.create(f"b{n}", pool="eu")] for n in range(100)])
        before = await entries_of(store)
        ask(server.url, "CONFIG", "SET", "maxmemory", "1mb")
        with pytest.raises(Unavailable, match="the server's memory is full; raise maxmemory there"):
            await store.submit([[Bot.enqueue(f"b{n}")] for n in range(100)])
        with pytest.raises(Unavailable):
            await store.sweep()
        assert (await store.get(Bot, "b1")).version == 1, "it can be read"
        ask(server.url, "CONFIG", "SET", "maxmemory", "0")
        assert await entries_of(store) == before
        assert await store.engine.audit("main", repair=False) == []
        await store.apply(Bot.enqueue("b1"))


async def test_a_server_that_can_not_write_to_its_disk_refuses(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        ask(server.url, "CONFIG", "SET", "min-replicas-to-write", "1")
        with pytest.raises(Unavailable, match="NOREPLICAS"):
            await store.apply(Bot.enqueue("ada"))
        ask(server.url, "CONFIG", "SET", "min-replicas-to-write", "0")
        assert (await store.apply(Bot.enqueue("ada"))).version == 2


async def test_a_server_busy_with_anothers_script_refuses_and_is_waited_for(server: Server) -> None:
    async with tenure.open(server.url + "?timeout=5", *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        ask(server.url, "CONFIG", "SET", "busy-reply-threshold", "1")
        endless = asyncio.ensure_future(asyncio.to_thread(busy, server.url))
        with pytest.raises(Unavailable, match="another script runs"):
            await rated_for_ever(store)
        ask(server.url, "SCRIPT", "KILL")
        await endless
        ada = await store.apply(Bot.rate("ada", rating=2))
        assert len(await names(store, ada)) == ada.version


def busy(url: str) -> None:
    with pytest.raises(Exception, match="killed by user"):
        ask(url, "EVAL", "while true do end", 0)


# ------------------------------------------------------------------------------------ emptied stores


@pytest.fixture
def a_store(server: Server) -> Stores:
    return stores_at(server.url)


@pytest.mark.parametrize("command", ["FLUSHALL", "FLUSHDB"])
async def test_an_emptied_store_is_loud_and_begins_anew_only_when_it_is_opened_again(
    server: Server, command: str
) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        ask(server.url, command)
        for call in (
            store.get(Bot, "ada"),
            store.apply(Bot.create("ada", pool="eu")),
            store.find(Bot.idle),
            store.sweep(),
            store.check(Bot.create("ada", pool="eu")),
            store.engine.messages("main", None, None, 10),
            store.space("new").apply(Bot.create("ada", pool="eu")),
        ):
            with pytest.raises(StoreReplaced, match="Open the store again if it shall go on"):
                await call
        assert ask(server.url, "DBSIZE") == 0, "nothing was written"
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))


async def test_a_store_that_another_process_has_begun_anew_is_loud(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store, tenure.open(server.url, *KINDS) as early:
        await store.apply(Bot.create("ada", pool="eu"))
        ask(server.url, "FLUSHALL")
        async with tenure.open(server.url, *KINDS) as fresh:
            await fresh.apply(Bot.create("bob", pool="eu"))
            with pytest.raises(StoreReplaced, match="was begun anew while this store was open"):
                await store.apply(Bot.create("eve", pool="eu"))
            with pytest.raises(StoreReplaced):
                await early.space("other").apply(Bot.create("eve", pool="eu"))
            assert [bot.id for bot in await fresh.find(Bot.idle)] == ["bob"]


async def test_a_lost_space_of_several_is_loud(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        other = store.space("other")
        await store.apply(Bot.create("ada", pool="eu"))
        await other.apply(Bot.create("ada", pool="eu"))
        for key in ask(server.url, "KEYS", "tenure:{other}:*"):
            ask(server.url, "DEL", key)
        with pytest.raises(StoreReplaced):
            await other.get(Bot, "ada")
        assert (await store.get(Bot, "ada")).pool == "eu"


# ----------------------------------------------------------------------------------------- killed


@pytest.mark.parametrize("level", ["everysec", "always"])
async def test_what_was_acknowledged_outlives_a_killed_server(start: Start, level: str) -> None:
    server = start(appendfsync=level)
    async with tenure.open(f"{server.url}?durability={level}", *KINDS) as store:
        await a(store, Owner.enabled, "o", email="e", most=1000)
        acknowledged: dict[str, int] = {}

        async def write(number: int) -> None:
            job = await store.apply(Job.create(f"j{number}", owner="o", place=f"p{number}"))
            while True:
                job = await store.apply(Job.move(job.id, place=f"{number}/{job.version}"), op=f"{job.id}/{job.version}")
                acknowledged[job.id] = job.version

        writing = [asyncio.ensure_future(write(number)) for number in range(8)]
        while sum(acknowledged.values()) < 2000:
            await asyncio.sleep(0)
        server.kill()
        ended = await asyncio.gather(*writing, return_exceptions=True)
        assert {type(error) for error in ended} <= {OutcomeUnknown, Unavailable}
    again = start(port=server.port, appendfsync=level)
    async with tenure.open(again.url, *KINDS) as store:
        for job, version in acknowledged.items():
            assert (await store.get(Job, job)).version >= version
        assert await store.engine.audit("main", repair=False) == []
        await assert_one_event_per_version(store)
