"""Bots as processes: what there is to sessions, groups and numbers of processes. What holds for all: test_runtimes."""

# ruff: noqa: ASYNC220, ASYNC240  these tests are about processes and files; nothing else runs meanwhile

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tenure.services.meetings.runtimes import proc
from tenure.services.meetings.runtimes.processes import Processes
from tenure.services.meetings.runtimes.runtime import Process, RuntimeFailed

# It says that it is ready by a file, and ends on SIGTERM unless it is told to be stubborn.
BOT = """
import os, pathlib, signal, subprocess, sys, time
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.environ.get("CHILD"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    pathlib.Path("child").write_text(str(child.pid))
print("hello from", os.environ["TENURE_BOT_NAME"], flush=True)
if "EXIT" in os.environ:
    sys.exit(int(os.environ["EXIT"]))
pathlib.Path("ready").write_text(str(os.getpid()))
time.sleep(1000)
"""


@asynccontextmanager
async def some_processes(
    folder: Path, command: tuple[str, ...] = (sys.executable, "-c", BOT)
) -> AsyncIterator[Processes]:
    processes = Processes(folder, command)
    async with processes:
        try:
            yield processes
        finally:
            await asyncio.gather(*(processes.end(bot.name, grace_seconds=0) for bot in await processes.bots()))


async def written(path: Path) -> str:
    """Wait for a file that a process writes when it is so far."""
    while not (path.exists() and path.read_text()):
        await asyncio.sleep(0.005)
    return path.read_text()


async def test_a_bot_runs_in_a_session_of_its_own_and_is_listed(tmp_path: Path) -> None:
    async with some_processes(tmp_path) as processes:
        await processes.start("vexa-bot-1-a", {})
        pid = int(await written(tmp_path / "vexa-bot-1-a" / "ready"))
        assert os.getsid(pid) == os.getpgid(pid) == pid
        assert await processes.bots() == [Process("vexa-bot-1-a", running=True)]
        assert await processes.log("vexa-bot-1-a") == "hello from vexa-bot-1-a\n"


async def test_an_ended_bot_leaves_no_process_and_no_zombie(tmp_path: Path) -> None:
    async with some_processes(tmp_path) as processes:
        await processes.start("b", {})
        pid = int(await written(tmp_path / "b" / "ready"))
        await processes.end("b", grace_seconds=60)
        assert not Path(f"/proc/{pid}").exists()
        assert await processes.bots() == [Process("b", running=False, exit_code=-signal.SIGTERM)]


async def test_what_a_bot_started_ends_with_it(tmp_path: Path) -> None:
    async with some_processes(tmp_path) as processes:
        await processes.start("b", {"CHILD": "1"})
        pid = int(await written(tmp_path / "b" / "ready"))
        child = int(await written(tmp_path / "b" / "child"))
        os.kill(pid, signal.SIGKILL)
        await processes.changed()
        while proc.started(child) is not None:
            await asyncio.sleep(0.005)


async def test_a_number_that_was_used_again_is_never_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    note = {"boot": proc.boot(), "pid": os.getpid(), "started": (proc.started(os.getpid()) or 0) - 1}
    (tmp_path / "b" / "process.json").write_bytes(msgspec.json.encode(note))
    async with some_processes(tmp_path) as processes:
        assert await processes.bots() == [Process("b", running=False)]
        await processes.end("b", grace_seconds=0)  # we are still here to tell


async def test_a_process_whose_number_was_never_written_down_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "process.json").write_bytes(msgspec.json.encode({"boot": proc.boot()}))
    child = subprocess.Popen(
        [sys.executable, "-c", BOT],
        env={**os.environ, "TENURE_BOT_NAME": "b"},
        cwd=tmp_path / "b",
        start_new_session=True,
    )
    await written(tmp_path / "b" / "ready")
    async with some_processes(tmp_path) as processes:
        assert await processes.bots() == [Process("b", running=True)]
        assert msgspec.json.decode((tmp_path / "b" / "process.json").read_bytes())["pid"] == child.pid
        await asyncio.gather(processes.end("b", grace_seconds=60), asyncio.to_thread(child.wait))


async def test_a_bot_that_was_about_to_be_started_when_the_server_was_killed_may_be_started(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "process.json").write_bytes(msgspec.json.encode({"boot": proc.boot()}))
    async with some_processes(tmp_path) as processes:
        assert await processes.bots() == []
        await processes.start("b", {})
        await written(tmp_path / "b" / "ready")
        assert await processes.bots() == [Process("b", running=True)]


async def test_a_program_that_is_not_there_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    async with some_processes(tmp_path, ("/no/such/program",)) as processes:
        with pytest.raises(RuntimeFailed, match="No such file"):
            await processes.start("b", {"BOT_CONFIG": "a secret"})
        assert await processes.bots() == []
