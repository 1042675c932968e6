"""Schedules: what may be written, and when the slots are, also where clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure import seconds
from tenure.services.trivia.refusals import Wrong
from tenure.services.trivia.schedules import Schedule, check_time_zone

MONDAY = datetime(2100, 1, 4, 12, tzinfo=UTC)
SPRING = datetime(2026, 3, 29, tzinfo=UTC)
"""In Berlin 2 o'clock becomes 3 that day, at 01:00 UTC."""

AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)
"""In Berlin 3 o'clock becomes 2 that day, at 01:00 UTC."""


def slots(text: str, after: datetime, number: int, time_zone: str = "Europe/Berlin") -> list[str]:
    """Give the next slots in UTC."""
    found, schedule = [after], Schedule(text)
    for _ in range(number):
        found.append(schedule.after(found[-1], time_zone))
    return [f"{slot:%m-%d %H:%M}" for slot in found[1:]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("daily 09:00", ["01-05 09:00", "01-06 09:00", "01-07 09:00"]),
        ("Daily 9:05", ["01-05 09:05", "01-06 09:05", "01-07 09:05"]),
        ("weekdays 18:30", ["01-04 18:30", "01-05 18:30", "01-06 18:30"]),
        ("weekends 10:00", ["01-09 10:00", "01-10 10:00", "01-16 10:00"]),
        ("mon,wed 20:00", ["01-04 20:00", "01-06 20:00", "01-11 20:00"]),
        ("fri-sat 20:00", ["01-08 20:00", "01-09 20:00", "01-15 20:00"]),
        ("daily 09:00, 18:30", ["01-04 18:30", "01-05 09:00", "01-05 18:30"]),
        ("daily 18:00, 18:00", ["01-04 18:00", "01-05 18:00", "01-06 18:00"]),
        ("every 30m", ["01-04 12:30", "01-04 13:00", "01-04 13:30"]),
        ("every 20 minutes", ["01-04 12:20", "01-04 12:40", "01-04 13:00"]),
        ("every 60m", ["01-04 13:00", "01-04 14:00", "01-04 15:00"]),
        ("every 8h", ["01-04 16:00", "01-05 00:00", "01-05 08:00"]),
        ("every 24 hours", ["01-05 00:00", "01-06 00:00", "01-07 00:00"]),
        ("  0  20 * *  FRI ", ["01-08 20:00", "01-15 20:00", "01-22 20:00"]),
        ("15 6 1 */3 *", ["04-01 06:15", "07-01 06:15", "10-01 06:15"]),
        ("0 12 L * *", ["01-31 12:00", "02-28 12:00", "03-31 12:00"]),
    ],
)
def test_each_form_says_when(text: str, wanted: list[str]) -> None:
    assert slots(text, MONDAY, 3, "UTC") == wanted


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "must be such as"),
        ("daily", "must be such as"),
        ("daily 9", "must be such as"),
        ("sometimes 09:00", "must be such as"),
        ("mon- 09:00", "must be such as"),
        ("@hourly", "must be such as"),
        ("x x x x x", "must be such as"),
        ("* * * * * *", "must be such as"),
        ("61 * * * *", "must be such as"),
        ("0 0 * * mon#9", "must be such as"),
        ("0 0 1 " + "1," * 60 + "1 *", "must be such as"),
        ("daily 24:00", "from 00:00 to 23:59"),
        ("daily 12:60", "from 00:00 to 23:59"),
        ("daily " + ",".join(f"{hour}:{minute}" for hour in (1, 2) for minute in range(10, 23)), "must be such as"),
        ("every 7m", "divide the hour"),
        ("every 0m", "divide the hour"),
        ("every 5h", "divide the day"),
        ("every 2 days", "must be such as"),
        ("0 0 30 2 *", "must be such as"),
        ("0 0 31 4,6,9,11 *", "must be such as"),
        ("0 0 ٣ * *", "must be such as"),
        ("daily ٠٩:٠٠", "must be such as"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(Wrong, match=advice):
        Schedule(text)


def test_a_slot_in_the_hour_that_is_left_out_comes_right_after_it_and_no_day_is_missed() -> None:
    assert slots("daily 02:30", SPRING - timedelta(days=1), 3) == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]


