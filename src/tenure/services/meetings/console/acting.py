"""What the page's forms do, all of it through what the API does too, with the API's own words where it is refused."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec

from tenure.http.reading import parse
from tenure.http.rejections import Absent, Conflict, Forbidden, Invalid
from tenure.services.meetings.api.inputs import BotConfig, BotWanted, Finish, Rescheduled
from tenure.services.meetings.attendance import TOO_FAST
from tenure.services.meetings.console.access import Viewer
from tenure.services.meetings.lifecycle import Meeting, User
from tenure.services.meetings.service import MeetingsService

T = TypeVar("T")
Form = Mapping[str, str]
MOST_TRIES = 10
RULES = ("alone", "silence", "waiting_room", "maximum")

DONE = {
    "asked": "A bot was asked for.",
    "planned": "A bot will come at that time.",
    "same": "You had asked for this bot before: here it is.",
    "stopped": "The bot is told to leave.",
    "cancelled": "The bot is cancelled: it will not come.",
    "finished": "The meeting is ended, and its process with it.",
    "paused": "The bot is told to capture nothing until it is resumed.",
    "resumed": "The bot is told to capture again.",
    "configured": "The bot is told its new settings.",
    "moved": "The bot will come at that time.",
    "redacted": "Names, words and passcode are deleted; the row stays.",
    "resent": "It is sent again.",
}
"""What is said after a form was taken; the address carries the word only, so nobody can put texts onto the page."""


class Acting:
    """Does what forms ask for; each step gives the word of `DONE` that answers it."""

    def __init__(self, service: MeetingsService) -> None:
        self._attendance, self._archive, self._webhooks = service.attendance, service.archive, service.webhooks

    async def ask(self, viewer: Viewer, form: Form) -> tuple[Meeting, str]:
        """Ask for a bot."""
        wanted = read(form, BotWanted, instant="join_at")
        meeting, new = await self._attendance.request(_user(viewer), wanted)
        return meeting, "same" if not new else "planned" if meeting.state in Meeting.planned else "asked"

    async def act(self, viewer: Viewer, action: str, meeting: Meeting, form: Form) -> str:
        """Make one step with a meeting. Raises `Absent` for a step that there is not."""
        steps: dict[str, Callable[[Viewer, Meeting, Form], Awaitable[str]]] = {
            "stop": self.stop, "finish": self.finish, "pause": self.pause, "resume": self.resume,
            "configure": self.configure, "reschedule": self.reschedule, "redact": self.redact, "resend": self.resend,
        }  # fmt: skip
        if action not in steps:
            raise Absent("there is nothing at this address")
        return await steps[action](viewer, meeting, form)

    async def stop(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:  # noqa: ARG002
        """Have the bot leave, or never come."""
        by = "admin" if viewer.user is None else f"user:{viewer.user.id}"
        for _ in range(MOST_TRIES):
            if meeting.state in Meeting.over or meeting.state == Meeting.stopping:
                return "stopped"
            if await self._attendance.end_attending(meeting, by=by, reason="stopped"):
                return "stopped" if meeting.holder else "cancelled"
            meeting = await self._archive.by_id(meeting.id)
        raise Conflict(TOO_FAST)

    async def finish(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:
        """End a stuck meeting by force."""
        if not viewer.is_admin:
            raise Forbidden("only an admin ends a meeting by force: stop the bot instead")
        wanted = read({"reason": form.get("reason", "")}, Finish)
        await self._attendance.finish(meeting.id, wanted.reason)
        return "finished"

    async def pause(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:  # noqa: ARG002
        """Have the bot capture nothing."""
        await self._attendance.pause(*_named(viewer, meeting))
        return "paused"

    async def resume(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:  # noqa: ARG002
        """Have the bot capture again."""
        await self._attendance.resume(*_named(viewer, meeting))
        return "resumed"

    async def configure(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:
        """Change language or task."""
        user, platform, native_id, id = _named(viewer, meeting)
        given = {name: form.get(name, "") for name in ("language", "task")}
        await self._attendance.reconfigure(user, platform, native_id, read(given, BotConfig), id)
        return "configured"

    async def reschedule(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:
        """Move a scheduled bot."""
        user, platform, native_id, id = _named(viewer, meeting)
        given = {name: form.get(name, "") for name in ("join_at", "zone_minutes")}
        wanted = read(given, Rescheduled, instant="join_at")
        await self._attendance.reschedule(user, platform, native_id, wanted.join_at, id)
        return "moved"

    async def redact(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:  # noqa: ARG002
        """Delete what was heard, and all names."""
        await self._archive.redact(*_named(viewer, meeting))
        return "redacted"

    async def resend(self, viewer: Viewer, meeting: Meeting, form: Form) -> str:  # noqa: ARG002
        """Post a webhook's delivery again."""
        await self._webhooks.resend(_user(viewer), form.get("delivery", "")[:100])
        return "resent"


def read(form: Form, model: type[T], *, instant: str = "") -> T:
    """Read a form into what the API takes: empty fields were not given. Raises `Invalid`, in the API's words."""
    given: dict[str, Any] = {name: value.strip() for name, value in form.items() if value.strip()}
    given.pop("form_token", None)
    zone = given.pop("zone_minutes", "0")
    if instant in given:
        given[instant] = _instant(given[instant], zone, instant)
    rules = {f"{name}_seconds": _seconds(name, given.pop(name)) for name in RULES if name in given}
    return parse(msgspec.json.encode({**given, **({"automatic_leave": rules} if rules else {})}), model)


def _instant(text: str, zone_minutes: str, name: str) -> str:
    """Give the instant of a browser's local time; `zone_minutes` is how far its zone is ahead of UTC then."""
    try:
        at, ahead = datetime.fromisoformat(text), timedelta(minutes=int(zone_minutes[:6]))
        return (at if at.tzinfo else at.replace(tzinfo=timezone(ahead))).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise Invalid(f"`{name}` must be a date and a time of day") from None


def _seconds(name: str, minutes: str) -> float | None:
    """Read a length in minutes as people write it; `never` is none."""
    if minutes.lower() == "never":
        return None
    try:
        length = float(minutes[:20].replace(",", ".")) * 60
    except ValueError:
        length = math.nan
    if not math.isfinite(length):
        raise Invalid(f"`{name}` must be a number of minutes, or never")
    return length


def _user(viewer: Viewer) -> User:
    if viewer.user is None:
        raise Forbidden("an admin has no meetings of their own: log in with a user's API key for this")
    return viewer.user


def _named(viewer: Viewer, meeting: Meeting) -> tuple[User, str, str, str]:
    return _user(viewer), meeting.platform, meeting.native_id, meeting.id
