"""The stand-in as a process of its own: what it prints, how it is controlled over HTTP, how it ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests

from tenure.cli.application import run

COMMAND = (
    sys.executable,
    "-m",
    "tenure.cli",
    "--json",
    "trivia",
    "discord-stand-in",
    "--port",
    "0",
    "--token",
    "secret",
)
HERE: dict[str, Any] = {"guild": "Quiz Club", "channel": "trivia"}


class Process:
    """One stand-in, and calls to it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process, self.told = process, msgspec.json.decode(process.stdout.readline())
        self.http = requests.Session()

    def control(self, name: str, status: int = 200, **body: Any) -> Any:
        answer = self.http.post(f"{self.told['page']}control/{name}", json=body, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, text: str) -> requests.Response:
        (guild,) = self.http.get(f"{self.told['page']}control", timeout=30).json()["guilds"]
        channel = next(one["id"] for one in guild["channels"] if one["name"] == "trivia")
        headers = {"Authorization": "Bot secret"}
        body: Any = {"content": text, "nonce": text, "enforce_nonce": True}
        return self.http.post(f"{self.told['api']}/channels/{channel}/messages", json=body, headers=headers, timeout=30)


@pytest.fixture
def stand_in() -> Iterator[Process]:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        made = Process(process)
        yield made
        made.http.close()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
        assert (process.returncode, complaints) == (0, "")


def test_a_process_of_its_own_says_where_it_is_and_does_what_it_is_told(stand_in: Process) -> None:
    assert stand_in.told["token"] == "secret"
    assert stand_in.told["gateway"].startswith("ws://127.0.0.1:")
    stand_in.control("fail", kind="lose_reply", route="POST /channels/*/messages")
    with pytest.raises(requests.ConnectionError):
        stand_in.post("once")
    assert stand_in.post("once").status_code == 200
    stand_in.control("forget_nonces")
    assert stand_in.post("once").status_code == 200
    assert [one["content"] for one in stand_in.control("messages", **HERE)] == ["once", "once"]
    stand_in.control("permit", **HERE, send_messages=False)
    assert stand_in.post("more").json()["code"] == 50013
    assert stand_in.control("write", **HERE, member="Ada", text="hi")["author"]["global_name"] == "Ada"
    stand_in.control("revoke")
    assert stand_in.post("more").status_code == 401
    seen = stand_in.http.get(f"{stand_in.told['page']}control", timeout=30).json()
    assert (seen["revoked"], seen["faults"], seen["connections"]) == (True, {"lose_reply": 1}, 0)
    assert_mistakes_are_told(stand_in)


def assert_mistakes_are_told(stand_in: Process) -> None:
    """What can't be done says what can."""
    assert "Quiz Club" in stand_in.control("kick", 404, guild="nowhere")["problem"]
    assert "#" not in stand_in.control("messages", 404, guild="Quiz Club", channel="none")["problem"]
    assert "`$.kind`" in stand_in.control("fail", 422, kind="nothing")["problem"]
    assert "unknown field" in stand_in.control("drop", 422, what=1)["problem"]
    assert "press takes guild, channel, member" in stand_in.control("press", 422, label="B")["problem"]
    assert "no such command" in stand_in.control("command", 422, **HERE, member="Ada", text="/x")["problem"]
    page = stand_in.told["page"]
    assert stand_in.http.post(f"{page}control/drop", data="{}", timeout=30).status_code == 415
    body, headers = b"\xff", {"Content-Type": "application/json"}
    assert stand_in.http.post(f"{page}control/drop", data=body, headers=headers, timeout=30).status_code == 422


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--port", "99999"), 2, "99999 is no port"),
        (("--port", "0", "--token", "two words"), 2, "without spaces"),
        (("--port", "0", "--token", "ü"), 2, "plain characters"),
    ],
)
def test_wrong_options_are_told(
    arguments: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trivia", "discord-stand-in", *arguments]) == code
    assert says in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["trivia", "discord-stand-in", "--port", str(taken.getsockname()[1])]) == 1
    assert "is taken by another program" in capsys.readouterr().err
