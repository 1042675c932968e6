"""The stand-in for Riot's API as a process of its own: what it prints, how it is controlled over HTTP, how it ends."""

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

COMMAND = (sys.executable, "-m", "tenure.cli", "--json", "serve", "riot-stand-in", "--port", "0")
ADA = "Ada#NA1"


class Process:
    """One stand-in, and calls to it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process, self.told = process, msgspec.json.decode(process.stdout.readline())
        self.http = requests.Session()

    def control(self, name: str, expected: int = 200, /, **body: Any) -> Any:
        answer = self.http.post(f"{self.told['page']}control/{name}", json=body, timeout=60)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def get(self, path: str, key: str | None = None) -> requests.Response:
        headers = {"X-Riot-Token": key or self.told["key"]}
        return self.http.get(self.told["api"] + path, headers=headers, timeout=60)

    def account(self, key: str | None = None) -> requests.Response:
        return self.get("/americas/riot/account/v1/accounts/by-riot-id/Ada/NA1", key)

    def stands(self) -> Any:
        return self.http.get(f"{self.told['page']}control", timeout=60).json()


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Process]:
    command = (*COMMAND, "--key", "RGAPI-1", "--limits", "none", "--players", "3", "--play")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        made = Process(process)
        made.control("play_by_themselves", on=False)
        yield made
        made.http.close()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
        assert (process.returncode, complaints) == (0, "")


def test_it_says_where_it_is_and_has_the_players_that_were_asked_for(stand_in: Process) -> None:
    assert stand_in.told["key"] == "RGAPI-1"
    assert stand_in.told["page"] == f"{stand_in.told['api']}/"
    players = {player["riot_id"]: player["platform"] for player in stand_in.stands()["players"]}
    assert players.items() >= {ADA: "na1", "Edsger#EUW": "euw1", "Player 3#NA1": "na1"}.items()
    assert "Player 4#NA1" not in players


def test_a_game_is_played_and_goes_wrong_by_control_alone(stand_in: Process) -> None:
    own = stand_in.control("add_player", riot_id="Zoe#NA1")
    assert own == {"riot_id": "Zoe#NA1", "platform": "na1", "game": None}
    game = stand_in.control("start", riot_ids=["Zoe#NA1"], title="tft", loading_seconds=0)
    assert (game["state"], game["players"], game["is_shown"]) == ("playing", ["Zoe#NA1"], True)
    assert "end it first" in stand_in.control("start", 409, riot_ids=["Zoe#NA1"])["problem"]
    stand_in.control("flap", riot_id="Zoe#NA1", seconds=60, title="tft")
    ended = stand_in.control("end", match_id=game["match_id"], placement=3, result_seconds=60)
    assert (ended["state"], ended["has_result"]) == ("over", False)
    path = f"/americas/tft/match/v1/matches/{game['match_id']}"
    assert stand_in.get(path).status_code == 404
    stand_in.control("advance", seconds=60)
    assert stand_in.get(path).json()["info"]["participants"][0]["placement"] == 3
    stand_in.control("lose", match_id=game["match_id"])
    assert stand_in.get(path).status_code == 404
    shown = stand_in.control("show_again", match_id=game["match_id"], seconds=500)
    assert shown is None
    (found,) = [one for one in stand_in.stands()["games"] if one["match_id"] == game["match_id"]]
    assert (found["is_lost"], found["is_shown"]) == (True, True)


def test_limits_faults_and_keys_are_controlled(stand_in: Process) -> None:
    assert stand_in.control("fail", kind="status", status=500) == {"happened": 0}
    assert stand_in.account().status_code == 500
    stand_in.control("limit", application="1:60")
    assert [stand_in.account().status_code for _ in range(2)] == [200, 429]
    stand_in.control("limit")
    new = stand_in.control("change_key")
    assert (stand_in.account().status_code, stand_in.account(new).status_code) == (403, 200)
    stand_in.control("expire_key")
    assert stand_in.account(new).status_code == 403
    stand_in.control("change_key", key="RGAPI-1")
    assert stand_in.account().status_code == 200
    seen = stand_in.stands()
    assert (seen["faults"], seen["limited"], seen["keys"]) == ({"status": 1}, {"application": 1}, ["RGAPI-1"])
    assert seen["answers"]["account-v1.getByRiotId 429"] == 1
    stand_in.control("fail", kind="cut", times=None)
    assert stand_in.stands()["planned"] == ["cut"]
    stand_in.control("behave")


def test_mistakes_are_told(stand_in: Process) -> None:
    assert "there is no player" in stand_in.control("start", 409, riot_ids=["Nobody#X"])["problem"]
    assert "`$.kind`" in stand_in.control("fail", 422, kind="nothing")["problem"]
    assert "unknown field" in stand_in.control("behave", 422, what=1)["problem"]
    assert "flap takes riot_id, seconds, title" in stand_in.control("flap", 422, riot_id=ADA)["problem"]
    assert "such as 20:1,100:120" in stand_in.control("limit", 409, application="x")["problem"]
    page = stand_in.told["page"]
    assert stand_in.http.post(f"{page}control/behave", data="{}", timeout=60).status_code == 415
    body, headers = b"\xff", {"Content-Type": "application/json"}
    assert stand_in.http.post(f"{page}control/behave", data=body, headers=headers, timeout=60).status_code == 422
    assert stand_in.http.post(f"{page}control/nothing", json={}, timeout=60).status_code == 404


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "99999"), "99999 is no port"),
        (("--port", "0", "--players", "-1"), "--players -1 is too few"),
        (("--port", "0", "--key", "two words"), "without spaces"),
        (("--port", "0", "--limits", "many"), "--limits 'many' is not understood"),
    ],
)
def test_wrong_options_are_told(arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "riot-stand-in", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", "riot-stand-in", "--port", str(taken.getsockname()[1])]) == 1
    assert "is taken by another program" in capsys.readouterr().err
