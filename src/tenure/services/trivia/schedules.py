"""Schedules: when a guild wants its questions, in cron's form or in plainer ones, by the guild's own clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import groupby, islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from tenure.services.trivia.refusals import Wrong

FORMS = (
    "`schedule` must be such as `daily 09:00`, `weekdays 09:00, 18:30`, `mon,wed 20:00`, `every 30m`, `every 2h`, or "
    "the five fields of cron, as in `0 20 * * fri`"
)
MOST_OF_A_TEXT = 100
DAYS = {"daily": "*", "weekdays": "mon-fri", "weekends": "sat,sun"}
SOME_DAYS = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)([,-](mon|tue|wed|thu|fri|sat|sun))*")
AT_TIMES = re.compile(r"(?P<days>[a-z,-]+) (?P<times>\d{1,2}:\d\d(?: ?, ?\d{1,2}:\d\d)*)", re.ASCII)
EVERY = re.compile(r"every (?P<number>\d{1,3}) ?(?P<unit>m|min|minutes?|h|hours?)", re.ASCII)
CRON_FIELDS = 5
LOOKED_AT = 50
"""How many slots are looked at to tell how close together they are."""
BACK = (timedelta(hours=1), timedelta(days=2), timedelta(days=40), timedelta(days=8 * 366))
ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


class Schedule:
    """When questions are asked. `text` is as it was given.

    By the guild's clock: what falls into the hour that is left out in spring comes right after it, what falls into
    the hour that comes twice in autumn comes once. What is asked every so many minutes is asked through both.
    """

    def __init__(self, text: str) -> None:
        """Read a schedule. Raises `Wrong`, which says which forms there are."""
        self.text = text
        self._crons = _crons(" ".join(text.lower().split()))
        for cron in self._crons:
            _check(cron)

    def after(self, instant: datetime, time_zone: str) -> datetime:
        """Give the next slot after an instant, in UTC."""
        return next(self.slots(instant, time_zone))

    def slots(self, after: datetime, time_zone: str) -> Iterator[datetime]:
        """Give one slot after the other, in UTC. Endless."""
        zone = _zone(time_zone)
        for slot, _ in groupby(merge(*(_slots(cron, after, zone) for cron in self._crons))):
            yield slot

    def latest(self, instant: datetime, time_zone: str) -> datetime | None:
        """Give the last slot up to an instant and with it, in UTC; None if there was none for years.

        It is found by going forward from ever further back, so that it is one that `after` would give.
        """
        for back in BACK:
            passed = list(takewhile(lambda slot: slot <= instant, self.slots(instant - back, time_zone)))
            if passed:
                return passed[-1]
        return None

    def shortest_gap(self, time_zone: str) -> timedelta:
        """Give how close together two slots come, among the first ones."""
        some = islice(self.slots(ANY_DAY, time_zone), LOOKED_AT)
        return min(later - earlier for earlier, later in pairwise(some))


def check_time_zone(name: str) -> None:
    """Refuse what is no time zone. Raises `Wrong`."""
    if name not in _zones():
        raise Wrong("`time_zone` must be a name of the IANA list, such as Europe/Berlin or UTC")


# ------------------------------------------------------------------------------------ inside


def _crons(text: str) -> tuple[str, ...]:
    """Turn a schedule into cron's form; one that asks at several times is several."""
    if len(text) > MOST_OF_A_TEXT:
        raise Wrong(FORMS)
    if found := EVERY.fullmatch(text):
        return (_every(int(found["number"]), found["unit"][0]),)
    if found := AT_TIMES.fullmatch(text):
        days = DAYS.get(found["days"]) or (found["days"] if SOME_DAYS.fullmatch(found["days"]) else None)
        if days is None:
            raise Wrong(FORMS)
        return _at_times(days, found["times"].replace(" ", "").split(","))
    if len(text.split()) != CRON_FIELDS:
        raise Wrong(FORMS)
    return (text,)


def _every(number: int, unit: str) -> str:
    """Give each so many minutes of an hour, or hours of a day."""
    whole = 60 if unit == "m" else 24
    if number == 0 or whole % number:
        raise Wrong(
            "`every` takes minutes that divide the hour (1m 2m 3m 4m 5m 6m 10m 12m 15m 20m 30m 60m) or hours that "
            "divide the day (1h 2h 3h 4h 6h 8h 12h 24h): take one of those, or name times"
        )
    if number == whole:
        return "0 * * * *" if unit == "m" else "0 0 * * *"
    return f"*/{number} * * * *" if unit == "m" else f"0 */{number} * * *"


def _at_times(days: str, times: list[str]) -> tuple[str, ...]:
    return tuple(f"{_number(time, 1, 59)} {_number(time, 0, 23)} * * {days}" for time in dict.fromkeys(times))


def _number(time: str, part: int, most: int) -> int:
    number = int(time.split(":")[part])
    if number > most:
        raise Wrong("a time of day must be from 00:00 to 23:59")
    return number


def _check(cron: str) -> None:
    try:
        next(CronSim(cron, ANY_DAY))
    except (CronSimError, ValueError):
        raise Wrong(FORMS) from None
    except StopIteration:
        raise Wrong("`schedule` names a day that never comes: take another one") from None


def _slots(cron: str, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Give the slots of one cron text after an instant.

    What comes of the library is looked at again: from within the hour that comes twice it may go back.
    """
    for slot in CronSim(cron, after.astimezone(zone)):
        instant = slot.astimezone(UTC)
        if instant > after:
            after = instant
            yield instant


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
