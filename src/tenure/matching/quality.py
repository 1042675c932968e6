"""How well a queue is matched: gaps, chances, waits, who gave up, and what an exact matching would have done better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

TENTHS = 10


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Where many values lie: half are at most `p50`, 90 and 99 % at most `p90` and `p99`. None where there is none."""

    number: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


class Decile(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of those who were matched, by rating, from the lowest: their waits in seconds, their matches' gaps."""

    lowest: float
    highest: float
    wait: Spread
    gap: Spread


class Regret(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken from samples of the queue, beside what an exact matching of the same samples takes."""

    samples: int = 0
    placed: int = 0
    """People who were given a match."""
    placed_exactly: int = 0
    """People whom the exact matching gives one."""
    gap: float = 0.0
    """The mean rating gap where both place equally many."""
    gap_exactly: float = 0.0

    @property
    def people(self) -> int:
        """How many people more the exact matching places, over all samples."""
        return self.placed_exactly - self.placed


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one pool over the last `window_seconds`. Ratings in points, times in seconds."""

    pool: str
    window_seconds: float
    matches: int
    """Matches that were offered. What became of them is counted below, each when it happened."""
    matches_per_minute: float
    started: int
    settled: int
    """Matches that were played to their end."""
    expired: int
    """Offers that nobody, or not everybody, accepted in time."""
    declined: int
    """Offers that came to nothing because somebody declined."""
    called_off: int
    """Offers that were taken back for another reason."""
    broken_off: int
    """Matches that were begun and came to nothing."""
    cooled: int
    """Reservations that ran out before their ticket or bot had accepted."""
    stand_ins: int
    """Matches in which at least one bot filled in."""
    gave_up: int
    left: int
    conflicts: int
    """Matches that were chosen but not made, since somebody in them had gone meanwhile."""
    gap: Spread
    unevenness: Spread
    """How far the likeliest or unlikeliest winner's expected share is from an equal one: |P(win) − 0.5| for two."""
    wait: Spread
    """How long people had waited when a match was offered to them."""
    deciles: tuple[Decile, ...]
    waiting: int
    """Tickets that wait now."""
    bots_waiting: int
    oldest_seconds: float | None
    """How long the ticket that came first has waited by now."""
    regret: Regret | None
    """None where nothing was sampled: a pool of teams, or one without matches."""

    @property
    def abandoned(self) -> int:
        """How many went without a match: they gave up or left."""
        return self.gave_up + self.left


def rank_of(share: float, number: int) -> int:
    """Give which of so many sorted values, from 0, is the least that at least this share of them does not exceed."""
    return max(math.ceil(share * number - 1e-9) - 1, 0)


def spread_of(values: Iterable[float]) -> Spread:
    """Give the exact spread of some values."""
    ordered = sorted(values)
    if not ordered:
        return Spread()
    p50, p90, p99 = (ordered[rank_of(share, len(ordered))] for share in (0.5, 0.9, 0.99))
    return Spread(number=len(ordered), mean=math.fsum(ordered) / len(ordered), p50=p50, p90=p90, p99=p99)


def deciles_of(matched: Iterable[tuple[float, float, float]]) -> tuple[Decile, ...]:
    """Give the exact deciles of (rating, wait, gap); fewer than ten, if there are fewer values."""
    ordered = sorted(matched)
    ends = [round(len(ordered) * tenth / TENTHS) for tenth in range(TENTHS + 1)]
    tenths = [ordered[begin:end] for begin, end in pairwise(ends) if end > begin]
    return tuple(
        Decile(
            lowest=tenth[0][0],
            highest=tenth[-1][0],
            wait=spread_of(wait for _, wait, _ in tenth),
            gap=spread_of(gap for _, _, gap in tenth),
        )
        for tenth in tenths
    )


def unevenness_of(expected: Sequence[float]) -> float:
    """Give how far the teams' expected shares of the win are from equal ones, at most."""
    return max((abs(share - 1 / len(expected)) for share in expected), default=0.0)
