"""One ear for many pages: who is woken by what, and that nothing is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tenure import End, Event, Lifecycle, State, Store, Unavailable, seconds, testing
from tenure.pages.hearing import Hearing

PATIENCE_SECONDS = 60


class Lamp(Lifecycle):
    off = State(initial=True)
    on = State()
    broken = End()
    light = off.to(on)
    smash = on.to(broken)


def hearing_on(store: Store) -> Hearing:
    return Hearing(store, Lamp, key_of=lambda event: event.id)


async def test_a_bell_rings_for_its_own_and_not_for_others_and_one_feed_is_read_for_all() -> None:
    async with testing.store(Lamp) as store, asyncio.timeout(PATIENCE_SECONDS):
        hearing = hearing_on(store)
        async with hearing.of("a") as a, hearing.of("b") as b, hearing.of("a", "c") as both:
            await store.apply(Lamp.create("b"))
            assert await b.heard()
            await store.apply(Lamp.create("c"))
            assert await both.heard()
            # What comes is told in its order: had they rung before, it would be heard by now.
            assert not await a.heard(0)
            await store.apply(Lamp.create("a"))
            assert await a.heard()
            assert await both.heard()
            assert len([task for task in asyncio.all_tasks() if task.get_name() == "hears for pages"]) == 1
        assert hearing._task is None
        assert not hearing._bells


async def test_what_happens_while_a_bell_is_hung_is_heard() -> None:
    async with testing.store(Lamp) as store, asyncio.timeout(PATIENCE_SECONDS), AsyncExitStack() as stack:
        hearing = hearing_on(store)
        for number in range(20):
            made = asyncio.create_task(store.apply(Lamp.create(f"l{number}")))
            bell = await stack.enter_async_context(hearing.of(f"l{number}"))
            await made
            if (await store.get(Lamp, f"l{number}")).version == 1:
                await store.apply(Lamp.light(f"l{number}"))
            assert await bell.heard()


async def test_when_the_store_was_away_all_are_woken_and_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with testing.store(Lamp) as store, asyncio.timeout(PATIENCE_SECONDS):
        times, feed = 0, store.feed

        async def failing(*kinds: Any, **more: Any) -> AsyncIterator[Event[Any]]:
            nonlocal times
            times += 1
            if times == 1:
                raise Unavailable("away")
            async for event in feed(*kinds, **more):
                yield event

        monkeypatch.setattr(store, "feed", failing)
        async with hearing_on(store).of("a") as a:
            assert await a.heard(), "it may have missed something"
            await store.apply(Lamp.create("a"))
            await store.advance(seconds(2))
            assert await a.heard()
