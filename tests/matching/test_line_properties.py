"""Whatever happens in a queue: nobody is late, nobody is lost, and no better pairs could have been taken."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matching.waiting_line import NOW, best, many, neighbours_paired, worth

from tenure.matching import line as lines
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.line import Line

PLAYERS = [f"player {number}" for number in range(8)]
SETTINGS = settings(max_examples=60, deadline=None, print_blob=True)

all_rules = st.builds(
    Rules,
    tolerance=st.sampled_from([0.0, 5.0, 50.0]),
    tolerance_per_second=st.sampled_from([0.0, 1.0, 10.0]),
    tolerance_at_most=st.sampled_from([50.0, 100.0, 400.0]),
    stand_ins_after_seconds=st.sampled_from([0.0, 7.0]),
    rematch_after_seconds=st.sampled_from([5.0, 60.0]),
)
some_players = st.frozensets(st.sampled_from(PLAYERS), max_size=3)
ratings = st.one_of(st.integers(0, 300).map(float), st.floats(0, 300), st.sampled_from([100.0, 150.0]))
waits = st.one_of(st.just(0.0), st.integers(0, 40).map(float), st.floats(0, 40))
entrants = st.builds(
    Entrant,
    key=st.integers(0, 8).map(lambda number: f"Ticket/{number}"),
    rating=ratings,
    since=waits.map(lambda wait: NOW - wait),
    players=st.one_of(st.sampled_from(PLAYERS), st.uuids().map(str)).map(lambda player: (player,)),
    avoid=st.one_of(st.just(frozenset()), some_players),
    met=st.one_of(st.just(frozenset()), some_players),
    stands_in=st.sampled_from([False, False, True]),
)
steps = st.one_of(
    entrants,
    entrants,
    st.integers(0, 8).map(lambda number: f"Ticket/{number}"),
    st.sampled_from([0.0, 0.5, 3.0, 10.0, 60.0]),
)


def soonest(waiting: Iterable[Entrant], rules: Rules) -> float | None:
    """The earliest moment at which any two may be matched, found by asking for all of them."""
    pairs = itertools.combinations(waiting, 2)
    earliest = min((rules.meet_at(one, two) for one, two in pairs), default=math.inf)
    return None if earliest == math.inf else earliest


@SETTINGS
@given(rules=all_rules, steps=st.lists(steps, max_size=40), looks=st.booleans())
def test_whatever_happens_the_next_moment_is_exact_and_the_best_are_taken(
    rules: Rules,
    steps: list[Entrant | str | float],
    looks: bool,  # noqa: FBT001
) -> None:
    line, waiting, now = Line(rules), dict[str, Entrant](), NOW
    for step in steps:
        if isinstance(step, Entrant):
            line.add(step)
            waiting[step.key] = step
        elif isinstance(step, str):
            assert line.remove(step) == waiting.pop(step, None)
        else:
            now += step
            wanted = best([*waiting.values()], rules, now)
            proposals = line.take(now)
            assert worth(proposals) == wanted
            for one, two in (proposal.entrants for proposal in proposals):
                assert rules.meet_at(one, two) <= now
                assert waiting.pop(one.key) == one
                assert waiting.pop(two.key) == two
        assert len(line) == len(waiting)
        assert all(key in line for key in waiting)
        if looks:
            assert line.next_at() == soonest(waiting.values(), rules)


@SETTINGS
@given(rules=all_rules, waiting=st.lists(entrants, max_size=9, unique_by=lambda one: one.key), order=st.randoms())
def test_the_same_who_wait_are_matched_alike_in_whatever_order_they_came(
    rules: Rules, waiting: list[Entrant], order: random.Random
) -> None:
    one, other = Line(rules), Line(rules)
    for entrant in waiting:
        one.add(entrant)
    for entrant in order.sample(waiting, len(waiting)):
        other.add(entrant)
        other.next_at()
    assert one.take(NOW + 20.0) == other.take(NOW + 20.0)


def test_of_many_small_queues_each_gets_the_best_there_is() -> None:
    drawn = random.Random(11)  # noqa: S311  # nosec B311  not a secret
    for _ in range(400):
        tolerance, more, bots = drawn.choice([0.0, 40.0]), drawn.choice([2.0, 10.0]), drawn.choice([0.0, 0.4])
        rules = Rules(tolerance=tolerance, tolerance_per_second=more)
        waiting = [
            msgspec.structs.replace(one, stands_in=drawn.random() < bots)
            for one in many(8, seed=drawn.randrange(10**9), width=drawn.choice([60.0, 300.0]), oldest=30.0)
        ]
        line = Line(rules)
        for one in waiting:
            line.add(one)
        assert worth(line.take(NOW)) == best(waiting, rules, NOW)


@pytest.mark.parametrize("rules", [Rules(), Rules(tolerance=0.0, tolerance_per_second=2.0)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_taken_as_time_goes_on_is_never_worse_than_a_pass_over_all_at_that_instant(
    rules: Rules, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = random.Random(seed)  # noqa: S311  # nosec B311  not a secret
    arrivals = many(600, seed=seed, width=20_000.0, oldest=60.0)
    arrivals.sort(key=lambda one: one.since)
    line, waiting, taken = Line(rules), dict[str, Entrant](), 0
    now = NOW - 60.0
    while now < NOW + 20.0:
        now += drawn.choice([0.1, 0.5, 1.0, 5.0])
        while arrivals and arrivals[0].since <= now:
            one = arrivals.pop(0)
            line.add(one)
            waiting[one.key] = one
        whole = Line(rules)
        for one in waiting.values():
            whole.add(one)
        with monkeypatch.context() as forced:
            forced.setattr(lines, "MANY", 0)
            cold = worth(whole.take(now))
        proposals = line.take(now)
        assert worth(proposals) <= cold <= neighbours_paired(waiting.values(), rules, now)
        for proposal in proposals:
            taken += 1
            for one in proposal.entrants:
                del waiting[one.key]
    assert taken > 100


def test_thousands_who_come_and_go_are_each_matched_at_the_first_moment() -> None:
    rules = Rules(tolerance=0.0, tolerance_per_second=3.0)
    drawn = random.Random(6)  # noqa: S311  # nosec B311  not a secret
    line, waiting, now, taken = Line(rules), dict[str, Entrant](), NOW, 0
    for one in many(3000, seed=7, width=30_000.0, oldest=0.0):
        now += drawn.expovariate(20.0)
        while (at := line.next_at()) is not None and at <= now:
            (proposal,) = line.take(at)
            first, second = proposal.entrants
            assert rules.meet_at(first, second) == at
            del waiting[first.key], waiting[second.key]
            taken += 1
        if waiting and drawn.random() < 0.1:
            gone = drawn.choice(sorted(waiting))
            assert line.remove(gone) == waiting.pop(gone)
        fresh = Entrant(key=one.key, rating=one.rating, since=now, players=one.players)
        line.add(fresh)
        waiting[one.key] = fresh
    assert taken > 1000
    assert line.next_at() == soonest(waiting.values(), rules)
