"""When a transition happens by itself: lengths of time, leases, the end of a parent.

Inside Tenure every instant and every length is a whole number of microseconds; an instant counts from
1970-01-01 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def seconds(number: float) -> timedelta:
    """Give a length of time in seconds."""
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    """Give a length of time in minutes."""
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    """Give a length of time in hours."""
    return timedelta(hours=number)


def days(number: float) -> timedelta:
    """Give a length of time in days."""
    return timedelta(days=number)


@dataclass(frozen=True, slots=True)
class Lease:
    """The time after the last beat at which the holder counts as dead."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class EndOf:
    """The moment at which the record's parent ends; `parent` is the parent's field."""

    parent: object


def lease(*, seconds: float = 0, minutes: float = 0, hours: float = 0) -> Lease:
    """Say that a transition happens when its holder has not beaten for so long."""
    return Lease(timedelta(seconds=seconds, minutes=minutes, hours=hours))


def end_of(parent: str | None) -> EndOf:
    """Say that a transition happens when the record's parent ends."""
    return EndOf(parent)


def to_microseconds(value: datetime | timedelta) -> int:
    """Turn an instant (aware of its time zone) or a length of time into microseconds."""
    if isinstance(value, timedelta):
        return value // MICROSECOND
    return (value - EPOCH) // MICROSECOND


def to_instant(microseconds: int) -> datetime:
    """Turn microseconds since 1970-01-01 UTC into an instant."""
    return EPOCH + MICROSECOND * microseconds  # to multiply takes a third of making the length of a number


def to_length(microseconds: int) -> timedelta:
    """Turn microseconds into a length of time."""
    return MICROSECOND * microseconds