def test_a_slot_in_the_hour_that_comes_twice_is_asked_once() -> None:
    assert slots("daily 02:30", AUTUMN - timedelta(days=1), 3) == ["10-24 00:30", "10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize("at", ["00:40", "01:10", "01:29", "01:31"])
def test_nobody_goes_back_from_within_the_hour_that_comes_twice(at: str) -> None:
    hour, minute = map(int, at.split(":"))
    assert slots("daily 02:30", AUTUMN.replace(hour=hour, minute=minute), 1) == ["10-26 01:30"]


def test_what_is_asked_every_half_hour_is_asked_through_both() -> None:
    spring, autumn = SPRING + timedelta(minutes=15), AUTUMN - timedelta(minutes=15)
    assert slots("every 30m", spring, 3) == ["03-29 00:30", "03-29 01:00", "03-29 01:30"]
    assert slots("every 30m", autumn, 5) == ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]


def test_the_guilds_own_clock_rules() -> None:
    assert slots("daily 09:00", MONDAY, 1, "Asia/Kolkata") == ["01-05 03:30"]
    assert slots("mon 23:00", MONDAY, 1, "America/New_York") == ["01-05 04:00"]


def test_the_last_slot_is_found_however_far_back_it_is() -> None:
    assert Schedule("daily 12:00").latest(MONDAY, "UTC") == MONDAY
    assert Schedule("daily 12:01").latest(MONDAY, "UTC") == MONDAY - timedelta(days=1) + timedelta(minutes=1)
    assert Schedule("0 0 29 2 *").latest(MONDAY, "UTC") == datetime(2096, 2, 29, tzinfo=UTC)
    sunday_29_february = Schedule("0 0 29 2 */7")
    assert sunday_29_february.after(MONDAY, "UTC") == datetime(2128, 2, 29, tzinfo=UTC)
    assert sunday_29_february.latest(MONDAY, "UTC") is None, "the one before was in 2088"


def test_the_shortest_gap_is_that_of_the_closest_two() -> None:
    assert Schedule("daily 09:00, 09:20").shortest_gap("UTC") == timedelta(minutes=20)
    assert Schedule("every 2h").shortest_gap("UTC") == timedelta(hours=2)


@pytest.mark.parametrize("name", ["", "Nowhere/Town", "../../etc/passwd", "UTC\0", "europe/berlin", "local"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(Wrong, match="IANA"):
        check_time_zone(name)


TEXTS = st.sampled_from(
    [
        "daily 02:30",
        "daily 01:00, 02:00, 03:00",
        "every 20m",
        "every 3h",
        "mon,sun 02:15",
        "*/7 1-3 * * *",
        "5 */5 * * *",
    ]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca"])
INSTANTS = st.integers(0, 13 * 366 * 86_400).map(lambda length: datetime(2015, 1, 1, tzinfo=UTC) + seconds(length))


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, zone=ZONES, instant=INSTANTS)
def test_slots_rise_lie_after_their_instant_and_the_last_one_has_none_behind_it(
    text: str, zone: str, instant: datetime
) -> None:
    schedule = Schedule(text)
    found = [schedule.after(instant, zone)]
    for _ in range(5):
        found.append(schedule.after(found[-1], zone))
    assert instant < found[0]
    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(slot.second == slot.microsecond == 0 for slot in found)
    for slot in found:
        assert schedule.latest(slot, zone) == slot
    latest = schedule.latest(instant, zone)
    assert latest is not None
    assert latest <= instant
    assert schedule.after(latest, zone) == found[0]


@settings(max_examples=60, deadline=None)
@given(zone=ZONES, day=st.dates(date(2015, 1, 1), date(2027, 12, 31)))
def test_a_time_of_day_comes_once_on_every_day_of_the_guilds_calendar(zone: str, day: date) -> None:
    schedule = Schedule("daily 12:34")
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    slot = schedule.after(midnight - timedelta(minutes=1), zone)
    assert slot.astimezone(ZoneInfo(zone)).date() == day
    assert schedule.after(slot, zone).astimezone(ZoneInfo(zone)).date() > day
