"""A server that is killed under load and started again: what was acknowledged is there, what is unknown is one of two.

No engine-neutral form exists: killing a server is not killing a process that writes; that stands in the contract.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine_contract.kinds import KINDS, Bot
from tests.places import postgres_programs, reachable_folder

import tenure
from tenure import OutcomeUnknown, Refused, Store, Unavailable
from tenure.servers import Server, start_postgres

WRITERS = 8
KILLS = 3
MOVES_BETWEEN = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder / "server"


def started(folder: Path, port: int = 0) -> Server:
    return start_postgres(folder, programs=postgres_programs(), port=port, settings={"max_connections": "40"})


class Load:
    """Writers that go on whatever happens, and what each of them was told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.versions: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.moves = 0

    async def write(self, writer: int) -> None:
        bot, number = f"b{writer}", 0
        while True:
            number += 1
            try:
                rated = await self._store.apply(Bot.rate(bot, rating=number), op=f"{bot}/{number}")
            except (Unavailable, OutcomeUnknown) as error:
                self.errors[type(error).__name__] += 1
                number -= 1  # the same again, with the same op id
                await asyncio.sleep(0.01)
            else:
                assert rated.version == number + 1, "each move was made once"
                self.versions[bot] = rated.version
                self.moves += 1


async def test_what_was_acknowledged_outlives_a_killed_server(folder: Path) -> None:
    server = await asyncio.to_thread(started, folder)
    port = server.port
    try:
        async with tenure.open(server.url, *KINDS) as store:
            for n in range(WRITERS):
                await store.apply(Bot.create(f"b{n}", pool=f"p{n}"))
            load = Load(store)
            writers = [asyncio.create_task(load.write(n)) for n in range(WRITERS)]
            for _ in range(KILLS):
                await some_moves(load, writers)
                await asyncio.to_thread(server.kill)
                acknowledged = dict(load.versions)
                server = await asyncio.to_thread(started, folder, port)
                for id, version in acknowledged.items():
                    assert (await patiently(store, id)).version >= version
            await some_moves(load, writers)
            for writer in writers:
                writer.cancel()
            await asyncio.gather(*writers, return_exceptions=True)
            assert load.errors, "it was never noticed, so nothing was tested"
        async with tenure.open(server.url, *KINDS) as store:  # what was under way has ended
            for n in range(WRITERS):
                bot = await store.get(Bot, f"b{n}")
                entries = await store.history(Bot, bot.id, limit=100_000)
                assert [e.version for e in entries] == list(range(1, bot.version + 1))
                assert [e.fields["rating"] for e in entries[1:]] == list(range(1, bot.version))
                assert bot.version >= load.versions[bot.id]
            assert await store.engine.audit("main", repair=False) == []
    finally:
        server.stop()


async def some_moves(load: Load, writers: list[asyncio.Task[None]]) -> None:
    upto = load.moves + MOVES_BETWEEN
    while load.moves < upto:
        done, _ = await asyncio.wait(writers, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def patiently(store: Store, bot: str) -> Bot:
    while True:
        try:
            return await store.get(Bot, bot)
        except (Unavailable, Refused):
            await asyncio.sleep(0.01)
