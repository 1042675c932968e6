"""What users, admins and bots send. Unknown fields are refused; each description says what is wanted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tenure.services.meetings.platforms import NATIVE_ID, PLATFORMS, Platform

LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$(?!\n)"

OneOfPlatforms = Annotated[Platform, Meta(description="one of " + ", ".join(PLATFORMS))]
NativeId = Annotated[
    str,
    Meta(
        pattern=NATIVE_ID,
        description="1 to 200 letters, digits, points, hyphens and underscores, the first a letter or digit",
    ),
]
Line = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE, description="1 to 100 characters on one line")]
Language = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}$(?!\n)",
        description="a language code such as en or pt-BR",
    ),
]
Task = Annotated[Literal["transcribe", "translate"], Meta(description="transcribe or translate")]
Passcode = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE, description="1 to 100 characters")]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+$(?!\n)",
        description="an e-mail address",
    ),
]
Url = Annotated[str, Meta(min_length=1, max_length=2000, description="a URL of at most 2000 characters")]
Image = Annotated[
    str,
    Meta(
        max_length=2000,
        pattern=r"^https?://[\x21-\x7e]+$(?!\n)",
        description="a URL of at most 2000 characters that begins with https:// or http://",
    ),
]
Bots = Annotated[int, Meta(ge=0, le=10_000, description="a whole number from 0 (no bots) to 10000")]
Notes = Annotated[str, Meta(max_length=20_000, description="at most 20000 characters")]
Names = Annotated[list[Line], Meta(max_length=500, description="a list of at most 500 names, each on one line")]
Languages = Annotated[list[Language], Meta(max_length=100, description="a list of at most 100 language codes")]
Instant = Annotated[
    datetime, Meta(tz=True, description="an instant with its zone, such as 2026-12-31T09:30:00Z (RFC 3339)")
]
Key = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[\x20-\x7e]+$(?!\n)",
        description="1 to 100 printable ASCII characters",
    ),
]
Days = Annotated[int, Meta(ge=1, le=36_500, description="a whole number from 1 to 36500")]
WebhookSecret = Annotated[
    str,
    Meta(
        min_length=16,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$(?!\n)",
        description="16 to 200 printable ASCII characters without spaces",
    ),
]
MeetingUrl = Annotated[str, Meta(min_length=1, max_length=2000, description="the URL of a meeting")]
Patience = Annotated[float, Meta(ge=10, le=86_400, description="10 to 86400 seconds")]
Longest = Annotated[float, Meta(ge=60, le=86_400, description="60 to 86400 seconds")]


class AutomaticLeave(msgspec.Struct, forbid_unknown_fields=True):
    """When a bot leaves by itself; what is left out is as the server has it, null is never."""

    alone_seconds: Patience | UnsetType | None = UNSET
    silence_seconds: Patience | UnsetType | None = UNSET
    waiting_room_seconds: Patience | UnsetType = UNSET
    maximum_seconds: Longest | UnsetType = UNSET


Rules = Annotated[
    AutomaticLeave,
    Meta(
        description="an object with alone_seconds, silence_seconds (10 to 86400, or null for never), "
        "waiting_room_seconds (10 to 86400) or maximum_seconds (60 to 86400)"
    ),
]


class BotWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A user asks for a bot; the meeting is named by platform and native_meeting_id, or by meeting_url."""

    platform: OneOfPlatforms | None = None
    native_meeting_id: NativeId | None = None
    meeting_url: MeetingUrl | None = None
    bot_name: Line | None = None
    language: Language | None = None
    task: Task | None = None
    passcode: Passcode | None = None
    join_at: Instant | None = None
    deduplication_key: Key | None = None
    automatic_leave: Rules | None = None


class Rescheduled(msgspec.Struct, forbid_unknown_fields=True):
    """A user moves a scheduled bot to another time."""

    join_at: Instant


class BotConfig(msgspec.Struct, forbid_unknown_fields=True):
    """A user changes what a bot does; at least one of the two is given."""

    language: Language | None = None
    task: Task | None = None


class About(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a user writes about a meeting."""

    name: Line | None = None
    participants: Names | None = None
    languages: Languages | None = None
    notes: Notes | None = None


class MeetingChanged(msgspec.Struct, forbid_unknown_fields=True):
    """A user describes a meeting."""

    data: Annotated[About, Meta(description="an object with name, participants, languages or notes")]


class WebhookWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A user says where events are to be posted; null switches that off. A secret is made where none is given."""

    webhook_url: Url | None
    webhook_secret: WebhookSecret | None = None


class UserWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An admin makes a user."""

    email: Email
    name: Line | None = None
    image_url: Image | None = None
    max_concurrent_bots: Bots | None = None


class UserChanged(msgspec.Struct, forbid_unknown_fields=True):
    """An admin changes a user; at least one is given. A retention of null is the server's own."""

    name: Line | None = None
    image_url: Image | None = None
    max_concurrent_bots: Bots | None = None
    retention_days: Days | UnsetType | None = UNSET


class Finish(msgspec.Struct, forbid_unknown_fields=True):
    """An admin ends a stuck meeting."""

    reason: Line | None = None
