"""Bots in containers, on a real Podman: how they are made, whose they are, and what may go wrong with the engine."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.disks import a_disk
from tests.services.meetings.podman import BROKEN_IMAGE, NEEDS, SCRIPT_IMAGE, Podman, a_podman, missing

from tenure.services.meetings.runtimes.container_engine import ContainerEngine
from tenure.services.meetings.runtimes.container_settings import TEMPORARY, settings_of
from tenure.services.meetings.runtimes.containers import LABEL, Containers, installation
from tenure.services.meetings.runtimes.runtime import Process, RuntimeAway, RuntimeFailed
from tenure.services.meetings.runtimes.settings import Address, Made

pytestmark = pytest.mark.skipif(missing(), reason=NEEDS)

# What a bot sees of its own rights, and whether it may write outside its own /tmp.
LOOK = """
import pathlib
print([line for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))])
for folder in ("/", "/tmp"):
    try:
        pathlib.Path(folder, "written").write_text("x")
        print("may write in", folder)
    except OSError as error:
        print("may not write in", folder)
print(os.getuid(), os.getpid(), os.getcwd(), os.environ["HOME"])
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Podman]:
    with a_podman() as made:
        yield made


@pytest.fixture
def podman(service: Podman) -> Iterator[Podman]:
    with patch("tenure.services.meetings.runtimes.containers.FIRST_LOOK_SECONDS", 50.0):
        yield service  # a busy machine is no engine that is away
    service.run("rm", "--all", "--force", "--time", "0")


def containers(folder: Path, podman: Podman, made: Made | None = None) -> Containers:
    made = made or Made(image=SCRIPT_IMAGE, network="host")
    return Containers(folder, ContainerEngine(Address(socket=podman.socket)), made)


async def said(runtime: Containers, text: str, name: str = "b") -> str:
    """Wait until a bot has written this."""
    while text not in (log := await runtime.log(name)):
        await asyncio.sleep(0.01)
    return log


async def ended(runtime: Containers) -> dict[str, Process]:
    """Wait until something has ended, and give it."""
    while not (found := {bot.name: bot for bot in await runtime.bots() if not bot.running}):
        await runtime.changed()
    return found


async def away(runtime: Containers) -> None:
    """Wait until it is seen that the engine is away."""
    with suppress(RuntimeAway):
        while await runtime.bots():
            await asyncio.sleep(0.001)


async def back(runtime: Containers) -> list[Process]:
    """Wait until the engine is reached again."""
    while True:
        await runtime.changed()
        try:
            return await runtime.bots()
        except RuntimeAway:
            continue


async def test_a_bot_has_no_right_and_no_room_that_it_does_not_need(tmp_path: Path, podman: Podman) -> None:
    made = Made(image=SCRIPT_IMAGE, network="host", memory=256 << 20, cpus=1.5, environment={"TZ": "UTC"})
    async with containers(tmp_path, podman, made) as runtime:
        await runtime.start("b", {"DO": LOOK})
        log = await said(runtime, "ready")
        found = podman.inspect("b")
    assert dict(re.findall(r"(\w+):\\t0*([01])\\n", log)) == {"CapEff": "0", "CapBnd": "0", "NoNewPrivs": "1"}
    assert "may not write in /\n" in log
    assert f"may write in {TEMPORARY}\n" in log
    user, number, here, home = log.splitlines()[-2].split()
    assert (user, here, home) == ("65534", TEMPORARY, TEMPORARY)
    assert number != "1"  # an init is there, which reaps what a bot leaves behind
    settings = found["HostConfig"]
    assert (settings["Memory"], settings["MemorySwap"], settings["NanoCpus"]) == (256 << 20, 256 << 20, 1_500_000_000)
    assert (settings["PidsLimit"], settings["ShmSize"], settings["Privileged"]) == (1000, 512 << 20, False)
    assert (settings["ReadonlyRootfs"], settings["Init"], settings["NetworkMode"]) == (True, True, "host")
    assert settings["RestartPolicy"]["Name"] in ("", "no")
    assert found["Config"]["Labels"][LABEL] == installation(tmp_path)


async def test_two_installations_on_one_engine_leave_each_other_alone(tmp_path: Path, podman: Podman) -> None:
    one, other = containers(tmp_path / "one", podman), containers(tmp_path / "other", podman)
    async with one, other:
        await one.start("mine", {})
        await other.start("yours", {})
        assert [bot.name for bot in await one.bots()] == ["mine"]
        assert [bot.name for bot in await other.bots()] == ["yours"]
        await one.end("yours", grace_seconds=0)
        with pytest.raises(RuntimeFailed, match="the name yours is taken by a container that is not ours"):
            await one.start("yours", {})
    async with containers(tmp_path / "one", podman) as one:
        assert [bot.name for bot in await one.bots()] == ["mine"]
    assert podman.containers("running") == {"mine", "yours"}


