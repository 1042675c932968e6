"""`tenure bots simulate` and `tenure bots report`: what they print, and what they say of wrong input."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Tenure

import tenure as face
from tenure.services.bots.lifecycle import Match, Pool, Seat, Ticket, kinds

SHORT = ("bots", "simulate", "--jobs", "1", "--arrivals-per-day", "20000", "--hours", "0.1")
TRACE = "time,player,rating,patience\n0,ann,1500,60\n3,bob,1600,60\n"


# ------------------------------------------------------------------------------------------- simulate


def test_all_rules_are_played_side_by_side_and_told_as_json(bare: Tenure) -> None:
    done = bare(*SHORT, "--json")
    assert (done.code, done.err) == (0, "")
    assert [outcome["rule"] for outcome in done.json["outcomes"]] == ["tenure", "greedy", "waves", "neighbours"]
    for outcome in done.json["outcomes"]:
        assert outcome["matched"] + outcome["abandoned"] + outcome["waiting"] == outcome["arrived"] > 30
        assert outcome["cpu_seconds"] > 0
    assert done.json["rules"]["tolerance"] == 50.0
    assert done.json["arrivals"]["seed"] == 1


def test_people_get_a_table_of_the_rules_and_one_of_the_tenths(bare: Tenure) -> None:
    done = bare(*SHORT, "--only", "tenure", "--only", "waves", "--widths", "0.5,1")
    assert done.code == 0
    for told in ("tenure", "waves", "gap p50", "wait p50", "left lying", "CPU s", "tenths of the ratings"):
        assert told in done.out
    assert "greedy" not in done.out
    assert sum(line.startswith(("tenure", "waves")) for line in done.out.splitlines()) == 4


def test_teams_are_played_beside_who_comes_first(bare: Tenure) -> None:
    done = bare(*SHORT, "--rules", '{"team_size": 2, "tolerance": 200}', "--parties", "0.5", "--json")
    assert [outcome["rule"] for outcome in done.json["outcomes"]] == ["tenure", "in turn"]
    assert all(outcome["matches"] > 5 for outcome in done.json["outcomes"])
    assert bare(*SHORT, "--rules", '{"team_size": 2}', "--only", "in-turn").code == 0


def test_a_trace_is_replayed(bare: Tenure, folder: Path) -> None:
    (folder / "trace.csv").write_text(TRACE)
    (folder / "rules.json").write_text('{"tolerance_per_second": 50}')
    done = bare("bots", "simulate", "trace.csv", "--rules", "rules.json", "--only", "tenure", "--json")
    assert done.code == 0
    assert done.json["outcomes"][0]["wait"] == {"number": 2, "mean": 2.5, "p50": 1.0, "p90": 4.0, "p99": 4.0}


def test_a_malformed_trace_is_told_with_file_and_line(bare: Tenure, folder: Path) -> None:
    (folder / "trace.csv").write_text(TRACE + "x,cat,1500,60\n")
    done = bare("bots", "simulate", "trace.csv")
    assert (done.code, done.out) == (2, "")
    assert "trace.csv: line 4: time is a number, not 'x'" in done.err
    (folder / "trace.csv").write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in bare("bots", "simulate", "trace.csv").err
    assert bare("bots", "simulate", "nowhere.csv").code == 1


def test_the_plot_is_drawn_for_each_rule_and_width(bare: Tenure, folder: Path) -> None:
    done = bare(*SHORT, "--only", "tenure", "--only", "greedy", "--widths", "0.5,1", "--plot", "found.svg")
    assert done.code == 0
    drawn = (folder / "found.svg").read_text()
    for told in ("tenure", "greedy", "mean wait (s)", "mean gap (points)", "rating"):
        assert told in drawn


def test_the_same_day_gives_the_same_file(bare: Tenure, folder: Path) -> None:
    for name in ("one.svg", "two.svg"):
        assert bare(*SHORT, "--only", "greedy", "--plot", name).code == 0
    assert (folder / "one.svg").read_text() == (folder / "two.svg").read_text()


def test_without_the_library_a_plot_names_the_extra_before_anything_is_played(
    bare: Tenure, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = bare(*SHORT, "--plot", "found.svg")
    assert (done.code, done.out) == (2, "")
    assert "pip install '/path/to/tenure[plots]'" in done.err
    assert not (folder / "found.svg").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--arrivals-per-day", "0"), "--arrivals-per-day is between"),
        (("--hours", "25"), "--hours is at most 24"),
        (("--patience-seconds", "0"), "--patience-seconds is more than 0"),
        (("--parties", "2"), "a share of at most 1"),
        (("--stand-ins", "-1"), "--stand-ins is no less than 0"),
        (("--jobs", "0"), "--jobs is at least 1"),
        (("--only", "blossom"), "there is tenure, greedy, waves, neighbours"),
        (("--only", "in-turn"), "--only in turn"),
        (("--rules", "{"), "--rules: "),
        (("--rules", '{"tollerance": 1}'), "tollerance"),
        (("--rules", '{"teams": 1}'), "at least 2 teams"),
        (("--rules", "nowhere.json"), "--rules is JSON, or a file with JSON"),
        (("--widths", "1,wide"), "are factors above 0"),
        (("--widths", "0"), "are factors above 0"),
        (("--plot", "found.txt"), "its name ends in one of"),
        (("--plot", "nowhere/found.svg"), "there is no folder"),
    ],
)
def test_a_wrong_option_is_told(bare: Tenure, options: tuple[str, ...], told: str) -> None:
    done = bare("bots", "simulate", *options)
    assert done.code == 2
    assert told in done.err
    assert done.out == ""


def test_a_trace_and_a_generated_day_exclude_each_other(bare: Tenure, folder: Path) -> None:
    (folder / "trace.csv").write_text(TRACE)
    done = bare("bots", "simulate", "trace.csv", "--arrivals-per-day", "100")
    assert done.code == 2
    assert "not both" in done.err


# ------------------------------------------------------------------------------------------- report


def happened(url: str) -> None:
    """Let two be matched, and a third one wait, in a store that then stands still."""

    async def happen() -> None:
        async with face.open(url, *kinds, space="main") as store:
            now = await store.now()
            await store.apply(Pool.create("duels", mode="duel", region="eu"))
            for name in ("ann", "bob", "cat"):
                ticket = Ticket.create(name, pool="duels", rating=1500.0, queued_at=now, players=(name,))
                await store.apply(ticket)
            seats = [Seat(kind="Ticket", id=n, players=(n,), rating=1500.0, waited=2.0) for n in ("ann", "bob")]
            await store.apply(
                Match.create(
                    "m", pool="duels", mode="duel", teams=tuple((s,) for s in seats), gap=7.0, expected=(0.5, 0.5)
                ),
                *(Ticket.reserve(seat.id, match="m") for seat in seats),
            )

    asyncio.run(happen())


def test_a_report_tells_the_figures_of_each_pool(bare: Tenure, url: str) -> None:
    happened(url)
    (found,) = bare("bots", "report", "--store", url, "--json").lines
    assert (found["pool"], found["matches"], found["waiting"], found["window_seconds"]) == ("duels", 1, 1, 3600.0)
    assert found["gap"]["p50"] == pytest.approx(7.0, rel=0.01)
    told = bare("bots", "report", "--store", url, "--pool", "duels", "--since", "2d")
    assert told.code == 0
    for word in ("duels, the last 2 days", "matches offered", "rating gap (points)", "wait (s)", "gave up, left"):
        assert word in told.out


def test_a_report_of_nothing_says_so(bare: Tenure, url: str) -> None:
    asyncio.run(_empty(url))
    done = bare("bots", "report", "--store", url)
    assert (done.code, "no pool has any event" in done.out) == (0, True)


async def _empty(url: str) -> None:
    async with face.open(url, *kinds, space="main"):
        pass


@pytest.mark.parametrize("since", ["", "1", "h", "0h", "1w", "-1h", "1.5h"])
def test_a_length_that_is_none_is_told(bare: Tenure, since: str) -> None:
    done = bare("bots", "report", f"--since={since}")
    assert done.code == 2
    assert "is no length" in done.err


def test_a_report_of_a_pool_that_is_not_there_is_refused(bare: Tenure, url: str) -> None:
    happened(url)
    done = bare("bots", "report", "--store", url, "--pool", "blitz")
    assert done.code == 3
    assert "blitz" in done.err
