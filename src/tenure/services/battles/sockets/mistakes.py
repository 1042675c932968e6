"""What a client is told of what it asked for in vain: in our own words, since what it said may hold anything."""

from __future__ import annotations

import msgspec

from tenure import InvalidChange, OutcomeUnknown, Refused, Unavailable
from tenure.http.reading import parse
from tenure.http.rejections import Absent, Conflict, Invalid, Rejected, TooMany
from tenure.services.battles.sockets.protocol import Error
from tenure.services.battles.sockets.requests import (
    Act,
    Confirm,
    Decline,
    GetState,
    Join,
    Leave,
    Resume,
    Said,
    Say,
    Signal,
)

NOT_JSON = "a message must be one JSON object in UTF-8, as text, whose `type` says what it is"
TYPES: dict[str, type[Said]] = {
    str(one.__struct_config__.tag): one for one in (Join, Leave, Confirm, Decline, Resume, Act, Say, Signal, GetState)
}


class Head(msgspec.Struct):
    """What can be told of a message that is not understood."""

    type: str = ""
    id: str = ""


def refusal(error: Exception) -> tuple[str, str] | None:
    """Give the code and the advice for what was refused; None for what should not have happened."""
    match error:
        case Rejected():
            return next((code for kind, code in CODES.items() if isinstance(error, kind)), "not_now"), error.detail
        case Unavailable() | OutcomeUnknown():
            return "store_away", "the store can't be reached: try again in a moment, with the same id"
        case InvalidChange():
            return "invalid", "a value does not fit: check the message"
        case Refused():
            return "conflict", "this was changed meanwhile: look how it stands, then decide"
        case _:
            return None


CODES: dict[type[Rejected], str] = {
    Absent: "not_found", Conflict: "conflict", Invalid: "invalid", TooMany: "too_many",
}  # fmt: skip


def advice(said: bytes) -> Error:
    """Say what is wrong with a message, in our own words: it may hold anything."""
    try:
        head = msgspec.json.decode(said, type=Head)
    except (ValueError, RecursionError):
        return Error(code="malformed", text=NOT_JSON)
    wanted = TYPES.get(head.type)
    if wanted is None:
        return Error(code="unknown_type", text=f"`type` must be one of {', '.join(TYPES)}")
    try:
        parse(said, wanted)
    except Invalid as no:
        return Error(code="malformed", text=no.detail, to=head.type, id=head.id[:60])
    return Error(code="malformed", text=NOT_JSON, to=head.type, id=head.id[:60])
