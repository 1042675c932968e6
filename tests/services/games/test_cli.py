"""`tenure games …` directly on a store: what each command prints, and its exit code where it is refused."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tenure
from tenure import minutes
from tenure.cli.application import run
from tenure.pacing.pacer import Pacer
from tenure.pacing.rates import parse_rates
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.results import TftResult
from tenure.services.games.settings import LINK_KEY_FILE

OK, FAILED, USAGE, REFUSED, UNAVAILABLE = 0, 1, 2, 3, 4
Games = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def games(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Games:
    """Call a command with --json; gives the exit code, what was printed, and the error."""
    monkeypatch.chdir(tmp_path)
    for name in ("TENURE_STORE", "TENURE_DATA"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, json: bool = True) -> tuple[int, Any, str]:
        capsys.readouterr()
        options = ["--store", f"sqlite://{tmp_path}/games.db", *(["--json"] if json else [])]
        code = run(["games", *arguments, *options])
        out, err = capsys.readouterr()
        return code, [msgspec.json.decode(line) for line in out.splitlines()] if json else out, err

    return call


@pytest.fixture
def ada(games: Games) -> str:
    """Track Ada, and give the id."""
    code, (made,), _ = games("add", "Ada#EUW", "euw", "--titles", "lol,tft")
    assert (code, made["state"], made["platform"], made["titles"]) == (OK, "named", "euw1", ["lol", "tft"])
    return str(made["id"])


def a_server_works(folder: Path, player: str, match: str) -> None:
    """Find a game of the player, and give it a result, as a running server does."""

    async def work() -> None:
        async with tenure.open(f"sqlite://{folder}/games.db", *kinds) as store:
            now = datetime.now(UTC)
            game = await store.apply(
                TrackedGame.create(
                    f"{player}/{match}", player=player, match=match, title="tft", lot=1, match_lot=1, due_at=now,
                    queue_id=1100,
                )
            )  # fmt: skip
            await store.apply(TrackedGame.leave(game, due_at=now))
            await store.apply(TrackedGame.retry(game.id, due_at=now, retry_count=1, last_error="not there yet"))
            await store.apply(
                TrackedGame.complete(
                    game.id, result=TftResult(result="placed", placement=3), queue_id=1100,
                    started_at=now - minutes(36), duration_seconds=timedelta(minutes=35).seconds, raw_api_response=None,
                )
            )  # fmt: skip

    asyncio.run(work())


def test_a_player_is_added_shown_edited_paused_and_removed(games: Games, ada: str) -> None:
    assert games("add", "ADA#euw", "euw1")[1][0]["id"] == ada
    assert [player["id"] for player in games("players")[1]] == [ada]
    assert games("player", "ada#EUW")[1][0]["id"] == ada
    assert games("titles", ada, "tft")[1][0]["titles"] == ["tft"]
    assert games("pause", "Ada#EUW")[1][0]["state"] == "paused"
    assert games("players", "--state", "paused")[1][0]["id"] == ada
    assert games("unpause", "Ada#EUW")[1][0]["state"] == "named"
    assert games("remove", ada)[1][0]["state"] == "removed"
    assert games("players")[:2] == (OK, [])
    assert "Ada#EUW" in games("players", "--state", "removed", json=False)[1]


def test_a_link_is_given_by_who_has_the_servers_key_and_revoked(
    games: Games, ada: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, error = games("link", "Ada#EUW")
    assert (code, "TENURE_GAMES_LINK_KEY" in error) == (USAGE, True)
    assert not (tmp_path / "tenure-data" / LINK_KEY_FILE).exists(), "no server has a key that is made here"
    monkeypatch.setenv("TENURE_GAMES_LINK_KEY", "k" * 20)
    monkeypatch.setenv("TENURE_GAMES_URL", "https://games.example/")
    (made,) = games("link", "Ada#EUW")[1]
    assert made["url"].startswith("https://games.example/page/")
    assert games("link", ada)[1] == [made]
    assert games("unlink", ada)[1] == [{"player": ada, "url": None}]
    monkeypatch.delenv("TENURE_GAMES_URL")
    (other,) = games("link", ada)[1]
    assert other["url"].startswith("http://127.0.0.1:8420/services/games/page/")
    assert other["url"].rpartition("/")[2] != made["url"].rpartition("/")[2]
    assert games("link", "Bo#EUW")[0] == USAGE


def test_games_and_results_are_listed(games: Games, ada: str, tmp_path: Path) -> None:
    a_server_works(tmp_path, ada, "EUW1_7")
    assert [game["match"] for game in games("list", "Ada#EUW")[1]] == ["EUW1_7"]
    assert games("list", "--state", "active")[1] == []
    (shown,) = games("show", f"{ada}/EUW1_7")[1]
    assert (shown["result"]["placement"], shown["queue_type"]) == (3, "TFT_RANKED")
    assert [event["name"] for event in games("history", f"{ada}/EUW1_7")[1]] == ["create", "leave", "retry", "complete"]
    (result,) = games("results")[1]
    assert (result["event"], result["game"]["match"]) == ("complete", "EUW1_7")
    assert games("results", "--after", str(result["position"]))[1] == []
    assert "3" in games("list", json=False)[1]
    assert "complete" in games("results", json=False)[1]
    (status,) = games("status")[1]
    assert (status["games"], status["players"], status["retried"]) == ({"completed": 1}, {"named": 1}, 1.0)
    assert 55 < status["result"]["most_seconds"] < 120
    assert "completed" in games("status", json=False)[1]


def test_a_plan_goes_by_what_riot_told_the_servers_of_the_store(games: Games, ada: str, tmp_path: Path) -> None:
    (before,) = games("plan")[1]
    assert before["present"] is None

    async def learn() -> None:
        async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
            await Pacer(store).learn("riot/ab12/na1", parse_rates("500:10,30000:600"))

    asyncio.run(learn())
    (made,) = games("plan", "--interval-seconds", "60")[1]
    assert made["players"] > 40 * before["players"]
    present = made["present"]
    assert (present["players"], present["interval_seconds"]) == (0, 60.0)
    assert present["possible"]["60"] == made["players"]
    assert present["limits"][0]["rates"] == "500:10,30000:600"
    assert games("plan", "--limits", "20:1,100:120")[1] == [before]
    assert "500:10,30000:600" in games("plan", json=False)[1]
    assert ada


def test_who_follows_hears_each_result_once_as_it_comes_from_another_process(ada: str, tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path}/games.db"
    command = [sys.executable, "-m", "tenure.cli", "games", "results", "--follow", "--json", "--store", store]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        for match in ("EUW1_7", "EUW1_8"):
            a_server_works(tmp_path, ada, match)
            told = msgspec.json.decode(following.stdout.readline())
            assert (told["event"], told["game"]["match"]) == ("complete", match)
        following.send_signal(signal.SIGINT)
        assert following.stdout.read() == ""


@pytest.mark.parametrize(
    ("arguments", "code", "advice"),
    [
        (["add", "Ada", "euw1"], USAGE, "such as Ada#EUW"),
        (["add", "Ada#EUW", "moon"], USAGE, "`platform` must be one of"),
        (["add", "Ada#EUW", "euw1", "--titles", "chess"], USAGE, "`titles` must name"),
        (["player", "Bo#EUW"], USAGE, "no player who is tracked has this id"),
        (["players", "--state", "moon"], USAGE, "take one of named, tracked"),
        (["list", "--state", "moon"], USAGE, "take one of active, playing"),
        (["show", "nobody/EUW1_1"], USAGE, "there is no such game"),
        (["results", "--after", str(10**17)], FAILED, "begin again from 0"),
        (["results", "--after", "9" * 30], USAGE, "--after is a position of the feed"),
        (["results", "--after", "-1"], USAGE, "--after is a position of the feed"),
        (["list", "--limit", "9" * 30], USAGE, "--limit is from 1"),
        (["players", "--limit", "0"], USAGE, "--limit is from 1"),
        (["player", "a\ud800#b"], USAGE, "no player who is tracked has this id"),
        (["plan", "--limits", "0:1"], USAGE, "is not understood"),
    ],
)
@pytest.mark.usefixtures("ada")
def test_what_is_refused_says_what_to_do(games: Games, arguments: list[str], code: int, advice: str) -> None:
    found, out, error = games(*arguments)
    assert (found, out, advice in error) == (code, [], True), error


def test_a_name_that_is_tracked_on_two_platforms_is_asked_for_by_id(games: Games, ada: str) -> None:
    (other,) = games("add", "Ada#EUW", "na1")[1]
    code, _, error = games("pause", "Ada#EUW")
    assert (code, ada in error, other["id"] in error) == (USAGE, True, True)
    assert games("remove", other["id"])[1][0]["state"] == "removed"
    assert games("remove", ada)[0] == OK
    code, _, error = games("pause", ada)
    assert (code, "add them anew" in error) == (REFUSED, True)


def test_a_plan_says_how_many_players_a_key_can_track(games: Games) -> None:
    (made,) = games("plan")[1]
    assert 0 < made["players"] < 30
    assert made["bounds"][0]["limit"] == "application"
    (larger,) = games("plan", "--limits", "500:10,30000:600", "--platforms", "na1,euw")[1]
    assert set(larger["by_platform"]) == {"na1", "euw1"}
    assert larger["players"] > 20 * made["players"]
    (interval,) = games("plan", "--players", "60")[1]
    assert interval["shortest_interval_seconds"] > 30
    assert "players, one look every 30 seconds" in games("plan", json=False)[1]
    assert "can be looked at every" in games("plan", "--players", "60", json=False)[1]
    assert games("plan", "--players", "100000000")[1] == [{"players": 100000000, "shortest_interval_seconds": None}]
    assert made["present"] is None
    for wrong in (["--limits", "often"], ["--platforms", "moon"], ["--titles", "chess"], ["--interval-seconds", "0"]):
        assert games("plan", *wrong)[0] == USAGE
