"""A disk that is full or fails: what callers are told is true, and work goes on once the disk is well.

No engine-neutral form exists: the disk of other engines belongs to their servers.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.engine_contract.kinds import KINDS, Owner
from tests.engine_contract.looking import assert_one_event_per_version, everything
from tests.engines.sqlite.disk import Disk, Step, a_disk
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import OutcomeUnknown, Store, Unavailable
from tenure.engines.sqlite import engine, file

KIB = 1024
MANY = 200


@pytest.fixture
def disk() -> Iterator[Disk]:
    with a_disk() as disk:
        yield disk


@asynccontextmanager
async def a_store(folder: Path) -> AsyncIterator[Store]:
    async with tenure.open(f"sqlite://{folder}/store.db", *KINDS) as store:
        await store.apply(Owner.create("first", email="e"))
        yield store
        assert await store.engine.audit("main", repair=False) == []
        await assert_one_event_per_version(store)


def at(number: int, what: str, file: str, error: type[apsw.Error]) -> Callable[[Step], None]:
    """Make a fault that comes once, at one of the steps of this sort."""
    left = iter(range(number, -1, -1))

    def fault(step: Step) -> None:
        if (step.what, step.file) == (what, file) and next(left, -1) == 0:
            raise error

    return fault


@pytest.mark.parametrize("number", range(8))
async def test_a_full_disk_at_any_write_changes_nothing(disk: Disk, number: int, tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        before = await everything(store)
        disk.fault = at(number, "write", "store.db-wal", apsw.FullError)
        with pytest.raises(Unavailable, match="the disk is full; nothing was changed, free some space"):
            await store.apply(Owner.create("second", email="e" * 3000), op="second")
        assert await everything(store) == before
        disk.fault = None
        await store.apply(Owner.create("second", email="e"), op="second")


async def test_a_really_full_disk_changes_nothing_and_work_goes_on_once_there_is_space(tmp_path: Path) -> None:
    with a_small_disk(tmp_path) as make_room:
        async with a_store(tmp_path) as store:
            made = await fill(store)
            assert 0 < made < MANY
            before = await everything(store)
            with pytest.raises(Unavailable, match="nothing was changed"):
                await store.apply(Owner.create(f"o{made}", email="e" * 30 * KIB))
            assert await everything(store) == before
            make_room()
            await store.apply(Owner.create(f"o{made}", email="e"))
            assert await store.count(Owner) == {"enabled": made + 2}


async def fill(store: Store) -> int:
    """Create records until there is no space for more, and give how many there are."""
    for number in range(MANY):
        try:
            await store.apply(Owner.create(f"o{number}", email="e" * 30 * KIB))
        except Unavailable:
            return number
    return MANY


async def test_a_failed_sync_leaves_the_outcome_open_and_its_op_id_settles_it(disk: Disk, tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        disk.fault = at(0, "sync", "store.db-wal", apsw.IOError)
        with pytest.raises(OutcomeUnknown, match="read before you retry, or use an op id"):
            await store.apply(Owner.create("second", email="e"), op="second")
        disk.fault = None
        assert (await store.apply(Owner.create("second", email="e"), op="second")).version == 1
        assert await store.count(Owner) == {"enabled": 2}


async def test_a_failed_sync_leaves_the_file_whole_for_the_next_process(disk: Disk, tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        disk.fault = at(0, "sync", "store.db-wal", apsw.IOError)
        with pytest.raises(OutcomeUnknown):
            await store.apply(Owner.create("second", email="e"), op="second")
    disk.fault = None
    async with tenure.open(f"sqlite://{tmp_path}/store.db", *KINDS) as store:
        assert await store.engine.audit("main", repair=False) == []
        await assert_one_event_per_version(store)
        assert (await store.apply(Owner.create("second", email="e"), op="second")).version == 1


async def test_a_failed_checkpoint_costs_nothing_and_is_tried_again(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LOG_PAGES_BEFORE_CHECKPOINT", 1)
    async with a_store(tmp_path) as store:
        disk.fault = at(0, "sync", "store.db", apsw.IOError)
        await store.apply(Owner.create("second", email="e"))
        disk.log.clear()
        await store.apply(Owner.create("third", email="e"))
        assert ("store.db", "sync") in [(step.file, step.what) for step in disk.log]


async def test_a_failed_read_is_told_and_the_next_one_succeeds(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        with failing_reads(store):
            reads: list[Callable[[], Any]] = [
                lambda: store.get(Owner, "first"),
                lambda: store.find(Owner.enabled),
                lambda: store.count(Owner),
                lambda: store.history(Owner, "first"),
                lambda: store.check(Owner.delete("first")),
                store.now,
                store.sweep,
                lambda: store.engine.take("main", "Job", "begun", 1, 1),
                lambda: store.engine.audit("main", repair=False),
                lambda: store.apply(Owner.delete("first")),
            ]
            for read in reads:
                with pytest.raises(Unavailable, match="nothing was changed"):
                    await read()
        assert (await store.get(Owner, "first")).version == 1


async def test_a_failed_look_for_other_writers_is_not_the_last(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store, a_store_beside(tmp_path) as other:
        with failing_reads(store) as failed:
            await failed.wait()
        with store.bell(Owner, "new") as bell:
            await other.apply(Owner.create("new", email="e"))
            assert await bell.heard(PATIENCE_SECONDS)


@asynccontextmanager
async def a_store_beside(folder: Path) -> AsyncIterator[Store]:
    async with tenure.open(f"sqlite://{folder}/store.db", *KINDS) as store:
        yield store


@contextmanager
def failing_reads(store: Store) -> Iterator[asyncio.Event]:
    """Let every statement of a store fail as if the disk could not be read; gives what is set when one did."""
    failed, loop = asyncio.Event(), asyncio.get_running_loop()

    def fail(_cursor: object, _sql: str, _values: object) -> bool:
        loop.call_soon_threadsafe(failed.set)
        raise apsw.IOError("disk I/O error")

    assert isinstance(store.engine, engine.SqliteEngine)
    connections = store.engine._file.connection, store.engine._reads, store.engine._ahead_reads
    for connection in connections:
        connection.exec_trace = fail
    try:
        yield failed
    finally:
        for connection in connections:
            connection.exec_trace = None


@contextmanager
def a_small_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Let only little fit into a folder; gives the function that makes room.

    A file system of its own if this process may mount one, else a limit on the size of its files.
    """
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield lambda: _run("mount", "-o", "remount,size=4m", str(folder))
        finally:
            _run("umount", str(folder))
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * KIB, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
