"""Watching resumes from a cursor with no gap, while others write (guarantee 11)."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest
from tests.engine_contract.conftest import Stores
from tests.engine_contract.kinds import Bot, Match
from tests.engine_contract.looking import first

from tenure import CursorAhead
from tenure.testing import a


async def test_watch_gives_what_was_and_what_comes(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        events = store.watch(Bot, "ada")
        assert [(await anext(events)).name for _ in range(2)] == ["create", "enqueue"]
        waiting = asyncio.ensure_future(anext(events))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        await store.apply(Bot.withdraw("ada"))
        assert (await waiting).name == "withdraw"
        await events.aclose()


async def test_watch_resumes_from_a_cursor(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.submit([[Bot.rate("ada", rating=n)] for n in range(20)])
        seen = await first(store.watch(Bot, "ada"), 8)
        rest = await first(store.watch(Bot, "ada", after=seen[-1].version), 13)
        assert [e.version for e in (*seen, *rest)] == list(range(1, 22))


async def test_a_watcher_misses_nothing_under_concurrent_writes(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")

        async def write() -> None:
            for number in range(100):
                await store.apply(Bot.rate("ada", rating=number))

        async def watch() -> list[int]:
            return [event.version for event in await first(store.watch(Bot, "ada"), 101)]

        watched, _ = await asyncio.gather(watch(), write())
        assert watched == list(range(1, 102))


async def test_more_than_a_page_is_given_whole(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        await store.submit([[Bot.rate("ada", rating=n)] for n in range(1500)])
        assert [e.version for e in await first(store.watch(Bot, "ada"), 1501)] == list(range(1, 1502))


async def test_the_feed_has_all_events_of_its_kinds_in_order(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        await a(store, Match.running, "m", first="ada", second="bob")
        await a(store, Bot.idle, "bob", pool="eu")
        everything = await first(store.feed(after=0), 5)
        assert [(e.kind, e.name) for e in everything] == [
            (Bot, "create"), (Bot, "enqueue"), (Match, "create"), (Match, "start"), (Bot, "create"),
        ]  # fmt: skip
        assert [e.position for e in everything] == sorted({e.position for e in everything})
        assert [e.name for e in await first(store.feed(Match, after=0), 2)] == ["create", "start"]
        assert [e.id for e in await first(store.feed(Bot, Match, after=everything[2].position), 2)] == ["m", "bob"]


async def test_a_feed_without_a_cursor_begins_now(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        feed, read, begun = store.feed(), store.engine.last_position, asyncio.Event()

        async def noted(space: str) -> int:
            position = await read(space)
            begun.set()
            return position

        with patch.object(store.engine, "last_position", noted):
            waiting = asyncio.ensure_future(anext(feed))
            await begun.wait()
        await store.apply(Bot.withdraw("ada"))
        assert (await waiting).name == "withdraw"
        await feed.aclose()


async def test_a_feed_from_the_present_position_gives_what_comes(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        position = await store.position()
        await store.apply(Bot.withdraw("ada"))
        (event,) = await first(store.feed(after=position), 1)
        assert event.name == "withdraw"
        assert await store.position() >= event.position > position


async def test_a_feed_with_an_end_gives_what_is_there_up_to_it_and_ends(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        until = await store.position()
        await a(store, Match.running, "m", first="ada", second="bob")
        await a(store, Bot.idle, "bob", pool="eu")
        assert [event.name async for event in store.feed(after=0, until=until)] == ["create", "enqueue"]
        # Its last event may be of another kind, and there may be nothing between both.
        assert [event.id async for event in store.feed(Match, after=0, until=await store.position())] == ["m", "m"]
        assert [event async for event in store.feed(after=until, until=until)] == []


async def test_a_feed_has_no_gap_under_many_concurrent_writers(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n}", pool="eu")] for n in range(10)])

        async def write(bot: str) -> None:
            for number in range(30):
                await store.apply(Bot.rate(bot, rating=number))

        reading = asyncio.create_task(first(store.feed(after=0), 310))
        await asyncio.gather(*(write(f"b{n}") for n in range(10)))
        events = await reading
        versions: dict[str, list[int]] = {}
        for event in events:
            versions.setdefault(event.id, []).append(event.version)
        assert all(v == list(range(1, 32)) for v in versions.values())


async def test_two_processes_on_one_store_see_one_anothers_events(a_kept_store: Stores) -> None:
    async with a_kept_store() as one, a_kept_store() as two:
        await a(one, Bot.idle, "ada", pool="eu")
        events = two.watch(Bot, "ada")
        assert (await anext(events)).name == "create"
        waiting = asyncio.ensure_future(anext(events))
        await one.apply(Bot.enqueue("ada"))
        assert (await waiting).name == "enqueue"
        await events.aclose()


async def test_a_cursor_ahead_of_the_record_is_loud(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        with pytest.raises(CursorAhead, match="begin again from 0"):
            await anext(store.watch(Bot, "ada", after=9))


async def test_a_cursor_ahead_of_the_feed_is_loud(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "ada", pool="eu")
        last = await store.engine.last_position("tests")
        with pytest.raises(CursorAhead, match="begin again from 0"):
            await anext(store.feed(after=last + 1))


async def test_a_record_is_watched_before_it_is_there(a_store: Stores) -> None:
    async with a_store() as store:
        events = store.watch(Bot, "ada")
        waiting = asyncio.ensure_future(anext(events))
        for _ in range(20):
            await asyncio.sleep(0)
        await a(store, Bot.idle, "ada", pool="eu")
        assert (await waiting).name == "create"
        await events.aclose()


async def test_spaces_are_apart(a_store: Stores) -> None:
    async with a_store() as store:
        other = store.space("other")
        await a(store, Bot.idle, "ada", pool="eu")
        await a(other, Bot.queued, "ada", pool="us")
        assert (await store.get(Bot, "ada")).pool == "eu"
        assert await store.count(Bot) == {"idle": 1}
        assert await other.count(Bot) == {"queued": 1}
        assert [e.name for e in await first(other.feed(after=0), 2)] == ["create", "enqueue"]
        assert await store.find(Bot.queued) == []
        assert set(await store.engine.spaces()) == {"tests", "other"}
