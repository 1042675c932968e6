"""Bots in real browsers: on the project's own page with people beside them, and whatever happens to a browser."""

import asyncio
import base64
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.browsers import PATIENCE_MILLISECONDS
from tests.services.meetings.serving import Server, a_server, until
from tests.services.meetings.staging import Stage, a_bot, a_stage

from tenure.services.meetings.bot import life
from tenure.services.meetings.bot.browser import chromium
from tenure.services.meetings.runtimes import proc

pytestmark = pytest.mark.skipif(
    chromium.find() is None and not os.environ.get("CI"), reason="needs a browser: install the package chromium"
)

PNG = b"\x89PNG\r\n\x1a\n"
IN_BROWSER = {"TENURE_MEETINGS_BOT": "browser"}


# ------------------------------------------------------------------------------------ with people


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give one server for all bots that meet people."""
    with a_server(tmp_path_factory.mktemp("server"), **IN_BROWSER) as server:
        server.a_user(bots=10)
        yield server


class Host:
    """Somebody in a room who lets others in, or does not."""

    def __init__(self, server: Server, room: str) -> None:
        self.server, self.room = server, room
        seat = server.room(room, "join", name="Ada")
        self.proof = {"participant": seat["participant"], "key": seat["key"]}

    def do(self, step: str, **more: Any) -> Any:
        return self.server.room(self.room, step, **self.proof, **more)

    def admits(self, step: str = "admit") -> None:
        """Wait for the bot's knock and answer it."""
        (bot,) = until(lambda: self.do("look"), lambda scene: scene["knocking"])["knocking"]
        self.do(step, who=bot["id"])


def until_all(server: Server, hosts: list[Host], status: str) -> None:
    """Wait until the bots of all hosts have come to a status; who does not look for long is gone from the room."""
    for host in hosts:
        until(lambda: [one.do("look") for one in hosts], lambda _: server.meeting(1, host.room)["status"] == status)  # noqa: B023  it is called here


def heard_in(server: Server, room: str, host: Host | None = None) -> Any:
    """Wait for the first thing that a bot heard in a room, and give it; the host is there meanwhile."""

    def look() -> Any:
        if host is not None:
            host.do("look")
        return server.call("GET", f"/transcripts/local/{room}", user=1)["segments"]

    (heard,) = until(look, bool)
    return heard


def test_a_bot_in_a_browser_waits_is_admitted_hears_a_person_and_is_put_out(server: Server) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox", "--disable-gpu"])
        ada = browser.new_page()
        ada.set_default_timeout(PATIENCE_MILLISECONDS)
        ada.goto(f"{server.url}/local-meeting/whole")
        ada.get_by_label("Your name").fill("Ada")
        ada.get_by_role("button", name="Join").click()
        ada.get_by_role("button", name="Waiting room").click()
        expect(ada.get_by_role("button", name="Waiting room")).to_have_attribute("aria-pressed", "true")

        server.ask(1, "whole", bot_name="Scribe")
        ada.get_by_role("button", name="Admit Scribe").wait_for()
        server.until(1, "waiting", "whole")
        ada.get_by_role("button", name="Admit Scribe").click()
        expect(ada.locator("#people li", has_text="Scribe").locator(".badge")).to_have_text("bot")
        server.until(1, "active", "whole")

        ada.get_by_label("Say something").fill("Hello & <i>welcome</i>")
        ada.get_by_role("button", name="Say").click()
        heard = heard_in(server, "whole")
        assert (heard["speaker"], heard["text"]) == ("Ada", "Hello & <i>welcome</i>")

        ada.get_by_role("button", name="Remove Scribe").click()
        meeting = server.until(1, "completed", "whole")
        assert (meeting["end_reason"], meeting["ended_by"]) == ("evicted", "bot")
        browser.close()


def test_a_bot_that_is_denied_fails_with_a_picture_of_what_it_saw(server: Server) -> None:
    ada = Host(server, "denied")
    ada.do("guard", on=True)
    server.ask(1, "denied")
    ada.admits("deny")
    meeting = server.until(1, "failed", "denied")
    assert (meeting["end_reason"], meeting["ended_by"]) == ("denied", "bot")
    folder = server.folder / "screenshots"
    (kept,) = until(lambda: list(folder.glob(f"{meeting['id']}.*[0-9a-f]")), bool)
    assert kept.read_bytes().startswith(PNG)
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_bot_that_is_killed_leaves_no_browser_behind(server: Server) -> None:
    name = server.ask(1, "killed")["bot_container_id"]
    server.until(1, "active", "killed")
    pid = server.bots()[name]
    session = proc.in_session(pid)
    assert len(session) > 2
    os.kill(pid, signal.SIGKILL)
    assert server.until(1, "failed", "killed")["end_reason"] == "bot_process_died"
    until(lambda: proc.in_session(pid), lambda left: left == [])
    until(lambda: [path.name for path in (server.folder / "bots" / name).iterdir()], ["output.log"].__eq__)


