"""A connection that is lost at any byte: what callers are told is what happened.

No engine-neutral form exists: what a lost connection means depends on how a commit travels.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.engine_contract.kinds import KINDS, Bot
from tests.engines.postgres.conftest import a_session, engine_of
from tests.proxy import Flow, Proxy, proxy_to
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import NotFound, OutcomeUnknown, Store, Unavailable
from tenure.engines.postgres import connection, telling


def by_proxy(url: str, proxy: Proxy) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}"))


async def outcome(store: Store, id: str) -> str:
    try:
        await store.apply(Bot.create(id, pool=id), op=id)
    except (Unavailable, OutcomeUnknown) as error:
        return type(error).__name__
    return "applied"


async def is_there(store: Store, id: str) -> bool:
    try:
        await store.get(Bot, id)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_what_a_caller_is_told_is_what_happened(url: str, way: str) -> None:
    """One way is cut after more and more bytes, closely so around the commit, until a whole write passes."""
    port = urlsplit(url).port or 0
    async with proxy_to(port) as proxy, tenure.open(url, *KINDS) as honest:
        told: dict[str, set[bool]] = {"OutcomeUnknown": set(), "Unavailable": set(), "applied": set()}
        async with tenure.open(by_proxy(url, proxy), *KINDS) as store:
            await engine_of(store)._teller.stop()  # it has bytes of its own
            flow = getattr(proxy, way)
            for number in range(4):  # until all is prepared, and plans are not made anew
                await store.apply(Bot.create(f"warm{number}", pool=f"warm{number}"), op=f"warm{number}")
            before = flow.passed
            await store.apply(Bot.create("b", pool="b"), op="b")
            whole = flow.passed - before
            for cut in (*range(0, whole - 100, 211), *range(whole - 100, whole + 40, 3)):
                id = f"b{cut}"
                assert await outcome(store, f"warm/{id}") == "applied"
                flow.cut_after(cut)
                said = await outcome(store, id)
                flow.resume()
                told[said].add(await is_there(honest, id))
                assert await outcome(store, id) == "applied", "a retry with the op id settles it"
                assert [e.name for e in await honest.history(Bot, id)] == ["create"]
        assert told["applied"] == {True}
        assert told["Unavailable"] == {False}, "it must be sure that nothing was changed"
        lost_on_its_way = {False} if way == "to_server" else {True}
        assert told["OutcomeUnknown"] == lost_on_its_way
        assert await honest.engine.audit("main", repair=False) == []


async def test_an_answer_that_never_comes_is_waited_for_no_longer_than_allowed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)
    port = urlsplit(url).port or 0
    async with proxy_to(port) as proxy:
        async with tenure.open(f"{by_proxy(url, proxy)}&statement_seconds=3", *KINDS) as store:
            await store.apply(Bot.create("ada", pool="eu"))
            proxy.to_client.stall()
            assert await outcome(store, "bob") == "Unavailable"
            proxy.to_client.resume()
            assert await outcome(store, "bob") == "applied"


async def test_a_server_that_ended_connections_meanwhile_is_not_noticed(url: str) -> None:
    port = urlsplit(url).port or 0
    async with proxy_to(port) as proxy, tenure.open(by_proxy(url, proxy), *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        await proxy.reset()
        for number in range(3):
            await store.apply(Bot.rate("ada", rating=number))


async def test_a_statement_that_waits_for_a_lock_too_long_is_unavailable(url: str) -> None:
    async with tenure.open(f"{url}&lock_seconds=1", *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("ada", pool="eu"))
        async with session.transaction():
            await session.execute("SELECT * FROM tenure_records FOR UPDATE")
            with pytest.raises(Unavailable, match="made this wait too long for another transaction"):
                await store.apply(Bot.rate("ada", rating=1))
        assert (await store.apply(Bot.rate("ada", rating=1))).version == 2


async def test_a_statement_that_takes_too_long_is_unavailable(url: str) -> None:
    async with tenure.open(f"{url}&lock_seconds=30&statement_seconds=3", *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("ada", pool="eu"))
        async with session.transaction():
            await session.execute("SELECT * FROM tenure_records FOR UPDATE")
            with pytest.raises(Unavailable, match=r"longer for this than \?statement_seconds= allows"):
                await store.apply(Bot.rate("ada", rating=1))
        assert (await store.apply(Bot.rate("ada", rating=1))).version == 2


async def test_too_many_connections_are_told(url: str) -> None:
    async with a_session(url) as session:
        await session.execute("CREATE ROLE crowd LOGIN PASSWORD 'a-secret' CONNECTION LIMIT 0")
        parts = urlsplit(url)
        theirs = urlunsplit(parts._replace(netloc=f"crowd:a-secret@{parts.hostname}:{parts.port}"))
        try:
            with pytest.raises(Unavailable, match="has no free connection: raise max_connections"):
                async with tenure.open(theirs, *KINDS):
                    pass
        finally:
            await session.execute("DROP ROLE crowd")


async def test_work_waits_for_a_free_connection(url: str) -> None:
    async with tenure.open(f"{url}&connections=2", *KINDS) as store:
        await asyncio.gather(*(store.space(f"s{n}").apply(Bot.create("ada", pool="eu")) for n in range(30)))
        assert len(await store.engine.spaces()) == 30


async def test_a_connection_that_dies_as_it_begins_to_listen_is_made_anew(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_listener, began = asyncpg.Connection.add_listener, asyncio.Event()
    async with proxy_to(urlsplit(url).port or 0) as proxy:

        async def dying(self: asyncpg.Connection, *args: Any) -> None:
            if not began.is_set():
                proxy.to_client.drop()
                began.set()
            await add_listener(self, *args)

        monkeypatch.setattr(asyncpg.Connection, "add_listener", dying)
        async with (
            tenure.open(f"{by_proxy(url, proxy)}&statement_seconds=3", *KINDS) as store,
            asyncio.timeout(PATIENCE_SECONDS),
        ):
            await began.wait()
            monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)  # what begins before `resume` gets no answer
            known = proxy.accepted
            while proxy.accepted == known:
                await asyncio.sleep(0.01)
            proxy.resume()
            await store.apply(Bot.create("ada", pool="eu"))


async def test_a_connection_that_tells_nothing_is_made_anew_long_before_a_statements_time_is_over(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "HORIZON_SECONDS", 0.2)
    async with proxy_to(urlsplit(url).port or 0) as proxy, tenure.open(url, *KINDS) as there:
        silent = proxy.to_listener = Flow()
        async with tenure.open(by_proxy(url, proxy), *KINDS) as here:
            with here.bell(Bot) as bell:
                await there.apply(Bot.create("ada", pool="eu"))
                await bell.heard()
                silent.drop()
                proxy.to_listener = None  # those that begin to listen from now on hear
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await there.apply(Bot.create("bob", pool="eu"))
                    await bell.heard()
