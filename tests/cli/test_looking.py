"""show, list, history, explain: what a store holds, for people and for programs."""

from typing import Any

import pytest

Tenure = Any


@pytest.fixture
def ada(tenure: Tenure) -> None:
    assert tenure("create", "Bot", "ada", "pool=eu").code == 0
    assert tenure("apply", "Bot", "ada", "enqueue", "--why", "she wants to play").code == 0


@pytest.mark.usefixtures("ada")
def test_show_gives_the_record(tenure: Tenure) -> None:
    record = tenure("show", "Bot", "ada", "--json").json
    assert record["state"] == "queued"
    assert record["version"] == 2
    assert record["fields"] == {
        "number": 1, "pool": "eu", "rating": 1000, "match": None, "tags": [], "until": None,
    }  # fmt: skip
    assert "queued" in tenure("show", "Bot", "ada").out


@pytest.mark.usefixtures("ada")
def test_a_record_that_is_not_there_is_a_refusal(tenure: Tenure) -> None:
    result = tenure("show", "Bot", "bob")
    assert result.code == 3
    assert result.err == "tenure: there is no Bot 'bob' in the space 'main'\n"
    assert tenure("history", "Bot", "bob").code == 3
    assert tenure("explain", "Bot", "bob").code == 3


def test_list_gives_a_state_in_its_own_order(tenure: Tenure) -> None:
    for id, rating in (("ada", 1200), ("bob", 900)):
        tenure("create", "Bot", id, "pool=eu", f"rating={rating}")
        tenure("apply", "Bot", id, "enqueue")
    tenure("create", "Bot", "eve", "pool=us")
    assert [r["id"] for r in tenure("list", "Bot", "--json").lines] == ["ada", "bob", "eve"]
    assert [r["id"] for r in tenure("list", "Bot", "--state", "queued", "--json").lines] == ["bob", "ada"]
    first = tenure("list", "Bot", "--limit", "1", "--newest-first", "--json").lines
    assert [r["id"] for r in first] == ["eve"]
    rest = tenure("list", "Bot", "--after", "eve", "--newest-first", "--json").lines
    assert [r["id"] for r in rest] == ["bob", "ada"]
    assert "more may follow: --after ada" in tenure("list", "Bot", "--limit", "1").out