async def test_a_container_that_was_never_started_is_removed_and_its_name_may_be_used(
    tmp_path: Path, podman: Podman
) -> None:
    label = f"{LABEL}={installation(tmp_path)}"
    for name in ("b", "c"):
        podman.run("create", "--name", name, "--label", label, "--network", "host", SCRIPT_IMAGE)
    async with containers(tmp_path, podman) as runtime:
        assert await runtime.bots() == []
        assert podman.containers() == set()
        # Or made by a server that was killed while this one was already there:
        podman.run("create", "--name", "b", "--label", label, "--network", "host", SCRIPT_IMAGE)
        await runtime.start("b", {"DO": "print('with settings')"})
        assert "with settings" in await said(runtime, "ready")


async def test_what_the_engine_has_of_a_name_counts_though_nobody_knew_it(tmp_path: Path, podman: Podman) -> None:
    async with containers(tmp_path, podman) as runtime:
        for name in ("lives", "died"):
            await runtime.start(name, {})
            await said(runtime, "ready", name)
        await asyncio.to_thread(podman.run, "kill", "died")
        await ended(runtime)
        runtime._known.clear()  # as if it had been made between two looks
        for name in ("lives", "died"):
            await runtime.start(name, {})
            assert (await runtime.log(name)).count("hello") == 1
        assert {bot.name: bot.running for bot in await runtime.bots()} == {"lives": True, "died": False}
        assert podman.containers("running") == {"lives"}


async def test_a_container_that_is_removed_by_hand_has_ended(tmp_path: Path, podman: Podman) -> None:
    async with containers(tmp_path, podman) as runtime:
        await runtime.start("b", {})
        await said(runtime, "ready")
        await asyncio.to_thread(podman.run, "rm", "--force", "--time", "0", "b")
        found = await ended(runtime)
        # Its end may have been seen before it was gone.
        expected = (None, "its container was removed by somebody else"), (137, "")
        assert (found["b"].exit_code, found["b"].cause) in expected
        await runtime.forget("b")
        assert await runtime.bots() == []


async def test_a_bot_that_uses_up_its_memory_ends(tmp_path: Path, podman: Podman) -> None:
    made = Made(image=SCRIPT_IMAGE, network="host", memory=64 << 20)
    async with containers(tmp_path, podman, made) as runtime:
        await runtime.start("b", {"DO": "kept = bytearray(os.urandom(256 << 20))"})
        found = await ended(runtime)
        assert found["b"].exit_code == 137
        assert found["b"].cause in ("its memory was used up", "")  # Podman 4 does not tell


@pytest.mark.parametrize("image", ["localhost/nothing", "nothing"])
async def test_an_image_that_is_missing_is_named_with_what_to_do(tmp_path: Path, podman: Podman, image: str) -> None:
    async with containers(tmp_path, podman, Made(image=image, network="host")) as runtime:
        with pytest.raises(RuntimeFailed) as failure:
            await runtime.start("b", {})
        said = str(failure.value)
        assert f"no image {image}: `podman pull {image}`, or build it with `podman build -t {image} -f images/" in said
        assert ("is called localhost/nothing by Podman" in said) == (image == "nothing")


async def test_a_start_that_is_refused_leaves_no_container(tmp_path: Path, podman: Podman) -> None:
    async with containers(tmp_path, podman, Made(image=BROKEN_IMAGE, network="host")) as runtime:
        with pytest.raises(RuntimeFailed, match="nobody-knows-him"):
            await runtime.start("b", {})
        assert await runtime.bots() == []
        assert podman.containers() == set()


async def test_a_network_that_is_missing_is_said(tmp_path: Path, podman: Podman) -> None:
    async with containers(tmp_path, podman, Made(image=SCRIPT_IMAGE, network="no-such-network")) as runtime:
        with pytest.raises(RuntimeFailed, match="no-such-network"):
            await runtime.start("b", {})
        assert podman.containers() == set()


async def test_an_engine_that_is_away_fails_what_is_asked_and_concludes_nothing(tmp_path: Path, podman: Podman) -> None:
    podman.stop()
    try:
        async with containers(tmp_path, podman) as runtime:
            with pytest.raises(RuntimeFailed, match=f"the container engine at {podman.socket} can't be reached"):
                await runtime.start("b", {})
            with pytest.raises(RuntimeAway, match=f"the container engine at {podman.socket} can't be reached"):
                await runtime.bots()
            await asyncio.to_thread(podman.start)
            assert await back(runtime) == []
            await runtime.start("b", {})
            assert await runtime.bots() == [Process("b", running=True)]
    finally:
        podman.stop()
        podman.start()


