"""A cursor never passes what commits late, and nothing else in the database holds it back.

No engine-neutral form exists: only here do transactions commit in another order than that of their positions.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from tests.engine_contract.kinds import KINDS, Bot
from tests.engine_contract.looking import first
from tests.engines.postgres.conftest import MARKS, a_session, engine_of, until
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import CursorAhead, Unavailable
from tenure.core.engine import Engine
from tenure.core.row import Entry
from tenure.engines.postgres import telling


async def test_a_cursor_waits_for_a_batch_that_commits_late(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("first", pool="eu"))
        engine = engine_of(store)
        async with session.transaction():
            # So the next batch that uses this op id stops where it has drawn its positions, and is not committed.
            await session.execute("INSERT INTO tenure_ops VALUES (1, 'held', 0, '', '')")
            late = asyncio.create_task(store.apply(Bot.create("late", pool="eu"), op="held"))
            await until(session, f"SELECT ({MARKS}) = 1")
            early = await store.apply(Bot.create("early", pool="eu"))
            assert await ids_after(engine, 0) == ["first"]
            assert [e.id for e in await store.history(Bot, "early")] == ["early"], "it is there, but not in the feed"
            last = asyncio.create_task(engine.last_position("main"))
            await until(session, "SELECT true")
            assert not late.done()
            assert not last.done(), "nobody knows yet what comes before the last one"
            await session.execute("DELETE FROM tenure_ops WHERE op = 'held'")
        assert (await late).version == 1
        assert await ids_after(engine, 0) == ["first", "late", "early"]
        assert await ids_after(engine, await last) == []
        assert early.version == 1


async def test_a_cursor_after_a_batch_that_is_under_way_for_long_is_not_ahead(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("first", pool="eu"))
        async with session.transaction():
            await session.execute("INSERT INTO tenure_ops VALUES (1, 'held', 0, '', '')")
            late = asyncio.create_task(store.apply(Bot.create("late", pool="eu"), op="held"))
            await until(session, f"SELECT ({MARKS}) = 1")
            await store.apply(Bot.create("early", pool="eu"))
            (early,) = await store.history(Bot, "early")
            following = asyncio.create_task(first(store.feed(after=early.position), 1))
            await until(session, "SELECT clock_timestamp() > now() + interval '1.5 s'")
            assert not following.done(), following.exception()
            await session.execute("DELETE FROM tenure_ops WHERE op = 'held'")
        await late
        await store.apply(Bot.create("next", pool="eu"))
        assert [event.id for event in await following] == ["next"]


async def test_a_cursor_before_a_batch_that_is_under_way_goes_on_at_once(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("first", pool="eu"))
        async with session.transaction():
            await session.fetch("SELECT * FROM tenure_draw(5, NULL)")
            assert [event.id for event in await first(store.feed(after=0), 1)] == ["first"]


async def test_what_was_told_is_shown_as_soon_as_the_batches_beside_it_are_decided(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        engine, told, numbers = engine_of(store), asyncio.Queue[int](), itertools.count()
        engine.listen(lambda _space, entries: told.put_nowait(entries[-1].position))
        position = 1023
        while position % 1024 > 1000:  # what is drawn next must share its mark
            await store.apply(Bot.create(f"b{next(numbers)}", pool="eu"))
            position = await told.get()
        async with session.transaction():
            await session.fetch("SELECT * FROM tenure_draw(5, 0)")
            reading = asyncio.create_task(engine.feed("main", [], position - 1, 100))
            await until(session, "SELECT clock_timestamp() > now() + interval '20 ms'")
            assert not reading.done()
        assert [entry.position for entry in await reading] == [position]


async def test_a_cursor_that_is_ahead_is_told(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        await store.apply(Bot.create("first", pool="eu"))
        (last,) = await store.history(Bot, "first")
        with pytest.raises(CursorAhead, match="begin again"):
            await first(store.feed(after=last.position + 1), 1)


async def test_what_stays_under_way_without_end_is_said_to_be(url: str) -> None:
    async with tenure.open(f"{url}&statement_seconds=3", *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("first", pool="eu"))
        async with session.transaction():
            await session.fetch("SELECT * FROM tenure_draw(5, NULL)")
            with pytest.raises(Unavailable, match="under way"):
                await store.engine.last_position("main")


async def test_what_was_drawn_and_given_back_is_not_waited_for(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        await store.apply(Bot.create("first", pool="eu"))
        async with session.transaction():
            drawn = int(await session.fetchval("SELECT first FROM tenure_draw(5, NULL)") or 0)
            last = asyncio.create_task(store.engine.last_position("main"))
            await until(session, "SELECT clock_timestamp() > now() + interval '50 ms'")
            assert not last.done()
            await session.execute("SELECT tenure_give_back($1, $2)", drawn + 4, drawn)
        assert await last == drawn


async def test_nobody_gives_back_while_it_is_read_how_far_all_is_decided(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session, a_session(url) as other:
        await store.apply(Bot.create("first", pool="eu"))
        gate = "(('tenure_clock'::regclass::oid::bigint << 32) >> 32)::integer"
        await session.execute(f"SELECT pg_advisory_lock_shared({gate}, 0)")
        drawing = asyncio.create_task(other.fetch("SELECT * FROM tenure_draw(5, NULL)"))
        await until(session, "SELECT count(*) >= 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        assert await session.fetch("SELECT * FROM tenure_horizon()"), "readers do not wait for readers"
        assert not drawing.done()
        await session.execute(f"SELECT pg_advisory_unlock_shared({gate}, 0)")
        assert await drawing


async def ids_after(engine: Engine, position: int) -> list[str]:
    return [entry.id for entry in await engine.feed("main", [], position, 100)]


async def test_other_transactions_of_the_database_hold_nothing_back(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        async with session.transaction():
            await session.fetchval("SELECT pg_current_xact_id()")
            await session.execute("SELECT pg_advisory_xact_lock_shared(7, 7)")
            await store.apply(Bot.create("ada", pool="eu"))
            assert await ids_after(engine_of(store), 0) == ["ada"]


async def test_a_batch_that_came_to_nothing_holds_nothing_back(url: str) -> None:
    async with tenure.open(url, *KINDS) as store, a_session(url) as session:
        transaction = session.transaction()
        await transaction.start()
        await session.fetch("SELECT * FROM tenure_draw(5, NULL)")
        await store.apply(Bot.create("ada", pool="eu"))
        assert await ids_after(engine_of(store), 0) == []
        await transaction.rollback()
        assert await ids_after(engine_of(store), 0) == ["ada"]


async def test_listeners_of_all_processes_are_told_each_event_once_and_in_order(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        told: list[list[int]] = [[], []]
        enough = [asyncio.Event(), asyncio.Event()]

        def listen(number: int) -> None:
            def listener(_space: str, entries: Sequence[Entry]) -> None:
                told[number] += [entry.position for entry in entries]
                if len(told[number]) >= 400:
                    enough[number].set()

            engine_of((here, there)[number]).listen(listener)

        for number in range(2):
            listen(number)
        creates = [store.apply(Bot.create(f"{store.actor}{n}", pool="eu"))
                   for n in range(200) for store in (here.acting("a"), there.acting("b"))]  # fmt: skip
        await asyncio.gather(*creates)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(event.wait() for event in enough))
        everything = [entry.position for entry in await here.engine.feed("main", [], 0, 1000)]
        assert told == [everything, everything]


async def test_a_write_elsewhere_is_told_within_a_tenth_of_a_second(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "SURELY_SECONDS", 600)  # so that no look that comes anyway finds it
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        loop, waits = asyncio.get_running_loop(), list[float]()
        for number in range(15):
            heard = loop.create_future()

            def listener(_space: str, _entries: Sequence[Entry], heard: asyncio.Future[float] = heard) -> None:
                if not heard.done():
                    heard.set_result(loop.time())

            end = engine_of(there).listen(listener)
            await here.apply(Bot.create(f"b{number}", pool="eu"))
            began = loop.time()
            waits.append(await heard - began)
            end()
        assert min(waits) < 0.1, "the quickest of them: a busy machine only adds to it"


async def test_positions_and_fences_of_one_record_rise_under_concurrent_writers(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        await here.apply(Bot.create("ada", pool="eu"))
        await asyncio.gather(*(s.apply(Bot.rate("ada", rating=n)) for n in range(60) for s in (here, there)))
        entries = await here.engine.history("main", "Bot", "ada", 0, 1000)
        assert [e.version for e in entries] == list(range(1, 122))
        assert [e.position for e in entries] == sorted(e.position for e in entries)
        assert [e.at for e in entries] == sorted(e.at for e in entries)
