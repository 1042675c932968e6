"""A server whose disk is full: it refuses, keeps what it acknowledged, and goes on when there is room.

No engine-neutral form exists: how a server fails for want of room is its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.disks import a_disk
from tests.engine_contract.kinds import KINDS, Owner
from tests.engine_contract.looking import assert_one_event_per_version
from tests.places import postgres_programs, reachable_folder

import tenure
from tenure import OutcomeUnknown, Store, Unavailable
from tenure.servers import start_postgres

SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "max_connections": "40"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


async def test_a_full_disk_costs_nothing_that_was_acknowledged_and_work_goes_on_once_there_is_room(
    folder: Path,
) -> None:
    with a_disk(folder, "disk", 300) as disk:
        server = await asyncio.to_thread(
            start_postgres, disk.place / "server", programs=postgres_programs(), settings=SMALL
        )
        try:
            async with tenure.open(server.url, *KINDS) as store:
                acknowledged = await fill_up(store, range(20))
                ballast = disk.fill()
                acknowledged += await fill_up(store, range(20, 100_000))
                assert len(acknowledged) < 100_000, "the disk was never full"
                ballast.unlink()
                await patiently(store, "last")
                found = await store.get_many(Owner, acknowledged)
                assert set(acknowledged) - set(found) == set()
                assert await store.engine.audit("main", repair=False) == []
                await assert_one_event_per_version(store)
        finally:
            server.stop()


async def fill_up(store: Store, numbers: range) -> list[str]:
    """Create records of these numbers until there is no room, and give those that were acknowledged."""
    made: list[str] = []
    for number in numbers:
        try:
            await store.apply(Owner.create(f"o{number}", email="e" * 100_000))
        except (Unavailable, OutcomeUnknown):
            break
        made.append(f"o{number}")
    return made


async def patiently(store: Store, id: str) -> None:
    """Create a record as soon as the server takes it."""
    while True:
        try:
            await store.apply(Owner.create(id, email="e"), op=id)
        except (Unavailable, OutcomeUnknown):
            await asyncio.sleep(0.05)
        else:
            return
