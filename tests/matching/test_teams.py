"""Matches of teams: what holds of every queue, found by trying every way."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

from hypothesis import given, note, settings
from hypothesis import strategies as st
from tests.matching.squads import (
    a_queue,
    check,
    meet_at,
    most_contiguous,
    ready_at,
    some_rules,
    waiting,
)

from tenure.matching.entrants import Entrant, Proposal
from tenure.matching.lineups import left_out, windows
from tenure.matching.standing import Standing
from tenure.matching.teams import Squads

MANY = settings(max_examples=150, deadline=None, print_blob=True)
LATE = 100.0


def keys(proposals: list[Proposal]) -> list[str]:
    return sorted(entrant.key for proposal in proposals for entrant in proposal.entrants)


@MANY
@given(st.data())
def test_every_match_is_one_that_everybody_agrees_to_and_nobody_is_twice_or_lost(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    queue = data.draw(a_queue(rules, stand_ins=True))
    squads = waiting(rules, queue)
    matched = Counter[str]()
    for now in sorted(data.draw(st.lists(st.integers(0, 25).map(float), min_size=1, max_size=4))):
        for proposal in squads.take(now):
            check(proposal, rules, now)
            matched.update(entrant.key for entrant in proposal.entrants)
    assert set(matched.values()) <= {1}
    assert sorted([*matched, *(e.key for e in queue if e.key in squads)]) == sorted(e.key for e in queue)
    assert len(squads) == len(queue) - len(matched)


@MANY
@given(st.data())
def test_there_are_at_least_as_many_matches_as_the_best_choice_of_neighbours_has(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    queue = data.draw(a_queue(rules))
    now = float(data.draw(st.integers(0, 25)))
    assert len(waiting(rules, queue).take(now)) >= most_contiguous(queue, rules, now)


@MANY
@given(st.data())
def test_what_changed_step_by_step_is_what_a_fresh_look_finds(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    queue = data.draw(a_queue(rules, most=16, stand_ins=True))
    squads, present, now = Squads(rules), dict[str, Entrant](), 10.0
    for entrant in queue:
        match data.draw(st.sampled_from(["come", "come", "come", "go", "look", "take"])):
            case "go" if present:
                key = data.draw(st.sampled_from(sorted(present)))
                assert squads.remove(key) == present.pop(key)
            case "take":
                now += data.draw(st.sampled_from([0.0, 1.0, 3.5]))
                for proposal in squads.take(now):
                    for one in proposal.entrants:
                        del present[one.key]
            case "look":
                squads.next_at()
            case _:
                squads.add(entrant)
                present[entrant.key] = entrant
    fresh = waiting(rules, list(present.values()))
    note(f"{rules} {present} at {now}")
    assert squads.next_at() == fresh.next_at()
    assert squads.take(now) == fresh.take(now)


@MANY
@given(st.data())
def test_the_next_moment_is_the_first_at_which_there_is_a_match(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    queue = data.draw(a_queue(rules, stand_ins=True))
    at = waiting(rules, queue).next_at()
    if at is None:
        assert not waiting(rules, queue).take(LATE)
    else:
        assert waiting(rules, queue).take(at)
        assert not waiting(rules, queue).take(math.nextafter(at, -math.inf))


@MANY
@given(st.data())
def test_the_order_in_which_they_came_changes_nothing(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    queue = data.draw(a_queue(rules, stand_ins=True))
    now = float(data.draw(st.integers(0, 25)))
    other = waiting(rules, data.draw(st.permutations(queue)))
    assert waiting(rules, queue).take(now) == other.take(now)


@MANY
@given(st.data())
def test_a_window_holds_those_who_are_ready_earliest(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    line = Standing()
    for entrant in data.draw(a_queue(rules, most=9)):
        line.add(entrant)
    run = [place.entrant for place in line.between(-math.inf, math.inf)]
    low = line.at((-math.inf, ""))
    if low is None:
        return
    players = rules.teams * rules.team_size
    best = {}
    for last in range(1, len(run)):
        ways = [
            ready_at([run[0], *between, run[last]], rules)
            for number in range(max(last - 1 - left_out(players), 0), last)
            for between in combinations(run[1:last], number)
            if sum(len(one.players) for one in (run[0], *between, run[last])) == players
        ]
        if min(ways, default=math.inf) < math.inf:
            best[run[last].key] = min(ways)
    found = {window.places[-1].entrant.key: window.ready for window in windows(low, rules) if window.ready < math.inf}
    assert found == best


@MANY
@given(st.data())
def test_nobody_whose_human_stage_is_over_is_left_beside_enough_stand_ins(data: st.DataObject) -> None:
    rules = data.draw(some_rules())
    queue = data.draw(a_queue(rules, stand_ins=True, parties=False))
    now = float(data.draw(st.integers(0, 25)))
    squads = waiting(rules, queue)
    squads.take(now)
    left = [entrant for entrant in queue if entrant.key in squads]
    bots = [entrant for entrant in left if entrant.stands_in and not entrant.avoid]
    for person in (entrant for entrant in left if not entrant.stands_in):
        willing = [bot for bot in bots if meet_at(rules, person, bot) <= now]
        assert len(willing) < rules.teams * rules.team_size - 1
