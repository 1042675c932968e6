"""Servers of our own: started in a folder, one each, ended with their owner, and what is told when that fails."""

from __future__ import annotations

import asyncio
import ctypes.util
import importlib.util
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis
from tests.places import postgres_programs, reachable_folder, valkey_program

from tenure.servers import Server, ServerFailed, running_url, start_postgres, start_valkey
from tenure.servers import server as servers

ROOT = Path(__file__).parents[2]
Start = Callable[..., Server]


def valkey_in(folder: Path, **options: Any) -> Server:
    return start_valkey(folder, program=valkey_program(), **options)


def postgres_in(folder: Path, **options: Any) -> Server:
    return start_postgres(folder, programs=postgres_programs(), **options)


STARTS = {"valkey": valkey_in, "postgres": postgres_in}


@pytest.fixture(params=STARTS)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    request.getfixturevalue(chosen)  # which skips where there is none
    return chosen


@pytest.fixture
def start(name: str) -> Start:
    return STARTS[name]


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made / "server"


def write(url: str) -> None:
    """Write something, and get it acknowledged."""
    if url.startswith("valkey"):
        with redis.Redis.from_url(url.replace("valkey", "redis", 1)) as client:
            client.set("kept", "yes")
    else:
        asyncio.run(ask(url, "CREATE TABLE kept AS SELECT 'yes'::text AS kept"))


def read(url: str) -> str:
    """Read what was written."""
    if url.startswith("valkey"):
        with redis.Redis.from_url(url.replace("valkey", "redis", 1)) as client:
            found = client.get("kept")
            assert isinstance(found, bytes)
            return found.decode()
    return str(asyncio.run(ask(url, "SELECT kept FROM kept")))


async def ask(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def is_running(process: int) -> bool:
    """Tell whether a process is at work; one that ended has no command line, though nobody may have waited for it."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    return False


def test_what_was_written_is_there_for_the_next_server_of_the_folder(start: Start, folder: Path) -> None:
    with start(folder) as server:
        assert running_url(folder) == server.url
        write(server.url)
    assert running_url(folder) is None
    assert not is_running(server.process.pid)
    with start(folder) as again:
        assert read(again.url) == "yes"


@pytest.mark.usefixtures("valkey")
def test_the_wheels_valkey_takes_memory_by_the_systems_jemalloc_where_there_is_one(folder: Path) -> None:
    with start_valkey(folder) as server:
        loaded = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert ("jemalloc" in loaded) == (ctypes.util.find_library("jemalloc") is not None)
        write(server.url)


def test_a_server_killed_at_once_has_kept_what_it_acknowledged(start: Start, folder: Path) -> None:
    server = start(folder)
    write(server.url)
    server.kill()
    assert running_url(folder) is None
    with start(folder, port=server.port) as again:
        assert again.url == server.url, "whoever has the URL finds the next server by it"
        assert read(again.url) == "yes"


def test_a_folder_has_one_server(start: Start, folder: Path) -> None:
    with start(folder) as server:
        with pytest.raises(ServerFailed, match=r"another process runs a server in .* already"):
            start(folder)
        assert running_url(folder) == server.url


def test_a_server_ends_with_its_owner(name: str, start: Start, folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.owner", name, folder], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as owner:
        assert owner.stdout is not None
        left = int(owner.stdout.readline())
        url = running_url(folder)
        assert url is not None
        write(url)
        owner.kill()
    with start(folder) as server:
        assert not is_running(left)
        assert read(server.url) == "yes"


def test_a_server_that_was_left_behind_is_ended_before_the_next_one_starts(start: Start, folder: Path) -> None:
    server = start(folder)
    write(server.url)
    assert server._owner is not None
    os.close(server._owner)  # as if its owner had been killed, on a system that does not tell the child
    server._owner = None
    with start(folder) as again:
        assert server.process.poll() is not None
        assert read(again.url) == "yes"
    server.stop()


def test_a_server_that_hangs_is_ended_in_bounded_time(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "STOP_SECONDS", 0.1)
    server = start(folder)
    server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 30
    assert server.process.returncode == -signal.SIGKILL


def test_it_listens_on_loopback_to_those_who_know_its_password(start: Start, folder: Path) -> None:
    with start(folder) as server:
        password = (folder / "password").read_text()
        assert password in server.url
        assert "@127.0.0.1:" in server.url
        for secret in ("password", "url", "server.log"):
            assert stat.S_IMODE((folder / secret).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with pytest.raises((redis.AuthenticationError, asyncpg.InvalidPasswordError)):
            read(server.url.replace(password, "guessed"))
        assert password not in Path(f"/proc/{server.process.pid}/cmdline").read_text()


def test_ctrl_c_in_the_terminal_is_the_owners_alone(start: Start, folder: Path) -> None:
    with start(folder) as server:
        assert os.getpgid(server.process.pid) != os.getpgid(0)


# ----------------------------------------------------------------------------------------- failures


def test_a_taken_port_is_told(start: Start, folder: Path) -> None:
    with start(folder / "one") as one, pytest.raises(ServerFailed, match=f"port {one.port} of 127.0.0.1 can't be"):
        start(folder / "two", port=one.port)


def test_a_free_port_that_another_program_takes_first_is_left_to_it(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start(folder / "one") as one:
        ports = iter([one.port, servers.free_port()])
        monkeypatch.setattr("tenure.servers.starting.free_port", lambda: next(ports))
        with start(folder / "two") as two:
            assert one.port != two.port


def test_a_folder_that_cannot_be_written_is_told(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerFailed, match=r"can't hold a server's data .*make it writable"):
        start(tmp_path / "file" / "server")


def test_a_failed_start_leaves_the_folder_free(start: Start, folder: Path) -> None:
    with pytest.raises(ServerFailed, match="nonsense"):
        start(folder, settings={"nonsense": "1"})
    assert running_url(folder) is None
    with start(folder):
        pass


@pytest.mark.parametrize("name", STARTS)
def test_a_missing_wheel_is_told(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ServerFailed, match=r"pip install '.*tenure\[servers\]'"):
        start_valkey(folder) if name == "valkey" else start_postgres(folder)


def test_a_full_disk_is_told(folder: Path, tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.write_text('#!/bin/sh\necho "Can\'t write: No space left on device"\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(ServerFailed, match=r"no space left below .*: free some"):
        start_valkey(folder, program=program)


@pytest.mark.parametrize("name", ["postgres"], indirect=True)
def test_data_of_another_major_version_is_told(name: str, start: Start, folder: Path) -> None:
    del name
    with start(folder):
        pass
    (folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerFailed, match=r"holds the data of a PostgreSQL 9, and .* is version"):
        start(folder)


@pytest.mark.parametrize("name", ["postgres"], indirect=True)
def test_an_initialization_that_was_cut_off_is_begun_again(name: str, start: Start, folder: Path) -> None:
    del name
    (folder / "data.new" / "base").mkdir(parents=True)
    with start(folder):
        assert not (folder / "data.new").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a PostgreSQL as another user")
@pytest.mark.parametrize("name", ["postgres"], indirect=True)
def test_a_folder_that_the_unprivileged_user_cannot_enter_is_told(name: str, start: Start, tmp_path: Path) -> None:
    del name
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServerFailed, match=r"refuses to run as root, .* may not enter"):
        start(closed / "server")
