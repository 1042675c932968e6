"""Signals: at most once, to whoever listens now, the sender too, and kept nowhere."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.engine_contract.conftest import Stores, stores_at
from tests.engine_contract.looking import everything
from tests.places import Place

from tenure import Heard, InvalidChange, Store
from tenure.store.signals import MOST_BYTES_WAITING, MOST_WAITING


async def take(heard: Heard, number: int) -> list[bytes]:
    return [await anext(heard) for _ in range(number)]


async def test_a_signal_reaches_all_who_listen_to_its_topic_the_sender_too_in_order(a_store: Stores) -> None:
    async with a_store() as store, store.signals("battle/7") as one, store.acting("bob").signals("battle/7") as two:
        sent = [f"{number}".encode() for number in range(300)]
        for payload in sent:
            await store.signal("battle/7", payload)
        assert await take(one, 300) == sent
        assert await take(two, 300) == sent
        assert (one.missed, two.missed) == (0, 0)


async def test_signals_that_say_the_same_are_each_heard(a_store: Stores) -> None:
    async with a_store() as store, store.signals("typing") as heard:
        await asyncio.gather(*(store.signal("typing", b"ada") for _ in range(50)))
        assert await take(heard, 50) == [b"ada"] * 50


async def test_other_topics_and_spaces_are_apart(a_store: Stores) -> None:
    async with a_store() as store:
        other = store.space("other")
        async with store.signals("a") as a, store.signals("{b}") as b, other.signals("a") as elsewhere:
            await store.signal("a", b"1")
            await store.signal("{b}", b"2")
            await other.signal("a", b"3")
            await store.signal("c", b"4")
            await store.signal("a", b"5")
            await store.signal("{b}", b"6")
            await other.signal("a", b"7")
            assert await take(a, 2) == [b"1", b"5"]
            assert await take(b, 2) == [b"2", b"6"]
            assert await take(elsewhere, 2) == [b"3", b"7"]


async def test_stores_at_other_places_of_one_server_are_apart(place: Place) -> None:
    async with stores_at(place.fresh())() as here, stores_at(place.fresh())() as there:
        async with here.signals("t") as ours, there.signals("t") as theirs:
            await there.signal("t", b"theirs")
            assert await anext(theirs) == b"theirs"
            await here.signal("t", b"ours")
            assert await anext(ours) == b"ours"


async def test_nothing_is_kept(a_store: Stores) -> None:
    async with a_store() as store, store.signals("sent") as sent:
        before = await everything(store)
        await store.signal("t", b"before anybody listens")
        await store.signal("sent", b"")
        await anext(sent)
        async with store.signals("t") as heard:
            await store.signal("t", b"while somebody does")
            assert await anext(heard) == b"while somebody does"
        await store.signal("t", b"after that")
        await store.signal("sent", b"")
        await anext(sent)
        async with store.signals("t") as heard:
            await store.signal("t", b"again")
            assert await anext(heard) == b"again"
        assert await everything(store) == before


async def test_a_slow_listener_loses_the_oldest_and_knows_how_many_and_holds_up_nobody(a_store: Stores) -> None:
    async with a_store() as store, store.signals("t") as slow, store.signals("t") as quick:
        for number in range(MOST_WAITING + 5):
            await store.signal("t", b"%d" % number)
            assert await anext(quick) == b"%d" % number
        assert (slow.missed, quick.missed) == (5, 0)
        assert await take(slow, MOST_WAITING) == [b"%d" % number for number in range(5, MOST_WAITING + 5)]


async def test_what_waits_is_bounded_by_bytes_too(a_store: Stores) -> None:
    async with a_store() as store, store.signals("t") as slow, store.signals("t") as quick:
        fits = MOST_BYTES_WAITING // 4096
        for number in range(fits + 3):
            await store.signal("t", b"%4096d" % number)
            await anext(quick)
        assert slow.missed == 3
        assert int(await anext(slow)) == 3


async def test_what_is_too_long_is_refused(a_store: Stores) -> None:
    async with a_store() as store:
        with pytest.raises(InvalidChange, match="at most 4,096 bytes, not 4,097: keep the rest in a record"):
            await store.signal("t", bytes(4097))
        for topic in ("t" * 201, "\0", "\ud800"):
            with pytest.raises(InvalidChange, match="can't be a topic"):
                await store.signal(topic, b"")
            with pytest.raises(InvalidChange, match="can't be a topic"):
                async with store.signals(topic):
                    pass


async def test_any_bytes_and_any_text_go(a_store: Stores) -> None:
    async with a_store() as store:
        for topic in ("", "ß" * 200, "with blank\n{and} \"'; quotes"):
            async with store.signals(topic) as heard:
                for payload in (b"", bytes(range(256)) * 16):
                    await store.signal(topic, payload)
                    assert await anext(heard) == payload


class Listening:
    """A task that takes all it hears of a topic."""

    def __init__(self, store: Store, topic: str) -> None:
        self._entered = asyncio.Event()
        self.task = asyncio.create_task(self._listen(store, topic))
        self.taken: list[bytes] = []

    async def entered(self) -> None:
        await self._entered.wait()

    async def _listen(self, store: Store, topic: str) -> None:
        async with store.signals(topic) as self.heard:
            self._entered.set()
            async for payload in self.heard:
                self.taken.append(payload)


async def test_what_is_heard_ends_with_its_body(a_store: Stores) -> None:
    async with a_store() as store, store.signals("t") as other:
        async with store.signals("t") as heard:
            await store.signal("t", b"1")
            await anext(other)
        await store.signal("t", b"2")
        await anext(other)
        assert [payload async for payload in heard] == [b"1"]


async def test_closing_the_store_ends_what_is_heard(a_store: Stores) -> None:
    async with a_store() as store:
        listening = [Listening(store, topic) for topic in ("s", "t", "t")]
        for each in listening:
            await each.entered()
        await store.signal("t", b"1")
        async with store.signals("t") as heard:
            await store.signal("t", b"2")
            await anext(heard)
    await asyncio.gather(*(each.task for each in listening))
    assert [each.taken[:1] for each in listening] == [[], [b"1"], [b"1"]]


async def test_a_listener_that_is_cancelled_at_any_point_leaves_nothing_behind(a_store: Stores) -> None:
    async with a_store() as store:
        for steps in range(30):
            both = [Listening(store, "t"), Listening(store, "t")]
            for _ in range(steps):
                await asyncio.sleep(0)
            both[0].task.cancel()
            await asyncio.gather(both[0].task, return_exceptions=True)
            await both[1].entered()
            await store.signal("t", b"%d" % steps)
            while not both[1].taken:
                await asyncio.sleep(0)
            assert both[1].taken == [b"%d" % steps]
            both[1].task.cancel()
            await asyncio.gather(both[1].task, return_exceptions=True)
            assert store._shared.signals._topics == {}


async def test_thousands_of_topics_are_heard_each_by_itself(a_store: Stores) -> None:
    async with a_store() as store, AsyncExitStack() as bodies:
        entering = [bodies.enter_async_context(store.signals(f"t{number}")) for number in range(2000)]
        heard = await asyncio.gather(*entering)
        for number in range(2000):
            await store.signal(f"t{number}", b"%d" % number)
        assert [await anext(one) for one in heard] == [b"%d" % number for number in range(2000)]


async def test_what_is_signalled_at_once_is_heard_as_all_else_and_in_its_order(a_store: Stores) -> None:
    async with a_store() as store, store.signals("t") as heard:
        await store.signal("t", b"0")  # by which whatever has to be there is there
        assert await anext(heard) == b"0"
        for number in range(1, 300):
            assert store.signal_at_once("t", b"%d" % number)
        await store.signal("t", b"300")
        assert await take(heard, 300) == [b"%d" % number for number in range(1, 301)]
        with pytest.raises(InvalidChange, match="at most 4,096 bytes"):
            store.signal_at_once("t", bytes(4097))
        with pytest.raises(InvalidChange, match="can't be a topic"):
            store.signal_at_once("\0", b"")


async def test_each_signal_is_told_in_the_moment_in_which_it_comes_until_the_end(a_store: Stores) -> None:
    async with a_store() as store, store.signals("t") as other:
        told: list[bytes] = []
        async with store.signals("t") as heard:
            await store.signal("t", b"before")
            await anext(other)
            telling = asyncio.create_task(heard.each(told.append))
            await asyncio.sleep(0)
            for number in range(MOST_WAITING + 5):
                await store.signal("t", b"%d" % number)
                await anext(other)
        await telling
        await store.signal("t", b"after")
        await anext(other)
        assert told == [b"before", *(b"%d" % number for number in range(MOST_WAITING + 5))]
        assert heard.missed == 0


async def test_who_fails_at_a_signal_hears_no_more_and_holds_up_neither_sender_nor_others(a_store: Stores) -> None:
    def fail(payload: bytes) -> None:
        raise ValueError(payload)

    async with a_store() as store, store.signals("t") as other, store.signals("t") as heard:
        telling = asyncio.create_task(heard.each(fail))
        await asyncio.sleep(0)
        for payload in (b"1", b"2"):
            await store.signal("t", payload)
            assert await anext(other) == payload
        with pytest.raises(ValueError, match="b'1'"):
            await telling
