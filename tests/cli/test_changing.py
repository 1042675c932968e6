"""apply, create, sweep, doctor: what changes something."""

from pathlib import Path
from typing import Any

import apsw
import pytest

Tenure = Any


def test_create_reads_values_in_the_types_of_the_fields(tenure: Tenure) -> None:
    result = tenure(
        "create", "Bot", "ada", "pool=12", "rating=7", 'tags=["a", "b"]', "until=2026-01-01T00:00:00Z", "--json"
    )
    assert result.code == 0
    fields = result.json["fields"]
    assert (fields["pool"], fields["rating"], fields["tags"]) == ("12", 7, ["a", "b"])
    assert fields["until"] == "2026-01-01T00:00:00Z"


def test_the_store_numbers_a_record_that_is_called_next(tenure: Tenure) -> None:
    assert tenure("create", "Bot", "NEXT", "pool=eu", "--json").json["id"] == "1"
    assert tenure("create", "Bot", "NEXT", "pool=eu", "--json").json["id"] == "2"


def test_null_is_nothing_where_nothing_is_allowed(tenure: Tenure) -> None:
    assert tenure("create", "Bot", "ada", "pool=null", "match=null", "--json").json["fields"] | {} == {
        "number": 1, "pool": "null", "rating": 1000, "match": None, "tags": [], "until": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "Bot", "ada"), "needs 'pool'"),
        (("create", "Bot", "ada", "pool=eu", "colour=red"), "no 'colour'"),
        (("create", "Bot", "ada", "pool=eu", "rating=high"), "does not fit: rating is int"),
        (("create", "Bot", "ada", "pool"), "'pool' is no name=value"),
        (("create", "Bot", "ada", "pool=a", "pool=b"), "pool is given twice"),
        (("create", "Bet", "ada"), "no kind is called 'Bet'; known are Bot, Match, Poller"),
        (("apply", "Bot", "ada", "fly"), "no transition 'fly'; it has abandon"),
        (("apply", "Bot", "ada", "reserve"), "match is missing"),
        (("apply", "Bot", "ada", "enqueue", "match=m1"), "match is not among them"),
        (("apply", "Bot", "ada", "abandon"), "is the sweeper's"),
        (("apply", "Bot", "ada", "finish", "rating=1"), "pass the fence"),
    ],
)
def test_wrong_usage_is_told_in_one_line(tenure: Tenure, arguments: tuple[str, ...], says: str) -> None:
    tenure("create", "Match", "m1", "first=x")
    result = tenure(*arguments)
    assert result.code == 2
    assert says in result.err
    assert result.err.count("\n") == 1


def test_apply_makes_a_transition_with_its_reason(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    record = tenure("apply", "Bot", "ada", "enqueue", "--why", "first", "--json").json
    assert (record["state"], record["version"]) == ("queued", 2)


def test_a_refusal_changes_nothing_and_says_why(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    result = tenure("apply", "Bot", "ada", "begin")
    assert result.code == 3
    assert "can't `begin` Bot 'ada': it is `idle`" in result.err
    assert tenure("show", "Bot", "ada", "--json").json["version"] == 1


def test_a_repeat_of_an_op_id_changes_nothing_again(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    for _ in range(2):
        assert tenure("apply", "Bot", "ada", "tag", 'tags=["x"]', "--op", "op-1").code == 0
    assert tenure("show", "Bot", "ada", "--json").json["version"] == 2
    assert tenure("apply", "Bot", "ada", "tag", 'tags=["y"]', "--op", "op-1").code == 3


def test_expect_refuses_another_version(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    assert tenure("apply", "Bot", "ada", "enqueue", "--expect", "7").code == 3
    assert tenure("apply", "Bot", "ada", "enqueue", "--expect", "1").code == 0


def test_a_fence_lets_one_act_as_the_holder(tenure: Tenure) -> None:
    tenure("create", "Match", "m1", "first=ada")
    tenure("create", "Bot", "ada", "pool=eu")
    for step in (("enqueue",), ("reserve", "match=m1")):
        tenure("apply", "Bot", "ada", *step)
    fence = tenure("apply", "Bot", "ada", "begin", "--json").json["fence"]
    assert tenure("apply", "Bot", "ada", "finish", "rating=1010", "--fence", str(fence - 1)).code == 3
    record = tenure("apply", "Bot", "ada", "finish", "rating=1010", "--fence", str(fence), "--json").json
    assert (record["state"], record["fields"]["rating"]) == ("idle", 1010)


def test_what_only_the_store_knows_is_not_changed(tenure: Tenure, stranger: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    for command in (("apply", "Bot", "ada", "enqueue"), ("create", "Bot", "bob", "pool=eu")):
        result = stranger(*command)
        assert result.code == 2
        assert "name its module with --module" in result.err


def test_sweep_makes_what_is_due(tenure: Tenure) -> None:
    tenure("sweep")  # time counts while a sweeper is there
    tenure("create", "Spark", "s1")
    assert tenure("sweep", "--json").json == {"space": "main", "made": 1}
    assert tenure("show", "Spark", "s1", "--json").json["state"] == "out"
    assert "0 transitions were due" in tenure("sweep").out


def test_spaces_are_apart(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu", "--space", "blue")
    assert tenure("show", "Bot", "ada").code == 3
    assert tenure("show", "Bot", "ada", "--space", "blue").code == 0


def test_doctor_finds_nothing_where_all_is_well(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    assert "every index of the space 'main'" in tenure("doctor").out
    report = tenure("doctor", "--json").json
    assert (report["differences"], report["left_out"]) == ([], [])


def test_doctor_tells_first_and_mends_when_asked(tenure: Tenure, folder: Path) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    tenure("apply", "Bot", "ada", "enqueue")
    damage(folder / "store.db", "UPDATE tenure_counts SET number = 7 WHERE state = 'queued'")
    damage(folder / "store.db", "DELETE FROM tenure_ranks")
    dry = tenure("doctor")
    assert dry.code == 1
    assert "a wrong number in lists and metrics" in dry.out
    assert "nothing was written: `tenure doctor --repair`" in dry.err
    assert len(tenure("doctor", "--json").json["differences"]) == 2
    assert "2 of 2 differences are repaired" in tenure("doctor", "--repair").out
    assert tenure("doctor").code == 0


def test_doctor_says_what_it_leaves_out(tenure: Tenure, stranger: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    assert stranger("doctor", "--json").json["left_out"] == ["Bot", "Match", "Spark"]
    assert "left out" in stranger("doctor").out


def damage(path: Path, statement: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(statement)
    connection.close()
