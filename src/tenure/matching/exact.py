"""The best that can be done with a few who wait: an exact matching, for samples and small waves. Not for a queue."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.matching.blossoms import matched
from tenure.matching.entrants import Entrant, Rules

Pair = tuple[Entrant, Entrant]
STEPS_PER_POINT = 1000
"""Gaps are compared to a thousandth of a point, as whole numbers: so the answer has no rounding in it."""
SLIGHT = 1e-6
"""So that rounding shuts nobody out before `meet_at`, which has the last word, was asked."""


def exactly(entrants: Sequence[Entrant], rules: Rules, now: float) -> list[Pair]:
    """Give the pairs that place most people by now; of these the fewest stand-ins; of these the least sum of gaps."""
    ordered = sorted(entrants, key=lambda entrant: entrant.rating)
    edges = _edges(ordered, rules, now)
    if not edges:
        return []
    one = 1 + sum(sorted((gap for _, _, gap in edges), reverse=True)[: len(ordered) // 2])
    weighted = [(a, b, _worth(ordered[a], ordered[b], one * len(ordered), one) - gap) for a, b, gap in edges]
    return [(ordered[a], ordered[b]) for a, b in matched(len(ordered), weighted)]


def _worth(one: Entrant, two: Entrant, person: int, stand_in: int) -> int:
    """Give what a pair is worth before its gap: two people are worth more than any number of stand-ins saves."""
    return 2 * person if not (one.stands_in or two.stands_in) else person - stand_in


def _edges(ordered: Sequence[Entrant], rules: Rules, now: float) -> list[tuple[int, int, int]]:
    """Give who may be matched by now, and the gap: only those within the widest tolerance are looked at."""
    found: list[tuple[int, int, int]] = []
    accepts = [rules.accepts(entrant, now) for entrant in ordered]
    for a, low in enumerate(ordered):
        for b in range(a + 1, len(ordered)):
            gap = ordered[b].rating - low.rating
            if gap > accepts[a] + SLIGHT:
                break
            if rules.meet_at(low, ordered[b]) <= now:
                found.append((a, b, round(gap * STEPS_PER_POINT)))
    return found
