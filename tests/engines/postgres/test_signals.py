"""Signals as PostgreSQL carries them: what a session listens to, a dead connection, and a pooler in between.

No engine-neutral form exists: notifications belong to sessions of this server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from tests.engine_contract.kinds import KINDS
from tests.engines.postgres.pooler import a_pooler
from tests.engines.postgres.test_lost_connections import by_proxy
from tests.engines.postgres.test_pooler import by_pooler
from tests.proxy import proxy_to

import tenure
from tenure import Unavailable
from tenure.engines.postgres import connection, signals
from tenure.engines.postgres.connection import Connection


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Give the statements that were made for signals, each with how many signals it sends, as they come."""
    made: list[tuple[str, int]] = []
    ask = signals._ask

    async def noting(connection: Connection, statement: str, *values: Sequence[str]) -> None:
        await ask(connection, statement, *values)
        made.append((statement, len(values[0]) if values else 0))

    monkeypatch.setattr(signals, "_ask", noting)
    return made


async def test_the_server_is_listened_to_while_anybody_listens(url: str, statements: list[tuple[str, int]]) -> None:
    async with tenure.open(url, *KINDS) as store:
        async with store.signals("t"):
            async with store.signals("t"):
                pass
        async with store.signals("u"):  # which is confirmed in the same round, or a later one
            pass
    words = [word for statement, _ in statements for word in statement.split() if word in ("LISTEN", "UNLISTEN")]
    assert sorted(words) == ["LISTEN", "LISTEN", "UNLISTEN", "UNLISTEN"]


async def test_a_connection_that_is_open_and_dead_is_made_anew(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "PING_SECONDS", 0.05)
    monkeypatch.setattr(signals, "ANSWER_SECONDS", 0.2)
    async with proxy_to(urlsplit(url).port or 0) as proxy:
        by = f"{by_proxy(url, proxy)}&statement_seconds=3"  # what else was under way ends soon, too
        async with tenure.open(by, *KINDS) as store, store.signals("t") as heard:
            known = proxy.accepted
            proxy.to_client.drop()
            monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)  # what begins before `resume` gets no answer
            while proxy.accepted == known:
                await asyncio.sleep(0.01)
            proxy.resume()
            hearing = asyncio.ensure_future(anext(heard))
            while not hearing.done():
                with suppress(Unavailable):
                    await store.signal("t", b"again")
                await asyncio.sleep(0.01)
            assert await hearing == b"again"


async def test_behind_a_pooler_signals_stay_within_the_process(url: str) -> None:
    async with a_pooler(url.partition("?")[0], 3) as pooler:
        async with tenure.open(by_pooler(url, pooler), *KINDS) as one, tenure.open(url, *KINDS) as two:
            async with one.signals("t") as here, two.signals("t") as there:
                await one.signal("t", b"here")
                await two.signal("t", b"there")
                assert await anext(here) == b"here"
                assert await anext(there) == b"there"


async def test_what_gathers_while_a_statement_is_under_way_goes_out_with_the_next(
    url: str, statements: list[tuple[str, int]]
) -> None:
    async with tenure.open(url, *KINDS) as store, store.signals("t") as heard:
        await asyncio.gather(*(store.signal("t", b"%d" % number) for number in range(500)))
        assert [await anext(heard) for _ in range(500)] == [b"%d" % number for number in range(500)]
    sent = [number for _, number in statements if number]
    assert sum(sent) == 500
    assert len(sent) < 10
