"""Pairing neighbours, in one pass over those who wait in order of their rating, in plain Python.

Where everybody agrees with the next one, the line falls into runs, and dynamic programming on a run has a closed form:
neighbours are paired, and in a run of odd length that one is left out who makes the sum of gaps least. Those for whom
nobody is near enough are put aside first, so that they stand between nobody. `kernel` does the same with arrays.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, compress, pairwise
from operator import sub
from typing import NamedTuple

from tenure.matching.entrants import Entrant, Rules
from tenure.matching.rows import Columns, is_plain

UNITS = 1 << 20
"""Gaps are added up in whole parts of a point, so that equal sums are equal."""
SLIGHT = 1e-6
"""So that rounding hides nobody."""
ROUNDS = 8
"""How often those whom nobody is near enough for are put aside; each time others may be found."""

# What two neighbours say of one another: the left agrees, the right agrees, both do, or both do and must not.
LEFT, RIGHT, BOTH, APART = 1, 2, 3, 7
_not_both = re.compile(b"[^%c]" % BOTH)

Pair = tuple[int, int]
"""Two places, the lower first."""


class Path(NamedTuple):
    """How neighbours are paired, and the stretches in which pairing others than neighbours may do better."""

    pairs: list[Pair]
    doubtful: list[list[int]]


def path(columns: Columns, rules: Rules, now: float) -> Path:
    """Pair neighbours: most pairs, then the least sum of gaps, then those who have waited longest."""
    places = list(range(len(columns.ratings)))
    ratings, sinces = columns.ratings.tolist(), columns.sinces.tolist()
    said = _say(ratings, sinces, rules, now)
    for _ in range(ROUNDS):
        alone = _alone(said) if places else set()
        if not alone:
            break
        stay = bytearray(b"\1") * len(places)
        for place in alone:
            stay[place] = 0
        places, ratings, sinces = list(compress(places, stay)), _only(ratings, stay), _only(sinces, stay)
        said = _say(ratings, sinces, rules, now)
    if not columns.plain:
        agreed = [number for number, both in enumerate(said) if both == BOTH]
        for number in kept_apart([columns.entrants[place] for place in places], agreed, rules, now):
            said[number] = APART
    runs = list(pairwise([0, *(number + 1 for number in _breaks(said)), len(places)]))
    pairs: list[Pair] = []
    for start, end in runs:
        left_out = _left_out(ratings, sinces, start, end) if (end - start) % 2 else end
        pairs += zip(places[start:left_out:2], places[start + 1 : left_out : 2], strict=True)
        pairs += zip(places[left_out + 1 : end : 2], places[left_out + 2 : end : 2], strict=True)
    doubtful = _doubtful(runs, ratings, sinces, rules, now)
    return Path(pairs, [places[start:end] for start, end in doubtful])


def _only(column: list[float], stay: bytearray) -> list[float]:
    return list(compress(column, stay))


def _say(ratings: Sequence[float], sinces: Sequence[float], rules: Rules, now: float) -> bytearray:
    """Give what each and the next say of one another, by gap and wait."""
    near = rules.tolerance if max(sinces, default=now) <= now else -1.0
    gaps = list(map(sub, ratings[1:], ratings))
    said = bytearray((BOTH,)) * len(gaps)
    for number in [number for number, gap in enumerate(gaps) if gap > near]:
        wait = rules.accepts_at(gaps[number])
        said[number] = (sinces[number] + wait <= now) * LEFT + (sinces[number + 1] + wait <= now) * RIGHT
    return said


def _breaks(said: bytearray) -> list[int]:
    return [found.start() for found in _not_both.finditer(said)]


def _alone(said: bytearray) -> set[int]:
    """Give the places of those for whom both neighbours are too far away: so is everybody else."""
    padded = b"\0" + said + b"\0"
    beside = {place for number in _breaks(said) for place in (number, number + 1)} if said else {0}
    return {place for place in beside if not (padded[place] & RIGHT or padded[place + 1] & LEFT)}


def kept_apart(entrants: Sequence[Entrant], agreed: Sequence[int], rules: Rules, now: float) -> list[int]:
    """Give those of the agreed places whose entrant must not meet the next, though gap and wait are right."""
    plain = [is_plain(entrant) for entrant in entrants]
    return [
        number
        for number in agreed
        if not (plain[number] and plain[number + 1] and entrants[number].players != entrants[number + 1].players)
        and rules.meet_at(entrants[number], entrants[number + 1]) > now
    ]


def _left_out(ratings: Sequence[float], sinces: Sequence[float], start: int, end: int) -> int:
    """Give the place in a run of odd length without which the sum of gaps is least; of equals, who came last."""
    if end - start == 1:
        return start
    units = [round(rating * UNITS) for rating in ratings[start:end]]
    more = [2 * two - one - three for one, two, three in zip(units[:-2:2], units[1:-1:2], units[2::2], strict=True)]
    sums = list(accumulate(more, initial=0))
    least = min(sums)
    return max((sinces[start + 2 * at], start + 2 * at) for at, total in enumerate(sums) if total == least)[1]


def _doubtful(
    runs: Sequence[Pair], ratings: Sequence[float], sinces: Sequence[float], rules: Rules, now: float
) -> list[Pair]:
    """Give the stretches of several runs, of which one leaves somebody out. What is no such has the best pairs already.

    Between two stretches nobody is near enough for anybody.
    """
    if len(runs) == 1 or not any((end - start) % 2 for start, end in runs):
        return []
    borders = [start for start, _ in runs[1:]]
    ups, downs = _reached(runs, ratings, sinces, rules, now)
    cuts = [
        number
        for number, (border, up, down) in enumerate(zip(borders, ups, downs, strict=True), 1)
        if up < ratings[border] or down > ratings[border - 1]
    ]
    found: list[Pair] = []
    for first, end in pairwise([0, *cuts, len(runs)]):
        if end - first > 1 and any((high - low) % 2 for low, high in runs[first:end]):
            found.append((runs[first][0], runs[end - 1][1]))
    return found


def _reached(
    runs: Sequence[Pair], ratings: Sequence[float], sinces: Sequence[float], rules: Rules, now: float
) -> tuple[list[float], list[float]]:
    """Give for each border of two runs how far up those below reach, and how far down those above, at most."""
    widest = max(rules.tolerance, rules.tolerance_at_most) + SLIGHT
    ups: list[float] = []
    downs: list[float] = []
    for (low, border), (_, high) in pairwise(runs):
        near = range(bisect_left(ratings, ratings[border] - widest, low, border), border)
        ups.append(max((ratings[place] + reach(sinces[place], rules, now) for place in near), default=-math.inf))
        near = range(border, bisect_right(ratings, ratings[border - 1] + widest, border, high))
        downs.append(min((ratings[place] - reach(sinces[place], rules, now) for place in near), default=math.inf))
    return list(accumulate(ups, max)), list(accumulate(reversed(downs), min))[::-1]


def reach(since: float, rules: Rules, now: float) -> float:
    """Give a gap that is not less than what somebody accepts by now."""
    grown = rules.tolerance + rules.tolerance_per_second * max(now - since, 0.0)
    return max(min(grown, rules.tolerance_at_most), rules.tolerance) + SLIGHT
