"""Hearing of what other processes write: by messages that may be lost with their connection.

Only for Valkey, because only there a message that nobody took is gone; the neutral promises are in the contract.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from tests.engine_contract.kinds import KINDS, Bot
from tests.engines.valkey.asking import at_port
from tests.proxy import proxy_to

import tenure
from tenure import Store
from tenure.core.row import Entry
from tenure.servers import Server

WITHIN_SECONDS = 0.1


class Told:
    """What a listener was told, and a way to wait for more."""

    def __init__(self, store: Store) -> None:
        self.entries: list[Entry] = []
        self._more = asyncio.Event()
        store.engine.listen(self)

    def __call__(self, space: str, entries: Sequence[Entry]) -> None:
        self.entries += [entry for entry in entries if space == "main"]
        self._more.set()

    async def until(self, number: int) -> None:
        while len(self.entries) < number:
            await self._more.wait()
            self._more.clear()

    @property
    def positions(self) -> list[int]:
        return [entry.position for entry in self.entries]


async def test_what_another_process_writes_is_told_within_a_tenth_of_a_second(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as here, tenure.open(server.url, *KINDS) as there:
        told = Told(here)
        await here.count(Bot)
        waits = []
        for number in range(20):
            began = time.perf_counter()
            await there.apply(Bot.create(f"b{number}", pool="eu"))
            await told.until(number + 1)
            waits.append(time.perf_counter() - began)
        assert min(waits) < WITHIN_SECONDS, "the quickest of them: a busy machine only adds to it"


async def test_three_processes_that_write_at_once_are_each_told_everything_once_and_in_order(server: Server) -> None:
    async with (
        tenure.open(server.url, *KINDS) as one,
        tenure.open(server.url, *KINDS) as two,
        tenure.open(server.url, *KINDS) as three,
    ):
        stores = (one, two, three)
        told = [Told(store) for store in stores]
        for store in stores:
            await store.count(Bot)

        async def write(store: Store, name: str) -> None:
            for number in range(60):
                await store.apply(Bot.create(f"{name}{number}", pool=name))

        await asyncio.gather(*(write(store, f"{n}/{m}/") for n, store in enumerate(stores) for m in range(4)))
        for each in told:
            await each.until(720)
            assert each.positions == sorted(set(each.positions))
        assert told[0].positions == told[1].positions == told[2].positions


async def test_what_was_written_while_the_connection_was_lost_is_told_when_it_is_back(server: Server) -> None:
    async with proxy_to(server.port) as proxy, tenure.open(server.url, *KINDS) as there:
        async with tenure.open(at_port(server.url, proxy.port), *KINDS) as here:
            told = Told(here)
            await here.count(Bot)
            await there.apply(Bot.create("first", pool="eu"))
            await told.until(1)
            for round_ in range(3):
                proxy.refusing = True
                await proxy.reset()
                for number in range(5):
                    await there.apply(Bot.create(f"{round_}/{number}", pool=f"p{round_}"))
                proxy.refusing = False
                await told.until(1 + 5 * (round_ + 1))
            assert told.positions == sorted(set(told.positions))
            assert [entry.id for entry in told.entries] == ["first", *(f"{r}/{n}" for r in range(3) for n in range(5))]


async def test_a_connection_that_is_open_and_dead_is_noticed(server: Server) -> None:
    async with proxy_to(server.port) as proxy, tenure.open(server.url, *KINDS) as there:
        async with tenure.open(at_port(server.url, proxy.port) + "?timeout=2", *KINDS) as here:
            told = Told(here)
            await here.count(Bot)
            proxy.to_client.drop()
            await there.apply(Bot.create("ada", pool="eu"))
            await until_new_connections(proxy.accepted, lambda: proxy.accepted)
            proxy.to_client.resume()
            await told.until(1)


async def until_new_connections(known: int, accepted: object) -> None:
    """Wait until the engine has given the dead connection up."""
    assert callable(accepted)
    while accepted() == known:
        await asyncio.sleep(0.01)


async def test_our_own_writes_are_told_without_being_read_again(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        told, calls = Told(store), list[str]()
        await store.count(Bot)
        store.engine.caller.log = lambda command, _: calls.append(str(command[1]))  # type: ignore[attr-defined]
        for number in range(10):
            await store.apply(Bot.create(f"b{number}", pool="eu"))
        assert len(told.entries) == 10
        assert not [call for call in calls if call.endswith("_feed")]
