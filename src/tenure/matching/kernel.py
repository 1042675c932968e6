"""The same as `paths`, with arrays: for thousands at once. Needs numpy; `passes` does without this module too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenure.matching.entrants import Rules
from tenure.matching.paths import APART, BOTH, LEFT, RIGHT, ROUNDS, SLIGHT, UNITS, Path, kept_apart
from tenure.matching.rows import Columns

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Said = NDArray[np.uint8]


def path(columns: Columns, rules: Rules, now: float) -> Path:
    """Pair neighbours: most pairs, then the least sum of gaps, then those who have waited longest."""
    ratings, sinces = np.frombuffer(columns.ratings), np.frombuffer(columns.sinces)
    places = np.arange(len(ratings))
    said = _say(ratings, sinces, rules, now)
    for _ in range(ROUNDS):
        stay = np.zeros(len(places), bool)
        stay[:-1] |= said & LEFT > 0
        stay[1:] |= said & RIGHT > 0
        if stay.all():
            break
        places, ratings, sinces = places[stay], ratings[stay], sinces[stay]
        said = _say(ratings, sinces, rules, now)
    if not len(places):
        return Path([], [])
    if not columns.plain:
        entrants = [columns.entrants[place] for place in places.tolist()]
        said[kept_apart(entrants, np.flatnonzero(said == BOTH).tolist(), rules, now)] = APART
    breaks = np.flatnonzero(said != BOTH)
    starts = np.concatenate(([0], breaks + 1))
    lengths = np.diff(starts, append=len(places))
    lower = _paired(ratings, sinces, starts, lengths)
    pairs = list(zip(places[lower].tolist(), places[lower + 1].tolist(), strict=True))
    odd = starts[lengths % 2 > 0]
    stretches = _doubtful(_reached(ratings, sinces, rules, now), ratings, breaks, odd) if len(odd) else []
    return Path(pairs, [places[start:end].tolist() for start, end in stretches])


def _say(ratings: Floats, sinces: Floats, rules: Rules, now: float) -> Said:
    """Give what each and the next say of one another, by gap and wait."""
    gaps = np.diff(ratings)
    waits = np.zeros(len(gaps))
    far = np.flatnonzero(gaps > rules.tolerance)
    if rules.tolerance_per_second > 0:
        waits[far] = (gaps[far] - rules.tolerance) / rules.tolerance_per_second
        waits[far[gaps[far] > rules.tolerance_at_most]] = np.inf
    else:
        waits[far] = np.inf
    said = (sinces[:-1] + waits <= now).astype(np.uint8) * np.uint8(LEFT)
    return said + (sinces[1:] + waits <= now).astype(np.uint8) * np.uint8(RIGHT)


def _paired(ratings: Floats, sinces: Floats, starts: Places, lengths: Places) -> Places:
    """Give the places that are paired with the next, run by run."""
    place = np.arange(len(ratings))
    offset = place - np.repeat(starts, lengths)
    left_out = starts + lengths
    odd = lengths % 2 > 0
    if odd.any():
        may_be = np.flatnonzero((offset % 2 == 0) & np.repeat(odd, lengths))
        left_out[odd] = _left_out(ratings, sinces, may_be, lengths[odd])
    left_out = np.repeat(left_out, lengths)
    return np.flatnonzero(((place < left_out) & (offset % 2 == 0)) | ((place > left_out) & (offset % 2 > 0)))


def _left_out(ratings: Floats, sinces: Floats, may_be: Places, lengths: Places) -> Places:
    """Give the place in each run of odd length without which the sum of gaps is least; of equals, who came last."""
    units = np.rint(ratings * UNITS).astype(np.int64)
    more = 2 * units[may_be - 1] - units[may_be - 2] - units[may_be]
    numbers = (lengths + 1) // 2
    firsts = np.cumsum(numbers) - numbers
    sums = np.cumsum(more)
    sums -= np.repeat(sums[firsts], numbers)
    least = sums == np.repeat(np.minimum.reduceat(sums, firsts), numbers)
    came = np.where(least, sinces[may_be], -np.inf)
    last = least & (came == np.repeat(np.maximum.reduceat(came, firsts), numbers))
    return np.maximum.reduceat(np.where(last, may_be, -1), firsts)


def _reached(ratings: Floats, sinces: Floats, rules: Rules, now: float) -> tuple[Floats, Floats]:
    """Give how far up those below reach, and how far down those above."""
    grown = rules.tolerance + rules.tolerance_per_second * np.maximum(now - sinces, 0.0)
    reaches = np.maximum(np.minimum(grown, rules.tolerance_at_most), rules.tolerance) + SLIGHT
    return np.maximum.accumulate(ratings + reaches), np.minimum.accumulate((ratings - reaches)[::-1])[::-1]


def _doubtful(reached: tuple[Floats, Floats], ratings: Floats, breaks: Places, odd: Places) -> list[tuple[int, int]]:
    """Give the stretches that are broken and in which somebody is left out, as start and end."""
    farthest, nearest = reached
    cuts = breaks[(farthest[breaks] < ratings[breaks + 1]) | (nearest[breaks + 1] > ratings[breaks])] + 1
    starts, ends = np.concatenate(([0], cuts)), np.concatenate((cuts, [len(ratings)]))
    broken = np.searchsorted(breaks, starts) < np.searchsorted(breaks, ends - 1)
    left_out = np.searchsorted(odd, starts) < np.searchsorted(odd, ends)
    found = broken & left_out
    return list(zip(starts[found].tolist(), ends[found].tolist(), strict=True))
