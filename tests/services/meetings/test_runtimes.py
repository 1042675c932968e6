"""What holds for every runtime: a bot is started once, ended for good, found again, and its log is kept."""

import asyncio
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.services.meetings.podman import NEEDS, SCRIPT, SCRIPT_IMAGE, Podman, a_podman, missing

from tenure.services.meetings.runtimes import containers, proc
from tenure.services.meetings.runtimes.container_engine import ContainerEngine
from tenure.services.meetings.runtimes.containers import Containers
from tenure.services.meetings.runtimes.processes import Processes
from tenure.services.meetings.runtimes.runtime import Process, Runtime, RuntimeFailed
from tenure.services.meetings.runtimes.settings import Address, Made

needs_podman = pytest.mark.skipif(missing(), reason=NEEDS)


class Place(ABC):
    """A kind of runtime on one folder; each one that it gives succeeds the one before, as servers do."""

    killed_by: dict[signal.Signals, int]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def runtime(self) -> Runtime:
        """Give a runtime that is not entered yet."""

    @abstractmethod
    def broken(self) -> Runtime:
        """Give one in which no bot can start."""

    @abstractmethod
    def kill(self, name: str) -> None:
        """Kill a bot from outside; returns when it is dead."""


class OfProcesses(Place):
    killed_by = {signal.SIGKILL: -9}  # noqa: RUF012

    def runtime(self) -> Runtime:
        return Processes(self.folder, (sys.executable, "-c", SCRIPT))

    def broken(self) -> Runtime:
        return Processes(self.folder, ("/no/such/program",))

    def kill(self, name: str) -> None:
        note = msgspec.json.decode((self.folder / name / "process.json").read_bytes())
        os.kill(note["pid"], signal.SIGKILL)
        while proc.started(note["pid"]) is not None:
            time.sleep(0.005)


class OfContainers(Place):
    killed_by = {signal.SIGKILL: 137}  # noqa: RUF012

    def __init__(self, folder: Path, podman: Podman) -> None:
        super().__init__(folder)
        self._podman = podman

    def runtime(self, image: str = SCRIPT_IMAGE) -> Runtime:
        return Containers(
            self.folder, ContainerEngine(Address(socket=self._podman.socket)), Made(image=image, network="host")
        )

    def broken(self) -> Runtime:
        return self.runtime("localhost/nothing")

    def kill(self, name: str) -> None:
        self._podman.run("kill", name)
        self._podman.run("wait", name)


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    with a_podman() as made:
        yield made


