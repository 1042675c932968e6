"""Matches of teams, told one by one: who waits for whom, who is left out, and when stand-ins come."""

from __future__ import annotations

import pytest
from tests.matching.squads import a_person, a_stand_in, check, waiting

from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.teams import Squads

DUOS = Rules(teams=2, team_size=2)
FIVES = Rules(teams=2, team_size=5)
EVERYBODY_ALONE = Rules(teams=4, team_size=1)


def names(proposal: Proposal) -> list[list[str]]:
    return [sorted(entrant.key.split("/")[1] for entrant in team) for team in proposal.teams]


def who(proposals: list[Proposal]) -> list[set[str]]:
    return [{entrant.key.split("/")[1] for entrant in proposal.entrants} for proposal in proposals]


def people(ratings: list[float], **fields: float) -> list[Entrant]:
    return [a_person(f"p{rating:g}", rating, **fields) for rating in ratings]  # type: ignore[arg-type]


def test_strong_and_weak_are_spread_over_both_teams() -> None:
    (proposal,) = waiting(DUOS, people([1500, 1510, 1530, 1540])).take(0)
    assert names(proposal) == [["p1500", "p1540"], ["p1510", "p1530"]]
    assert proposal.gap == 0


def test_a_match_waits_until_the_one_who_came_last_accepts_the_distance() -> None:
    squads = waiting(DUOS, [*people([1500, 1510, 1520]), a_person("late", 1600, since=10.0)])
    assert squads.next_at() == 15  # 100 points, 50 at once and 10 more each second
    assert not squads.take(14.9)
    (proposal,) = squads.take(15)
    check(proposal, DUOS, 15)
    assert len(squads) == 0
    assert squads.next_at() is None


def test_a_newcomer_in_their_midst_does_not_hold_up_those_who_wait() -> None:
    waits = people([1500, 1560, 1620, 1680])  # 180 points: after 13 seconds
    squads = waiting(DUOS, waits)
    assert squads.next_at() == 13
    squads.add(a_person("new", 1590, since=12.0))  # accepts 90 points to either end at 16
    assert squads.next_at() == 13
    assert who(squads.take(13)) == [{entrant.key.split("/")[1] for entrant in waits}]
    assert "Ticket/new" in squads


def test_one_who_avoids_another_is_left_out_and_the_others_play() -> None:
    squads = waiting(
        DUOS, [*people([1500, 1510, 1530]), a_person("shy", 1515, avoid=frozenset({"p1510.0"})), a_person("last", 1540)]
    )
    (match,) = who(squads.take(0))
    assert len(match & {"shy", "p1510"}) == 1


def test_two_who_have_just_met_play_again_only_after_a_while() -> None:
    squads = waiting(DUOS, [*people([1500, 1510, 1530]), a_person("met", 1515, met=frozenset({"p1530.0"}))])
    assert squads.next_at() == 60
    squads.add(a_person("fresh", 1520, since=5.0))
    assert squads.next_at() == 5
    (match,) = who(squads.take(5))
    assert not {"met", "p1530"} <= match


def test_somebody_avoided_who_goes_again_holds_up_nobody() -> None:
    squads = waiting(DUOS, [*people([1500, 1510, 1530]), a_person("shy", 1515, avoid=frozenset({"p1510.0"}))])
    assert squads.next_at() is None
    squads.remove("Ticket/p1510")
    squads.add(a_person("kind", 1512))
    assert len(squads.take(0)) == 1


def test_when_one_in_their_midst_goes_those_on_both_sides_may_meet_at_once() -> None:
    """Four newcomers who can't play with one another are more than a window leaves out."""
    newcomers = [f"new{number}" for number in range(4)]
    everybody = frozenset(f"{name}.0" for name in newcomers)
    midst = [a_person(n, 1570 + 10 * i, since=100.0, avoid=everybody) for i, n in enumerate(newcomers)]
    squads = waiting(DUOS, [*people([1500, 1501, 1680, 1681]), *midst])
    assert squads.next_at() == 104  # one newcomer in the middle, 90 points from either end, plays with three of them
    assert not squads.take(101)
    squads.remove("Ticket/new2")
    assert squads.next_at() == pytest.approx(13.1)
    assert who(squads.take(101)) == [{"p1500", "p1501", "p1680", "p1681"}]


