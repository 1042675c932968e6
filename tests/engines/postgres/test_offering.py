"""Views that a program offers stand in a schema of their own, and never keep a store from being opened.

No engine-neutral form exists: schemas, rights and what rests on what are PostgreSQL's own.
"""

from __future__ import annotations

import re

import asyncpg
import pytest
from tests.engines.postgres.conftest import a_session, schema_of

import tenure
from tenure import End, Lifecycle, State, Unavailable, Views, field


class Before:
    class Lamp(Lifecycle):
        room: str = field()
        off = State(initial=True)
        broken = End()
        smash = off.to(broken)


class After:
    class Lamp(Lifecycle):
        room: int = field(default=7)
        off = State(initial=True)
        broken = End()
        smash = off.to(broken)


LAMPS = {"lamps": 'SELECT room FROM "Lamp" WHERE space = :space', "rooms": "SELECT DISTINCT room FROM lamps"}
OFFERED = Views("house", {"postgres": LAMPS})


async def test_a_view_shows_one_space_and_reads_those_before_it(url: str) -> None:
    async with tenure.open(url, Before.Lamp, space="it's mine") as store, a_session(url) as session:
        for space, room in (("it's mine", "hall"), ("it's mine", "hall"), ("other", "attic")):
            await store.space(space).apply(Before.Lamp.create(f"{len(await store.find(Before.Lamp.off))}", room=room))
        await store.offer(OFFERED)
        assert await session.fetch(f"SELECT room FROM {schema_of(url)}_house.lamps") == [("hall",), ("hall",)]
        assert await session.fetch(f"SELECT room FROM {schema_of(url)}_house.rooms") == [("hall",)]


async def test_no_name_of_a_space_is_taken_for_sql(url: str) -> None:
    name = "'$views$; CREATE TABLE mine (a int); DO $views$ BEGIN NULL; --"
    async with tenure.open(url, Before.Lamp, space=name) as store, a_session(url) as session:
        await store.apply(Before.Lamp.create("l", room="hall"))
        await store.offer(OFFERED)
        assert await session.fetch(f"SELECT room FROM {schema_of(url)}_house.lamps") == [("hall",)]
        assert await session.fetchval("SELECT to_regclass($1)", f"{schema_of(url)}_house.mine") is None


async def test_views_with_other_columns_are_made_anew(url: str) -> None:
    async with tenure.open(url, Before.Lamp) as store, a_session(url) as session:
        await store.offer(OFFERED)
        await store.offer(Views("house", {"postgres": {**LAMPS, "lamps": 'SELECT state, room FROM "Lamp"'}}))
        assert await session.fetch(f"SELECT state, room FROM {schema_of(url)}_house.lamps") == []


async def test_a_kind_of_another_form_is_opened_though_offered_views_rest_on_it(url: str) -> None:
    async with tenure.open(url, Before.Lamp) as store:
        await store.offer(OFFERED)
    async with tenure.open(url, After.Lamp) as store, a_session(url) as session:
        await store.apply(After.Lamp.create("l", room=3))
        with pytest.raises(asyncpg.UndefinedTableError):
            await session.fetch(f"SELECT room FROM {schema_of(url)}_house.lamps")
        await store.offer(OFFERED)
        assert await session.fetch(f"SELECT room FROM {schema_of(url)}_house.lamps") == [(3,)]


async def test_who_may_make_no_schema_is_told_and_one_that_is_given_will_do(url: str) -> None:
    user, schema = f"user_{schema_of(url)}", schema_of(url)
    async with a_session(url) as session:
        await session.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'word'; CREATE SCHEMA {schema} AUTHORIZATION {user}")
        limited = re.sub("//[^@]+@", f"//{user}:word@", url)
        try:
            async with tenure.open(limited, Before.Lamp) as store:
                with pytest.raises(Unavailable, match="rights"):
                    await store.offer(OFFERED)
                await session.execute(f"CREATE SCHEMA {schema}_house AUTHORIZATION {user}")
                await store.offer(OFFERED)
                assert await session.fetch(f"SELECT room FROM {schema}_house.rooms") == []
        finally:
            await session.execute(f"DROP OWNED BY {user} CASCADE; DROP ROLE {user}")
