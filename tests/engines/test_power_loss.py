"""Servers whose power is cut under load: what was acknowledged is there when they start again.

No engine-neutral form exists: what a server's disk holds at that instant is nothing that its clients see. What the file
system has not sent to its device is lost, as with real power; the device itself keeps all that it was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import redis
from tests.disks import Disk, a_disk
from tests.engine_contract.kinds import KINDS, Bot
from tests.engine_contract.looking import assert_one_event_per_version
from tests.places import postgres_programs, reachable_folder, valkey_program

import tenure
from tenure import OutcomeUnknown, Store, Unavailable
from tenure.servers import Server, start_postgres, start_valkey

Start = Callable[[Path, str], Server]
WRITERS, MOVES = 8, 1000


def postgres(folder: Path, durability: str) -> Server:
    sizes = {"max_wal_size": "64MB", "min_wal_size": "32MB", "max_connections": "40"}
    del durability  # the store's URL says it
    return start_postgres(folder, programs=postgres_programs(), settings=sizes)


def valkey(folder: Path, durability: str) -> Server:
    return start_valkey(folder, program=valkey_program(), settings={"appendfsync": durability})


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.mark.parametrize(("start", "durability"), [(postgres, "on"), (valkey, "always")])
async def test_power_loss_costs_nothing_that_was_acknowledged(start: Start, durability: str, folder: Path) -> None:
    before, after = await around_a_power_loss(start, durability, folder)
    assert {bot: after[bot] for bot, version in before.items() if after[bot] < version} == {}


@pytest.mark.parametrize(("start", "durability"), [(postgres, "off"), (valkey, "everysec")])
async def test_power_loss_costs_about_a_second_where_answers_do_not_wait_for_the_disk(
    start: Start, durability: str, folder: Path
) -> None:
    before, after = await around_a_power_loss(start, durability, folder)
    assert all(after.values()), "what was there for seconds is kept"
    lost = [bot for bot, version in before.items() if after[bot] < version]
    assert lost, "nothing was lost, so the disk of this test keeps too much"


async def around_a_power_loss(start: Start, durability: str, folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Give each bot's last acknowledged version before, and the version that is there after."""
    with a_disk(folder, "disk", 600) as disk:
        acknowledged = await cut_off(start, durability, disk, folder)
    with a_disk(folder, "copy") as copy:
        server = await asyncio.to_thread(start, copy.place / "server", durability)
        try:
            async with tenure.open(server.url, *KINDS) as store:
                found = {bot: (await store.get(Bot, bot)).version for bot in acknowledged}
                assert await store.engine.audit("main", repair=False) == []
                await assert_one_event_per_version(store)
        finally:
            server.stop()
    return acknowledged, found


async def cut_off(start: Start, durability: str, disk: Disk, folder: Path) -> dict[str, int]:
    """Let writers work on a server, cut its power, and give what they were told."""
    server = await asyncio.to_thread(start, disk.place / "server", durability)
    url = f"{server.url}?synchronous_commit={durability}" if start is postgres else server.url
    async with tenure.open(url, *KINDS) as store:
        acknowledged: dict[str, int] = {}
        for number in range(WRITERS):
            await store.apply(Bot.create(f"b{number}", pool="p"))
        await to_the_disk(server, durability)
        writers = [asyncio.create_task(write(store, f"b{n}", acknowledged)) for n in range(WRITERS)]
        while sum(acknowledged.values()) < MOVES:
            await asyncio.sleep(0)
        await asyncio.to_thread(disk.without_power, server, folder / "copy.image")
        ended = await asyncio.gather(*writers, return_exceptions=True)
        assert {type(error) for error in ended} <= {OutcomeUnknown, Unavailable}
    return acknowledged


async def to_the_disk(server: Server, durability: str) -> None:
    """Wait until all that is there now is on the disk, whatever answers wait for."""
    if server.url.startswith("valkey"):
        with redis.Redis.from_url(server.url.replace("valkey", "redis", 1)) as client:
            for level in ("always", durability):
                client.config_set("appendfsync", level)
                client.set("level", level)  # the first of them is answered once the log's file was synced
        return
    session = await asyncpg.connect(server.url)
    await session.execute("CHECKPOINT")
    await session.close()


async def write(store: Store, bot: str, acknowledged: dict[str, int]) -> None:
    """Change a bot until its store is gone, and note each answer."""
    while True:
        acknowledged[bot] = (await store.apply(Bot.rate(bot, rating=len(acknowledged)))).version
