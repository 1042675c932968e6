"""Several processes on one file: who writes, who wakes whom, who checkpoints; and other programs that read it.

No engine-neutral form exists: other engines have a server between the processes; here they share a file and its log.
"""

# ruff: noqa: T201  figures are printed beside the bound that they must keep
from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import apsw
import pytest
from tests.engine_contract.kinds import KINDS, Bot, Owner, Quiz
from tests.engine_contract.looking import assert_one_event_per_version, entries_of
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import Store, Unavailable, testing
from tenure.engines.sqlite import connection, file, watching
from tenure.engines.sqlite.engine import SqliteEngine

ROOT = Path(__file__).parents[3]
PAGE_IN_LOG = 4096 + 24


class Neighbour:
    """A process that works on the same file."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, line: str = "") -> str:
        """Write a line to it, and give the line that it answers."""
        self.tell(line)
        return await self.answer()

    def tell(self, line: str = "") -> None:
        """Write a line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def answer(self) -> str:
        """Read a line of it."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    def kill(self) -> None:
        """End it where it stands."""
        self.process.send_signal(signal.SIGKILL)


@asynccontextmanager
async def a_neighbour(path: Path, order: str, number: int = 0, me: str = "neighbour") -> AsyncIterator[Neighbour]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engines.sqlite.neighbour", f"sqlite://{path}", order, str(number), me,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    neighbour = Neighbour(process)
    try:
        assert await neighbour.answer() == "ready"
        yield neighbour
    finally:
        _, errors = await process.communicate(b"\n\n")
        assert not errors, errors.decode()
    assert process.returncode in (0, -signal.SIGKILL)


@asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    async with tenure.open(f"sqlite://{path}", *KINDS, actor="here") as store:
        yield store
        assert await store.engine.audit("main", repair=False) == []
        await assert_one_event_per_version(store)


async def test_two_writers_share_a_file_and_no_change_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with a_store(path) as store:
        await store.apply(Owner.create("shared", email="e"))
        async with a_neighbour(path, "change", 2000, "a") as a, a_neighbour(path, "change", 2000, "b") as b:
            rates = await asyncio.gather(a.ask(), b.ask())
        print(f"\ntwo writers made {rates[0]} and {rates[1]} changes/s side by side")
        assert (await store.get(Owner, "shared")).version == 1 + 2 * 2000 // 8
        assert sum(entry.name == "allow" for entry in await entries_of(store)) == 2 * 2000


async def test_all_who_wait_for_a_busy_file_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_MILLISECONDS", 300)
    path = tmp_path / "store.db"
    async with a_store(path) as store:
        await store.apply(Owner.create("o", email="e"))
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        begun = count_beginnings(store)
        waiting = [store.space(f"s{n}").apply(Owner.create("o", email="e")) for n in range(20)]
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unavailable}
        assert len(begun) < 10, "20 waited, but not one after the other"
        other.close()
        await store.apply(Owner.create("p", email="e"))


async def test_a_limit_holds_over_processes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with a_store(path) as store:
        async with a_neighbour(path, "create", 50, "a") as a, a_neighbour(path, "create", 50, "b") as b:
            made = await asyncio.gather(a.ask(), b.ask())
        assert sum(map(int, made)) == 10
        assert await store.count(Bot) == {"queued": 10}


async def test_a_write_of_another_process_wakes_within_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_UNTOLD_SECONDS", 600)  # so that no look that comes anyway finds it
    path = tmp_path / "store.db"
    waits: list[float] = []
    async with a_store(path) as store:
        await store.apply(Owner.create("shared", email="e"))
        async with a_neighbour(path, "wake", 15) as neighbour:
            neighbour.tell()
            for _ in range(15):
                with store.bell(Owner, "shared") as bell:
                    neighbour.tell()
                    assert await bell.heard(PATIENCE_SECONDS)
                    heard = time.monotonic()
                waits.append(heard - float(await neighbour.answer()))
    print(f"\na write of another process was heard after {median(waits) * 1000:.0f} ms (median of {len(waits)})")
    assert min(waits) < 0.3, "the quickest of them: a busy machine only adds to it"


# ------------------------------------------------------------------------------------------ checkpoints


async def test_only_the_owner_checkpoints_and_it_is_taken_over_when_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LOG_PAGES_BEFORE_CHECKPOINT", 5)
    path = tmp_path / "store.db"
    async with a_neighbour(path, "stay") as owner, a_store(path) as store:
        checkpoints = count_checkpoints(store)
        await make_changes(store, 20)
        assert checkpoints == [], "the file has an owner"
        owner.kill()
        await owner.process.wait()
        await make_changes(store, 20)
        assert len(checkpoints) > 1, "nobody owned it any more"


async def test_an_idle_owner_checkpoints_what_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LOG_PAGES_BEFORE_CHECKPOINT", 2_000)
    path = tmp_path / "store.db"
    async with a_store(path) as store:
        await store.apply(Owner.create("shared", email="e"))
        checkpoints = count_checkpoints(store)
        async with a_neighbour(path, "change", 6000) as neighbour, asyncio.timeout(PATIENCE_SECONDS):
            await neighbour.ask()
            while not checkpoints:
                await asyncio.sleep(0.01)


async def test_the_log_does_not_grow_while_two_write_without_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LOG_PAGES_BEFORE_CHECKPOINT", 200)
    monkeypatch.setattr(file, "LOG_PAGES_BEFORE_OTHERS_WAIT", 800)
    path = tmp_path / "store.db"
    async with a_store(path) as store:
        await store.apply(Owner.create("shared", email="e"))
        async with a_neighbour(path, "change", 8000, "a") as a, a_neighbour(path, "change", 8000, "b") as b:
            await asyncio.gather(a.ask(), b.ask())
            size = size_of_log(path)
    print(f"\nafter 16,000 changes by two processes the log has {size / 1e6:.0f} MB")
    assert size < 12_000 * PAGE_IN_LOG, "all of it would be about 27,000 pages"


async def test_one_who_reads_for_long_does_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_MILLISECONDS", 60_000)
    path = tmp_path / "store.db"
    async with a_store(path) as store:
        await make_changes(store, 5)
        reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        reader.execute("BEGIN; SELECT count(*) FROM tenure_events")
        await make_changes(store, 5)
        began = time.monotonic()
    assert time.monotonic() - began < 30, "it waited for the reader"
    reader.close()


def size_of_log(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def count_beginnings(store: Store) -> list[str]:
    """Note each transaction that a store begins, or tries to, from now on."""
    assert isinstance(store.engine, SqliteEngine)
    begun = list[str]()

    def note(_cursor: object, sql: str, _values: object) -> bool:
        if sql == "BEGIN IMMEDIATE":
            begun.append(sql)
        return True

    store.engine._file.connection.exec_trace = note
    return begun


def count_checkpoints(store: Store) -> list[int]:
    """Note each checkpoint that a store makes from now on."""
    assert isinstance(store.engine, SqliteEngine)
    real, made = store.engine._file.connection, list[int]()

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def wal_checkpoint(self, *, mode: int) -> tuple[int, int]:
            if mode != apsw.SQLITE_CHECKPOINT_NOOP:
                made.append(mode)
            return real.wal_checkpoint(mode=mode)

    store.engine._file.connection = Counting()  # type: ignore[assignment]
    return made


async def make_changes(store: Store, number: int) -> None:
    for _ in range(number):
        await store.apply(Owner.create(f"owner-{len(await entries_of(store))}", email="e"))


# ---------------------------------------------------------------------------------------- other programs


async def test_another_program_reads_typed_views_while_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with testing.store(*KINDS, url=f"sqlite://{path}") as store:
        closes_at = testing.START + tenure.minutes(90)
        await store.apply(Quiz.create("q", closes_at=closes_at))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", READ, str(path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        reader = Neighbour(process)
        shown = await reader.ask()
        assert shown == "tests | q | open | 1 | 2026-01-01 00:00:00.000 | 2026-01-01 01:30:00.000"
        for number in range(50):
            await store.apply(Quiz.extend("q", closes_at=closes_at + tenure.minutes(number)))
            assert (await reader.ask()).split(" | ")[3] == str(number + 2)
        assert await reader.ask("write") == "attempt to write a readonly database"
        await process.communicate(b"")


READ = """
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
for line in sys.stdin:
    try:
        if line.strip():
            connection.execute("DELETE FROM tenure_records")
        sql = "SELECT space, id, state, version, created_at, closes_at FROM Quiz"
        print(*connection.execute(sql).fetchone(), sep=" | ", flush=True)
    except sqlite3.Error as error:
        print(error, flush=True)
"""