def test_a_space_that_nobody_has_written_to_is_told(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu", "--space", "blue")
    assert tenure("list", "Bot", "--space", "blue", "--state", "queued").code == 0
    for options, space in (((), "main"), (("--space", "bleu"), "bleu")):
        result = tenure("list", "Bot", *options)
        assert result.code == 2
        assert result.err == f"tenure: the store has no space '{space}'; it has blue: pass one with --space\n"


def test_list_gives_the_records_below_a_parent(tenure: Tenure) -> None:
    tenure("create", "Match", "m1", "first=ada")
    for id in ("ada", "bob"):
        tenure("create", "Bot", id, "pool=eu")
        tenure("apply", "Bot", id, "enqueue")
    assert tenure("apply", "Bot", "ada", "reserve", "match=m1").code == 0
    for parent in ("m1", "Match/m1"):
        assert [r["id"] for r in tenure("list", "Bot", "--under", parent, "--json").lines] == ["ada"]
    assert "0 kinds of parent" in tenure("list", "Match", "--under", "x").err


@pytest.mark.usefixtures("ada")
def test_history_says_who_when_and_why(tenure: Tenure) -> None:
    created, queued = tenure("history", "Bot", "ada", "--json").lines
    assert (created["transition"], created["target"], created["fields"]) == ("create", "idle", {"pool": "eu"})
    assert (queued["transition"], queued["source"], queued["target"]) == ("enqueue", "idle", "queued")
    assert queued["why"] == "she wants to play"
    assert queued["by"].startswith("cli:")
    assert tenure("history", "Bot", "ada", "--after", "1", "--json").lines == [queued]
    assert "she wants to play" in tenure("history", "Bot", "ada").out


@pytest.mark.usefixtures("ada")
def test_explain_says_why_it_is_there_and_what_may_come(tenure: Tenure) -> None:
    tenure("sweep")
    explanation = tenure("explain", "Bot", "ada", "--json").json
    assert "made `enqueue` from `idle`, because: she wants to play" in explanation["summary"]
    assert [p["transition"] for p in explanation["next"]] == ["withdraw", "reserve", "retire"]
    assert explanation["next"][0]["when"] == "5 min after entering"
    assert explanation["due_at"] == explanation["next"][0]["at"]
    assert explanation["slots"] == ["ready"]
    assert "withdraw" in tenure("explain", "Bot", "ada").out


@pytest.mark.usefixtures("ada")
def test_explain_says_that_no_sweeper_is_there(tenure: Tenure) -> None:
    assert "no sweeper is alive" in tenure("explain", "Bot", "ada").out


@pytest.mark.parametrize(
    ("transition", "reason", "says"),
    [
        ("begin", "wrong_state", "`begin` leaves `matched`; `reserve` comes first"),
        ("reserve", "", "would be made now, with match"),
    ],
)
@pytest.mark.usefixtures("ada")
def test_explain_says_why_not(tenure: Tenure, transition: str, reason: str, says: str) -> None:
    answer = tenure("explain", "Bot", "ada", transition, "--json").json
    assert (answer["allowed"], answer["reason"]) == (reason == "", reason)
    assert says in answer["message"]
    assert says in tenure("explain", "Bot", "ada", transition).out


@pytest.mark.usefixtures("ada")
def test_explain_of_a_transition_that_there_is_not_is_wrong_usage(tenure: Tenure) -> None:
    result = tenure("explain", "Bot", "ada", "nonsense")
    assert (result.code, result.out) == (2, "")
    assert "Bot has no transition `nonsense`: it has abandon, begin" in result.err
    result = tenure("explain", "Bot", "ada", "nonsense", "--json")
    assert (result.code, result.json["reason"]) == (2, "unknown_transition")


@pytest.mark.parametrize("command", [("list", "Bot"), ("history", "Bot", "ada"), ("watch", "Bot", "--after", "0")])
@pytest.mark.parametrize("limit", ["0", "-3"])
@pytest.mark.usefixtures("ada")
def test_a_limit_is_one_at_least(tenure: Tenure, command: tuple[str, ...], limit: str) -> None:
    result = tenure(*command, "--limit", limit)
    assert (result.code, result.out) == (2, "")
    assert "for --limit. Must be >= 1" in result.err


def test_explain_takes_what_would_ride_along(tenure: Tenure) -> None:
    tenure("create", "Match", "m1", "first=ada")
    tenure("create", "Bot", "ada", "pool=eu")
    tenure("apply", "Bot", "ada", "enqueue")
    assert tenure("explain", "Bot", "ada", "reserve", "match=m1", "--json").json["allowed"]
    answer = tenure("explain", "Bot", "ada", "reserve", "match=m2", "--json").json
    assert (answer["allowed"], answer["reason"]) == (False, "not_under")
    assert "there is no Match 'm2'" in answer["message"]
    assert tenure("show", "Bot", "ada", "--json").json["version"] == 2


def test_explain_names_those_who_hold_the_slots(tenure: Tenure) -> None:
    for id in ("ada", "bob", "eve"):
        tenure("create", "Bot", id, "pool=eu")
    tenure("apply", "Bot", "ada", "enqueue")
    tenure("apply", "Bot", "bob", "enqueue")
    answer = tenure("explain", "Bot", "eve", "enqueue", "--json").json
    assert answer["reason"] == "limit_reached"
    assert "ada, bob" in answer["message"]


def test_explain_says_whose_a_transition_is(tenure: Tenure) -> None:
    tenure("create", "Match", "m1", "first=ada")
    tenure("create", "Bot", "ada", "pool=eu")
    for step in (("enqueue",), ("reserve", "match=m1"), ("begin",)):
        assert tenure("apply", "Bot", "ada", *step).code == 0
    finish = tenure("explain", "Bot", "ada", "finish", "--json").json
    assert finish["reason"] == "not_holder"
    assert "holds it under fence" in finish["message"]
    abandon = tenure("explain", "Bot", "ada", "abandon", "--json").json
    assert abandon["reason"] == "not_due"
    assert "it happens by itself at" in abandon["message"]


@pytest.mark.usefixtures("ada")
def test_kinds_known_from_the_store_alone_are_shown(stranger: Tenure, tenure: Tenure) -> None:
    assert stranger("show", "Bot", "ada", "--json").json["fields"]["rating"] == 1000
    assert [r["id"] for r in stranger("list", "Bot", "--state", "queued", "--json").lines] == ["ada"]
    assert len(stranger("history", "Bot", "ada", "--json").lines) == 2
    assert "enqueue" in stranger("explain", "Bot", "ada").out
    assert "`begin` leaves `matched`" in stranger("explain", "Bot", "ada", "begin").out
    assert tenure("show", "Bot", "ada", "--json").json["version"] == 2


@pytest.mark.usefixtures("ada")
def test_control_characters_of_a_value_never_reach_the_terminal(tenure: Tenure) -> None:
    tenure("create", "Bot", "eve", "pool=\x1b[31mred")
    for command in (("show", "Bot", "eve"), ("list", "Bot"), ("history", "Bot", "eve")):
        out = tenure(*command).out
        assert "\x1b" not in out
        assert "\\x1b[31mred" in out


@pytest.mark.usefixtures("ada")
def test_a_value_is_not_read_as_markup(tenure: Tenure) -> None:
    tenure("create", "Bot", "eve", "pool=[bold]x[/bold]")
    assert "[bold]x[/bold]" in tenure("show", "Bot", "eve").out


def test_an_instant_of_an_opaque_field_is_an_instant(tenure: Tenure) -> None:
    tenure("create", "Match", "m1", "first=a", "starts_at=2026-01-01T12:00:00Z")
    assert "2026-01-01 12:00:00.000Z" in tenure("show", "Match", "m1").out
