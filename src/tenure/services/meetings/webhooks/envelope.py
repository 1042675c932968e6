"""What is posted: an envelope, made once for each event and frozen, so that every try sends the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tenure import Event
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.lifecycle import Meeting

API_VERSION = "2026-03-01"
SPECIAL = {"active": "meeting.started", "completed": "meeting.completed", "failed": "bot.failed"}
SOURCES = {"bot": "bot_callback", "user": "user", "admin": "admin", "sweeper": "sweeper"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it is sent: its stable id, its type, and its exact text."""

    id: str
    event_type: str
    body: str


def envelopes(space: str, meeting: Meeting, event: Event[Meeting], views: Views, *, has_words: bool) -> list[Envelope]:
    """Give what one change of a meeting's state sends: always the change, then what it means to most."""
    data = {"meeting": _at_event(meeting, event, views), "status_change": _change(event)}
    target = event.target.name
    found = [_sealed(space, event, "meeting.status_change", data)]
    if target in SPECIAL:
        found.append(_sealed(space, event, SPECIAL[target], data))
    if event.target in Meeting.over and has_words:
        path = f"/transcripts/{meeting.platform}/{meeting.native_id}?meeting_id={meeting.number}"
        found.append(_sealed(space, event, "transcription.ready", {"meeting": data["meeting"], "path": path}))
    return found


def sample(id: str, at: datetime) -> Envelope:
    """Give what a user's test sends: an event of the real form about no meeting."""
    meeting = {"id": 0, "platform": "local", "native_meeting_id": "test", "status": "reserved", "data": {}}
    change = {"from": None, "to": "reserved", "reason": "test", "timestamp": at, "transition_source": "user"}
    data = {"meeting": meeting, "status_change": change, "test": True}
    return _envelope(id, "meeting.status_change", at, data)


def _sealed(space: str, event: Event[Meeting], event_type: str, data: Json) -> Envelope:
    # The position of the event, not its version: a store that was emptied and begun anew counts versions from 1 again,
    # and a receiver would take its first meetings for those that it has seen.
    digest = hashlib.sha256(f"{space}/{event.op}/{event_type}".encode()).hexdigest()
    return _envelope(f"evt_{digest[:32]}", event_type, event.at, data)


def _envelope(id: str, event_type: str, at: datetime, data: Json) -> Envelope:
    content = {
        "event_id": id,
        "event_type": event_type,
        "api_version": API_VERSION,
        "created_at": at,
        "data": data,
    }
    return Envelope(id, event_type, msgspec.json.encode(content).decode())


def _at_event(meeting: Meeting, event: Event[Meeting], views: Views) -> Json:
    """Show a meeting as the change left it: the record may have moved on since."""
    over, target = event.target in Meeting.over, event.target.name
    shown = views.meeting(meeting)
    joined = meeting.joined_at is not None and meeting.joined_at <= event.at
    return {
        **shown,
        "status": target,
        "start_time": shown["start_time"] if joined else None,
        "end_time": event.at if over else None,
        "ended_by": shown["ended_by"] if over else None,
        "end_reason": shown["end_reason"] if over else None,
        "completion_reason": shown["end_reason"] if over else None,
        "failure_stage": event.source.name if target == "failed" and event.source else None,
        "updated_at": event.at,
    }


def _change(event: Event[Meeting]) -> Json:
    return {
        "from": event.source.name if event.source else None,
        "to": event.target.name,
        "reason": event.fields.get("failure_reason") or event.fields.get("end_reason"),
        "timestamp": event.at,
        "transition_source": SOURCES.get(event.by.partition(":")[0], "server"),
    }
