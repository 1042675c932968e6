"""What the audit of this engine's own indexes must not take for a difference, and must find.

No engine-neutral form exists: the tables beside the records, into which these tests reach, are this engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Match, Owner

from tenure import Store, minutes, testing
from tenure.engines.sqlite.engine import SqliteEngine
from tenure.testing import a


async def test_a_record_whose_parent_has_just_ended_is_no_difference() -> None:
    async with testing.store(*KINDS) as store:
        await a(store, Match.offered, "m", first="x", second="y")
        await a(store, Bot.queued, "x", pool="p")
        await store.apply(Bot.reserve("x", match="m"))
        await store.apply(Match.start("m"))
        await store.apply(Match.settle("m"))
        assert await store.engine.audit("tests", repair=False) == []
        await store.advance(minutes(0))
        assert (await store.get(Bot, "x")).state == Bot.queued


DAMAGES = {
    "tenure_due": "DELETE FROM tenure_due WHERE record = (SELECT record FROM tenure_records WHERE kind = 'Job')",
    "tenure_ranks": "DELETE FROM tenure_ranks",
    "tenure_holders": "DELETE FROM tenure_holders WHERE name = 'once'",
    "tenure_slots": "UPDATE tenure_slots SET held = held + 1",
    "tenure_children": "INSERT INTO tenure_children VALUES (1, 'Owner', 'nobody', 1)",
    "tenure_counts": "UPDATE tenure_counts SET number = number + 1",
}


@pytest.mark.parametrize("table", DAMAGES)
async def test_a_damaged_index_is_found_and_mended(table: str) -> None:
    async with testing.store(*KINDS) as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.running, "j", owner="o", place="here")
        await a(store, Bot.queued, "b", pool="p")
        assert await store.engine.audit("tests", repair=False) == []
        await on_the_connection(store, lambda connection: connection.execute(DAMAGES[table]))
        found = await store.engine.audit("tests", repair=False)
        assert {difference.what for difference in found} == {table}
        mended = await store.engine.audit("tests", repair=True)
        assert [(d.what, d.id) for d in mended] == [(d.what, d.id) for d in found]
        assert await store.engine.audit("tests", repair=False) == []


async def test_a_lost_event_is_told_and_never_mended() -> None:
    async with testing.store(*KINDS) as store:
        await a(store, Bot.queued, "b", pool="p")
        await on_the_connection(store, lambda connection: connection.execute("DELETE FROM tenure_events"))
        found = await store.engine.audit("tests", repair=True)
        assert [(d.what, d.id) for d in found] == [("tenure_events", "b")]
        assert await store.engine.audit("tests", repair=False) == found


async def on_the_connection(store: Store, job: Callable[[Any], object]) -> None:
    assert isinstance(store.engine, SqliteEngine)
    engine = store.engine
    await engine._writer.do(lambda: job(engine._file.connection))
