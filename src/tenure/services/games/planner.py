"""How many players a key's limits can track, at which intervals: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tenure.core.durations import minutes, seconds
from tenure.pacing.rates import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What players do, and how often they are looked at: all that asking costs follows from it."""

    detection_interval: timedelta = seconds(30)
    listing_interval: timedelta = minutes(10)
    games_a_day: float = 3.0
    tries_a_result: float = 2.0
    titles: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one method costs, and what one bound lets through: in requests per second."""

    bound: str
    per_player: float
    allowed: float
    players: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many players one platform can have, and what bounds it."""

    players: int
    bound_by: str
    needs: tuple[Need, ...]
    shortest_interval: timedelta
    """How often `wanted` players could be looked at; the interval itself, if none were asked for."""


def plan(
    application: Sequence[Rate], methods: Mapping[str, Sequence[Rate]], habits: Habits = Habits(), *, wanted: int = 0
) -> Plan:
    """Work it out from a key's limits: those of the application, and those of each method that are known."""
    raise NotImplementedError