async def test_what_happens_while_the_engine_is_away_is_found_when_it_is_back(tmp_path: Path, podman: Podman) -> None:
    async with containers(tmp_path, podman) as runtime:
        for name in ("lives", "dies", "goes"):
            await runtime.start(name, {})
            await said(runtime, "ready", name)
        await asyncio.to_thread(podman.stop)
        await away(runtime)
        with pytest.raises(RuntimeAway):
            await runtime.end("lives", grace_seconds=60)
        with pytest.raises(RuntimeAway):
            await runtime.log("lives")
        podman.run("kill", "dies")
        podman.run("wait", "dies")
        podman.run("rm", "--force", "--time", "0", "goes")
        await asyncio.to_thread(podman.start)
        found = {bot.name: (bot.running, bot.exit_code) for bot in await back(runtime)}
        assert found == {"lives": (True, None), "dies": (False, 137), "goes": (False, None)}
        await runtime.end("lives", grace_seconds=60)
        assert podman.containers("running") == set()


async def test_a_full_disk_of_the_engine_fails_the_start_with_its_reason(tmp_path: Path) -> None:
    with a_disk(tmp_path, "small", megabytes=64) as disk, a_podman(disk.place / "engine") as podman:
        async with containers(tmp_path / "bots", podman) as runtime:
            await runtime.start("before", {})
            await said(runtime, "ready", "before")
            ballast = disk.fill()
            with pytest.raises(RuntimeFailed, match="no space left on device"):
                await runtime.start("b", {})
            assert await runtime.bots() == [Process("before", running=True)]
            ballast.unlink()
            await runtime.start("b", {})
            await said(runtime, "ready")


async def test_a_log_that_can_not_be_kept_stays_with_its_container(tmp_path: Path, podman: Podman) -> None:
    with a_disk(tmp_path, "small", megabytes=4) as disk:
        async with containers(disk.place / "bots", podman) as runtime:
            await runtime.start("b", {"EXIT": "0", "DO": "print('x' * 1_000_000)"})
            await ended(runtime)
            ballast = disk.fill()
            with pytest.raises(RuntimeAway, match="the log of b can't be kept: No space left on device"):
                await runtime.forget("b")
            assert podman.containers() == {"b"}
            ballast.unlink()
            await runtime.forget("b")
            assert len(await runtime.log("b")) == 64 * 1024
            assert podman.containers() == set()


async def test_a_log_is_there_at_any_moment_of_its_containers_removal(tmp_path: Path, podman: Podman) -> None:
    async with containers(tmp_path / "bots", podman) as runtime:
        await runtime.start("b", {"EXIT": "0", "DO": "print('hello')"})
        await ended(runtime)
        remove, seen = runtime._engine.remove, list[str]()

        async def watched(name: str) -> None:
            await remove(name)
            seen.append(await runtime.log(name))

        with patch.object(runtime._engine, "remove", watched):
            await runtime.forget("b")
        assert "hello" in seen[0]


async def test_what_an_engine_repeats_of_the_environment_is_not_told(tmp_path: Path) -> None:
    secret = '{"callback_secret": "a canary"}'

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
            status, answer = b"200 OK", b'{"ApiVersion": "1.41"}'
            if b"containers" in path:
                repeated = f"can't do with BOT_CONFIG={secret} or with {json.dumps(secret)}"
                status, answer = b"500 No", json.dumps({"message": repeated}).encode()
            if path.endswith(b"b/json"):
                status, answer = b"404 No", b"{}"
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(answer), answer))
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Containers(tmp_path, ContainerEngine(Address(url=url)), Made(image="x")) as runtime:
        with pytest.raises(RuntimeFailed, match="can't do with BOT_CONFIG=… or with") as failure:
            await runtime.start("b", {"BOT_CONFIG": secret})
        assert "canary" not in str(failure.value)


async def test_what_is_no_container_engine_is_said(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # one who asked may be gone
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Containers(tmp_path, ContainerEngine(Address(url=url)), Made(image="x")) as runtime:
        with pytest.raises(RuntimeFailed, match=f"what is at {url} does not answer as a container engine"):
            await runtime.start("b", {})


def test_docker_is_told_a_name_for_this_machine_which_podman_writes_by_itself() -> None:
    made = Made(image="x")
    assert "host.docker.internal:host-gateway" in json.dumps(settings_of(made, {}, {}, podman=False))
    assert "ExtraHosts" not in json.dumps(settings_of(made, {}, {}, podman=True))
    assert "ExtraHosts" not in json.dumps(settings_of(Made(image="x", network="host"), {}, {}, podman=False))
