"""Matches of teams: what holds of every queue, found by trying every way."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matching.squads import (
    a_person,
    a_queue,
    a_stand_in,
    check,
    meet_at,
    most_contiguous,
    ready_at,
    some_rules,
    waiting,
)

from tenure.matching.entrants import Entrant, Rules
from tenure.matching.lineups import left_out, windows
from tenure.matching.standing import Standing
from tenure.matching.teams import Squads

MANY = settings(max_examples=80, deadline=None, print_blob=True)
LATE = 100.0


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


LIFE = [(2, 5), (2, 4), (3, 3), (5, 2), (6, 1), (2, 2)]


@settings(max_examples=40, deadline=None, print_blob=True)
@given(st.integers(0, 1 << 30))
def test_after_a_long_life_a_queue_finds_what_a_fresh_one_finds(seed: int) -> None:
    life = Life(random.Random(seed))  # noqa: S311  dice
    for _ in range(7):
        for _ in range(15):
            life.step()
        fresh = waiting(life.rules, list(life.present.values()))
        assert sorted(life.present) == sorted(key for key in life.seen if key in life.squads)
        assert life.squads.next_at() == fresh.next_at()
    fresh = waiting(life.rules, list(life.present.values()))
    assert life.squads.take(life.now + 3) == fresh.take(life.now + 3)


class Life:
    """A queue through which people, parties and stand-ins come and go as the dice fall."""

    def __init__(self, dice: random.Random) -> None:
        teams, self.team_size = dice.choice(LIFE)
        self.rules = Rules(
            teams=teams,
            team_size=self.team_size,
            tolerance=20.0,
            tolerance_per_second=dice.choice([2.0, 10.0]),
            tolerance_at_most=dice.choice([60.0, 120.0]),
            stand_ins_after_seconds=dice.choice([2.0, 7.0]),
            rematch_after_seconds=10.0,
        )
        self.dice, self.squads, self.now = dice, Squads(self.rules), 0.0
        self.present = dict[str, Entrant]()
        self.seen: list[str] = []
        self.spread = dice.choice([20.0, 100.0, 300.0])
        self.parties, self.stand_ins = dice.choice([0.0, 0.3]), dice.choice([0.0, 0.2])

    def step(self) -> None:
        """Let somebody come or go, or take what is due."""
        self.now += self.dice.choice([0.0, 0.1, 0.5])
        what = self.dice.random()
        if what < 0.7 or not self.present:
            self.come()
        elif what < 0.8:
            key = self.dice.choice(sorted(self.present))
            assert self.squads.remove(key) == self.present.pop(key)
        else:
            self.take()

    def come(self) -> None:
        dice, key = self.dice, str(len(self.seen))
        rating, since = dice.gauss(1500, self.spread), self.now - dice.choice([0.0, 0.0, 3.0])
        # Who comes names somebody who may be there.
        named = frozenset({f"{dice.randint(max(len(self.seen) - 20, 0), len(self.seen))}.0"})
        keeps = {
            "avoid": named if dice.random() < 0.1 else frozenset(),
            "met": named if dice.random() < 0.3 else named - named,
        }
        size = dice.randint(1, self.team_size) if dice.random() < self.parties else 1
        if dice.random() < self.stand_ins:
            entrant = a_stand_in(f"{key}.0", rating, since=since, **keeps)
        else:
            entrant = a_person(key, rating, size=size, since=since, **keeps)
        self.squads.add(entrant)
        self.present[entrant.key] = entrant
        self.seen.append(entrant.key)

    def take(self) -> None:
        if self.dice.random() < 0.5:
            self.now = max(self.now, self.squads.next_at() or 0.0)
        for proposal in self.squads.take(self.now):
            check(proposal, self.rules, self.now)
            for entrant in proposal.entrants:
                del self.present[entrant.key]


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
