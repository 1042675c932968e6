"""What the WebSocket says, frame by frame: status and words of meetings, acknowledgements and errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tenure import Event
from tenure.services.meetings.following import Cursor
from tenure.services.meetings.lifecycle import Meeting

Json = dict[str, Any]

STATUSES = {
    "called": "scheduled",
    "reserved": "requested",
    "starting": "joining",
    "waiting": "awaiting_admission",
}
"""Our states as the protocol calls them, where the names differ."""


def status_of(state: str) -> str:
    """Give the protocol's name of a state."""
    return STATUSES.get(state, state)


def encode(frame: Json) -> str:
    """Write a frame as it is sent."""
    return msgspec.json.encode(frame).decode()


def error(code: str, **more: object) -> Json:
    """Say what is wrong, with one of the protocol's codes."""
    return {"type": "error", "error": code, **more}


class Frames:
    """The frames about one meeting, under the name by which it was asked for."""

    def __init__(self, meeting: Meeting) -> None:
        self._about = {"id": meeting.number, "platform": meeting.platform, "native_id": meeting.native_id}
        self._user, self._session = int(meeting.user), meeting.container

    def now(self, meeting: Meeting, cursor: Cursor) -> Json:
        """Say how a meeting stands."""
        reason = meeting.failure_reason or meeting.end_reason
        return self._status(meeting.state.name, meeting.changed_at, cursor, meeting.ended_by, reason)

    def changed(self, event: Event[Any], cursor: Cursor) -> Json | None:
        """Say what became of a meeting; None if the event left its status as it was."""
        source = event.source
        if source is not None and status_of(source.name) == status_of(event.target.name):
            return None
        given = event.fields
        reason = given.get("failure_reason") or given.get("end_reason")
        return self._status(event.target.name, event.at, cursor, given.get("ended_by"), reason)

    def heard(self, event: Event[Any], cursor: Cursor) -> Json:
        """Give one thing that was said."""
        return {
            "type": "transcription_segment",
            "meeting": self._about,
            "start_time": event.fields["start"],
            "end_time": event.fields["end"],
            "session_uid": self._session,
            **_words(event),
            "cursor": str(cursor),
        }

    def bundle(self, event: Event[Any], cursor: Cursor) -> Json:
        """Give the same in the protocol's other form. Nothing is pending: what bots report is final."""
        return {
            "type": "transcript",
            "meeting": self._about,
            "speaker": event.fields.get("speaker"),
            "confirmed": [_words(event)],
            "pending": [],
            "ts": event.at,
            "cursor": str(cursor),
        }

    def _status(self, state: str, at: datetime, cursor: Cursor, ended_by: str | None, reason: str | None) -> Json:
        payload: Json = {"status": status_of(state)}
        if ended_by or reason:
            payload["data"] = {"ended_by": ended_by, "end_reason": reason}
        return {
            "type": "meeting.status",
            "meeting": self._about,
            "payload": payload,
            "user_id": self._user,
            "ts": at,
            "cursor": str(cursor),
        }


def _words(event: Event[Any]) -> Json:
    said, at = event.fields, datetime.fromtimestamp(event.fields["at"], UTC)
    return {
        "segment_id": event.id.partition(".")[2],
        "speaker": said.get("speaker"),
        "text": said["text"],
        "language": said.get("language"),
        "completed": True,
        "start": said["start"],
        "end": said["end"],
        "absolute_start_time": at,
        "absolute_end_time": at,
    }