def test_a_party_stays_together() -> None:
    squads = waiting(DUOS, [a_person("friends", 1520, size=2), *people([1500, 1540])])
    (proposal,) = squads.take(0)
    assert sorted(names(proposal)) == [["friends"], ["p1500", "p1540"]]


def test_parties_that_do_not_fit_one_another_do_not_block_those_beside_them() -> None:
    odd = [a_person("three", 1505, size=3), a_person("four", 1510, size=4), a_person("another_four", 1515, size=4)]
    squads = waiting(FIVES, [*odd, *people([1500, 1502, 1506, 1512])])
    # 4 + 1 against 4 + 1: the party of three and two of the single players stay.
    (proposal,) = squads.take(0)
    check(proposal, FIVES, 0)
    assert {"Ticket/four", "Ticket/another_four"} <= {entrant.key for entrant in proposal.entrants}
    assert "Ticket/three" in squads
    assert len(squads) == 3


def test_a_player_accepts_how_far_the_other_team_is_and_not_only_each_player() -> None:
    """In the middle, somebody accepts both ends long before it accepts that all strong ones are on the other side."""
    rules = Rules(teams=2, team_size=2, tolerance=100)
    weak, middle, strong = a_person("weak", 1400, size=2), a_person("middle", 1500, since=8.0), a_person("strong", 1600)
    squads = waiting(rules, [weak, middle, strong])
    assert squads.next_at() == 13  # the teams are 1400 and 1550: 150 points
    assert squads.take(13)[0].gap == 150


def test_the_most_matches_come_before_the_least_spread() -> None:
    squads = waiting(DUOS, people([1460, 1480, 1490, 1500, 1501, 1502, 1503, 1530]))
    assert who(squads.take(0)) == [{"p1460", "p1480", "p1490", "p1500"}, {"p1501", "p1502", "p1503", "p1530"}]


def test_of_as_many_matches_the_nearest_are_taken() -> None:
    assert who(waiting(DUOS, people([1460, 1500, 1501, 1502, 1503])).take(0)) == [{"p1500", "p1501", "p1502", "p1503"}]


def test_each_for_itself() -> None:
    (proposal,) = waiting(EVERYBODY_ALONE, people([1500, 1510, 1520, 1530])).take(0)
    assert names(proposal) == [["p1530"], ["p1520"], ["p1510"], ["p1500"]]
    assert proposal.gap == 30


def test_stand_ins_fill_up_after_the_human_stage_and_no_more_of_them_than_are_missing() -> None:
    squads = waiting(FIVES, [*people([1500, 1510, 1520]), *(a_stand_in(f"b{number}", 1500) for number in range(20))])
    assert squads.next_at() == 7
    assert not squads.take(6.9)
    (proposal,) = squads.take(7)
    check(proposal, FIVES, 7)
    assert sum(entrant.stands_in for entrant in proposal.entrants) == 7
    assert len(squads) == 13
    assert squads.next_at() is None  # stand-ins alone have nobody to play with


def test_one_person_plays_with_stand_ins_alone() -> None:
    squads = waiting(
        FIVES, [a_person("alone"), *(a_stand_in(f"b{number}", 1460 + 9.0 * number) for number in range(9))]
    )
    (proposal,) = squads.take(7)
    assert len(proposal.entrants) == 10


def test_whose_human_stage_is_not_over_gets_no_stand_in() -> None:
    squads = waiting(DUOS, [a_person("early"), a_person("late", since=5.0), *(a_stand_in(f"b{n}") for n in range(3))])
    assert who(squads.take(7)) == [{"early", "b0", "b1", "b2"}]
    assert squads.next_at() is None
    squads.add(a_stand_in("b3"))
    squads.add(a_stand_in("b4"))
    squads.add(a_stand_in("b5"))
    assert squads.next_at() == 12


