"""What a write costs where it lies: rows that change stay on their page, and touch no index.

No engine-neutral form exists: heap-only updates and their counters are this engine's own.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Instance, Match, Owner
from tests.engines.postgres.conftest import a_session, all_is_counted, schema_of

import tenure
from tenure import testing
from tenure.engines.postgres import connection

TURNS, RECORDS, OF = 40, 400, 8
"""Each turn changes one of eight records, so that a page has room for what changes at once."""


async def updates(url: str, table: str) -> tuple[int, int]:
    """Give how many rows were updated, and how many of them on their page."""
    async with a_session(url) as session:
        await all_is_counted(session)
        row = await session.fetchrow(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = $2",
            schema_of(url), table,
        )  # fmt: skip
    assert row is not None
    return row["n_tup_upd"], row["n_tup_hot_upd"]


@pytest.mark.parametrize("what", ["changes", "beats"])
async def test_a_record_that_changes_stays_on_its_page(url: str, what: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        await store.submit([Owner.create(f"o{n}", email="e")] for n in range(RECORDS))
        made = await store.submit([Instance.create(f"i{n}")] for n in range(RECORDS))
        claims = [verdict.records[0].claim for verdict in made]  # type: ignore[union-attr]
        for turn in range(TURNS):
            numbers = range(turn % OF, RECORDS, OF)
            if what == "changes":
                await store.submit([Owner.allow(f"o{n}", most=turn)] for n in numbers)
            else:
                await asyncio.gather(*(store.beat(claims[n]) for n in numbers))
    changed, on_page = await updates(url, "tenure_records")
    assert changed >= TURNS * RECORDS // OF
    assert on_page > 0.95 * changed


async def test_a_look_is_written_once_for_many_beats(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        held = await store.apply(Instance.create("i"))
        for _ in range(20):
            await store.beat(held.claim)
    async with a_session(url) as session:
        await all_is_counted(session)
        sql = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'tenure_due'"
        assert (await session.fetchval(sql, schema_of(url)) or 0) <= 2  # and one of no lease


GHOSTS = {
    "tenure_states": "'Bot', 'queued'",
    "tenure_ranks": """'Bot', 'queued', '["eu"]', 7""",
    "tenure_holders": """'Bot', 'ready', '["eu"]'""",
    "tenure_children": "'Match', 'm'",
    "tenure_due": "last_value + 300000000",
}


@pytest.mark.parametrize("table", GHOSTS)
async def test_what_has_drifted_into_an_index_hinders_nobody(url: str, table: str) -> None:
    async with testing.store(*KINDS, url=url) as store, a_session(url) as session:
        await store.apply(Match.create("m", first="ada", second="bob"))
        await store.apply(Bot.create("ada", pool="eu", rating=7))
        values = f"SELECT 1, {GHOSTS[table]}, record FROM tenure_records, tenure_clock WHERE id = 'ada'"
        await session.execute(f"INSERT INTO {table} {values}")
        await store.apply(Bot.enqueue("ada"))
        await store.apply(Bot.reserve("ada", match="m"))
        assert await store.engine.audit(store.space_name, repair=False, now=store.clock()) == []


async def test_who_leaves_a_place_and_comes_back_at_once_is_no_drift(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BESIDE", ())  # so that a row that is there already makes the batch fail for good
    async with testing.store(*KINDS, url=url) as store:
        await store.apply(Bot.create("ada", pool="eu", rating=7))
        await store.apply(Bot.enqueue("ada"))
        await store.submit([[Bot.withdraw("ada")], [Bot.enqueue("ada")]])
        await store.submit([[Bot.relocate("ada", pool="us")], [Bot.relocate("ada", pool="eu")]])
        await store.apply(Bot.rate("ada", rating=8), Bot.withdraw("ada"), Bot.enqueue("ada"), Bot.rate("ada", rating=7))
        assert [bot.id for bot in await store.holding(Bot.ready, "eu")] == ["ada"]
        assert await store.engine.audit(store.space_name, repair=False, now=store.clock()) == []
