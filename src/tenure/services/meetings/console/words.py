"""States, events and reasons in plain words, for people who know no table."""

from __future__ import annotations

import re
from typing import Any

from tenure import Event
from tenure.services.meetings.lifecycle import Meeting

STATES = {
    "scheduled": "planned for later",
    "called": "waiting for a free slot",
    "reserved": "about to start",
    "starting": "starting",
    "waiting": "waiting to be let in",
    "active": "in the meeting",
    "stopping": "leaving",
    "completed": "done",
    "failed": "failed",
}

REASONS = {
    "stopped": "it was told to leave",
    "evicted": "somebody removed it from the meeting",
    "meeting_ended": "the meeting ended",
    "left": "it left by itself",
    "exited": "it left by itself",
    "alone": "it was alone in the meeting for too long",
    "silence": "nothing was said for too long",
    "maximum_length": "it was there for as long as it may be",
    "server_shutdown": "the server was stopped",
    "meeting_unreachable": "the meeting could not be reached",
    "join_refused": "the meeting did not let it in",
    "waiting_room_timeout": "nobody let it in from the waiting room in time",
    "not_a_meeting_page": "there was no meeting at that address",
    "join_timeout": "it found no way into the meeting in time",
    "denied": "somebody did not let it in",
    "meeting_lost": "the meeting could not be reached any more",
    "vanished": "the meeting heard nothing of the bot any more",
    "terminated": "somebody ended its process",
    "start_failed": "its process could not be started",
    "bot_process_died": "its process died",
    "bot_process_missing": "its process is gone",
    "capture_lost": "its browser or the page there was dead or hung",
    "browser_failed": "its browser did not start",
    "browser_missing": "there is no browser on the server",
    "capture_stalled": "it captured nothing any more",
    "no_free_slot": "no slot was free for it within 5 minutes",
    "stale_reserved_timeout": "its process gave no sign of life for 5 minutes",
    "stale_starting_timeout": "it gave no sign of life for 10 minutes while starting",
    "stale_waiting_timeout": "it gave no sign of life for 2 minutes while waiting",
    "stale_active_timeout": "it gave no sign of life for 2 minutes",
    "stale_stopping_timeout": "it had not left 5 minutes after it was told to",
    "forced": "an admin ended it by force",
    "redacted": "its content was deleted",
}

EVENTS = {
    "create": "A bot was asked for",
    "call": "Its time has come",
    "reschedule": "Moved to another time",
    "reserve": "It has a slot",
    "launch": "Its process is being started",
    "started": "The bot is starting",
    "wait": "The bot waits to be let in",
    "joined": "The bot is in the meeting",
    "stop": "The bot is told to leave",
    "overstay": "The bot is told to leave",
    "leaving": "The bot is leaving",
    "cancel": "Cancelled: no bot will come",
    "exited": "The bot has left",
    "crashed": "It failed",
    "force_finish": "Ended by force",
    "not_admitted": "Given up",
    "reconfigure": "The bot is told other settings",
    "pause": "The bot is told to capture nothing",
    "resume": "The bot is told to capture again",
    "describe": "Described",
    "annotate": "Described",
    "account": "Counted in the month's usage",
    "redact": "Names, words and passcode were deleted",
}


def state(name: str) -> str:
    """Say what a bot does in a state."""
    return STATES.get(name, name)


def reason(code: str | None) -> str:
    """Say a reason; one that is not known here is shown as it is, without its underscores."""
    return REASONS.get(code, code.replace("_", " ")) if code else ""


def event(name: str) -> str:
    """Say what happened."""
    return EVENTS.get(name, "Given up" if name.startswith("expire_") else name.replace("_", " ").capitalize())


def who(by: str | None, names: dict[str, str]) -> str:
    """Say who did something; `names` are those of users, by id."""
    kind, _, id = (by or "").partition(":")
    if kind == "user":
        return names.get(id, f"user {id}")
    if kind == "bot":
        return "the bot"
    known = {"sweeper": "the server, by itself", "server": "the server", "admin": "an admin", "": ""}
    return known.get(kind, "the server" if kind.startswith("vexa-bot-") else kind)


def why(event: Event[Any]) -> str:
    """Say why something happened, as far as its event tells."""
    fields = event.fields
    told = [reason(fields.get("failure_reason") or fields.get("end_reason"))]
    if event.why and reason(event.why) not in told and not re.fullmatch(r"exit code 0", event.why):
        told.append(reason(event.why))
    return "; ".join(part for part in told if part)


def outcome(meeting: Meeting, names: dict[str, str]) -> str:
    """Say how a meeting ended, in one sentence; empty while it has not."""
    if meeting.state not in Meeting.over:
        return ""
    told = reason(meeting.failure_reason or meeting.end_reason)
    by = who(meeting.ended_by, names)
    return " ".join(part for part in (f"Ended by {by}" if by else "Ended", f"because {told}." if told else ".") if part)
