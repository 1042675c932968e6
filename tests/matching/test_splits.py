"""Teams of one match: as near as they can be, parties whole; every way is tried beside it."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matching.squads import a_person, gap_of, least_gap

from tenure.matching.entrants import Entrant, Rules
from tenure.matching.splits import EXACTLY, fits, mean_rating, split

MANY = settings(max_examples=80, deadline=None, print_blob=True)
RATINGS = st.one_of(st.integers(0, 40).map(lambda step: step * 25.0), st.floats(0, 3000))


@st.composite
def a_match(draw: st.DrawFn, forms: list[tuple[int, int]]) -> tuple[Rules, list[Entrant]]:
    """As many players as a match has, in parties that may fit or not."""
    teams, team_size = draw(st.sampled_from(forms))
    left, entrants = teams * team_size, list[Entrant]()
    while left:
        size = draw(st.integers(1, min(left, team_size)))
        entrants.append(a_person(len(entrants), draw(RATINGS), size=size))
        left -= size
    return Rules(teams=teams, team_size=team_size), entrants


@MANY
@given(a_match([(2, 2), (2, 3), (2, 4), (2, 5), (3, 2), (3, 3), (4, 2)]))
def test_no_other_way_brings_the_teams_nearer(match: tuple[Rules, list[Entrant]]) -> None:
    rules, entrants = match
    best = least_gap(entrants, rules)
    found = split(entrants, rules.teams, rules.team_size)
    assert (best is None) == (found is None)
    assert fits([len(entrant.players) for entrant in entrants], rules.teams, rules.team_size) == (best is not None)
    if found and best is not None:
        assert found[1] == pytest.approx(best, abs=1e-6)


@MANY
@given(a_match([(2, 5), (4, 1), (3, 3), (2, 12), (5, 4)]), st.data())
def test_everybody_has_one_place_and_the_order_changes_nothing(
    match: tuple[Rules, list[Entrant]], data: st.DataObject
) -> None:
    rules, entrants = match
    found = split(entrants, rules.teams, rules.team_size)
    if found is None:
        return
    teams, gap = found
    assert sorted(e.key for team in teams for e in team) == sorted(e.key for e in entrants)
    assert {sum(len(e.players) for e in team) for team in teams} == {rules.team_size}
    assert math.isclose(gap, gap_of(teams), abs_tol=1e-9)
    assert [mean_rating(team) for team in teams] == sorted(map(mean_rating, teams), reverse=True)
    assert split(data.draw(st.permutations(entrants)), rules.teams, rules.team_size) == found


@MANY
@given(st.sampled_from([(2, 2), (2, 5), (3, 2), (4, 3), (2, 15), (8, 3)]), st.data())
def test_teams_of_single_players_are_never_further_apart_than_half_of_the_spread(
    form: tuple[int, int], data: st.DataObject
) -> None:
    teams, team_size = form
    ratings = data.draw(st.lists(RATINGS, min_size=teams * team_size, max_size=teams * team_size))
    found = split([a_person(key, rating) for key, rating in enumerate(ratings)], teams, team_size)
    assert found
    assert found[1] <= (max(ratings) - min(ratings)) / 2 + 1e-6


def test_five_against_five_is_the_best_of_all_126_divisions() -> None:
    ratings = [1003.0, 1017, 1121, 1250, 1333, 1349, 1402, 1555, 1604, 1888]
    found = split([a_person(key, rating) for key, rating in enumerate(ratings)], 2, 5)
    assert found
    best = min(abs(2 * sum(team) - sum(ratings)) / 5 for team in combinations(ratings, 5))
    assert found[1] == pytest.approx(best)


def test_a_party_of_a_whole_team_plays_against_the_rest() -> None:
    party = a_person("party", 1600, size=3)
    others = [a_person(key, 1500 + key) for key in range(3)]
    found = split([*others, party], 2, 3)
    assert found
    assert found[0] == ((party,), tuple(reversed(others)))
    assert found[1] == pytest.approx(99)


def test_parties_that_do_not_fit_make_no_teams() -> None:
    assert split([a_person(key, size=3) for key in range(3)] + [a_person("single")], 2, 5) is None
    assert not fits([3, 3, 3], 2, 5)
    assert not fits([2, 2, 2], 2, 3)
    assert fits([4, 3, 2, 1], 2, 5)


def test_a_match_too_large_for_every_way_is_drafted_and_the_teams_are_near_all_the_same() -> None:
    entrants = [a_person(key, 1000 + 37.0 * key % 800, size=1 + key % 3) for key in range(EXACTLY + 5)]
    players = sum(len(entrant.players) for entrant in entrants)
    entrants += [a_person(f"more{number}", 1400 + number) for number in range(players % 2)]
    found = split(entrants, 2, (players + 1) // 2)
    assert found
    assert found[1] < 5  # of 800
