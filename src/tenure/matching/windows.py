"""A sliding window of what was matched: bounded memory, and percentiles to a stated error."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from tenure.matching.quality import TENTHS, Decile, Regret, Spread, rank_of

ERROR = 0.01
"""How far a percentile is from the true one at most, as a share of it."""
LEAST = 0.001
"""What is smaller counts as nothing."""
RATING_STEP = 25.0
"""Deciles begin and end at multiples of this many points."""
SLICES = 60

_GROWTH = math.log((1 + ERROR) / (1 - ERROR))


class Sketch:
    """Counts values in buckets that grow by a constant factor, so that each percentile is known to within 1 %."""

    __slots__ = ("buckets", "number", "sum")

    def __init__(self) -> None:
        self.buckets: Counter[int] = Counter()
        self.number, self.sum = 0, 0.0

    def add(self, value: float) -> None:
        """Count one value that isn't negative."""
        self.buckets[_bucket(value)] += 1
        self.number += 1
        self.sum += value

    def merge(self, other: Sketch) -> None:
        """Count what another has counted."""
        self.buckets.update(other.buckets)
        self.number += other.number
        self.sum += other.sum

    def spread(self) -> Spread:
        """Give where the values lie."""
        if not self.number:
            return Spread()
        p50, p90, p99 = self._at([rank_of(share, self.number) for share in (0.5, 0.9, 0.99)])
        return Spread(number=self.number, mean=self.sum / self.number, p50=p50, p90=p90, p99=p99)

    def _at(self, ranks: list[int]) -> list[float]:
        found: list[float] = []
        passed = 0
        for bucket in sorted(self.buckets):
            passed += self.buckets[bucket]
            while len(found) < len(ranks) and ranks[len(found)] < passed:
                found.append(_value(bucket))
        return found


NOTHING = math.floor(math.log(LEAST) / _GROWTH)


def _bucket(value: float) -> int:
    return NOTHING if value <= LEAST else math.ceil(math.log(value) / _GROWTH)


def _value(bucket: int) -> float:
    """Give the value of a bucket that is no further from either of its ends than the error says."""
    return 0.0 if bucket == NOTHING else math.exp(bucket * _GROWTH) * (1 - ERROR)


class Slice:
    """What happened in one part of the window. Who was matched is kept by the step in which their rating is."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gap, self.unevenness = Sketch(), Sketch()
        self.waits: dict[int, Sketch] = {}
        self.gaps: dict[int, Sketch] = {}
        self.regrets: list[Regret] = []

    def person(self, rating: float, *, wait: float, gap: float) -> None:
        """Count somebody who was matched."""
        step = math.floor(rating / RATING_STEP)
        self.waits.setdefault(step, Sketch()).add(wait)
        self.gaps.setdefault(step, Sketch()).add(gap)

    def merge(self, other: Slice) -> None:
        """Add what happened in another."""
        self.counts.update(other.counts)
        self.regrets += other.regrets
        self.gap.merge(other.gap)
        self.unevenness.merge(other.unevenness)
        for mine, others in ((self.waits, other.waits), (self.gaps, other.gaps)):
            for step, sketch in others.items():
                mine.setdefault(step, Sketch()).merge(sketch)

    def wait(self) -> Spread:
        """Give where all waits lie."""
        return _merged(self.waits.values())

    def deciles(self) -> tuple[Decile, ...]:
        """Give waits and gaps by tenths of the ratings, as equal in number as whole steps of the rating allow."""
        total = sum(sketch.number for sketch in self.waits.values())
        tenths: dict[int, list[int]] = {}
        passed = 0
        for step in sorted(self.waits):
            number = self.waits[step].number
            tenths.setdefault(int((passed + number / 2) * TENTHS / total), []).append(step)
            passed += number
        return tuple(
            Decile(
                lowest=steps[0] * RATING_STEP,
                highest=(steps[-1] + 1) * RATING_STEP,
                wait=_merged(self.waits[step] for step in steps),
                gap=_merged(self.gaps[step] for step in steps),
            )
            for steps in tenths.values()
        )


def _merged(sketches: Iterable[Sketch]) -> Spread:
    together = Sketch()
    for sketch in sketches:
        together.merge(sketch)
    return together.spread()


class Window:
    """Slices of the last so many seconds; what is older is forgotten, a slice at a time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._slice_seconds = seconds / SLICES
        self._slices: dict[int, Slice] = {}

    def at(self, now: float) -> Slice:
        """Give the slice of a moment, to add to."""
        number = math.floor(now / self._slice_seconds)
        if number not in self._slices:
            self._slices[number] = Slice()
            self._forget(number)
        return self._slices[number]

    def total(self, now: float) -> Slice:
        """Give all that happened in the window that ends at a moment."""
        self._forget(math.floor(now / self._slice_seconds))
        together = Slice()
        for part in self._slices.values():
            together.merge(part)
        return together

    def _forget(self, newest: int) -> None:
        for number in [number for number in self._slices if number <= newest - SLICES]:
            del self._slices[number]
