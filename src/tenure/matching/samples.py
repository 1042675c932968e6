"""Regret: samples of a queue at an instant, matched exactly, beside what was really taken from them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping

from tenure.matching.entrants import Entrant, Rules
from tenure.matching.exact import exactly
from tenure.matching.quality import Regret

MOST = 24
EVERY_SECONDS = 10.0
WITHIN_SECONDS = 1.0


class Sample:
    """Some who waited at an instant, and what became of them in the second after it."""

    def __init__(self, entrants: Iterable[Entrant], rules: Rules, at: float) -> None:
        self.at, self._rules = at, rules
        self._left = {entrant.key: entrant for entrant in entrants}
        self._taken: list[tuple[Entrant, Entrant]] = []

    def match(self, keys: Iterable[str]) -> None:
        """Note a match. One of which not everybody is in the sample tells nothing: who is in it is left out."""
        seats = [self._left.pop(key, None) for key in keys]
        found = [seat for seat in seats if seat is not None]
        if len(found) == len(seats) == 2:  # noqa: PLR2004  a pair
            self._taken.append((found[0], found[1]))

    def go(self, key: str) -> None:
        """Note that somebody went without a match, and is left out."""
        self._left.pop(key, None)

    def regret(self) -> Regret:
        """Match the sample exactly as of its instant, and give both."""
        everybody = [*self._left.values(), *(entrant for pair in self._taken for entrant in pair)]
        best = exactly(everybody, self._rules, self.at)
        return compare(self._taken, best)


def compare(taken: Iterable[tuple[Entrant, Entrant]], best: Iterable[tuple[Entrant, Entrant]]) -> Regret:
    """Give what was taken beside the best: people placed, and the mean gap where these are equally many.

    Who places more than the best of that instant did so a moment later, and has nothing to regret.
    """
    (placed, gap), (placed_exactly, gap_exactly) = _measure(taken), _measure(best)
    if placed < placed_exactly:
        return Regret(samples=1, placed=placed, placed_exactly=placed_exactly)
    if placed > placed_exactly:
        gap_exactly = gap
    return Regret(samples=1, placed=placed, placed_exactly=placed, gap=gap, gap_exactly=gap_exactly)


def _measure(pairs: Iterable[tuple[Entrant, Entrant]]) -> tuple[int, float]:
    """Give how many people pairs place, and the mean of their gaps."""
    listed = [*pairs]
    people = sum(not entrant.stands_in for pair in listed for entrant in pair)
    return people, sum(abs(one.rating - two.rating) for one, two in listed) / max(len(listed), 1)


def together(regrets: Iterable[Regret]) -> Regret | None:
    """Give several samples as one: people added up, gaps as means over the samples that place equally many."""
    listed = [*regrets]
    if not listed:
        return None
    equal = [regret for regret in listed if regret.placed and regret.placed == regret.placed_exactly]
    return Regret(
        samples=len(listed),
        placed=sum(regret.placed for regret in listed),
        placed_exactly=sum(regret.placed_exactly for regret in listed),
        gap=sum(regret.gap for regret in equal) / max(len(equal), 1),
        gap_exactly=sum(regret.gap_exactly for regret in equal) / max(len(equal), 1),
    )


def around(queue: Mapping[str, Entrant], rating: float, at: float, most: int = MOST) -> Iterator[Entrant]:
    """Give those of a queue who waited at a moment and are next to a rating, at most so many."""
    there = (entrant for entrant in queue.values() if entrant.since <= at)
    yield from heapq.nsmallest(most, there, key=lambda entrant: abs(entrant.rating - rating))


class Sampler:
    """Takes a sample every so often, when a match is made."""

    def __init__(self) -> None:
        self._sample: Sample | None = None
        self._next = 0.0

    def match(self, queue: Mapping[str, Entrant], keys: Iterable[str], rules: Rules, at: float) -> None:
        """Note a match; it begins a sample, if it is time for one."""
        listed = [*keys]
        seats = [queue[key] for key in listed if key in queue]
        if self._sample is None and at >= self._next and seats and rules.teams == 2 and rules.team_size == 1:  # noqa: PLR2004
            self._sample, self._next = Sample(around(queue, seats[0].rating, at), rules, at), at + EVERY_SECONDS
        if self._sample is not None:
            self._sample.match(listed)

    def go(self, key: str) -> None:
        """Note that somebody went without a match."""
        if self._sample is not None:
            self._sample.go(key)

    def end(self, at: float) -> Sample | None:
        """Give the sample, if its time is over; then it is let go."""
        sample = self._sample
        if sample is None or at <= sample.at + WITHIN_SECONDS:
            return None
        self._sample = None
        return sample
