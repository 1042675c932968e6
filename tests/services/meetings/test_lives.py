"""Many lives of bots, each ended in its own way, the server killed in between: none is stuck, and none is left."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.places import POSTGRES, SQLITE, VALKEY, Place
from tests.services.meetings.podman import BOT_IMAGE, NEEDS, Podman, a_podman, missing
from tests.services.meetings.serving import Server, a_server, until

LIVES, MANY_LIVES = 14, 500
AT_ONCE = 14
OVER = {"completed", "failed"}


@dataclass(frozen=True)
class Ending:
    """A way in which a bot's life ends, before it has joined or after, and what its meeting then says."""

    how: str
    status: str
    by: str
    reason: str
    early: bool = False


ENDINGS = (
    Ending("stop", "completed", "user:1", "stopped", early=True),
    Ending("stop", "completed", "user:1", "stopped"),
    Ending("kick", "completed", "bot", "evicted"),
    Ending("end the meeting", "completed", "bot", "meeting_ended"),
    Ending("kill", "failed", "server", "bot_process_died"),
    Ending("terminate", "failed", "bot", "terminated"),
    Ending("finish", "failed", "admin", "forced"),
)


class InProcesses:
    """Bots as processes of this machine."""

    settings: Mapping[str, str] = {}

    def signal(self, server: Server, name: str, number: signal.Signals) -> None:
        """Send a signal to a bot."""
        os.killpg(server.bots()[name], number)

    def left(self, server: Server) -> set[str]:
        """Name the bots that are there."""
        return set(server.bots())


class InContainers:
    """Bots as containers of a Podman."""

    def __init__(self, podman: Podman) -> None:
        self._podman = podman
        self.settings = {
            "TENURE_MEETINGS_RUNTIME": podman.url,
            "BOT_IMAGE_NAME": BOT_IMAGE,
            "DOCKER_NETWORK": "host",
        }

    def signal(self, server: Server, name: str, number: signal.Signals) -> None:
        """Send a signal to a bot."""
        del server
        self._podman.run("kill", "--signal", number.name, name)

    def left(self, server: Server) -> set[str]:
        """Name the bots that are there, the ended ones too."""
        del server
        return self._podman.containers()


House = InProcesses | InContainers


@pytest.fixture(params=["processes", pytest.param("containers", marks=pytest.mark.skipif(missing(), reason=NEEDS))])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Give where bots live."""
    if request.param == "processes":
        yield InProcesses()
        return
    with a_podman() as podman:
        yield InContainers(podman)


@pytest.mark.timeout(240)
def test_no_bot_is_left_and_no_meeting_is_stuck(tmp_path: Path, place_of: Callable[[str], Place], house: House) -> None:
    live_and_end(tmp_path, place_of(SQLITE).fresh(), LIVES, house)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_bot_is_left_and_no_meeting_is_stuck_over_many_lives(
    tmp_path: Path, place_of: Callable[[str], Place], house: House
) -> None:
    live_and_end(tmp_path, place_of(SQLITE).fresh(), MANY_LIVES, house)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("engine", [VALKEY, POSTGRES])
def test_nor_on_the_other_engines(tmp_path: Path, place_of: Callable[[str], Place], engine: str) -> None:
    live_and_end(tmp_path, place_of(engine).fresh(), MANY_LIVES, InProcesses())


def live_and_end(folder: Path, store: str, lives: int, house: House) -> None:
    endings = itertools.cycle(ENDINGS)
    with a_server(folder, store, **house.settings) as server:
        user = server.a_user(bots=AT_ONCE)
        for first in range(0, lives, AT_ONCE):
            of = {f"m{number}": next(endings) for number in range(first, min(first + AT_ONCE, lives))}
            for id, ending in of.items():
                server.ask(user, id)
                if ending.early:
                    end(house, server, user, id, ending)
            restart(server)
            late = [id for id, ending in of.items() if not ending.early]
            come_to(server, user, late, {"active"})
            for number, id in enumerate(late):
                end(house, server, user, id, of[id])
                if number == len(late) // 2:
                    restart(server)
            come_to(server, user, list(of), OVER)
        check(house, server, user, lives)


def restart(server: Server) -> None:
    """Kill the server with no warning, and start the next one."""
    server.send(signal.SIGKILL)
    server.start()


def end(house: House, server: Server, user: int, id: str, ending: Ending) -> None:
    """End one bot's life."""
    match ending.how:
        case "stop":
            server.call("DELETE", f"/bots/local/{id}", user=user)
        case "kick" | "end the meeting":
            ada = server.room(id, "join", name="Ada")
            proof = {"participant": ada["participant"], "key": ada["key"]}
            people = server.room(id, "look", **proof)["participants"]
            (bot,) = (person["id"] for person in people if person["bot"])
            server.room(id, "kick", **proof, who=bot) if ending.how == "kick" else server.room(id, "end", **proof)
        case "kill" | "terminate":
            name = server.meeting(user, id)["bot_container_id"]
            house.signal(server, name, signal.SIGKILL if ending.how == "kill" else signal.SIGTERM)
            if ending.how == "terminate":
                # It reports its end for a few seconds only, in which a server may not be back.
                until(lambda: server.meeting(user, id), lambda meeting: meeting["status"] in OVER)
        case "finish":
            server.call("POST", f"/admin/meetings/{server.meeting(user, id)['id']}/finish", {})


def come_to(server: Server, user: int, ids: list[str], wanted: set[str]) -> None:
    """Wait until all meetings are where they are wanted, or over."""

    def look() -> dict[str, str]:
        listed = server.call("GET", "/meetings", user=user)["meetings"]
        return {m["native_meeting_id"]: m["status"] for m in listed if m["native_meeting_id"] in ids}

    found = until(look, lambda found: set(found.values()) <= wanted | OVER)
    assert set(found.values()) <= wanted, found


def check(house: House, server: Server, user: int, lives: int) -> None:
    """Each meeting is over as it was ended, no bot is left, and every slot is free."""
    until(lambda: house.left(server), lambda left: not left)
    found: list[Any] = server.call("GET", "/meetings?limit=1000", user=user)["meetings"]
    assert len(found) == lives
    for meeting in found:
        number = int(meeting["native_meeting_id"][1:])
        ending = ENDINGS[number % len(ENDINGS)]
        ended = (meeting["status"], meeting["ended_by"], meeting["end_reason"])
        assert ended == (ending.status, ending.by, ending.reason), (ending, meeting)
        assert meeting["end_time"] is not None
    assert server.call("GET", "/bots/status", user=user)["running_bots"] == []
    for number in range(AT_ONCE):
        server.ask(user, f"again{number}")
