"""Fifty bots by plain HTTP and five in browsers, all in their meetings at the same time on one machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.services.meetings.serving import Server, a_server, until

from tenure.services.meetings.bot.browser import chromium

BOTS, BROWSERS = 50, 5

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        chromium.find() is None and not os.environ.get("CI"), reason="needs a browser: install the package chromium"
    ),
]


def test_fifty_bots_and_five_browsers_attend_at_once(tmp_path: Path) -> None:
    with (
        a_server(tmp_path / "http") as by_http,
        a_server(tmp_path / "browsers", TENURE_MEETINGS_BOT="browser") as in_browsers,
    ):
        crowds = [Crowd(by_http, BOTS), Crowd(in_browsers, BROWSERS)]
        for crowd in crowds:
            crowd.come()
        for crowd in crowds:
            until(crowd.states, lambda states: states == {"active"})
        assert [crowd.states() for crowd in crowds] == [{"active"}, {"active"}], "all of them at the same time"
        for crowd in crowds:
            crowd.speak()
        for crowd in crowds:
            until(crowd.heard, bool)
            crowd.leave()
        for crowd in crowds:
            until(crowd.states, lambda states: states == {"completed"})
            until(crowd.server.bots, lambda bots: bots == {})


class Crowd:
    """The bots of one server, each in a room of its own with somebody who speaks."""

    def __init__(self, server: Server, number: int) -> None:
        self.server, self.rooms = server, [f"room-{n}" for n in range(number)]
        self.user = server.a_user(bots=number)

    def come(self) -> None:
        """Ask for all of them."""
        for room in self.rooms:
            self.server.ask(self.user, room)

    def states(self) -> set[str]:
        """Give the states in which their meetings are."""
        return {m["status"] for m in self.server.call("GET", "/meetings", user=self.user)["meetings"]}

    def speak(self) -> None:
        """Say something in each room."""
        for room in self.rooms:
            ada = self.server.room(room, "join", name="Ada")
            self.server.room(room, "say", participant=ada["participant"], key=ada["key"], text=f"Hello {room}")

    def heard(self) -> bool:
        """Tell whether each bot has heard what was said in its own room."""
        return all([segment["text"] for segment in self.transcript(room)] == [f"Hello {room}"] for room in self.rooms)

    def transcript(self, room: str) -> list[dict[str, str]]:
        """Give what a bot heard."""
        found: list[dict[str, str]] = self.server.call("GET", f"/transcripts/local/{room}", user=self.user)["segments"]
        return found

    def leave(self) -> None:
        """Have all of them leave."""
        for room in self.rooms:
            self.server.call("DELETE", f"/bots/local/{room}", user=self.user)
