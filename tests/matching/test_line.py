"""One against one: who is matched with whom, and when."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from typing import Any

import msgspec
import pytest
from tests.matching.waiting_line import NOW, a_bot, a_person, keys_of, many

from tenure.matching.choosing import matching_for
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.line import Line
from tenure.matching.teams import Squads

RULES = Rules()
SLOW = Rules(tolerance=0.0, tolerance_per_second=1.0)
SOON = 0.001


def line_of(*entrants: Entrant, rules: Rules = RULES) -> Line:
    line = Line(rules)
    for entrant in entrants:
        line.add(entrant)
    return line


# When


def test_two_who_agree_are_matched_at_once() -> None:
    ada, bob = a_person(1500.0), a_person(1550.0)
    (proposal,) = line_of(ada, bob).take(NOW)
    assert {entrant.key for entrant in proposal.entrants} == {ada.key, bob.key}
    assert [len(team) for team in proposal.teams] == [1, 1]
    assert proposal.gap == 50.0


def test_two_are_matched_at_the_moment_at_which_the_second_one_agrees_and_not_before() -> None:
    line = line_of(a_person(1500.0, waited=30.0), a_person(1600.0))
    assert line.next_at() == NOW + 5.0
    assert line.take(NOW + 5.0 - SOON) == []
    assert len(line) == 2
    assert len(line.take(NOW + 5.0)) == 1
    assert len(line) == 0
    assert line.next_at() is None


def test_beyond_the_widest_tolerance_nobody_is_ever_matched() -> None:
    line = line_of(a_person(1500.0), a_person(1900.5))
    assert line.next_at() is None
    assert line.take(NOW + 1e6) == []


def test_a_newcomer_between_two_who_agree_does_not_keep_them_waiting() -> None:
    low, high = a_person(0.0, waited=20.0), a_person(30.0, waited=20.0)
    between = a_person(14.0)
    line = line_of(low, high, between, rules=SLOW)
    assert line.next_at() == NOW + 10.0
    assert keys_of(line.take(NOW + 10.0)) == [{low.key, high.key}]


def test_who_comes_back_with_his_first_wait_is_matched_over_newer_ones() -> None:
    low, between = a_person(0.0, waited=20.0), a_person(10.0)
    line = line_of(low, between, rules=SLOW)
    assert line.take(NOW) == []
    back = a_person(15.0, waited=20.0)
    line.add(back)
    assert keys_of(line.take(NOW)) == [{low.key, back.key}]


def test_who_goes_uncovers_those_behind_him() -> None:
    low, between, high = a_person(0.0), a_person(10.0), a_person(30.0)
    line = line_of(low, between, high, rules=SLOW)
    assert line.next_at() == NOW + 10.0
    assert line.remove(between.key) == between
    assert line.next_at() == NOW + 30.0
    assert line.take(NOW + 30.0 - SOON) == []
    assert keys_of(line.take(NOW + 30.0)) == [{low.key, high.key}]


def test_after_a_time_without_calls_everybody_is_matched_at_once() -> None:
    people = many(1200, seed=1, width=100_000.0, oldest=1.0)
    line = line_of(*people)
    line.take(NOW)
    late = line.take(NOW + 3600.0)
    assert len(late) > 100
    left = sorted(one.rating for one in people if one.key in line)
    assert all(high - low > RULES.tolerance_at_most for low, high in itertools.pairwise(left))


def test_a_look_at_an_earlier_time_finds_nothing_and_loses_nothing() -> None:
    line = line_of(a_person(), a_person())
    assert line.take(NOW - 1.0) == []
    assert len(line.take(NOW)) == 1


# With whom


def test_nobody_is_matched_with_himself() -> None:
    once, again = a_person(player="ada"), a_person(player="ada")
    line = line_of(once, once, again)
    assert len(line) == 2
    assert line.next_at() is None
    assert line.take(NOW + 100.0) == []


def test_many_who_wait_twice_are_not_matched_with_themselves_in_one_pass() -> None:
    people = [a_person(float(place // 2), player=f"player {place // 2}", waited=60.0) for place in range(2000)]
    proposals = line_of(*people).take(NOW)
    assert all(len({player for one in proposal.entrants for player in one.players}) == 2 for proposal in proposals)
    assert len(proposals) == 1000


def test_who_is_avoided_hides_nobody_behind_him() -> None:
    foe, ada, bob = a_person(1490.0, player="foe"), a_person(1500.0, avoid=["foe"]), a_person(1470.0, avoid=["foe"])
    assert line_of(foe, ada).take(NOW + 1e6) == []
    assert line_of(ada, foe).take(NOW + 1e6) == []
    assert keys_of(line_of(foe, ada, bob).take(NOW)) == [{ada.key, bob.key}]


def test_a_rematch_waits_its_while_and_others_come_before() -> None:
    ada, last = a_person(1500.0, player="ada"), a_person(1500.0, met=["ada"])
    line = line_of(ada, last)
    assert line.next_at() == NOW + RULES.rematch_after_seconds
    other = a_person(1600.0)
    line.add(other)
    assert line.next_at() == NOW + 5.0
    (match,) = keys_of(line.take(NOW + 5.0))
    assert other.key in match
    line.add(ada)
    line.add(last)
    assert keys_of(line.take(NOW + RULES.rematch_after_seconds)) == [{ada.key, last.key}]


def test_more_pairs_come_before_nearer_ones() -> None:
    ratings = [0.0, 45.0, 50.0, 95.0]
    proposals = line_of(*map(a_person, ratings)).take(NOW)
    assert sorted(proposal.gap for proposal in proposals) == [45.0, 45.0]


def test_where_only_one_in_between_agrees_a_pair_may_lie_around_another() -> None:
    outer, inner = [0.0, 30.0], [10.0, 12.0]
    people = [*(a_person(rating, waited=30.0) for rating in outer), *(a_person(rating, waited=3.0) for rating in inner)]
    assert sorted(proposal.gap for proposal in line_of(*people, rules=SLOW).take(NOW)) == [2.0, 30.0]


def test_two_pairs_may_cross_where_nothing_else_places_all_four() -> None:
    people = [a_person(rating, waited) for rating, waited in ((0.0, 12.0), (10.0, 6.0), (11.0, 12.0), (15.0, 6.0))]
    assert sorted(proposal.gap for proposal in line_of(*people, rules=SLOW).take(NOW)) == [5.0, 11.0]


def test_of_equals_those_who_have_waited_longest_are_matched_and_told_first() -> None:
    waits = [3.0, 9.0, 1.0, 7.0, 5.0]
    people = [a_person(1500.0, waited) for waited in waits]
    proposals = line_of(*people).take(NOW)
    waited = [[NOW - one.since for one in proposal.entrants] for proposal in proposals]
    assert sorted(itertools.chain(*waited)) == [3.0, 5.0, 7.0, 9.0]
    assert waited[0][0] == 9.0
    assert [first for first, _ in waited] == sorted((first for first, _ in waited), reverse=True)


@pytest.mark.parametrize("number", [40, 3000])
def test_the_order_in_which_they_came_in_changes_nothing(number: int) -> None:
    people = many(number, seed=2, width=number * 40.0, oldest=30.0, whole_points=True)
    shuffled = random.Random(3).sample(people, len(people))  # noqa: S311  # nosec B311  not a secret
    taken = line_of(*people).take(NOW)
    assert len(taken) > number / 4
    assert line_of(*shuffled).take(NOW) == taken


# Stand-ins


def test_a_bot_never_takes_another_bot() -> None:
    line = line_of(a_bot(waited=60.0), a_bot(waited=60.0))
    assert line.next_at() is None
    assert line.take(NOW + 1e6) == []


def test_a_bot_fills_in_only_after_the_human_stage() -> None:
    ada, bot = a_person(), a_bot(waited=100.0)
    line = line_of(ada, bot)
    assert line.next_at() == NOW + RULES.stand_ins_after_seconds
    assert line.take(NOW + RULES.stand_ins_after_seconds - SOON) == []
    (proposal,) = line.take(NOW + RULES.stand_ins_after_seconds)
    assert [one.key for one in proposal.entrants] == [ada.key, bot.key]


def test_a_bot_that_comes_late_is_taken_as_soon_as_it_agrees() -> None:
    line = line_of(a_person(1500.0, waited=100.0))
    assert line.next_at() is None
    line.add(a_bot(1600.0))
    assert line.next_at() == NOW + 5.0


def test_a_bot_is_taken_by_the_first_whose_stage_is_over_though_another_is_nearer() -> None:
    near, far = a_person(1490.0, waited=1.0, player="ada"), a_person(1400.0, waited=6.0, avoid=["ada"])
    line = line_of(near, far)
    assert line.next_at() is None
    line.add(a_bot(1500.0))
    assert line.next_at() == NOW + 5.0
    assert [proposal.entrants[0] for proposal in line.take(NOW + 5.0)] == [far]


def test_the_nearest_bot_fills_in() -> None:
    bots = [a_bot(rating, waited=100.0) for rating in (1400.0, 1430.0, 1510.0, 1495.0, 1600.0)]
    (proposal,) = line_of(a_person(1500.0, waited=20.0), *bots).take(NOW)
    assert proposal.gap == 5.0


def test_people_come_first_however_near_a_bot_is() -> None:
    ada, bob = a_person(1500.0, waited=20.0), a_person(1700.0, waited=20.0)
    line = line_of(ada, a_bot(1501.0, waited=100.0), a_bot(1699.0, waited=100.0), bob)
    assert keys_of(line.take(NOW)) == [{ada.key, bob.key}]


def test_bots_stand_between_nobody() -> None:
    ada, bob = a_person(1500.0), a_person(1540.0)
    bots = [a_bot(1500.0 + 40.0 * place / 600, waited=100.0) for place in range(600)]
    assert keys_of(line_of(ada, *bots, bob).take(NOW)) == [{ada.key, bob.key}]


def test_when_many_want_the_few_bots_most_get_one_and_each_bot_plays_once() -> None:
    people = [a_person(1000.0 * place, waited=60.0) for place in range(300)]
    bots = [a_bot(1000.0 * place + 10.0, waited=60.0) for place in range(0, 300, 2)]
    line = line_of(*people, *bots)
    proposals = line.take(NOW)
    assert len(proposals) == 150
    assert all(proposal.gap == 10.0 for proposal in proposals)
    assert len(line) == 150
    assert line.next_at() is None


def test_a_crowd_of_strangers_shares_a_crowd_of_bots() -> None:
    names = [f"player {place}" for place in range(80)]
    people = [a_person(1500.0 + place, 60.0, player=name, avoid=names) for place, name in enumerate(names)]
    bots = [a_bot(1500.0 + place, waited=60.0) for place in range(70)]
    line = line_of(*people, *bots)
    assert len(line.take(NOW)) == 70
    assert len(line) == 10


# Coming and going


def test_one_with_the_same_key_takes_the_others_place() -> None:
    line = line_of(a_person(1500.0, key="Ticket/a"), a_person(1520.0, key="Ticket/b"))
    line.add(a_person(2500.0, key="Ticket/a"))
    assert len(line) == 2
    assert line.next_at() is None
    assert line.take(NOW) == []


def test_who_does_not_wait_is_not_there_and_cannot_go() -> None:
    ada = a_person()
    line = line_of(ada)
    assert ada.key in line
    assert line.remove(ada.key) == ada
    assert ada.key not in line
    assert line.remove(ada.key) is None
    assert line.take(NOW) == []


def test_what_was_taken_may_wait_again() -> None:
    line = line_of(a_person(), a_person())
    (proposal,) = line.take(NOW)
    for one in proposal.entrants:
        line.add(one)
    assert line.next_at() is not None
    assert line.take(NOW) == [proposal]


@pytest.mark.parametrize(
    "changes", [{"rating": math.nan}, {"rating": math.inf}, {"rating": 1e10}, {"since": math.nan}, {"since": -math.inf}]
)
def test_what_is_no_number_cannot_wait(changes: dict[str, Any]) -> None:
    line = Line(RULES)
    with pytest.raises(ValueError, match="no such number"):
        line.add(msgspec.structs.replace(a_person(), **changes))
    assert len(line) == 0


def test_a_party_cannot_play_one_against_one() -> None:
    party = msgspec.structs.replace(a_person(key="Ticket/7"), players=("ada", "bob"))
    with pytest.raises(ValueError, match="Ticket/7 is a party of 2"):
        Line(RULES).add(party)


@pytest.mark.parametrize("rules", [Rules(team_size=5), Rules(teams=3)])
def test_rules_for_teams_are_another_queues(rules: Rules) -> None:
    with pytest.raises(ValueError, match="one plays against one"):
        Line(rules)
    assert isinstance(matching_for(rules), Squads)


def test_rules_for_two_players_are_this_queues() -> None:
    assert isinstance(matching_for(RULES), Line)


# What it costs


class Counted(Rules, frozen=True, kw_only=True):
    """Rules that count whom they were asked about."""

    def meet_at(self, one: Entrant, two: Entrant) -> float:
        ASKED[one.key, two.key] += 1
        return super().meet_at(one, two)


ASKED: Counter[tuple[str, str]] = Counter()


def test_a_change_and_a_look_cost_what_has_changed_not_what_waits() -> None:
    rules = Counted(tolerance=0.0, tolerance_per_second=0.0001)
    people = many(5000, seed=4, width=50_000.0, oldest=1.0)
    line = line_of(*people, rules=rules)
    line.take(NOW)
    for one in random.Random(5).sample([one for one in people if one.key in line], 100):  # noqa: S311  # nosec B311  not a secret
        ASKED.clear()
        line.remove(one.key)
        line.add(msgspec.structs.replace(one, since=NOW))
        line.add(near := a_person(one.rating))
        assert keys_of(line.take(NOW)) == [{one.key, near.key}]
        assert ASKED.total() < 60


def test_a_crowd_that_comes_at_once_is_matched_in_one_pass_and_not_one_by_one() -> None:
    line = line_of(*many(5000, seed=13, width=5000.0, oldest=60.0), rules=Counted())
    ASKED.clear()
    assert len(line.take(NOW)) == 2500
    assert ASKED.total() < 100


def test_memory_does_not_grow_with_those_who_come_and_go() -> None:
    line = line_of(*(a_person(1000.0 * place) for place in range(20)))
    line.add(a_person(waited=60.0))
    line.add(a_person(waited=60.0))
    for number in range(5000):
        line.add(a_person(float(4 * number), key=f"Ticket/x{number % 10}"))
        assert line.next_at() == NOW - 60.0
    assert len(line) == 32
    assert len(line._moments) < 600
    assert len(line._new) < 600


def test_memory_does_not_grow_while_nobody_looks() -> None:
    line = Line(RULES)
    for number in range(5000):
        line.add(a_person(float(number), key="Ticket/x"))
    assert len(line._new) < 600
