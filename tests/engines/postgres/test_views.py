"""The views of a schema show what the records hold, in types of PostgreSQL's own.

No engine-neutral form exists: each engine's views are in its own dialect, or there are none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.engine_contract.kinds import KINDS, Bot, Job, Kettle, Owner, Quiz
from tests.engines.postgres.conftest import a_session, schema_of

import tenure
from tenure import End, Lifecycle, State, field, hours, minutes, testing
from tenure.testing import START, a


async def test_a_view_shows_each_field_in_its_own_type(url: str) -> None:
    async with testing.store(*KINDS, url=url) as store, a_session(url) as session:
        await a(store, Bot.queued, "ada", pool="eu", rating=1500)
        await a(store, Quiz.open, "q", closes_at=START + hours(3))
        await a(store, Kettle.heating, "k", length=minutes(7))
        await a(store, Owner.enabled, "o", email="e")
        await store.apply(Job.create("j", owner="o", place="here", note='a "quoted" word'))
        bot = dict(await session.fetchrow('SELECT * FROM "Bot"') or {})
        assert (bot["space"], bot["id"], bot["state"], bot["version"], bot["pool"]) == (
            "tests",
            "ada",
            "queued",
            2,
            "eu",
        )
        assert (bot["rating"], bot["match"], bot["created_at"]) == (1500, None, START)
        closes_at = await session.fetchval('SELECT closes_at FROM "Quiz"')
        assert isinstance(closes_at, datetime)
        assert closes_at == START + hours(3)
        length = await session.fetchval('SELECT length FROM "Kettle"')
        assert isinstance(length, timedelta)
        assert length == minutes(7)
        assert await session.fetchval('SELECT note FROM "Job"') == 'a "quoted" word'


async def test_who_may_read_a_view_still_may_when_a_field_is_added(url: str) -> None:
    class Before:
        class Lamp(Lifecycle):
            room: str = field()
            off = State(initial=True)
            broken = End()
            smash = off.to(broken)

    class After:
        class Lamp(Lifecycle):
            room: str = field()
            watts: int = field(default=40)
            off = State(initial=True)
            broken = End()
            smash = off.to(broken)

    class Other:
        class Lamp(Lifecycle):
            watts: str = field(default="40")
            off = State(initial=True)
            broken = End()
            smash = off.to(broken)

    reader = f"reader_{schema_of(url)}"
    async with a_session(url) as session:
        await session.execute(f"CREATE ROLE {reader}")
        sql = f"""SELECT has_table_privilege('{reader}', '"Lamp"', 'SELECT')"""
        try:
            async with tenure.open(url, Before.Lamp) as store:
                await store.apply(Before.Lamp.create("old", room="hall"))
            await session.execute(f'GRANT SELECT ON "Lamp" TO {reader}')
            async with tenure.open(url, After.Lamp) as store:
                await store.apply(After.Lamp.create("young", room="hall", watts=60))
            assert await session.fetchval(sql)
            assert await session.fetch('SELECT id, watts FROM "Lamp" ORDER BY id') == [("old", None), ("young", 60)]
            async with tenure.open(url, Other.Lamp):
                pass
            assert await session.fetch('SELECT watts FROM "Lamp" ORDER BY id') == [(None,), ("60",)]
        finally:
            await session.execute(f"DROP OWNED BY {reader}; DROP ROLE {reader}")
