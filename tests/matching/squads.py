"""What a match of teams must be, said without cleverness: every pair is asked, and every way is tried."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from hypothesis import strategies as st

from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.splits import mean_rating
from tenure.matching.teams import Squads

Partition = list[list[Entrant]]


def a_person(key: object, rating: float = 1500.0, *, size: int = 1, since: float = 0.0, **fields: object) -> Entrant:
    """A single player or a party; its players are `KEY.0`, `KEY.1` …"""
    players = tuple(f"{key}.{number}" for number in range(size))
    return Entrant(key=f"Ticket/{key}", rating=rating, since=since, players=players, **fields)  # type: ignore[arg-type]


def a_stand_in(key: object, rating: float = 1500.0, *, since: float = 0.0, **fields: object) -> Entrant:
    return Entrant(key=f"Bot/{key}", rating=rating, since=since, players=(f"{key}",), stands_in=True, **fields)  # type: ignore[arg-type]


def waiting(rules: Rules, entrants: Sequence[Entrant]) -> Squads:
    squads = Squads(rules)
    for entrant in entrants:
        squads.add(entrant)
    return squads


def meet_at(rules: Rules, one: Entrant, two: Entrant) -> float:
    """As the rules say it; two stand-ins only keep apart if one avoids the other."""
    if one.stands_in and two.stands_in:
        friends = one.avoid.isdisjoint(two.players) and two.avoid.isdisjoint(one.players)
        return -math.inf if friends else math.inf
    return rules.meet_at(one, two)


def all_meet_at(rules: Rules, entrants: Sequence[Entrant]) -> float:
    return max((meet_at(rules, one, two) for one, two in combinations(entrants, 2)), default=-math.inf)


def teams_meet_at(rules: Rules, teams: Sequence[Sequence[Entrant]]) -> float:
    """From when each person accepts how far its team is from the furthest other."""
    means = [mean_rating(team) for team in teams]
    return max(
        entrant.since + rules.accepts_at(max(abs(mean - other) for other in means))
        for mean, team in zip(means, teams, strict=True)
        for entrant in team
        if not entrant.stands_in
    )


def partitions(entrants: Sequence[Entrant], teams: int, team_size: int) -> Iterator[Partition]:
    """Every way to divide entrants into teams; parties stay whole."""
    if teams == 0:
        if not entrants:
            yield []
        return
    first, *rest = entrants
    for number in range(len(rest) + 1):
        for mates in combinations(rest, number):
            if sum(len(one.players) for one in (first, *mates)) == team_size:
                others = [one for one in rest if one not in mates]
                for further in partitions(others, teams - 1, team_size):
                    yield [[first, *mates], *further]


def gap_of(teams: Sequence[Sequence[Entrant]]) -> float:
    means = [mean_rating(team) for team in teams]
    return max(means) - min(means)


def least_gap(entrants: Sequence[Entrant], rules: Rules) -> float | None:
    return min(map(gap_of, partitions(entrants, rules.teams, rules.team_size)), default=None)


def ready_at(entrants: Sequence[Entrant], rules: Rules) -> float:
    """From when these may be a match of their own; infinity if never."""
    at = all_meet_at(rules, entrants)
    if at == math.inf:
        return at
    ways = sorted(partitions(entrants, rules.teams, rules.team_size), key=gap_of)
    return max(at, teams_meet_at(rules, ways[0])) if ways else math.inf


def check(proposal: Proposal, rules: Rules, now: float) -> None:
    """Everything that holds of every match."""
    assert len(proposal.teams) == rules.teams
    assert {sum(len(e.players) for e in team) for team in proposal.teams} == {rules.team_size}
    assert any(not entrant.stands_in for entrant in proposal.entrants)
    assert all_meet_at(rules, proposal.entrants) <= now
    assert teams_meet_at(rules, proposal.teams) <= now + 1e-9
    assert math.isclose(proposal.gap, gap_of(proposal.teams), abs_tol=1e-9)


def most_contiguous(entrants: Sequence[Entrant], rules: Rules, now: float) -> int:
    """The most matches of neighbours in the line that don't overlap and are ready: every choice is tried."""
    line = sorted(entrants, key=lambda entrant: (entrant.rating, entrant.key))
    ends: list[list[int]] = [[] for _ in line]
    for first in range(len(line)):
        players = 0
        for last in range(first, len(line)):
            players += len(line[last].players)
            if players == rules.teams * rules.team_size and ready_at(line[first : last + 1], rules) <= now:
                ends[first].append(last)
    best = [0] * (len(line) + 1)
    for first in range(len(line) - 1, -1, -1):
        best[first] = max([best[first + 1], *(1 + best[last + 1] for last in ends[first])])
    return best[0]


FORMS = [(2, 2), (2, 3), (3, 1), (4, 1), (3, 2), (2, 1)]
"""Teams and their size, small enough for every way to be tried."""


@st.composite
def some_rules(draw: st.DrawFn) -> Rules:
    teams, team_size = draw(st.sampled_from(FORMS))
    return Rules(
        teams=teams,
        team_size=team_size,
        tolerance=draw(st.sampled_from([0.0, 20.0, 50.0])),
        tolerance_per_second=draw(st.sampled_from([0.0, 5.0, 10.0])),
        tolerance_at_most=draw(st.sampled_from([50.0, 90.0])),
        stand_ins_after_seconds=draw(st.sampled_from([0.0, 4.0])),
        rematch_after_seconds=draw(st.sampled_from([0.0, 6.0])),
    )


@st.composite
def a_queue(
    draw: st.DrawFn, rules: Rules, *, most: int = 12, parties: bool = True, stand_ins: bool = False
) -> list[Entrant]:
    """Some who wait, on few ratings and moments so that ties and edges are common; some avoid or have met others."""
    number = draw(st.integers(0, most))
    entrants = []
    for key in range(number):
        others = st.frozensets(st.integers(0, max(number - 1, 0)).map(lambda other: f"{other}.0"), max_size=2)
        named = {
            "avoid": draw(others) if draw(st.integers(0, 5)) == 0 else frozenset(),
            "met": draw(others) if draw(st.integers(0, 3)) == 0 else frozenset(),
        }
        rating, since = draw(st.integers(0, 30)) * 7.0, float(draw(st.integers(0, 10)))
        if stand_ins and draw(st.integers(0, 2)) == 0:
            entrants.append(a_stand_in(f"{key}.0", rating, since=since, **named))
        else:
            size = draw(st.integers(1, rules.team_size)) if parties else 1
            entrants.append(a_person(key, rating, size=size, since=since, **named))
    return entrants