def test_the_nearest_stand_ins_are_taken() -> None:
    near, far = (
        [a_stand_in(f"near{n}", 1510 + n) for n in range(3)],
        [a_stand_in(f"far{n}", 1460 + n) for n in range(3)],
    )
    assert who(waiting(DUOS, [a_person("one", 1500), *far, *near]).take(7)) == [{"one", "near0", "near1", "near2"}]


def test_people_who_can_play_by_themselves_play_by_themselves() -> None:
    stand_ins = [a_stand_in(f"b{number}", 1505) for number in range(9)]
    squads = waiting(DUOS, [*people([1500, 1510, 1520, 1530, 1540]), *stand_ins])
    alone, filled = squads.take(7)
    assert not any(entrant.stands_in for entrant in alone.entrants)
    assert sum(entrant.stands_in for entrant in filled.entrants) == 3


def test_a_stand_in_that_comes_later_is_found_at_once() -> None:
    squads = waiting(DUOS, [a_person("one"), a_stand_in("b1"), a_stand_in("b2")])
    assert not squads.take(50)
    assert squads.next_at() is None
    squads.add(a_stand_in("b3", since=50.0))
    assert squads.next_at() == 50
    assert who(squads.take(50)) == [{"one", "b1", "b2", "b3"}]


def test_when_a_stand_in_goes_nobody_counts_on_it() -> None:
    squads = waiting(DUOS, [a_person("one"), *(a_stand_in(f"b{number}") for number in range(3))])
    assert squads.next_at() == 7
    squads.remove("Bot/b1")
    assert squads.next_at() is None


def test_when_one_between_two_goes_stand_ins_are_enough_for_them() -> None:
    shy = a_person("shy", 1505, avoid=frozenset({"p1500.0", "p1510.0"}))
    squads = waiting(DUOS, [*people([1500, 1510]), shy, a_stand_in("b1"), a_stand_in("b2")])
    assert not squads.take(50)
    assert squads.next_at() is None
    squads.remove("Ticket/shy")
    assert squads.next_at() == 7
    assert who(squads.take(50)) == [{"p1500", "p1510", "b1", "b2"}]


def test_with_stand_ins_too_a_player_accepts_how_far_the_other_team_is() -> None:
    rules = Rules(teams=2, team_size=2, tolerance=100, stand_ins_after_seconds=0)
    weak, middle = a_person("weak", 1400, size=2), a_person("middle", 1500, since=8.0)
    squads = waiting(rules, [weak, middle, a_stand_in("strong", 1600)])
    assert not squads.take(12.9)  # the players would agree at 10, the teams are 150 points apart
    assert squads.next_at() == 13
    assert squads.take(13)[0].gap == 150


def test_two_who_count_on_the_same_stand_ins_do_not_both_get_them() -> None:
    squads = waiting(
        DUOS, [a_person("weak", 1200), a_person("strong", 1800), *(a_stand_in(f"b{n}", 1500) for n in range(4))]
    )
    (proposal,) = squads.take(100)
    assert sum(entrant.stands_in for entrant in proposal.entrants) == 3
    assert len(squads) == 2


def test_a_party_larger_than_a_team_is_refused_and_what_was_there_stays() -> None:
    squads = waiting(DUOS, [a_person("friends", size=2)])
    with pytest.raises(ValueError, match="a team has 2, and a party stays together"):
        squads.add(a_person("friends", size=3))
    with pytest.raises(ValueError, match="a stand-in is one player"):
        squads.add(Entrant(key="Bot/two", rating=1500, since=0, players=("a", "b"), stands_in=True))
    assert "Ticket/friends" in squads


def test_one_with_the_same_key_is_replaced() -> None:
    squads = waiting(DUOS, people([1500, 1510, 1530, 1540]))
    squads.add(a_person("p1540", 3000))
    assert len(squads) == 4
    assert not squads.take(0)
    moved = squads.remove("Ticket/p1540")
    assert moved
    assert moved.rating == 3000
    assert squads.remove("Ticket/p1540") is None


@pytest.mark.parametrize(("teams", "size"), [(1, 5), (2, 0)])
def test_rules_without_an_opponent_or_a_player_are_refused(teams: int, size: int) -> None:
    with pytest.raises(ValueError, match="two teams or more"):
        Squads(Rules(teams=teams, team_size=size))
