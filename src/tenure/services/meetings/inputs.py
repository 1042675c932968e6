"""What users, admins and bots send. Unknown fields are refused; each description says what is wanted."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

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


class BotWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A user asks for a bot."""

    platform: OneOfPlatforms
    native_meeting_id: NativeId
    bot_name: Line | None = None
    language: Language | None = None
    task: Task | None = None
    passcode: Passcode | None = None


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
    """A user says where state changes are to be posted."""

    webhook_url: Url


class UserWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An admin makes a user."""

    email: Email
    name: Line | None = None
    image_url: Image | None = None
    max_concurrent_bots: Bots | None = None


class UserChanged(msgspec.Struct, forbid_unknown_fields=True):
    """An admin changes a user; at least one is given."""

    name: Line | None = None
    image_url: Image | None = None
    max_concurrent_bots: Bots | None = None


class Finish(msgspec.Struct, forbid_unknown_fields=True):
    """An admin ends a stuck meeting."""

    reason: Line | None = None


# ---------------------------------------------------------------------------------- what bots send

Connection = Annotated[
    str,
    Meta(pattern=r"^Meeting/[1-9][0-9]{0,17}#[0-9]{1,20}$(?!\n)", description="the connection_id of BOT_CONFIG"),
]
Seen = Annotated[int, Meta(ge=0, le=2**53, description="the number of the last command obeyed")]
Reason = Annotated[
    str, Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_]+$(?!\n)", description="a_reason_like_this")
]


class Reported(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every callback says: on which run, and which commands were obeyed."""

    connection_id: Connection
    seen: Seen = 0


class Beaten(Reported, kw_only=True):
    """`heartbeat`: the bot lives. Who else is in the meeting is for the log."""

    participants: Annotated[list[str], Meta(max_length=200, description="a list of names")] = []


class Exited(Reported, kw_only=True):
    """`exited`: the bot is about to end; 0 is a completed meeting."""

    exit_code: Annotated[int, Meta(ge=-255, le=255, description="-255 to 255")]
    reason: Reason = "exited"


class StatusTold(Reported, kw_only=True):
    """`status`: the bot says what it is doing now."""

    status: Annotated[
        Literal["starting", "active", "stopping", "completed", "failed"],
        Meta(description="one of starting, active, stopping, completed, failed"),
    ]
    reason: Reason = "reported"


class Heard(msgspec.Struct, forbid_unknown_fields=True):
    """One thing heard; `start` and `end` in seconds since joining, `at` in seconds since 1970."""

    segment_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,60}$(?!\n)", description="1 to 60 letters and digits")]
    text: Annotated[str, Meta(max_length=5000, description="at most 5000 characters")]
    start: Annotated[float, Meta(ge=0, le=10**7, description="seconds since joining")]
    end: Annotated[float, Meta(ge=0, le=10**7, description="seconds since joining")]
    at: Annotated[float, Meta(ge=0, le=10**11, description="seconds since 1970")]
    speaker: Annotated[str, Meta(max_length=200, description="at most 200 characters")] | None = None
    language: Language | None = None


class Transcribed(Reported, kw_only=True):
    """`transcript`: what was heard."""

    segments: Annotated[list[Heard], Meta(min_length=1, max_length=100, description="1 to 100 segments")]