def test_a_bot_in_a_browser_outlives_a_server_that_is_killed_and_sees_the_meetings_end(server: Server) -> None:
    ada = Host(server, "outlives")
    server.ask(1, "outlives")
    until_all(server, [ada], "active")
    server.send(signal.SIGKILL)
    server.start()
    ada.do("say", text="still here?")
    assert heard_in(server, "outlives", ada)["text"] == "still here?"
    ada.do("end")
    meeting = server.until(1, "completed", "outlives")
    assert (meeting["end_reason"], meeting["ended_by"]) == ("meeting_ended", "bot")


def test_five_bots_attend_in_browsers_at_once(server: Server) -> None:
    rooms = [f"five-{number}" for number in range(5)]
    hosts = [Host(server, room) for room in rooms]
    for room in rooms:
        server.ask(1, room)
    until_all(server, hosts, "active")
    for room, host in zip(rooms, hosts, strict=True):
        host.do("say", text=f"Hello {room}")
    for room in rooms:
        assert heard_in(server, room)["text"] == f"Hello {room}"
        server.call("DELETE", f"/bots/local/{room}", user=1)
    for room in rooms:
        assert server.until(1, "completed", room)["end_reason"] == "stopped"


# ------------------------------------------------------------------------------------ alone with a stage


@asynccontextmanager
async def a_browser_bot(
    stage: Stage, folder: Path, environment: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[Any]:
    stage.patient = True
    environment = {**IN_BROWSER, **(environment or {})}
    async with a_bot(stage, folder, environment, **settings) as bot:
        yield bot
        # What was killed, or ends with the pipe from its parent, is gone in a moment.
        await asyncio.to_thread(until, lambda: proc.in_session(bot.pid), lambda left: left == [])
        assert profiles(folder) == []


def profiles(folder: Path) -> list[Path]:
    """Give what browsers have left in a bot's folder."""
    return list(folder.glob("browser-*"))


def session_of(bot: int, *marks: bytes) -> list[int]:
    """Give the processes of a bot's session whose command holds one of these."""
    commands = dict[int, bytes]()
    for pid in sorted(proc.in_session(bot)):
        with suppress(OSError):  # it has just ended
            commands[pid] = Path(f"/proc/{pid}/cmdline").read_bytes()
    return [pid for pid, command in commands.items() if any(mark in command for mark in marks)]


def send_to(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes of which one may have ended with another one."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def script(folder: Path, text: str) -> dict[str, str]:
    """Give the settings for a browser that does this."""
    path = folder / "chromium-of-the-test"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"TENURE_MEETINGS_BROWSER": str(path)}


async def test_a_bot_leaves_while_its_browser_is_being_started(tmp_path: Path) -> None:
    async with a_stage() as stage:
        environment = script(tmp_path, "sleep 1000")
        async with a_browser_bot(stage, tmp_path, environment, launch_timeout_seconds=1000) as bot:
            await stage.event("callback-commands").wait()
            await asyncio.to_thread(until, lambda: session_of(bot.pid, b"chromium-of-the-test"), bool)
            stage.tell_to("leave")
            assert await bot.wait() == 0


HURRIED_SECONDS = life.PATIENT_FAREWELL_SECONDS - 10
"""Less than a bot takes that is in no hurry, and more than ten seconds, with what a slow machine adds to them."""

PROGRAM = ("-m", "tenure.services.meetings.bot")
EASE = """
import sys
from tenure.services.meetings.bot import __main__, life

life.LEAVE_SECONDS = life.PICTURE_SECONDS = life.CLOSE_SECONDS = 100
sys.exit(__main__.main())
"""
# One that is at ease while it leaves its page: the two seconds that it has for that are few on a slow machine.
AT_EASE = ("-c", EASE)

# The point that a bot has come to, what hangs there, what it was told before, and how it is ended.
POINTS = [
    ("page", {"page"}, "", "leave"),
    ("page-join", {"page-join"}, "", "leave"),
    ("callback-waiting", set[str](), "", "SIGTERM"),
    ("callback-joined", {"page-leave", "callback-exited"}, "", "leave"),
    ("callback-joined", set[str](), "pause", "SIGTERM"),
]


@pytest.mark.parametrize(("point", "hanging", "before", "how"), POINTS)
async def test_a_bot_in_a_browser_leaves_within_ten_seconds_wherever_it_is(
    tmp_path: Path, point: str, hanging: set[str], before: str, how: str
) -> None:
    async with a_stage() as stage:
        stage.hanging, stage.waits = hanging, point == "callback-waiting"
        async with a_browser_bot(stage, tmp_path, program=PROGRAM if hanging else AT_EASE) as bot:
            await stage.event(point).wait()
            if before:
                stage.tell_to(before)
                await stage.obeyed()
            began = time.monotonic()
            stage.tell_to("leave") if how == "leave" else bot.send_signal(signal.SIGTERM)
            assert await bot.wait() == (0 if how == "leave" else 143)
            assert time.monotonic() - began < HURRIED_SECONDS
        if not hanging:
            assert "page-leave" in [name for name, _ in stage.told]


@pytest.mark.parametrize("mark", [b"--remote-debugging-pipe", b"--type=renderer", b"playwright"])
async def test_a_dead_browser_behind_a_beating_process_ends_the_run(tmp_path: Path, mark: bytes) -> None:
    async with a_stage() as stage, a_browser_bot(stage, tmp_path) as bot:
        await stage.event("callback-joined").wait()
        send_to(session_of(bot.pid, mark), signal.SIGKILL)
        assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "capture_lost"


async def test_a_hung_page_ends_the_run_and_before_that_no_beat_says_that_it_captures(tmp_path: Path) -> None:
    async with a_stage() as stage:
        async with a_browser_bot(stage, tmp_path, capture_timeout_seconds=6, heartbeat_seconds=0.1) as bot:
            await stage.event("callback-joined").wait()
            while not any(beat["capturing"] for beat in stage.bodies("callback-heartbeat")):
                stage.event("callback-heartbeat").clear()
                await stage.event("callback-heartbeat").wait()
            send_to(session_of(bot.pid, b"--remote-debugging-pipe", b"--type="), signal.SIGSTOP)
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "capture_lost"
        said = [beat["capturing"] for beat in stage.bodies("callback-heartbeat")]
        assert True in said
        assert said[-1] is False


async def test_a_bot_leaves_within_ten_seconds_though_its_browser_hangs(tmp_path: Path) -> None:
    async with a_stage() as stage, a_browser_bot(stage, tmp_path) as bot:
        await stage.event("callback-joined").wait()
        send_to(session_of(bot.pid, b"--remote-debugging-pipe", b"--type="), signal.SIGSTOP)
        began = time.monotonic()
        stage.tell_to("leave")
        assert await bot.wait() == 0
        assert time.monotonic() - began < HURRIED_SECONDS


async def test_a_page_that_lets_nobody_in_fails_the_run_with_a_picture(tmp_path: Path) -> None:
    async with a_stage() as stage:
        stage.hanging.add("page-join")
        stage.patient = True
        async with a_bot(stage, tmp_path, IN_BROWSER, join_timeout_seconds=3) as bot:
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "join_timeout"
        (shown,) = stage.bodies("callback-screenshot")
        assert shown["reason"] == "join_timeout"
        assert base64.b64decode(shown["picture"]).startswith(PNG)


async def test_a_bot_whose_meeting_was_ended_while_it_waited_shows_what_it_saw(tmp_path: Path) -> None:
    async with a_stage() as stage:
        stage.waits = True
        async with a_browser_bot(stage, tmp_path, heartbeat_seconds=0.2) as bot:
            await stage.event("callback-waiting").wait()
            stage.refusing.add("callback-heartbeat")
            assert await bot.wait() == 0
        assert [shown["reason"] for shown in stage.bodies("callback-screenshot")] == ["disowned"]
        assert stage.bodies("callback-exited") == []


@pytest.mark.parametrize(
    ("text", "written", "patience"),
    [
        ("echo no room for a profile >&2; exit 3", "no room for a profile", 1000),
        ("echo so slow; sleep 1000", "so slow", 5),
    ],
)
async def test_a_browser_that_does_not_start_fails_the_run_and_what_it_wrote_is_logged(
    tmp_path: Path, text: str, written: str, patience: float
) -> None:
    async with a_stage() as stage:
        async with a_browser_bot(stage, tmp_path, script(tmp_path, text), launch_timeout_seconds=patience) as bot:
            log, _ = await bot.communicate()
            assert bot.returncode == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "browser_failed"
        assert written in log.decode()


async def test_a_browser_that_is_not_there_fails_the_run(tmp_path: Path) -> None:
    async with a_stage() as stage:
        async with a_browser_bot(stage, tmp_path, {"TENURE_MEETINGS_BROWSER": str(tmp_path / "none")}) as bot:
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "browser_missing"


async def test_without_any_browser_the_local_page_is_attended_by_http(tmp_path: Path) -> None:
    environment = {"TENURE_MEETINGS_BOT": "", "PATH": str(Path(sys.executable).parent)}
    async with a_stage() as stage, a_bot(stage, tmp_path, environment) as bot:
        await stage.event("callback-joined").wait()
        stage.tell_to("leave")
        assert await bot.wait() == 0
