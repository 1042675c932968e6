"""How late games are seen and results come, by the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import median

import msgspec

from tenure import Store, minutes
from tenure.services.games.lifecycle import TrackedGame

RECENT = 100
SOON = minutes(5)


class Lengths(msgspec.Struct, frozen=True):
    """How long something took, in the middle and at worst, of so many times."""

    number: int
    median_seconds: float
    most_seconds: float


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last games with a result: how long each was seen after its beginning, and its result after its end.

    Of those only that were seen while they went on. None where there is none of them.
    """

    detection: Lengths | None
    result: Lengths | None
    results_soon: float | None
    """The share of results that came within five minutes."""

    retried: float | None
    """The share of results that needed a retry."""


async def recent_delays(store: Store) -> Delays:
    """Look at the last hundred games that have a result, by when they were found."""
    return delays_of(await store.find(TrackedGame.completed, newest_first=True, limit=RECENT))


def delays_of(games: Sequence[TrackedGame]) -> Delays:
    """Work the delays out of games that have a result."""
    seen = [game for game in games if game.found_by == "spectator"]
    results = [_result_delay(game) for game in seen]
    return Delays(
        detection=_lengths([_detection_delay(game) for game in seen]),
        result=_lengths(results),
        results_soon=sum(each <= SOON for each in results) / len(results) if results else None,
        retried=sum(game.retry_count > 0 for game in games) / len(games) if games else None,
    )


def _detection_delay(game: TrackedGame) -> timedelta:
    return max(game.created_at - (game.started_at or game.created_at), timedelta(0))


def _result_delay(game: TrackedGame) -> timedelta:
    ended_at = (game.started_at or game.created_at) + timedelta(seconds=game.duration_seconds or 0)
    return max(game.entered_at - ended_at, timedelta(0))


def _lengths(lengths: Sequence[timedelta]) -> Lengths | None:
    seconds = [length.total_seconds() for length in lengths]
    return Lengths(len(seconds), median(seconds), max(seconds)) if seconds else None
