"""Quality figures: percentiles beside sorted values, windows that forget, and exact matching beside trying all ways."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.matching.blossoms import matched
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.exact import exactly
from tenure.matching.quality import Spread, deciles_of, rank_of, spread_of, unevenness_of
from tenure.matching.samples import Sample, Sampler, compare, together
from tenure.matching.windows import ERROR, LEAST, RATING_STEP, SLICES, Sketch, Slice, Window

amounts = st.floats(min_value=0, max_value=1e6, allow_nan=False)


def nearest_rank(values: Sequence[float], share: float) -> float:
    """The least value that at least this share of all does not exceed, counted out."""
    return min(v for v in values if sum(other <= v for other in values) >= share * len(values) - 1e-9)


def a_chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  the same each time


def an_entrant(name: str, rating: float, since: float = 0.0, **more: object) -> Entrant:
    return Entrant(key=name, rating=rating, since=since, players=(name,), **more)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------- percentiles


@given(st.lists(amounts, min_size=1, max_size=60))
def test_a_spread_is_that_of_the_sorted_values(values: list[float]) -> None:
    spread = spread_of(values)
    assert (spread.p50, spread.p90, spread.p99) == tuple(nearest_rank(values, share) for share in (0.5, 0.9, 0.99))
    assert spread.number == len(values)
    assert spread.mean == pytest.approx(sum(values) / len(values))


@given(st.lists(amounts, min_size=1, max_size=60))
def test_a_sketch_is_within_its_error_of_the_sorted_values(values: list[float]) -> None:
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    exact, told = spread_of(values), sketch.spread()
    for name in ("p50", "p90", "p99"):
        assert getattr(told, name) == pytest.approx(getattr(exact, name), rel=ERROR * 1.001, abs=LEAST)
    assert told.mean == pytest.approx(exact.mean)


def test_a_sketch_of_many_values_stays_small() -> None:
    sketch, chance = Sketch(), a_chance(1)
    values = [chance.expovariate(1 / 20) for _ in range(20_000)]
    for value in values:
        sketch.add(value)
    assert len(sketch.buckets) < 900, "as many as buckets that grow by 2 % between a millisecond and an hour"
    assert sketch.spread().p99 == pytest.approx(spread_of(values).p99, rel=ERROR * 1.001)


def test_nothing_has_no_percentiles() -> None:
    assert spread_of([]) == Spread() == Sketch().spread()
    assert Spread().p50 is None


def test_a_share_of_few_is_rounded_up_to_a_whole_one() -> None:
    assert [rank_of(0.99, number) for number in (1, 99, 100, 101)] == [0, 98, 98, 99]
    assert rank_of(0.9, 10) == 8, "nine of ten, though 0.9 × 10 is more than 9 by rounding"


def test_deciles_are_equal_tenths_by_rating() -> None:
    people = [(float(rating), float(rating % 7), 1.0) for rating in range(1000)]
    a_chance(3).shuffle(people)
    deciles = deciles_of(people)
    assert [decile.wait.number for decile in deciles] == [100] * 10
    assert [(decile.lowest, decile.highest) for decile in deciles[:2]] == [(0.0, 99.0), (100.0, 199.0)]
    assert deciles[4].wait == spread_of(wait for rating, wait, _ in people if 400 <= rating < 500)
    assert [decile.wait.number for decile in deciles_of(people[:3])] == [1, 1, 1]


def test_the_deciles_of_a_window_hold_everybody_at_steps_of_the_rating() -> None:
    part, chance = Slice(), a_chance(5)
    for _ in range(5000):
        part.person(chance.gauss(1500, 300), wait=chance.random(), gap=10.0)
    deciles = part.deciles()
    assert len(deciles) == 10
    assert sum(decile.wait.number for decile in deciles) == 5000
    assert all(300 < decile.wait.number < 700 for decile in deciles)
    assert all(decile.lowest % RATING_STEP == 0 and decile.highest % RATING_STEP == 0 for decile in deciles)
    assert all(before.highest <= after.lowest for before, after in pairwise(deciles))
    assert all(decile.gap.p50 == pytest.approx(10, rel=ERROR) for decile in deciles)


def test_an_uneven_match_is_told_by_its_expected_shares() -> None:
    assert unevenness_of((0.5, 0.5)) == 0
    assert unevenness_of((0.7, 0.3)) == pytest.approx(0.2)
    assert unevenness_of((0.5, 0.25, 0.25)) == pytest.approx(1 / 6)


# ------------------------------------------------------------------------------------------- windows


def test_a_window_forgets_what_is_older_than_it() -> None:
    window = Window(3600)
    window.at(1000.0).counts["matches"] += 1
    window.at(2000.0).counts["matches"] += 2
    assert window.total(2000.0).counts["matches"] == 3
    assert window.total(1000.0 + 3600 - 60).counts["matches"] == 3, "a slice short of the window"
    assert window.total(1000.0 + 3600 + 60).counts["matches"] == 2
    assert window.total(9999.0).counts["matches"] == 0


def test_a_window_keeps_no_more_slices_than_it_has() -> None:
    window = Window(60)
    for second in range(10_000):
        window.at(float(second)).counts["matches"] += 1
    assert len(window._slices) == SLICES
    assert window.total(9999.0).counts["matches"] == 60


def test_what_is_told_late_and_is_older_than_the_window_is_not_counted() -> None:
    window = Window(60)
    window.at(1000.0).counts["matches"] += 1
    window.at(900.0).counts["matches"] += 1
    assert window.total(1000.0).counts["matches"] == 1


# ------------------------------------------------------------------------------------------- exact matching


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]]]:
    number = draw(st.integers(2, 9))
    pairs = [pair for pair in combinations(range(number), 2) if draw(st.booleans())]
    return number, [(one, other, draw(st.integers(1, 12))) for one, other in pairs]


def heaviest(number: int, edges: list[tuple[int, int, int]]) -> int:
    """The greatest weight, by trying all ways."""
    weights = {(one, other): weight for one, other, weight in edges}

    @lru_cache(None)
    def best(left: int) -> int:
        if not left:
            return 0
        first = left.bit_length() - 1
        rest = left & ~(1 << first)
        others = [other for other in range(first) if rest >> other & 1 and (other, first) in weights]
        return max([best(rest), *(weights[other, first] + best(rest & ~(1 << other)) for other in others)])

    return best((1 << number) - 1)


@given(graphs())
def test_a_matching_has_the_greatest_weight_of_all(graph: tuple[int, list[tuple[int, int, int]]]) -> None:
    number, edges = graph
    pairs = matched(number, edges)
    weights = {frozenset(edge[:2]): edge[2] for edge in edges}
    assert len({vertex for pair in pairs for vertex in pair}) == 2 * len(pairs), "nobody is in two pairs"
    assert sum(weights[frozenset(pair)] for pair in pairs) == heaviest(number, edges)


@pytest.mark.parametrize("seed", range(40))
def test_odd_circles_within_odd_circles_are_matched_exactly(seed: int) -> None:
    chance = a_chance(seed)
    number = 11
    # Dense, and with few different weights: blossoms are made, nested and opened again.
    edges = [
        (one, other, chance.randint(1, 3) * 10)
        for one, other in combinations(range(number), 2)
        if chance.random() < 0.5
    ]
    weights = {frozenset(edge[:2]): edge[2] for edge in edges}
    assert sum(weights[frozenset(pair)] for pair in matched(number, edges)) == heaviest(number, edges)


def all_ways(entrants: Sequence[Entrant], rules: Rules, now: float) -> list[list[tuple[Entrant, Entrant]]]:
    if not entrants:
        return [[]]
    first, rest = entrants[0], entrants[1:]
    ways = all_ways(rest, rules, now)
    for place, other in enumerate(rest):
        if rules.meet_at(first, other) <= now:
            ways += [[(first, other), *way] for way in all_ways([*rest[:place], *rest[place + 1 :]], rules, now)]
    return ways


def worth(pairs: Sequence[tuple[Entrant, Entrant]]) -> tuple[int, int, float]:
    seats = [entrant for pair in pairs for entrant in pair]
    gaps = sum(abs(one.rating - other.rating) for one, other in pairs)
    return sum(not e.stands_in for e in seats), -sum(e.stands_in for e in seats), -round(gaps, 3)


@pytest.mark.parametrize("seed", range(60))
def test_the_exact_matching_places_most_people_with_fewest_stand_ins_and_least_gaps(seed: int) -> None:
    chance = a_chance(seed)
    entrants = [
        an_entrant(
            f"e{number}",
            float(chance.randint(1400, 1600)),
            chance.uniform(-12, 0),
            stands_in=chance.random() < 0.3,
            avoid=frozenset({f"e{chance.randrange(8)}"} if chance.random() < 0.3 else ()),
        )
        for number in range(8)
    ]
    rules = Rules(tolerance=20.0)
    best = exactly(entrants, rules, 0.0)
    assert all(rules.meet_at(one, other) <= 0.0 for one, other in best)
    assert worth(best) == max(worth(way) for way in all_ways(entrants, rules, 0.0))


# ------------------------------------------------------------------------------------------- regret


FOUR = [an_entrant(name, rating) for name, rating in (("a", 1500.0), ("b", 1510.0), ("c", 1530.0), ("d", 1540.0))]
RULES = Rules(tolerance=50.0)


def test_who_takes_the_best_pairs_regrets_nothing() -> None:
    sample = Sample(FOUR, RULES, 1.0)
    sample.match(["a", "b"])
    sample.match(["c", "d"])
    regret = sample.regret()
    assert (regret.people, regret.placed, regret.gap, regret.gap_exactly) == (0, 4, 10.0, 10.0)


def test_wide_pairs_are_regretted_by_their_gap() -> None:
    sample = Sample(FOUR, RULES, 1.0)
    sample.match(["a", "c"])
    sample.match(["b", "d"])
    regret = sample.regret()
    assert (regret.people, regret.gap, regret.gap_exactly) == (0, 30.0, 10.0)


def test_who_is_left_though_there_was_somebody_is_regretted() -> None:
    sample = Sample(FOUR, RULES, 1.0)
    sample.match(["b", "c"])
    regret = sample.regret()
    assert (regret.placed, regret.placed_exactly, regret.people) == (2, 4, 2)


def test_who_left_or_met_somebody_outside_the_sample_is_left_out() -> None:
    sample = Sample(FOUR, RULES, 1.0)
    sample.match(["a", "stranger"])
    sample.go("b")
    sample.match(["c", "d"])
    assert sample.regret() == compare([(FOUR[2], FOUR[3])], [(FOUR[2], FOUR[3])])


def test_who_was_placed_a_moment_later_is_nobodys_loss() -> None:
    regret = compare([(FOUR[0], FOUR[3])], [])
    assert (regret.people, regret.placed, regret.gap, regret.gap_exactly) == (0, 2, 40.0, 40.0)


def test_several_samples_are_added_up_and_gaps_are_means_where_equally_many_are_placed() -> None:
    one = compare([(FOUR[0], FOUR[1])], [(FOUR[0], FOUR[1])])
    two = compare([(FOUR[0], FOUR[2])], [(FOUR[0], FOUR[1])])
    three = compare([], [(FOUR[0], FOUR[1])])
    regret = together([one, two, three])
    assert regret is not None
    assert (regret.samples, regret.people, regret.gap, regret.gap_exactly) == (3, 2, 20.0, 10.0)
    assert together([]) is None


def test_a_sampler_takes_one_sample_at_a_time_and_waits_for_what_comes_of_it() -> None:
    sampler, queue = Sampler(), {entrant.key: entrant for entrant in FOUR}
    sampler.match(queue, ["b", "c"], RULES, 100.0)
    assert sampler.end(100.5) is None, "the second in which the others may be matched is not over"
    sampler.match(queue, ["a", "d"], RULES, 100.5)
    sample = sampler.end(101.5)
    assert sample is not None
    assert sample.at == 100.0
    regret = sample.regret()
    assert (regret.placed, regret.people, regret.gap, regret.gap_exactly) == (4, 0, 30.0, 10.0)
    sampler.match(queue, ["a", "b"], RULES, 102.0)
    assert sampler.end(104.0) is None, "the next sample comes ten seconds after the last one began"


def test_teams_are_not_sampled() -> None:
    sampler, queue = Sampler(), {entrant.key: entrant for entrant in FOUR}
    sampler.match(queue, ["a", "b", "c", "d"], Rules(team_size=2), 100.0)
    assert sampler.end(math.inf) is None
