"""People and bots who wait, the best that can be done with few of them, and plain dynamic programming for many."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count, pairwise

from tenure.matching.entrants import Entrant, Proposal, Rules

NOW = 1_700_000_000.0
UNITS = 1 << 20

_numbers = count(1)


def a_person(
    rating: float = 1500.0,
    waited: float = 0.0,
    *,
    key: str | None = None,
    player: str | None = None,
    avoid: Iterable[str] = (),
    met: Iterable[str] = (),
) -> Entrant:
    """Somebody who has waited so long at `NOW`."""
    key = key or f"Ticket/{next(_numbers)}"
    players = (player or f"player of {key}",)
    return Entrant(
        key=key, rating=rating, since=NOW - waited, players=players, avoid=frozenset(avoid), met=frozenset(met)
    )


def a_bot(rating: float = 1500.0, waited: float = 0.0) -> Entrant:
    key = f"Bot/{next(_numbers)}"
    return Entrant(key=key, rating=rating, since=NOW - waited, players=(key,), stands_in=True)


def many(number: int, *, seed: int, width: float, oldest: float, whole_points: bool = False) -> list[Entrant]:
    """People with random ratings and waits."""
    drawn = random.Random(seed)  # noqa: S311  # nosec B311  not a secret
    ratings = [drawn.uniform(0, width) for _ in range(number)]
    return [
        a_person(float(round(rating)) if whole_points else rating, drawn.uniform(0, oldest), key=f"Ticket/{place}")
        for place, rating in enumerate(ratings)
    ]


def keys_of(proposals: Iterable[Proposal]) -> list[set[str]]:
    return [{entrant.key for entrant in proposal.entrants} for proposal in proposals]


Worth = tuple[int, int, int]
"""Pairs of people and pairs with a bot, each less than zero, and the sum of gaps: less is better."""


def worth(proposals: Iterable[Proposal]) -> Worth:
    pairs = [tuple(proposal.entrants) for proposal in proposals]
    return _sum(_worth(one, two) for one, two in pairs)


def _worth(one: Entrant, two: Entrant) -> Worth:
    with_bot = one.stands_in or two.stands_in
    return -(not with_bot), -with_bot, abs(round(one.rating * UNITS) - round(two.rating * UNITS))


def _sum(worths: Iterable[Worth]) -> Worth:
    listed = list(worths)
    return sum(of[0] for of in listed), sum(of[1] for of in listed), sum(of[2] for of in listed)


def best(entrants: Sequence[Entrant], rules: Rules, now: float) -> Worth:
    """Try all there is: for ten or so."""
    may = [[rules.meet_at(one, two) <= now for two in entrants] for one in entrants]

    @lru_cache(None)
    def of(left: tuple[int, ...]) -> Worth:
        if not left:
            return (0, 0, 0)
        first, *others = left
        tried = [of(tuple(others))]
        for other in others:
            if may[first][other]:
                rest = tuple(place for place in others if place != other)
                tried.append(_sum([of(rest), _worth(entrants[first], entrants[other])]))
        return min(tried)

    return of(tuple(range(len(entrants))))


def neighbours_paired(entrants: Iterable[Entrant], rules: Rules, now: float) -> Worth:
    """Pair neighbours of the sorted line by dynamic programming, step by step."""
    line = sorted(entrants, key=lambda one: (one.rating, one.since, one.key))
    before, least = (0, 0, 0), (0, 0, 0)
    for one, two in pairwise(line):
        paired = [_sum([before, _worth(one, two)])] if rules.meet_at(one, two) <= now else []
        before, least = least, min([least, *paired])
    return least
