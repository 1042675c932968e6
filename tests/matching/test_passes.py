"""One pass over a whole queue: as good as dynamic programming on the sorted line or better, with and without arrays."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matching.test_line_properties import all_rules, entrants
from tests.matching.waiting_line import NOW, Worth, a_person, best, many, neighbours_paired, worth

from tenure.matching import kernel, passes, paths
from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.exact import exactly
from tenure.matching.passes import PathFinder
from tenure.matching.paths import Pair
from tenure.matching.rows import FULL, Row, columns, rank

SETTINGS = settings(max_examples=25, deadline=None, print_blob=True)
FINDERS = [paths.path, kernel.path]
people = st.lists(entrants.filter(lambda one: not one.stands_in), max_size=10, unique_by=lambda one: one.key)
QUEUES = {
    "dense": (Rules(), 1999, 2000.0, 60.0),
    "sparse": (Rules(), 2000, 200_000.0, 60.0),
    "mixed": (Rules(), 2000, 40_000.0, 60.0),
    "all new": (Rules(tolerance=0.0), 2000, 2000.0, 1.0),
    "never wider": (Rules(tolerance_per_second=0.0), 2000, 70_000.0, 60.0),
    "one": (Rules(), 1, 1.0, 1.0),
    "nobody": (Rules(), 0, 1.0, 1.0),
}


@pytest.fixture(params=[None, kernel.path], ids=["without arrays", "with arrays"])
def finder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> PathFinder | None:
    """Pass over all without numpy, or with it however few there are."""
    monkeypatch.setattr(passes, "MANY", 0)
    monkeypatch.setattr(passes, "by_arrays", request.param)
    return None if request.param is None else kernel.path


def worth_of(ordered: list[Entrant], pairs: list[Pair]) -> Worth:
    return worth(Proposal(teams=((ordered[low],), (ordered[high],)), gap=0.0) for low, high in pairs)


def check(ordered: list[Entrant], pairs: list[Pair], rules: Rules, now: float) -> Worth:
    """Nobody is paired twice or with somebody who does not agree; give what it is worth."""
    places = [place for pair in pairs for place in pair]
    assert len(places) == len(set(places))
    assert all(low < high and rules.meet_at(ordered[low], ordered[high]) <= now for low, high in pairs)
    return worth_of(ordered, pairs)


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("name", QUEUES)
@pytest.mark.parametrize("whole_points", [False, True])
def test_a_pass_over_many_is_no_worse_than_dynamic_programming(name: str, *, whole_points: bool) -> None:
    rules, number, width, oldest = QUEUES[name]
    ordered = sorted(many(number, seed=number, width=width, oldest=oldest, whole_points=whole_points), key=rank)
    pairs = passes.pairs(columns(ordered), rules, NOW)
    assert check(ordered, pairs, rules, NOW) <= neighbours_paired(ordered, rules, NOW)


@pytest.mark.parametrize("name", QUEUES)
@pytest.mark.parametrize("whole_points", [False, True])
def test_arrays_find_the_same_pairs(name: str, *, whole_points: bool) -> None:
    rules, number, width, oldest = QUEUES[name]
    ordered = sorted(many(number, seed=9, width=width, oldest=oldest, whole_points=whole_points), key=rank)
    assert kernel.path(columns(ordered), rules, NOW) == paths.path(columns(ordered), rules, NOW)


@SETTINGS
@given(rules=all_rules, waiting=people)
def test_arrays_find_the_same_pairs_of_any_few(rules: Rules, waiting: list[Entrant]) -> None:
    ordered = sorted(waiting, key=rank)
    for now in (NOW - 10.0, NOW, NOW + 5.0):
        found = kernel.path(columns(ordered), rules, now)
        assert found == paths.path(columns(ordered), rules, now)
        assert check(ordered, found.pairs, rules, now) <= neighbours_paired(ordered, rules, now)


@SETTINGS
@given(rules=all_rules, waiting=people)
def test_a_pass_over_few_finds_the_best_there_is(rules: Rules, waiting: list[Entrant]) -> None:
    ordered = sorted(waiting, key=rank)
    found = check(ordered, passes.pairs(columns(ordered), rules, NOW), rules, NOW)
    assert found == best(ordered, rules, NOW)


@SETTINGS
@given(rules=all_rules, waiting=people)
def test_pairs_of_the_next_three_are_no_worse_than_pairs_of_neighbours(rules: Rules, waiting: list[Entrant]) -> None:
    ordered = sorted(waiting, key=rank)
    if ordered:
        found = check(ordered, passes.nearby(ordered, rules, NOW), rules, NOW)
        assert best(ordered, rules, NOW) <= found <= neighbours_paired(ordered, rules, NOW)


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("rules", [Rules(), Rules(tolerance=0.0, tolerance_per_second=2.0)])
def test_where_people_are_few_and_far_a_pass_is_as_good_as_an_exact_matching(rules: Rules) -> None:
    ordered = sorted(many(1000, seed=12, width=60_000.0, oldest=40.0, whole_points=True), key=rank)
    found = check(ordered, passes.pairs(columns(ordered), rules, NOW), rules, NOW)
    exact = [Proposal(teams=((one,), (two,)), gap=0.0) for one, two in exactly(ordered, rules, NOW)]
    assert found == worth(exact)
    assert found < neighbours_paired(ordered, rules, NOW)


@pytest.mark.usefixtures("finder")
def test_one_of_an_odd_run_is_left_out_where_that_makes_gaps_least() -> None:
    ordered = [a_person(rating) for rating in (0.0, 10.0, 11.0, 30.0, 31.0)]
    assert passes.pairs(columns(ordered), Rules(), NOW) == [(1, 2), (3, 4)]


@pytest.mark.usefixtures("finder")
def test_of_equals_the_newest_is_left_out() -> None:
    ordered = sorted((a_person(1500.0, waited) for waited in (4.0, 2.0, 9.0, 1.0, 7.0)), key=rank)
    pairs = passes.pairs(columns(ordered), Rules(), NOW)
    assert {NOW - ordered[place].since for pair in pairs for place in pair} == {9.0, 7.0, 4.0, 2.0}


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("who", ["lower", "higher", "both"])
def test_neighbours_of_whom_one_avoids_the_other_are_not_paired(who: str) -> None:
    avoids = {"lower", "higher"} if who == "both" else {who}
    ordered = [
        a_person(0.0, player="ada", avoid=["bob"] if "lower" in avoids else []),
        a_person(1.0, player="bob", avoid=["ada"] if "higher" in avoids else []),
    ]
    assert passes.pairs(columns(ordered), Rules(), NOW) == []


@pytest.mark.usefixtures("finder")
def test_thousands_of_strangers_between_friends_are_paired_around() -> None:
    names = [f"player {place}" for place in range(1000)]
    ordered = [
        a_person(place / 10, player=name, avoid=[names[place ^ 1]], key=f"Ticket/{place:04}")
        for place, name in enumerate(names)
    ]
    assert check(ordered, passes.pairs(columns(ordered), Rules(), NOW), Rules(), NOW)[0] == -500


def test_without_numpy_a_line_works_all_the_same() -> None:
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "from tenure.matching import passes\n"
        "from tenure.matching.entrants import Entrant, Rules\n"
        "from tenure.matching.line import Line\n"
        "line = Line(Rules())\n"
        "for number in map(str, range(2000)):\n"
        "    line.add(Entrant(key=number, rating=float(number), since=0.0, players=(number,)))\n"
        "print(passes.by_arrays, len(line.take(1.0)))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "None 1000\n"


# The row that holds them in order


def test_a_row_is_in_order_whatever_comes_and_goes() -> None:
    row, there = Row(), dict[str, Entrant]()
    for number, one in enumerate(many(3 * FULL, seed=8, width=50.0, oldest=3.0, whole_points=True)):
        row.add(one)
        there[one.key] = one
        if number % 3 == 2:
            row.remove(there.pop(min(there)))
    assert row.columns().entrants == sorted(there.values(), key=rank)
    assert len(row) == len(there)
    gone = set(list(there)[::2])
    row.remove_all(gone)
    left = sorted((one for one in there.values() if one.key not in gone), key=rank)
    assert row.columns() == columns(left)
    for one in left:
        row.remove(one)
    assert len(row) == 0
    assert not row.columns().entrants


@pytest.mark.parametrize("step", [-1, 1])
def test_a_row_gives_the_next_who_came_before_a_moment(step: int) -> None:
    everybody = sorted(many(2 * FULL + 7, seed=10, width=500.0, oldest=9.0), key=rank)
    row = Row()
    for one in everybody:
        row.add(one)
    for place in range(0, len(everybody), 50):
        start = row.beside(everybody[place])[step > 0]
        beyond = everybody[place + 1 :] if step > 0 else everybody[:place][::-1]
        for than in (NOW - 8.9, NOW - 5.0, NOW):
            found = row.older(start, step, than)
            older = next((one for one in beyond if one.since < than), None)
            assert (found and row[found]) == older


@pytest.mark.parametrize("step", [-1, 1])
def test_a_row_knows_who_is_oldest_far_away_until_he_goes(step: int) -> None:
    row = Row()
    for place in range(3 * FULL):
        row.add(a_person(step * float(place)))
    here, old = a_person(-step * 1.0), a_person(step * 2.5 * FULL, waited=9.0)
    start = row.beside(here)[step > 0]
    assert row.older(start, step, NOW) is None
    row.add(old)
    start = row.beside(here)[step > 0]
    found = row.older(start, step, NOW)
    assert found is not None
    assert row[found] == old
    row.remove(old)
    assert row.older(row.beside(here)[step > 0], step, NOW) is None


def test_a_row_says_who_is_beside_one_who_is_not_in_it() -> None:
    row = Row()
    for rating in (1.0, 2.0, 3.0):
        row.add(a_person(rating))
    for rating, below, above in ((0.0, None, 1.0), (1.5, 1.0, 2.0), (2.5, 2.0, 3.0), (9.0, 3.0, None)):
        starts = zip(row.beside(a_person(rating)), (-1, 1), strict=True)
        found = [row.older(start, step, NOW + 1.0) for start, step in starts]
        assert [place and row[place].rating for place in found] == [below, above]