@pytest.fixture(params=["processes", pytest.param("containers", marks=needs_podman)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "processes":
        yield OfProcesses(tmp_path)
        return
    podman: Podman = request.getfixturevalue("podman")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(containers, "FIRST_LOOK_SECONDS", 50.0)  # a busy machine is no engine that is away
        yield OfContainers(tmp_path, podman)
    podman.run("rm", "--all", "--force", "--time", "0")


async def ready(runtime: Runtime, name: str = "b") -> None:
    """Wait until a bot has said that it is ready."""
    while "ready" not in await runtime.log(name):
        await asyncio.sleep(0.01)


async def ended(runtime: Runtime, name: str = "b") -> Process:
    """Wait until a bot's end is noticed."""
    while True:
        await runtime.changed()
        for bot in await runtime.bots():
            if bot.name == name and not bot.running:
                return bot


async def end_all(runtime: Runtime) -> None:
    await asyncio.gather(*(runtime.end(bot.name, grace_seconds=0) for bot in await runtime.bots()))


async def test_a_bot_is_started_once_however_often_and_by_however_many(place: Place) -> None:
    async with place.runtime() as runtime:
        await asyncio.gather(*(runtime.start("b", {}) for _ in range(5)))
        await ready(runtime)
        await runtime.start("b", {})
        assert await runtime.bots() == [Process("b", running=True)]
        assert (await runtime.log("b")).count("hello from b") == 1
        await end_all(runtime)


async def test_a_bot_that_is_asked_to_end_ends_as_it_likes(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {})
        await ready(runtime)
        await runtime.end("b", grace_seconds=60)
        assert await runtime.bots() == [Process("b", running=False, exit_code=7)]
        await runtime.end("b", grace_seconds=60)


async def test_a_bot_that_ignores_the_request_is_killed_after_the_grace(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {"STUBBORN": "1"})
        await ready(runtime)
        await runtime.end("b", grace_seconds=0.05)
        assert await runtime.bots() == [Process("b", running=False, exit_code=place.killed_by[signal.SIGKILL])]


async def test_a_bot_that_is_killed_is_noticed_with_its_exit_code(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {})
        await ready(runtime)
        await asyncio.to_thread(place.kill, "b")
        assert (await ended(runtime)).exit_code == place.killed_by[signal.SIGKILL]


async def test_a_bot_that_ends_is_listed_until_it_is_forgotten_and_its_log_stays(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {"EXIT": "3"})
        assert await ended(runtime) == Process("b", running=False, exit_code=3)
        await runtime.forget("b")
        assert await runtime.bots() == []
        assert await runtime.log("b") == "hello from b\n"
    async with place.runtime() as runtime:
        assert await runtime.bots() == []
        assert await runtime.log("b") == "hello from b\n"


async def test_a_bot_that_runs_is_not_forgotten(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {})
        await runtime.forget("b")
        assert await runtime.bots() == [Process("b", running=True)]
        await end_all(runtime)


async def test_a_log_is_what_was_written_however_small_the_pieces(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {"EXIT": "0", "DO": "for n in range(500): print('a', n, flush=True)"})
        await ended(runtime)
        before = await runtime.log("b")
        await runtime.forget("b")
        assert before == await runtime.log("b") == "hello from b\n" + "".join(f"a {n}\n" for n in range(500))


async def test_only_the_end_of_a_long_log_is_given(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {"EXIT": "0", "DO": "for n in range(2000): print('x' * 60, n)"})
        await ended(runtime)
        before = await runtime.log("b")
        await runtime.forget("b")
        assert before == await runtime.log("b")
        assert len(before) == 64 * 1024
        assert before.endswith(f"\n{'x' * 60} 1999\n")


async def test_a_log_may_hold_any_bytes(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {"EXIT": "0", "DO": r"sys.stdout.buffer.write(b'\xff\xc3\n')"})
        await ended(runtime)
        before = await runtime.log("b")
        await runtime.forget("b")
        assert before == await runtime.log("b") == "hello from b\n\ufffd\ufffd\n"


async def test_the_next_one_finds_what_runs_and_what_ended_meanwhile(place: Place) -> None:
    async with place.runtime() as first:
        for name in ("lives", "dies"):
            await first.start(name, {})
            await ready(first, name)
    await asyncio.to_thread(place.kill, "dies")
    async with place.runtime() as second:
        assert {bot.name: bot.running for bot in await second.bots()} == {"lives": True, "dies": False}
        await second.end("lives", grace_seconds=60)
        assert not any(bot.running for bot in await second.bots())


async def test_the_next_one_starts_no_name_again(place: Place) -> None:
    async with place.runtime() as first:
        for name in ("lives", "dies"):
            await first.start(name, {})
            await ready(first, name)
    await asyncio.to_thread(place.kill, "dies")
    async with place.runtime() as second:
        for name in ("lives", "dies"):
            await second.start(name, {})
            assert (await second.log(name)).count("hello") == 1
        assert {bot.name: bot.running for bot in await second.bots()} == {"lives": True, "dies": False}
        await end_all(second)


async def test_what_can_not_start_says_why_without_its_environment_and_leaves_nothing(place: Place) -> None:
    async with place.broken() as runtime:
        with pytest.raises(RuntimeFailed) as failure:
            await runtime.start("b", {"BOT_CONFIG": "a canary"})
        assert str(failure.value)
        assert "canary" not in str(failure.value)
        assert await runtime.bots() == []
    async with place.runtime() as runtime:
        assert await runtime.bots() == []
        await runtime.start("b", {})
        await ready(runtime)
        await end_all(runtime)


async def test_a_secret_of_the_environment_is_in_no_file_of_ours(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.start("b", {"BOT_CONFIG": "a canary"})
        await ready(runtime)
        await end_all(runtime)
        await runtime.forget("b")
        files = [path for path in place.folder.rglob("*") if path.is_file()]
        assert files
        assert all(b"canary" not in path.read_bytes() for path in files)


async def test_names_that_lead_elsewhere_are_refused(place: Place) -> None:
    async with place.runtime() as runtime:
        for name in ("../b", "a/b", "", ".", "B"):
            with pytest.raises(RuntimeFailed):
                await runtime.start(name, {})


async def test_what_was_never_started_is_ended_and_forgotten_without_complaint(place: Place) -> None:
    async with place.runtime() as runtime:
        await runtime.end("b", grace_seconds=60)
        await runtime.forget("b")
        assert await runtime.log("b") == ""


async def test_logs_of_forgotten_bots_are_removed_when_they_are_old(place: Place) -> None:
    async with place.runtime() as runtime:
        for name in ("old", "known"):
            await runtime.start(name, {"EXIT": "0"})
        while any(bot.running for bot in await runtime.bots()):
            await runtime.changed()
        await runtime.forget("old")
        await runtime.prune(older_than_seconds=3600)
        assert await runtime.log("old")
        await runtime.prune(older_than_seconds=-1)
        assert not await runtime.log("old")
        assert await runtime.log("known")
