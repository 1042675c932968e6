"""Through a pooler in transaction mode, which gives each transaction another connection.

No engine-neutral form exists: poolers stand before PostgreSQL only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Owner
from tests.engines.postgres.conftest import engine_of
from tests.engines.postgres.pooler import Pooler, a_pooler
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import Delivery, Unavailable, testing
from tenure.core.row import Entry
from tenure.testing import a


def by_pooler(url: str, pooler: Pooler, *, mode: str = "&pooler=transaction") -> str:
    parts = urlsplit(url)
    netloc = f"{parts.username}:{parts.password}@127.0.0.1:{pooler.port}"
    return urlunsplit(parts._replace(netloc=netloc)) + mode


async def test_everything_works_where_no_session_lasts(url: str) -> None:
    async with a_pooler(url.partition("?")[0], 3) as pooler:
        async with testing.store(*KINDS, url=by_pooler(url, pooler)) as store:
            await a(store, Owner.enabled, "o", email="e")
            job = await a(store, Job.running, "j", owner="o", place="here")
            await store.apply(Job.steer("j", course="north"))
            assert [event.name for event in await store.beat(job.claim)] == ["steer"]
            await asyncio.gather(*(store.apply(Bot.create(f"b{n}", pool=f"p{n % 7}"), op=f"{n}") for n in range(200)))
            await asyncio.gather(*(store.apply(Bot.rate(f"b{n}", rating=n)) for n in range(200)))
            assert len(await store.find(Bot.idle)) == 200
            delivered: list[str] = []

            async def handle(delivery: Delivery[Job]) -> None:
                delivered.append(delivery.id)

            await store.deliver_once(Job.begun, handle)
            await store.advance(tenure.minutes(3))
            assert (await store.get(Job, "j")).state == Job.failed
            assert len(delivered) == 1
            for space in await store.engine.spaces():
                assert await store.engine.audit(space, repair=False) == []
        assert pooler.transactions > 30


async def test_a_listener_behind_a_pooler_is_told_in_time(url: str) -> None:
    async with a_pooler(url.partition("?")[0], 3) as pooler:
        async with tenure.open(by_pooler(url, pooler), *KINDS) as behind, tenure.open(url, *KINDS) as direct:
            for writer, hearer in ((direct, behind), (behind, direct)):
                heard = asyncio.Event()

                def listener(_space: str, _entries: Sequence[Entry], heard: asyncio.Event = heard) -> None:
                    heard.set()

                end = engine_of(hearer).listen(listener)
                await writer.apply(Bot.create(f"b{id(writer)}", pool="eu"))
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await heard.wait()
                end()


async def test_settings_hold_in_each_transaction_though_no_session_lasts(url: str) -> None:
    async with a_pooler(url.partition("?")[0], 3) as pooler:
        named = f"{by_pooler(url, pooler)}&statement_seconds=7&synchronous_commit=off"
        async with tenure.open(named, *KINDS) as store:
            for _ in range(6):
                async with engine_of(store)._pool.reading() as reading:
                    found = await reading.rows(
                        "SELECT current_setting('statement_timeout'), current_setting('synchronous_commit')"
                    )
                    assert tuple(found[0]) == ("7s", "off")


async def test_without_its_option_a_pooler_is_found_out(url: str) -> None:
    """The prepared statements of a session are not there in the next transaction: that is no half success."""

    async def use(url: str) -> None:
        async with tenure.open(url, *KINDS) as store:
            for number in range(50):
                await store.apply(Bot.create(f"b{number}", pool=f"p{number}"))

    async with a_pooler(url.partition("?")[0], 3) as pooler:
        with pytest.raises(Unavailable):
            await use(by_pooler(url, pooler, mode=""))
