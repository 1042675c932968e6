"""Whole lives of bots in containers: a real server, real bots and a real Podman, each killed at its worst time."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.services.meetings.gate import a_gate
from tests.services.meetings.podman import BOT_IMAGE, NEEDS, Podman, a_podman, missing
from tests.services.meetings.serving import Server, a_server, until

CHROMIUM = Path("/usr/bin/chromium")
needs_browser = pytest.mark.skipif(
    not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"needs {CHROMIUM}: install the package chromium"
)
# Each starts several servers and containers, all of which wait for one another on a machine that is busy.
pytestmark = [pytest.mark.skipif(missing(), reason=NEEDS), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def service() -> Iterator[Podman]:
    with a_podman() as made:
        yield made


@pytest.fixture
def podman(service: Podman) -> Iterator[Podman]:
    yield service
    service.run("rm", "--all", "--force", "--time", "0")


@contextmanager
def serving(folder: Path, podman: Podman, url: str = "", **environment: str) -> Iterator[Server]:
    """Run a server whose bots are containers on the host's network."""
    settings = {"TENURE_MEETINGS_RUNTIME": url or podman.url, "BOT_IMAGE_NAME": BOT_IMAGE, "DOCKER_NETWORK": "host"}
    with a_server(folder, **{**settings, **environment}) as server:
        yield server


def nothing_left(podman: Podman) -> None:
    """Wait until no container is left: each was ended, and removed once its log was kept."""
    until(podman.containers, lambda names: not names)


@pytest.mark.parametrize("bot", ["http", pytest.param("browser", marks=needs_browser)])
def test_a_life_from_asking_to_leaving(tmp_path: Path, podman: Podman, bot: str) -> None:
    with serving(tmp_path, podman, TENURE_MEETINGS_BOT=bot) as server:
        user = server.a_user()
        name = server.ask(user)["bot_container_id"]
        server.until(user, "active")
        assert podman.containers("running") == {name}
        ada = server.room("demo", "join", name="Ada")
        server.room("demo", "say", participant=ada["participant"], key=ada["key"], text="good morning")
        until(lambda: server.call("GET", "/transcripts/local/demo", user=user)["segments"], bool)
        number = server.meeting(user)["id"]
        assert "told" not in server.log(number)
        server.call("DELETE", "/bots/local/demo", user=user)
        assert server.until(user, "completed")["end_reason"] == "stopped"
        nothing_left(podman)
        assert "told to leave" in server.log(number)
        assert (tmp_path / "bots" / name / "output.log").stat().st_mode & 0o777 == 0o600


def test_a_server_that_is_killed_at_any_step_of_a_start_leaves_one_bot_for_each_meeting(
    tmp_path: Path, podman: Podman
) -> None:
    steps = [("create?name=vexa-bot-1-", False), ("create?name=vexa-bot-2-", True)]
    starts = [("/vexa-bot-3-", False), ("/vexa-bot-4-", True)]
    with (
        a_gate(podman.folder, podman.socket) as gate,
        serving(tmp_path, podman, f"docker+unix://{gate.socket}") as server,
    ):
        user = server.a_user(bots=10)
        for wanted, answered in steps:
            gate.hold(wanted, answered=answered)
        names = {server.ask(user, f"m{number}")["bot_container_id"] for number in (1, 2)}
        for wanted, answered in starts:
            gate.hold(f"POST /v1.41/containers{wanted}", answered=answered)
        names |= {server.ask(user, f"m{number}")["bot_container_id"] for number in (3, 4)}
        gate.wait_for(4)
        server.send(signal.SIGKILL)
        gate.open()
        server.start()
        for number in (1, 2, 3, 4):
            server.until(user, "active", f"m{number}")
        assert podman.containers() == podman.containers("running") == names


def test_bots_that_are_killed_or_removed_fail_their_own_meetings_and_free_their_slots(
    tmp_path: Path, podman: Podman
) -> None:
    with serving(tmp_path, podman) as server:
        user = server.a_user(bots=3)
        names = {room: server.ask(user, room)["bot_container_id"] for room in ("killed", "removed", "other")}
        for room in names:
            server.until(user, "active", room)
        podman.run("kill", names["killed"])
        podman.run("rm", "--force", "--time", "0", names["removed"])
        for room in ("killed", "removed"):
            meeting = server.until(user, "failed", room)
            assert (meeting["end_reason"], meeting["ended_by"]) == ("bot_process_died", "server")
        until(podman.containers, lambda found: found == {names["other"]})
        assert "attending" in server.log(server.meeting(user, "killed")["id"])
        for room in ("next", "after"):
            assert server.ask(user, room)["status"] == "reserved"
        assert server.meeting(user, "other")["status"] == "active"


def test_bots_outlive_the_engine_and_the_server_and_obey_the_next_ones(tmp_path: Path, podman: Podman) -> None:
    with serving(tmp_path, podman) as server:
        user = server.a_user()
        names = {room: server.ask(user, room)["bot_container_id"] for room in ("lives", "dies")}
        for room in names:
            server.until(user, "active", room)
        podman.stop()
        podman.run("kill", names["dies"])
        server.send(signal.SIGKILL)
        server.start()
        failed = server.ask(user, "meanwhile")
        assert server.until(user, "failed", "meanwhile")["end_reason"] == "start_failed"
        assert server.meeting(user, "lives")["status"] == "active"
        podman.start()
        assert server.until(user, "failed", "dies")["end_reason"] == "bot_process_died"
        server.call("DELETE", "/bots/local/lives", user=user)
        assert server.until(user, "completed", "lives")["end_reason"] == "stopped"
        assert server.ask(user, "meanwhile")["bot_container_id"] != failed["bot_container_id"]
        server.until(user, "active", "meanwhile")
        until(podman.containers, lambda found: len(found) == 1)


def test_containers_whose_records_are_gone_are_ended(tmp_path: Path, podman: Podman) -> None:
    with serving(tmp_path, podman) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        server.send(signal.SIGKILL)
        for path in tmp_path.glob("store.db*"):
            path.unlink()
        assert len(podman.containers("running")) == 1
        server.start()
        nothing_left(podman)


def test_ctrl_c_ends_every_container(tmp_path: Path, podman: Podman) -> None:
    with serving(tmp_path, podman) as server:
        user = server.a_user()
        for room in ("one", "two"):
            server.ask(user, room)
        server.until(user, "active", "one")
        server.send(signal.SIGINT)
        assert podman.containers("running") == set()
        server.start()
        found = server.call("GET", "/meetings", user=user)["meetings"]
        assert {(m["end_reason"], m["ended_by"]) for m in found} == {("server_shutdown", "server")}
        nothing_left(podman)


def test_an_image_that_is_missing_ends_the_one_meeting_with_its_reason(tmp_path: Path, podman: Podman) -> None:
    with serving(tmp_path, podman, BOT_IMAGE_NAME="localhost/nothing") as server:
        user = server.a_user()
        server.ask(user)
        meeting = server.until(user, "failed")
        assert (meeting["end_reason"], meeting["ended_by"]) == ("start_failed", "server")
        assert server.lives
