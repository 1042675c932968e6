"""What bots send. Unknown fields are refused; each description says what is wanted."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tenure.services.meetings.api.inputs import Language

MOST_OF_A_PICTURE = 2_000_000

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


class Capturing(Reported, kw_only=True):
    """`joined`, `waiting`: the bot has come so far.

    `capturing` says whether what it captures with has made progress since it last said so, apart from its process
    being alive. Who never says so is not judged by it.
    """

    capturing: bool | None = None


class Beaten(Capturing, kw_only=True):
    """`heartbeat`: the bot lives. Who else is in the meeting is for the log."""

    participants: Annotated[list[str], Meta(max_length=200, description="a list of names")] = []


class Exited(Reported, kw_only=True):
    """`exited`: the bot is about to end; 0 is a completed meeting."""

    exit_code: Annotated[int, Meta(ge=-255, le=255, description="-255 to 255")]
    reason: Reason = "exited"


class StatusTold(Reported, kw_only=True):
    """`status`: the bot says what it is doing now."""

    status: Annotated[
        Literal["starting", "waiting", "active", "stopping", "completed", "failed"],
        Meta(description="one of starting, waiting, active, stopping, completed, failed"),
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


class Pictured(Reported, kw_only=True):
    """`screenshot`: what the bot saw when something went wrong."""

    reason: Reason = "reported"
    picture: Annotated[bytes, Meta(max_length=MOST_OF_A_PICTURE, description="a PNG in base64, at most 2 MB")]
