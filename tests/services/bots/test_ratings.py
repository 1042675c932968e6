"""Ratings: published examples, and what holds of every match."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openskill.models import PlackettLuce

from tenure import Stale, Store, testing
from tenure.services.bots.lifecycle import Player, Rating, Seat, kinds
from tenure.services.bots.ratings import Rated, RatingSystem, rate_changes, rated_of, rating_system
from tenure.services.bots.ratings.glicko2 import after_period

MANY = settings(max_examples=60, deadline=None, print_blob=True)
SYSTEMS = ["elo", "glicko2", "openskill"]
PLAYERS = st.builds(
    Rated,
    value=st.floats(-1e5, 1e5),
    deviation=st.floats(1, 2000),
    volatility=st.floats(0.001, 1),
    played=st.integers(0, 100),
)
USUAL = st.builds(
    Rated, value=st.floats(0, 3500), deviation=st.floats(30, 350), volatility=st.just(0.06), played=st.integers(0, 100)
)


def a_player(value: float = 1500.0, deviation: float = 200.0, *, played: int = 0) -> Rated:
    return Rated(value=value, deviation=deviation, played=played)


def duel(system: RatingSystem, one: Rated, two: Rated, places: Sequence[int] = (1, 2)) -> tuple[Rated, Rated]:
    (first,), (second,) = system.rated([[one], [two]], places)
    return first, second


# ---------------------------------------------------------------------------------------------- all


@pytest.mark.parametrize("name", SYSTEMS)
@MANY
@given(one=PLAYERS, two=PLAYERS, places=st.sampled_from([(1, 2), (2, 1), (1, 1)]))
def test_ratings_stay_finite_whatever_comes(name: str, one: Rated, two: Rated, places: tuple[int, int]) -> None:
    system = rating_system(name)
    for player in duel(system, one, two, places):
        assert all(map(math.isfinite, (player.value, player.deviation, player.volatility)))
        assert player.deviation >= 0
    shares = system.expected([[one], [two]])
    assert sum(shares) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("name", SYSTEMS)
@MANY
@given(one=USUAL, two=USUAL)
def test_who_wins_gains_and_who_loses_drops_and_the_match_is_counted(name: str, one: Rated, two: Rated) -> None:
    winner, loser = duel(rating_system(name), one, two)
    assert winner.value > one.value
    assert loser.value < two.value
    assert (winner.played, loser.played) == (one.played + 1, two.played + 1)


@pytest.mark.parametrize("name", SYSTEMS)
@MANY
@given(one=USUAL, two=USUAL, places=st.sampled_from([(1, 2), (1, 1)]))
def test_it_does_not_matter_who_is_named_first(name: str, one: Rated, two: Rated, places: tuple[int, int]) -> None:
    system = rating_system(name)
    there, back = duel(system, one, two, places), duel(system, two, one, places[::-1])
    assert there == duel(system, one, two, places)
    assert [p.value for p in there] == pytest.approx([p.value for p in reversed(back)])
    assert system.expected([[one], [two]]) == pytest.approx(system.expected([[two], [one]])[::-1])


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_draw_of_equals_moves_nobody_and_one_of_unequals_brings_them_nearer(name: str) -> None:
    system = rating_system(name)
    weak, strong = duel(system, a_player(1400), a_player(1600), (1, 1))
    assert [p.value for p in duel(system, a_player(), a_player(), (1, 1))] == pytest.approx([1500, 1500])
    assert 1400 < weak.value < strong.value < 1600


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_newcomer_starts_with_even_chances(name: str) -> None:
    system = rating_system(name)
    newcomer = system.initial()
    assert newcomer.value == 1500
    assert newcomer.played == 0
    assert system.expected([[newcomer], [newcomer]]) == pytest.approx((0.5, 0.5))
    assert system.name == name


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("places", [(1,), (1, 2, 3), (2, 2), (0, 1), (1, 3)])
def test_places_that_do_not_fit_the_teams_are_refused(name: str, places: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`places`"):
        rating_system(name).rated([[a_player()], [a_player()]], places)


@pytest.mark.parametrize("name", ["elo", "glicko2"])
def test_what_rates_one_against_one_says_what_to_take_for_teams(name: str) -> None:
    pair = [a_player(), a_player()]
    with pytest.raises(ValueError, match="take the rating system `openskill`"):
        rating_system(name).rated([pair, pair], (1, 2))
    with pytest.raises(ValueError, match="take the rating system `openskill`"):
        rating_system(name).expected([[a_player()]] * 3)


def test_an_unknown_system_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="elo, glicko2 or openskill"):
        rating_system("trueskill")


# ---------------------------------------------------------------------------------------------- Elo


def test_elo_as_published() -> None:
    """400 points are ten to one; K is 40, 20 and 10 as FIDE has it since 2014."""
    elo = rating_system("elo")
    assert elo.expected([[a_player(1900)], [a_player(1500)]])[0] == pytest.approx(10 / 11)
    assert elo.expected([[a_player(1613)], [a_player(1609)]])[0] == pytest.approx(0.506, abs=0.0005)
    new, settled = duel(elo, a_player(played=29), a_player(played=30))
    assert (new.value, settled.value) == (1520, 1490)
    master, other = duel(elo, a_player(2400, played=30), a_player(2399, played=30), (1, 1))
    assert master.value - 2400 == pytest.approx((2399 - other.value) / 2)


@MANY
@given(one=USUAL, two=USUAL, places=st.sampled_from([(1, 2), (2, 1), (1, 1)]))
def test_in_elo_one_gains_what_the_other_loses_if_both_move_equally_fast(
    one: Rated, two: Rated, places: tuple[int, int]
) -> None:
    assume((one.played < 30) == (two.played < 30))
    assume(one.played < 30 or (one.value < 2400) == (two.value < 2400))
    first, second = duel(rating_system("elo"), one, two, places)
    assert first.value + second.value == pytest.approx(one.value + two.value)


# ---------------------------------------------------------------------------------------------- Glicko-2


def test_glicko2_as_in_the_worked_example() -> None:
    """Glickman, "Example of the Glicko-2 system": one player, a win and two losses in one period."""
    after = after_period(
        a_player(1500, 200), [(a_player(1400, 30), 1.0), (a_player(1550, 100), 0.0), (a_player(1700, 300), 0.0)]
    )
    assert after.value == pytest.approx(1464.06, abs=0.02)
    assert after.deviation == pytest.approx(151.52, abs=0.01)
    assert after.volatility == pytest.approx(0.05999, abs=0.00001)
    assert after.played == 3


def test_a_period_without_a_match_only_makes_less_sure() -> None:
    player = a_player(1500, 200, played=9)
    after = after_period(player, [])
    assert (after.value, after.volatility, after.played) == (1500, 0.06, 9)
    assert after.deviation == pytest.approx(200.2714, abs=0.0001)
    assert after_period(a_player(1500, 350), []).deviation == 350


def test_an_upset_raises_volatility_and_an_expected_result_lowers_it() -> None:
    glicko = rating_system("glicko2")
    upset, _ = duel(glicko, a_player(1200, 60), a_player(2200, 60))
    expected, _ = duel(glicko, a_player(2200, 60), a_player(1200, 60))
    assert expected.volatility < 0.06 < upset.volatility


@MANY
@given(one=USUAL, two=USUAL, won=st.sampled_from([0.0, 0.5, 1.0]))
def test_each_match_makes_surer_unless_surprising(one: Rated, two: Rated, won: float) -> None:
    after = after_period(one, [(two, won)])
    assert after.deviation < math.hypot(one.deviation, after.volatility * 173.7178)


# ---------------------------------------------------------------------------------------------- openskill


@settings(MANY, max_examples=40)
@given(st.integers(2, 4), st.integers(1, 4), st.data())
def test_openskill_is_the_library_s_model_on_a_scale_of_sixty(number: int, size: int, data: st.DataObject) -> None:
    teams = [[data.draw(USUAL) for _ in range(size)] for _ in range(number)]
    places = [1, *(data.draw(st.integers(1, number)) for _ in teams[1:])]
    model, scale = PlackettLuce(), 60.0
    plain = [[model.rating(mu=p.value / scale, sigma=p.deviation / scale) for p in team] for team in teams]
    expected = model.rate(plain, ranks=[float(place) for place in places])
    found = rating_system("openskill").rated(teams, places)
    assert [[p.value for p in team] for team in found] == [
        pytest.approx([p.mu * scale for p in team], abs=1e-6) for team in expected
    ]
    assert [[p.deviation for p in team] for team in found] == [
        pytest.approx([p.sigma * scale for p in team]) for team in expected
    ]
    assert rating_system("openskill").expected(teams) == pytest.approx(tuple(model.predict_win(plain)))


def test_in_openskill_team_mates_move_the_same_way_and_the_less_known_more() -> None:
    known, unknown = a_player(1500, 80), a_player(1500, 400)
    (first, second), _ = rating_system("openskill").rated([[known, unknown], [known, unknown]], (1, 2))
    assert 1500 < first.value < second.value


def test_teams_of_a_hundred_and_ratings_far_apart_are_rated_all_the_same() -> None:
    strong, weak = [a_player(90_000.0, 30)] * 100, [a_player(-90_000.0, 30)] * 100
    for places in ((1, 2), (2, 1), (1, 1)):
        for team in rating_system("openskill").rated([strong, weak], places):
            assert all(math.isfinite(player.value) for player in team)


def test_without_its_library_openskill_says_what_to_install() -> None:
    code = """
