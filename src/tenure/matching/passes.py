"""Pairing many who wait at once: neighbours first, then exactly where that leaves somebody out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

from tenure.matching.blossoms import matched
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.paths import UNITS, Pair, Path, path
from tenure.matching.rows import Columns

_Chain = tuple[Pair, "_Chain | None"]
PathFinder = Callable[[Columns, Rules, float], Path]
by_arrays: PathFinder | None
try:
    from tenure.matching import kernel
except ModuleNotFoundError:  # numpy is an extra
    by_arrays = None
else:
    by_arrays = kernel.path

MANY = 512
"""From so many on arrays are the faster way."""
EDGES = 600
"""The most possible pairs among which the best are found exactly: a few milliseconds."""
EFFORT = 5_000
"""How many places one pass looks at twice, those of the shortest stretches first: some tenths of a second."""
WINDOW = 3
ALL = (1 << WINDOW) - 1
LONGEST = 2.0**34
"""Waits count up to so many seconds when all else is equal: five hundred years."""


def pairs(columns: Columns, rules: Rules, now: float) -> list[Pair]:
    """Give the best pairs of those in order: at least as many as of neighbours alone, and where equal, no wider."""
    neighbours = by_arrays if by_arrays and len(columns.entrants) >= MANY else path
    found = neighbours(columns, rules, now)
    effort = EFFORT
    better: list[tuple[int, int, list[Pair]]] = []
    for stretch in sorted(found.doubtful, key=len):
        effort -= len(stretch)
        if effort < 0:
            break
        entrants = [columns.entrants[place] for place in stretch]
        edges = possible(entrants, rules, now)
        instead = nearby(entrants, rules, now) if edges is None else best(entrants, edges)
        start, end = (bisect_left(found.pairs, (place,)) for place in (stretch[0], stretch[-1] + 1))
        better.append((start, end, [(stretch[low], stretch[high]) for low, high in instead]))
    for start, end, pairs_there in sorted(better, reverse=True):
        found.pairs[start:end] = pairs_there
    return found.pairs


def possible(entrants: Sequence[Entrant], rules: Rules, now: float) -> list[Pair] | None:
    """Give who of those in order may be matched by now; None if these are too many to choose from exactly."""
    found: list[Pair] = []
    for high, two in enumerate(entrants):
        for low in range(high - 1, -1, -1):
            one = entrants[low]
            if one.stands_in and two.stands_in:
                continue
            if two.since + rules.accepts_at(two.rating - one.rating) > now:
                break
            if rules.meet_at(one, two) <= now:
                found.append((low, high))
        if len(found) > EDGES:
            return None
    return found


def best(entrants: Sequence[Entrant], edges: Sequence[Pair]) -> list[Pair]:
    """Give most pairs of people, then most with stand-ins, then the least sum of gaps, then the longest waits."""
    if len(edges) < 2:  # noqa: PLR2004  nothing to choose
        return list(edges)
    worth = _Worth(entrants)
    return sorted(matched(len(entrants), [(low, high, worth(low, high)) for low, high in edges]))


def nearby(entrants: Sequence[Entrant], rules: Rules, now: float) -> list[Pair]:
    """Give the best pairs of those in order of which nobody is more than `WINDOW` places from his partner."""
    worth = _Worth(entrants)
    # For each set of the last places that are still free, as bits, the nearest lowest: what the pairs so far are worth.
    reached: dict[int, tuple[int, _Chain | None]] = {0: (0, None)}
    for high, two in enumerate(entrants):
        window = range(high - 1, max(high - 1 - WINDOW, -1), -1)
        may = [(1 << at, low) for at, low in enumerate(window) if rules.meet_at(entrants[low], two) <= now]
        paired = [(bit, worth(low, high), (low, high)) for bit, low in may]
        grown: dict[int, tuple[int, _Chain | None]] = {}
        for free, (total, chain) in reached.items():
            _keep(grown, (free << 1 | 1) & ALL, total, chain)
            for bit, more, pair in paired:
                if free & bit:
                    _keep(grown, (free ^ bit) << 1 & ALL, total + more, (pair, chain))
        reached = grown
    return sorted(_unwound(max(reached.values(), key=itemgetter(0))[1]))


def _keep(reached: dict[int, tuple[int, _Chain | None]], free: int, total: int, chain: _Chain | None) -> None:
    if free not in reached or reached[free][0] < total:
        reached[free] = total, chain


def _unwound(chain: _Chain | None) -> Iterator[Pair]:
    while chain:
        pair, chain = chain
        yield pair


class _Worth:
    """What a pair is worth: each weighs more than all that comes after it: people, stand-ins, gaps, waits."""

    def __init__(self, entrants: Sequence[Entrant]) -> None:
        newest = max(entrant.since for entrant in entrants)
        self._stand_ins = [entrant.stands_in for entrant in entrants]
        self._units = [_in_units(entrant.rating) for entrant in entrants]
        self._waits = [_in_units(min(newest - entrant.since, LONGEST)) for entrant in entrants]
        self._point = 1 + sum(self._waits)
        self._pair = self._point * (1 + (self._units[-1] - self._units[0]) * len(entrants))
        self._people = self._pair * (1 + len(entrants))

    def __call__(self, low: int, high: int) -> int:
        """Give it, for two places."""
        pair = self._pair if self._stand_ins[low] or self._stand_ins[high] else self._people
        return pair - self._point * (self._units[high] - self._units[low]) + self._waits[low] + self._waits[high]


def _in_units(value: float) -> int:
    return round(value * UNITS)
