"""Pairing many who wait at once: neighbours first, then exactly where that leaves somebody out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tenure.matching import kernel, paths
from tenure.matching.blossoms import matched
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.paths import UNITS, Pair, Path
from tenure.matching.rows import Columns

MANY = 256
"""From so many on arrays are the faster way."""
EDGES = 600
"""The most possible pairs among which the best are found exactly: a few milliseconds."""
EDGES_IN_A_PASS = 10_000
"""The same in all stretches of one pass together; the shortest come first."""
_SECONDS = 1 << 34
"""Waits count up to so many seconds when all else is equal: five hundred years."""


def pairs(columns: Columns, rules: Rules, now: float) -> list[Pair]:
    """Give the best pairs of those in order: at least as many as of neighbours alone, and where equal, no wider."""
    found = _neighbours(columns, rules, now)
    left = EDGES_IN_A_PASS
    better: list[tuple[int, int, list[Pair]]] = []
    for stretch in sorted(found.doubtful, key=len):
        entrants = [columns.entrants[place] for place in stretch]
        edges = possible(entrants, rules, now, at_most=min(left, EDGES))
        if edges is None:
            continue
        left -= len(edges)
        start, end = (bisect_left(found.pairs, (place,)) for place in (stretch[0], stretch[-1] + 1))
        better.append((start, end, [(stretch[low], stretch[high]) for low, high in best(entrants, edges)]))
    for start, end, instead in sorted(better, reverse=True):
        found.pairs[start:end] = instead
    return found.pairs


def _neighbours(columns: Columns, rules: Rules, now: float) -> Path:
    by_arrays = kernel.available and len(columns.entrants) >= MANY
    return (kernel if by_arrays else paths).path(columns, rules, now)


def possible(entrants: Sequence[Entrant], rules: Rules, now: float, *, at_most: int = EDGES) -> list[Pair] | None:
    """Give who of those in order may be matched by now; None if these are too many to choose from exactly."""
    found: list[Pair] = []
    for high, two in enumerate(entrants):
        for low in range(high - 1, -1, -1):
            one = entrants[low]
            if two.since + rules.accepts_at(two.rating - one.rating) > now:
                break
            if rules.meet_at(one, two) <= now:
                found.append((low, high))
        if len(found) > at_most:
            return None
    return found


def best(entrants: Sequence[Entrant], edges: Sequence[Pair]) -> list[Pair]:
    """Give the most pairs of people, then the most with stand-ins, then the least sum of gaps, then the longest waits."""
    if len(edges) < 2:  # noqa: PLR2004  nothing to choose
        return list(edges)
    newest = max(entrant.since for entrant in entrants)
    waits = [_units(min(newest - entrant.since, _SECONDS)) for entrant in entrants]
    units = [_units(entrant.rating) for entrant in entrants]
    # Each weighs more than all that comes after it: gaps, pairs with stand-ins, pairs of people.
    gap = 1 + sum(waits)
    pair = gap * (1 + (units[-1] - units[0]) * len(entrants))
    people = pair * len(entrants)
    chosen = [
        (
            low,
            high,
            pair
            + people * (not (entrants[low].stands_in or entrants[high].stands_in))
            - gap * (units[high] - units[low])
            + waits[low]
            + waits[high],
        )
        for low, high in edges
    ]
    return sorted(matched(len(entrants), chosen))


def _units(value: float) -> int:
    return round(value * UNITS)