import sys
sys.modules["openskill"] = None
from tenure.services.bots.ratings import rating_system
rating_system("elo"), rating_system("glicko2")
try:
    rating_system("openskill")
except ImportError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "the rating system `openskill` needs its library: pip install '/path/to/tenure[bots]'"


# ---------------------------------------------------------------------------------------------- changes


def a_seat(*players: str) -> Seat:
    return Seat(kind="Ticket", id=players[0], players=players, rating=1500.0, waited=1.0)


async def some_ratings(store: Store, *players: str) -> dict[str, Rating]:
    for player in players:
        await store.apply(Player.create(player), Rating.create(f"{player}/duel", player=player, mode="duel"))
    return {player: await store.get(Rating, f"{player}/duel") for player in players}


async def test_a_result_changes_each_players_own_rating_once() -> None:
    async with testing.store(*kinds) as store:
        ratings = await some_ratings(store, "ada", "bob", "cleo", "bot-1")
        teams = [[a_seat("ada", "bob")], [a_seat("cleo"), a_seat("bot-1")]]
        openskill = rating_system("openskill")
        changes = rate_changes(openskill, teams, ratings, (2, 1))
        await store.apply(*changes)
        after = {player: await store.get(Rating, f"{player}/duel") for player in ratings}
        assert {player: (one.played, one.won) for player, one in after.items()} == {
            "ada": (1, 0),
            "bob": (1, 0),
            "cleo": (1, 1),
            "bot-1": (1, 1),
        }
        (loser, _), (winner, _) = openskill.rated(
            [[rated_of(ratings["ada"])] * 2, [rated_of(ratings["cleo"])] * 2], (2, 1)
        )
        assert after["ada"].value == after["bob"].value == pytest.approx(loser.value)
        assert after["cleo"].deviation == after["bot-1"].deviation == pytest.approx(winner.deviation)
        # Each is the record as it was rated: by the same records nobody is rated twice.
        with pytest.raises(Stale):
            await store.apply(*rate_changes(openskill, teams, ratings, (2, 1)))


async def test_who_shares_the_first_place_has_not_won() -> None:
    async with testing.store(*kinds) as store:
        ratings = await some_ratings(store, "ada", "bob")
        await store.apply(*rate_changes(rating_system("elo"), [[a_seat("ada")], [a_seat("bob")]], ratings, (1, 1)))
        assert [one.won for one in await store.find(Rating.kept)] == [0, 0]
        assert [one.played for one in await store.find(Rating.kept)] == [1, 1]
