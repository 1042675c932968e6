"""What a user asks for, checked: in which meeting, from when on, and under which rules for leaving by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET

from tenure import days, minutes, seconds
from tenure.http.rejections import Invalid
from tenure.services.meetings.api.inputs import AutomaticLeave, BotWanted
from tenure.services.meetings.platforms import MEETING_URLS, Place, UnknownMeeting, read_url
from tenure.services.meetings.settings import Settings

LATE = minutes(1)
SOON = seconds(5)
FARTHEST = days(365)


@dataclass(frozen=True, slots=True)
class Rules:
    """When a bot leaves by itself. None: never for that reason."""

    alone_seconds: float | None
    silence_seconds: float | None
    waiting_room: timedelta
    longest: timedelta


def place_of(wanted: BotWanted, *, page_url: str) -> Place:
    """Give the meeting that is meant, by platform and id or by its URL. Raises `Invalid`."""
    if wanted.meeting_url is None:
        if wanted.platform is None:
            raise Invalid("`platform` is missing: give platform and native_meeting_id, or meeting_url")
        if wanted.native_meeting_id is None:
            raise Invalid("`native_meeting_id` is missing: give platform and native_meeting_id, or meeting_url")
        return Place(wanted.platform, wanted.native_meeting_id, wanted.passcode)
    if wanted.platform is not None or wanted.native_meeting_id is not None:
        raise Invalid("give either meeting_url, or platform and native_meeting_id")
    try:
        place = read_url(wanted.meeting_url, page_url=page_url)
    except UnknownMeeting:
        raise Invalid(f"`meeting_url` is not one of a meeting that is known here: {MEETING_URLS}") from None
    return Place(place.platform, place.native_id, wanted.passcode or place.passcode)


def start_of(join_at: datetime | None, now: datetime) -> datetime | None:
    """Give when a bot is to be called; None for at once. Raises `Invalid`."""
    if join_at is None:
        return None
    try:
        ahead = join_at - now
    except OverflowError:
        ahead = FARTHEST * 2
    if ahead < -LATE:
        raise Invalid("`join_at` is past: give an instant to come, or leave it out to join at once")
    if ahead > FARTHEST:
        raise Invalid(f"`join_at` is too far ahead: at most {FARTHEST.days} days")
    return join_at if ahead > SOON else None


def rules_of(given: AutomaticLeave | None, settings: Settings) -> Rules:
    """Give the rules that hold: what a user gave, else the server's own."""
    given = given or AutomaticLeave()
    alone, silence = given.alone_seconds, given.silence_seconds
    room, longest = given.waiting_room_seconds, given.maximum_seconds
    return Rules(
        settings.alone_seconds if alone is UNSET else alone,
        settings.silence_seconds if silence is UNSET else silence,
        seconds(settings.waiting_room_seconds if room is UNSET else room),
        seconds(settings.maximum_seconds if longest is UNSET else longest),
    )
