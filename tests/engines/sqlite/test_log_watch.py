"""Whether the log was written to is told by its file's time: an idle store asks SQLite nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import sys
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.engine_contract.kinds import KINDS, Owner
from tests.engines.sqlite.disk import Step, a_disk
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure.engines.sqlite import watching
from tenure.engines.sqlite.watching import LogWatch

LONG_AGO = 1_700_000_000 * 10**9


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "store.db-wal"
    log.write_bytes(b"frame")
    os.utime(log, ns=(LONG_AGO, LONG_AGO))
    return log


def test_a_log_that_was_seen_has_not_moved_until_it_is_written_to(log: Path) -> None:
    watch = LogWatch(log.with_name("store.db"))
    assert [watch.moved(), watch.moved(), watch.moved()] == [True, False, False]
    os.utime(log, ns=(LONG_AGO, LONG_AGO + 10**9))
    assert [watch.moved(), watch.moved()] == [True, False]


def test_a_log_that_was_written_just_now_is_looked_at_again(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second write in the same tick of the file system's clock leaves the same time behind."""
    watch = LogWatch(log.with_name("store.db"))
    monkeypatch.setattr(watching, "time", SimpleNamespace(time_ns=lambda: LONG_AGO + 10**7))
    assert [watch.moved(), watch.moved()] == [True, True]


def test_where_there_is_no_log_sqlite_is_asked(tmp_path: Path) -> None:
    watch = LogWatch(tmp_path / "store.db")
    assert [watch.moved(), watch.moved()] == [True, True]


def test_a_log_that_was_made_anew_has_moved(log: Path) -> None:
    watch = LogWatch(log.with_name("store.db"))
    watch.moved()
    other = log.with_suffix(".new")
    other.write_bytes(b"frame")
    os.utime(other, ns=(LONG_AGO, LONG_AGO))
    other.replace(log)
    assert watch.moved()


NOTHING_TOLD = 0


@pytest.mark.parametrize("told_of", [watching.IN_MODIFY, NOTHING_TOLD])
async def test_a_write_that_waits_long_for_its_disk_is_heard_once_it_is_over(
    told_of: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log's file is written before the disk is waited for, and what was written is there only after that."""
    monkeypatch.setattr(watching, "IN_MODIFY", told_of)
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(watching, "SAME_TIME_NANOSECONDS", 0)
    written, synced, looks = threading.Event(), threading.Event(), asyncio.Semaphore(0)

    def slow(step: Step) -> None:
        if (step.what, step.file) == ("sync", "store.db-wal"):
            written.set()
            assert synced.wait(PATIENCE_SECONDS)

    class Counted(LogWatch):
        def moved(self) -> bool:
            looks.release()
            return super().moved()

    monkeypatch.setattr("tenure.engines.sqlite.engine.LogWatch", Counted)
    url = f"sqlite://{tmp_path}/store.db"
    async with asyncio.timeout(PATIENCE_SECONDS), tenure.open(url, *KINDS) as store:
        with a_disk() as disk:
            async with tenure.open(url, *KINDS) as other:
                with store.bell(Owner, "o") as bell:
                    disk.fault = slow
                    writing = asyncio.create_task(other.apply(Owner.create("o", email="e")))
                    await asyncio.to_thread(written.wait)
                    while not looks.locked():
                        await looks.acquire()
                    for _ in range(20):
                        await looks.acquire()
                    synced.set()
                    await writing
                    assert await bell.heard(PATIENCE_SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_who_is_told_of_writes_hears_of_each_and_one_who_can_not_be_told_is_not(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = watching.Notices(str(log))
    assert notices.number is not None
    for _ in range(2):
        log.write_bytes(b"other")
        assert select.select([notices.number], [], [], PATIENCE_SECONDS)[0]
        notices.take()
        assert not select.select([notices.number], [], [], 0)[0]
    assert watching.Notices(str(log.with_name("absent"))).number is None
    monkeypatch.setattr(watching, "IN_MODIFY", NOTHING_TOLD)
    assert watching.Notices(str(log)).number is None


async def test_the_watch_ends_with_its_owner(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Owner:
        def __init__(self) -> None:
            self.looked = asyncio.Event()

        def has_written(self) -> bool:
            return False

        async def look_for_others(self) -> bool:
            self.looked.set()
            return True

    monkeypatch.setattr(watching, "LOOK_UNTOLD_SECONDS", 0.001)
    owner = Owner()
    watch = weakref.ref(watching.Watching(LogWatch(log.with_name("store.db")), owner))
    await owner.looked.wait()
    del owner
    async with asyncio.timeout(PATIENCE_SECONDS):
        while watch() is not None:
            await asyncio.sleep(0)
            gc.collect()


async def test_while_its_owner_writes_nobody_looks_and_once_it_pauses_somebody_does(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Owner:
        def __init__(self) -> None:
            self.wrote = [True, True, True, False]
            self.looked = asyncio.Event()

        def has_written(self) -> bool:
            assert not self.looked.is_set()
            return self.wrote.pop(0)

        async def look_for_others(self) -> bool:
            assert not self.wrote, "it looked while there were own writes"
            self.looked.set()
            return True

    monkeypatch.setattr(watching, "LOOK_AFTER_OWN_WRITES_SECONDS", 0)
    owner = Owner()
    watch = watching.Watching(LogWatch(log.with_name("store.db")), owner)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await owner.looked.wait()
    await watch.end()


async def test_who_writes_hears_by_that_what_another_wrote_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_AFTER_OWN_WRITES_SECONDS", 600)  # so that nobody looks
    url = f"sqlite://{tmp_path}/store.db"
    async with asyncio.timeout(PATIENCE_SECONDS), tenure.open(url, *KINDS) as store:
        await store.apply(Owner.create("mine", email="e"))
        async with tenure.open(url, *KINDS) as other:
            for number in range(5):
                with store.bell(Owner, f"o-{number}") as bell:
                    await other.apply(Owner.create(f"o-{number}", email="e"))
                    await store.apply(Owner.create(f"mine-{number}", email="e"))
                    assert await bell.heard(PATIENCE_SECONDS)
