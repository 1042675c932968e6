"""What can't be opened, and what each error says to do; and what opening leaves in the file.

No engine-neutral form exists: files, their permissions and their schema are this engine's own.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from tests.engine_contract.kinds import KINDS, Owner

import tenure
from tenure import InvalidChange, Unavailable
from tenure.engines.sqlite import connection
from tenure.engines.sqlite.statements import STEPS


async def open_and_close(path: Path | str) -> None:
    async with tenure.open(f"sqlite://{path}", *KINDS) as store:
        await store.count(Owner)


async def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        Unavailable, match=r"can't be opened for writing .* check that the folder is there and writable"
    ):
        await open_and_close(tmp_path / "absent" / "store.db")


async def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"can't be opened for writing .* and that the file is a database"):
        await open_and_close(tmp_path)


async def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, but long enough to be one\n" * 100)
    with pytest.raises(Unavailable, match=r"can't be opened for writing .* and that the file is a database"):
        await open_and_close(path)
    assert path.read_text().startswith("not a database")


async def test_a_read_only_file_is_told() -> None:
    with a_folder_for_anybody() as folder:
        path = folder / "store.db"
        await open_and_close(path)
        path.chmod(0o444)
        with as_nobody(), pytest.raises(Unavailable, match=r"can't be opened for writing .* writable"):
            await open_and_close(path)


async def test_a_read_only_folder_is_told() -> None:
    with a_folder_for_anybody() as folder:
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(Unavailable, match=r"can't be opened for writing .* is there and wri"):
            await open_and_close(folder / "store.db")
        folder.chmod(0o777)


async def test_a_newer_schema_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await open_and_close(path)
    alter(path, "PRAGMA user_version = 99")
    with pytest.raises(
        Unavailable, match=r"the file has schema step 99, and this build knows .*: upgrade this program"
    ):
        await open_and_close(path)


async def test_a_lock_of_another_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_MILLISECONDS", 50)
    path = tmp_path / "store.db"
    await open_and_close(path)
    locker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCK, str(path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert locker.stdout is not None
    await locker.stdout.readline()
    with pytest.raises(Unavailable, match=r"is locked by another program: end it, or wait for it"):
        await open_and_close(path)
    await locker.communicate(b"\n")
    await open_and_close(path)


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = exclusive")
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("?synchronous=off", "synchronous= is `full` .* or `normal`"),
        ("?cache=1", "a sqlite URL knows synchronous=, not cache"),
    ],
)
async def test_an_option_that_does_not_exist_is_told(tmp_path: Path, rest: str, message: str) -> None:
    with pytest.raises(InvalidChange, match=message):
        await open_and_close(f"{tmp_path}/store.db{rest}")


async def test_what_could_not_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("not a database at all, but long enough to be one\n" * 100)
    before = open_files()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await open_and_close(path)
    assert open_files() == before


async def test_what_was_closed_leaves_nothing_open(tmp_path: Path) -> None:
    """And not only once it is collected as garbage: Linux watches few files for each user."""
    await open_and_close(tmp_path / "store.db")
    before = open_files()
    with no_garbage_collected():
        for _ in range(3):
            await open_and_close(tmp_path / "store.db")
        assert open_files() == before


@contextmanager
def no_garbage_collected() -> Generator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize(("option", "value"), [("", 2), ("?synchronous=full", 2), ("?synchronous=normal", 1)])
async def test_each_commit_waits_for_the_disk_unless_it_is_told_not_to(tmp_path: Path, option: str, value: int) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/store.db{option}", Owner) as store:
        writer = store.engine._file.connection  # type: ignore[attr-defined]
        assert writer.pragma("synchronous") == value


async def test_a_fresh_file_and_a_stepped_one_have_the_same_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = "ALTER TABLE tenure_kinds ADD COLUMN later TEXT; CREATE INDEX later ON tenure_kinds (later);"
    steps = [*STEPS, later]  # so that there is more than one, whatever the build
    for known in range(1, len(steps) + 1):
        monkeypatch.setattr(connection, "STEPS", steps[:known])
        await open_and_close(tmp_path / "stepped.db")
    await open_and_close(tmp_path / "fresh.db")
    assert schema_of(tmp_path / "stepped.db") == schema_of(tmp_path / "fresh.db")
    assert schema_of(tmp_path / "fresh.db")[-1] == ("user_version", str(len(steps)))


async def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    await open_and_close(path)
    before = schema_of(path)
    monkeypatch.setattr(connection, "STEPS", [*STEPS, "CREATE TABLE half (a); CREATE TABLE half (a);"])
    with pytest.raises(apsw.SQLError, match=r"already exists"):
        await open_and_close(path)
    assert schema_of(path) == before


async def test_several_may_open_a_fresh_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    command = (sys.executable, "-c", OPEN, str(path))
    processes = [
        await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3])
        for _ in range(5)
    ]
    errors = [(await process.communicate())[1].decode() for process in processes]
    assert errors == [""] * 5


OPEN = """
import asyncio, sys
from pathlib import Path
from tests.engines.sqlite.test_opening import open_and_close
asyncio.run(open_and_close(sys.argv[1]))
"""


def schema_of(path: Path) -> list[tuple[str, str]]:
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = sorted(reader.execute("SELECT name, coalesce(sql, '') FROM sqlite_schema"))
    steps = reader.execute("PRAGMA user_version").fetchone()[0]
    reader.close()
    return [*found, ("user_version", str(steps))]


def alter(path: Path, sql: str) -> None:
    writer = apsw.Connection(str(path))
    writer.execute(sql)
    writer.close()


@contextmanager
def a_folder_for_anybody() -> Iterator[Path]:
    """Make a folder outside of those of pytest, which let only their owner in."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be bound by permissions, which do not bind the superuser."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)
