"""Signals between processes, on the engines that are servers: heard there too, and again after a lost connection."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import pytest
from tests.engine_contract.conftest import PlaceOf, Stores, stores_at
from tests.places import KEPT, SQLITE
from tests.proxy import Flow, Proxy, proxy_to
from tests.resting import PATIENCE_SECONDS

from tenure import Heard, Store, Unavailable
from tenure.engines.postgres import signals, telling
from tenure.engines.valkey import subscribing

SERVED = tuple(engine for engine in KEPT if engine != SQLITE)
"""The engines that carry signals from one process to another."""


@pytest.fixture(params=SERVED)
def served_url(request: pytest.FixtureRequest, place_of: PlaceOf) -> str:
    """Give the URL of a fresh store of each engine that is a server."""
    return place_of(request.param).fresh()


@pytest.fixture
def a_served_store(served_url: str) -> Stores:
    return stores_at(served_url)


def through(url: str, proxy: Proxy) -> Stores:
    return stores_at(url.replace(f":{urlsplit(url).port}", f":{proxy.port}", 1))


async def take(heard: Heard, number: int) -> list[bytes]:
    return [await anext(heard) for _ in range(number)]


_numbers = itertools.count()


async def echo(store: Store, heard: Heard) -> None:
    """Send until one of these is heard: then the connections are there again, whichever were lost."""
    number = b"%d" % next(_numbers)

    async def send() -> None:
        while True:
            with suppress(Unavailable):
                await store.signal("echo", number)
            await asyncio.sleep(0.01)  # the only way to see a connection that comes back by itself

    sending = asyncio.create_task(send())
    try:
        while await anext(heard) != number:  # several were sent the last time
            pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_signal_that_was_sent_before_the_store_was_closed_goes_out(a_served_store: Stores) -> None:
    async with a_served_store() as here, here.signals("t") as heard:
        async with a_served_store() as there:
            await there.signal("t", b"goodbye")
        assert await anext(heard) == b"goodbye"


async def test_two_processes_hear_one_another(a_served_store: Stores) -> None:
    async with a_served_store() as one, a_served_store() as two:
        async with one.signals("t") as here, two.signals("t") as there:
            for number in range(200):
                await one.signal("t", b"%d" % number)
            assert await take(here, 200) == await take(there, 200) == [b"%d" % number for number in range(200)]
            await two.signal("t", b"and back")
            assert await anext(here) == await anext(there) == b"and back"


async def test_after_a_lost_connection_all_topics_are_heard_again(served_url: str) -> None:
    async with proxy_to(urlsplit(served_url).port or 0) as proxy, stores_at(served_url)() as there:
        async with through(served_url, proxy)() as here, AsyncExitStack() as bodies:
            entering = [bodies.enter_async_context(here.signals(f"t{number}")) for number in range(1001)]
            heard = await asyncio.gather(*entering)
            echoes = await bodies.enter_async_context(here.signals("echo"))
            for _ in range(3):
                await proxy.reset()
                await echo(here, echoes)
                for number in (0, 500, 1000):
                    await there.signal(f"t{number}", b"from elsewhere")
                    assert await anext(heard[number]) == b"from elsewhere"
                    await here.signal(f"t{number}", b"from here")
                    assert await anext(heard[number]) == b"from here"


@pytest.fixture
def no_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no engine find out by itself that a connection by which it hears is dead."""
    monkeypatch.setattr(subscribing, "PING_SECONDS", 600)
    monkeypatch.setattr(signals, "PING_SECONDS", 600)
    monkeypatch.setattr(signals, "ANSWER_SECONDS", 600)
    monkeypatch.setattr(telling, "HORIZON_SECONDS", 0.2)  # it is waited for as the store closes


@pytest.mark.usefixtures("no_sign_of_life")
@pytest.mark.parametrize("how", ["stall", "drop"])
async def test_who_finds_out_that_nothing_comes_hears_by_another_connection(served_url: str, how: str) -> None:
    async with proxy_to(urlsplit(served_url).port or 0) as proxy, stores_at(served_url)() as there:
        silent = proxy.to_listener = Flow()
        async with (
            through(served_url, proxy)() as here,
            here.signals("t") as heard,
            here.signals("echo") as echoes,
        ):
            await echo(here, echoes)
            getattr(silent, how)()
            proxy.to_listener = None  # those that begin to listen from now on hear
            await there.signal("t", b"not heard")
            await here.position()  # what is asked by other connections is answered
            here.renew_signals()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await echo(here, echoes)
                await there.signal("t", b"heard")
                assert await anext(heard) == b"heard"


async def test_hearing_by_other_connections_is_asked_for_at_any_time(a_served_store: Stores) -> None:
    async with a_served_store() as store:
        store.renew_signals()  # nobody listens yet
        async with store.signals("echo") as echoes, store.signals("t") as heard:
            for number in range(30):
                for _ in range(number % 5):
                    await asyncio.sleep(0)
                store.renew_signals()
            await echo(store, echoes)
            await store.signal("t", b"heard")
            assert await anext(heard) == b"heard"


async def test_a_signal_is_refused_while_the_server_is_out_of_reach(served_url: str) -> None:
    async with proxy_to(urlsplit(served_url).port or 0) as proxy, through(served_url, proxy)() as store:
        async with store.signals("echo") as echoes:
            await store.signal("echo", b"")
            await anext(echoes)
            proxy.refusing = True
            await proxy.reset()
            with pytest.raises(Unavailable):
                await _send_until_refused(store)  # which is as soon as it is seen that the connection is gone
            with pytest.raises(Unavailable):
                async with store.signals("another"):
                    pass
            proxy.resume()
            await echo(store, echoes)
            async with store.signals("another") as heard:
                await store.signal("another", b"")
                await anext(heard)


async def _send_until_refused(store: Store) -> None:
    while True:
        await store.signal("echo", b"")
        await asyncio.sleep(0)
