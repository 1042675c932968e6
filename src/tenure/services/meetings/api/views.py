"""Our records as the API shows them. Instants are the store's, in UTC; the encoder writes them as RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tenure.services.meetings.archive import Transcript
from tenure.services.meetings.lifecycle import Meeting, Screenshot, Segment, Session, Token, User
from tenure.services.meetings.platforms import address, room
from tenure.services.meetings.settings import Settings

Json = dict[str, Any]


def user(user: User) -> Json:
    """Show a user."""
    return {
        "id": user.number,
        "email": user.email,
        "name": user.name,
        "image_url": user.image_url,
        "max_concurrent_bots": user.max_concurrent_bots,
        "webhook_url": user.webhook_url,
        "retention_days": user.retention_days,
        "created_at": user.created_at,
        "updated_at": user.changed_at,
    }


def token(token: Token, key: str) -> Json:
    """Show a new key, this once."""
    return {
        "id": token.number,
        "user_id": int(token.user),
        "token": key,
        "created_at": token.created_at,
    }


def screenshot(screenshot: Screenshot) -> Json:
    """Show what is known of a picture."""
    return {
        "id": screenshot.number,
        "meeting_id": int(screenshot.meeting),
        "reason": screenshot.reason,
        "size": screenshot.size,
        "created_at": screenshot.created_at,
    }


class Views:
    """What depends on where the local meeting page is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def meeting(self, meeting: Meeting) -> Json:
        """Show a meeting, with who or what ended it and why."""
        state, platform, native_id = meeting.state, meeting.platform, meeting.native_id
        over = state in Meeting.over
        return {
            "id": meeting.number,
            "user_id": int(meeting.user),
            "platform": platform,
            "native_meeting_id": native_id or None,
            "constructed_meeting_url": self._url(platform, native_id),
            "status": state.name,
            "bot_container_id": meeting.container,
            "start_time": meeting.joined_at,
            "end_time": meeting.entered_at if over else None,
            "data": meeting.data,
            "ended_by": meeting.ended_by if over else None,
            "end_reason": (meeting.failure_reason or meeting.end_reason) if over else None,
            "page_url": self._page(platform, native_id),
            "join_at": meeting.join_at,
            "deduplication_key": _key(meeting),
            "automatic_leave": _rules(meeting),
            "paused": meeting.paused,
            "created_at": meeting.created_at,
            "updated_at": meeting.changed_at,
        }

    def bot(self, meeting: Meeting) -> Json:
        """Show a running bot."""
        return {
            "meeting_id": meeting.number,
            "meeting_id_from_name": meeting.id,
            "platform": meeting.platform,
            "native_meeting_id": meeting.native_id,
            "status": meeting.state.name,
            "container_id": meeting.container,
            "container_name": meeting.container,
            "created_at": meeting.created_at,
            "start_time": meeting.joined_at,
            "last_heartbeat_at": meeting.beaten_at if meeting.holder else None,
            "language": meeting.language,
            "task": meeting.task,
            "paused": meeting.paused,
            "labels": {},
            "data": meeting.data,
        }

    def transcript(self, transcript: Transcript) -> Json:
        """Show a meeting with what was heard."""
        return {
            **self.meeting(transcript.meeting),
            "recordings": [],
            "notes": transcript.meeting.data.get("notes"),
            "segments": [_segment(segment) for segment in transcript.segments],
            "sessions": [_session(session, transcript.meeting) for session in transcript.sessions],
        }

    def _url(self, platform: str, native_id: str) -> str | None:
        return address(platform, native_id, page_url=self._settings.page_url) if native_id else None

    def _page(self, platform: str, native_id: str) -> str | None:
        """Give where people join, if the bot is sent to the local meeting page."""
        if not native_id or not (self._settings.stand_in or platform == "local"):
            return None
        return address("local", room(platform, native_id), page_url=self._settings.page_url)


def _key(meeting: Meeting) -> str | None:
    """Give the key that its user chose; without one it is the run's own, which is nobody's concern."""
    key = meeting.deduplication_key
    return None if key in (meeting.run, "") else key


def _rules(meeting: Meeting) -> Json:
    return {
        "alone_seconds": meeting.alone_seconds,
        "silence_seconds": meeting.silence_seconds,
        "waiting_room_seconds": meeting.waiting_room_limit.total_seconds(),
        "maximum_seconds": meeting.longest.total_seconds(),
    }


def _segment(segment: Segment) -> Json:
    at = datetime.fromtimestamp(segment.at, UTC)
    return {
        "segment_id": segment.id.partition(".")[2],
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "language": segment.language,
        "speaker": segment.speaker,
        "completed": True,
        "created_at": segment.created_at,
        "absolute_start_time": at,
        "absolute_end_time": at,
    }


def _session(session: Session, meeting: Meeting) -> Json:
    # The meeting's own end is the truth of the instant; the session follows it a moment later.
    return {
        "session_uid": session.id,
        "session_start_time": session.created_at,
        "session_end_time": meeting.entered_at if meeting.state in Meeting.over else None,
    }
