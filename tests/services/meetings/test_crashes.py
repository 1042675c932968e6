"""What is killed, and what is right afterwards, on each engine."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.places import KEPT, Place
from tests.services.meetings.serving import a_server, until

# Each starts several servers and bots, all of which wait for one another on a machine that is busy.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=KEPT)
def place(request: pytest.FixtureRequest, place_of: Callable[[str], Place]) -> Place:
    """Give where the stores of each engine are kept."""
    return place_of(request.param)


@pytest.fixture
def store(place: Place) -> str:
    """Give the URL of a fresh store of each engine."""
    return place.fresh()


def test_a_bot_that_is_killed_fails_its_meeting_within_its_lease_and_frees_its_slot(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user(bots=1)
        name = server.ask(user)["bot_container_id"]
        server.until(user, "active")
        os.kill(server.bots()[name], signal.SIGKILL)
        meeting = server.until(user, "failed")
        assert (meeting["end_reason"], meeting["ended_by"]) == ("bot_process_died", "server")
        assert server.ask(user, "next")["status"] == "reserved"


def test_a_server_that_is_killed_finds_its_bots_again_and_they_obey_it(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user()
        for room in ("one", "two"):
            server.ask(user, room)
            server.until(user, "active", room)
        before = server.bots()
        ada = server.room("one", "join", name="Ada")
        proof = {"participant": ada["participant"], "key": ada["key"]}
        server.send(signal.SIGKILL)
        assert server.bots() == before
        server.start()
        assert server.bots() == before
        assert {server.meeting(user, room)["status"] for room in ("one", "two")} == {"active"}
        server.room("one", "say", **proof, text="still here?")
        until(lambda: server.call("GET", "/transcripts/local/one", user=user)["segments"], bool)
        server.call("DELETE", "/bots/local/one", user=user)
        assert server.until(user, "completed", "one")["end_reason"] == "stopped"
        until(server.bots, lambda bots: len(bots) == 1)


def test_what_was_acknowledged_right_before_a_kill_is_carried_out_after_it(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user(bots=10)
        for number in range(3):
            asked = server.ask(user, f"m{number}")
            server.send(signal.SIGKILL)
            server.start()
            meeting = server.until(user, "active", f"m{number}")
            assert meeting["bot_container_id"] == asked["bot_container_id"]
        assert len(server.bots()) == 3


def test_a_bot_that_died_while_the_server_was_away_is_noticed_at_once(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        (pid,) = server.bots().values()
        server.send(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        server.start()
        assert server.until(user, "failed")["end_reason"] == "bot_process_died"


def test_a_bot_that_left_as_told_while_the_server_was_away_has_left_and_not_died(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        (pid,) = server.bots().values()
        os.killpg(pid, signal.SIGSTOP)  # else it may have left before the server is away
        server.call("DELETE", "/bots/local/demo", user=user)
        server.send(signal.SIGKILL)
        os.killpg(pid, signal.SIGTERM)
        os.killpg(pid, signal.SIGCONT)
        until(server.bots, lambda bots: bots == {})
        server.start()
        meeting = until(lambda: server.meeting(user), lambda found: found["status"] in ("completed", "failed"))
        assert (meeting["status"], meeting["ended_by"], meeting["end_reason"]) == ("completed", "user:1", "stopped")


def test_processes_whose_records_are_gone_are_ended(tmp_path: Path, place: Place, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        server.send(signal.SIGKILL)
        place.clear()
        assert len(server.bots()) == 1
        server.start()
        until(server.bots, lambda bots: bots == {})


def test_ctrl_c_ends_every_bot_and_says_so(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user()
        for room in ("one", "two", "three"):
            server.ask(user, room)
        server.until(user, "active", "one")
        server.send(signal.SIGINT)
        assert server.bots() == {}
        server.start()
        found = server.call("GET", "/meetings", user=user)["meetings"]
        assert {(m["end_reason"], m["ended_by"]) for m in found} == {("server_shutdown", "server")}


def test_a_server_that_is_replaced_leaves_its_bots_to_the_next_one(tmp_path: Path, store: str) -> None:
    with a_server(tmp_path, store) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        before = server.bots()
        server.send(signal.SIGTERM)
        assert server.bots() == before
        server.start()
        server.call("DELETE", "/bots/local/demo", user=user)
        assert server.until(user, "completed")["end_reason"] == "stopped"
