"""The engine is subscribed to a topic from the first listener to the last, and no longer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tenure import Unavailable
from tenure.core.signals import InProcess, Receive
from tenure.store.signals import Signals


class Counting(InProcess):
    """Carries signals, notes what it was asked for, and fails or waits where it shall."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.failing = 0
        self.open = asyncio.Event()
        self.open.set()

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        self.asked.append(f"+{topic}")
        await self.open.wait()
        if self.failing:
            self.failing -= 1
            raise Unavailable("not now")
        await super().subscribe(space, topic, heard)

    def unsubscribe(self, space: str, topic: str) -> None:
        self.asked.append(f"-{topic}")
        super().unsubscribe(space, topic)


async def test_a_topic_is_subscribed_to_once_however_many_listen() -> None:
    carrier = Counting()
    signals = Signals(carrier)
    async with AsyncExitStack() as bodies:
        entering = [bodies.enter_async_context(signals.listen("s", "t")) for _ in range(5)]
        heard = await asyncio.gather(*entering)
        async with signals.listen("s", "t"):
            pass
        await signals.send("s", "t", b"1")
        assert [await anext(one) for one in heard] == [b"1"] * 5
        assert carrier.asked == ["+t"]
    assert carrier.asked == ["+t", "-t"]


async def test_who_is_cancelled_while_it_subscribes_leaves_it_to_the_next() -> None:
    carrier = Counting()
    carrier.open.clear()
    signals = Signals(carrier)
    async with AsyncExitStack() as bodies:
        first = asyncio.create_task(bodies.enter_async_context(signals.listen("s", "t")))
        second = asyncio.create_task(bodies.enter_async_context(signals.listen("s", "t")))
        await asyncio.sleep(0)
        first.cancel()
        carrier.open.set()
        await asyncio.gather(first, return_exceptions=True)
        heard = await second
        await signals.send("s", "t", b"1")
        assert await anext(heard) == b"1"
        assert carrier.asked == ["+t", "+t"]
    assert carrier.asked == ["+t", "+t", "-t"]


async def test_who_can_not_subscribe_is_told_and_the_next_tries_again() -> None:
    carrier = Counting()
    carrier.failing = 1
    signals = Signals(carrier)
    with pytest.raises(Unavailable):
        async with signals.listen("s", "t"):
            pass
    async with signals.listen("s", "t") as heard:
        await signals.send("s", "t", b"1")
        assert await anext(heard) == b"1"
    assert carrier.asked == ["+t", "-t", "+t", "-t"]
