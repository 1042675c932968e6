"""`tenure bots …` directly on a store: what each command prints, and its exit code where it is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenure.cli.application import run

OK, USAGE, REFUSED, UNAVAILABLE = 0, 2, 3, 4
Bots = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def bots(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bots:
    """Call a command with --json; gives the exit code, what was printed, and the error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TENURE_STORE", raising=False)
    monkeypatch.delenv("TENURE_DATA", raising=False)

    def call(*arguments: str, json: bool = True) -> tuple[int, Any, str]:
        capsys.readouterr()
        options = ["--store", f"sqlite://{tmp_path}/bots.db", *(["--json"] if json else [])]
        code = run(["bots", *arguments, *options])
        out, err = capsys.readouterr()
        lines = [msgspec.json.decode(line) for line in out.splitlines()] if json else out
        return code, lines, err

    return call


@pytest.fixture
def pool(bots: Bots) -> Bots:
    code, (made,), _ = bots("pool", "create", "duels", "--mode", "duel", "--region", "eu", "--max-deployed", "1")
    assert (code, made["state"], made["max_deployed"]) == (OK, "open", 1)
    return bots


def test_only_making_a_pool_makes_a_store(bots: Bots) -> None:
    for command in (["pools"], ["list"], ["join", "duels", "ada"], ["matches"], ["leaderboard", "duel"]):
        code, _, err = bots(*command)
        assert (code, "there is no store at" in err) == (UNAVAILABLE, True), command


def test_a_pool_is_made_edited_drained_and_opened_again(pool: Bots) -> None:
    rules = pool("pool", "edit", "duels", "--tolerance", "70", "--accept-seconds", "9")[1][0]
    assert (rules["rules"]["tolerance"], rules["rules"]["tolerance_per_second"], rules["accept_seconds"]) == (70, 10, 9)
    assert pool("pool", "drain", "duels")[1][0]["state"] == "draining"
    assert pool("pool", "edit", "duels", "--places", "3")[0] == REFUSED
    assert pool("pool", "reopen", "duels", "--places", "3")[1][0]["places"] == 3
    assert pool("pool", "show", "duels")[1][0]["max_deployed"] == 1
    assert pool("pool", "close", "duels")[1][0]["closing"] is True
    assert [p["id"] for p in pool("pools")[1]] == ["duels"]


def test_bots_are_made_sent_out_called_home_and_retired(pool: Bots) -> None:
    assert [b["id"] for b in pool("create", "duels", "a", "b", "--rating", "1200")[1]] == ["a", "b"]
    assert len(pool("create", "duels", "--number", "2")[1]) == 2
    assert pool("deploy", "a")[1][0]["state"] == "deployed"
    code, _, err = pool("deploy", "b")
    assert (code, "max_deployed" in err) == (REFUSED, True)
    assert [b["id"] for b in pool("list", "--state", "deployed", "--pool", "duels")[1]] == ["a"]
    assert pool("recall", "a")[1][0]["state"] == "idle"
    assert pool("retire", "a")[1][0]["state"] == "retired"
    assert len(pool("list")[1]) == 3


def test_a_person_joins_once_and_leaves(pool: Bots) -> None:
    ticket = pool("join", "duels", "ada", "--id", "t1")[1][0]
    assert (ticket["id"], ticket["state"]) == ("t1", "queued")
    assert pool("join", "duels", "ada", "--id", "t1")[1][0]["id"] == "t1"
    code, _, err = pool("join", "duels", "ada")
    assert (code, "t1" in err) == (REFUSED, True)
    assert pool("accept", "t1", "m1")[0] == REFUSED
    assert pool("ticket", "t1")[1][0]["match"] is None
    assert pool("leave", "t1")[1][0]["state"] == "left"
    assert pool("decline", "t1", "m1")[0] == REFUSED


def test_players_ratings_and_blocks_are_shown(pool: Bots) -> None:
    pool("create", "duels", "a", "--rating", "1700")
    pool("join", "duels", "ada")
    assert [p["player"] for p in pool("leaderboard", "duel")[1]] == ["a", "ada"]
    assert pool("block", "ada", "bob", "eve")[1][0]["blocked"] == ["bob", "eve"]
    assert pool("block", "ada")[1][0]["blocked"] == []
    assert pool("player", "ada")[1][0]["ratings"][0]["mode"] == "duel"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["list", "--state", "asleep"], "take one of idle, deployed"),
        (["matches", "--state", "lost"], "take one of offered"),
        (["list", "--pool", "absent"], "no such pool"),
        (["create", "duels"], "with --number how many"),
        (["create", "absent", "--number", "1"], "no such pool"),
        (["deploy", "absent"], "no such bot"),
        (["ticket", "absent"], "no such ticket"),
        (["match", "absent"], "no such match"),
        (["result", "absent", "1", "2"], "no such match"),
        (["break-off", "absent"], "no such match"),
        (["player", "absent"], "no such player"),
        (["join", "duels", "a b "], "printable"),
        (["pool", "edit", "duels", "--places", "0"], "`places` must be from 1"),
        (["pool", "show", "absent"], "no such pool"),
    ],
)
def test_what_is_wrong_is_one_line_that_says_what_to_do(pool: Bots, command: list[str], said: str) -> None:
    code, _, err = pool(*command)
    assert (code, said in err, err.count("\n")) == (USAGE, True, 1), err


def test_for_people_there_are_tables(pool: Bots) -> None:
    pool("create", "duels", "a")
    pool("join", "duels", "ada", "--id", "t1")
    assert "bots out" in pool("pools", json=False)[1]
    assert "runner" in pool("list", json=False)[1]
    assert '["ada"]' in pool("ticket", "t1", json=False)[1]
    assert "rules: tolerance" in pool("pool", "show", "duels", json=False)[1]
    assert "more may follow: --after a" in pool("list", "--limit", "1", json=False)[1]
    for command in (["matches"], ["leaderboard", "duel"], ["player", "ada"]):
        assert pool(*command, json=False)[0] == OK


def test_what_was_done_by_hand_says_by_whom(pool: Bots, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pool("create", "duels", "a")
    pool("deploy", "a")
    capsys.readouterr()
    assert run(["history", "Bot", "a", "--json", "--store", f"sqlite://{tmp_path}/bots.db"]) == OK
    last = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])
    assert (last["transition"], last["why"]) == ("deploy", "deployed by hand")
    assert last["by"].startswith("cli:")
