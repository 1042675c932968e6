"""What the page and bots send."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

ROOM = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,239}$(?!\n)"

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$(?!\n)",
        description="a name of 1 to 100 characters on one line",
    ),
]
Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$(?!\n)",
        description="a text of 1 to 500 characters",
    ),
]
Seat = Annotated[str, Meta(pattern=r"^[0-9]{1,18}#[0-9]{1,20}$(?!\n)", description="what joining answered")]
Key = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="what joining answered")]

Nonce = Annotated[str, Meta(pattern=r"^[0-9a-f]{16,64}$(?!\n)", description="16 to 64 hexadecimal digits")]


class Joining(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody wants in. A repeat with the same nonce, after an answer that was lost, gives the same seat."""

    name: Name
    bot: bool = False
    nonce: Nonce | None = None


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """Who is speaking: what joining answered."""

    participant: Seat
    key: Key


class Look(Proof):
    """What happened since? `mark` is that of the last answer; it comes at once if things look otherwise."""

    after: Annotated[int, Meta(ge=0, le=2**53, description="the number of the last caption seen")] = 0
    mark: Annotated[str, Meta(max_length=100, description="the mark of the last answer")] = ""
    wait_seconds: Annotated[float, Meta(ge=0, le=15, description="0 to 15")] = 0


class Saying(Proof):
    """Somebody says something."""

    text: Text


class Guarding(Proof):
    """The waiting room is switched on or off."""

    on: bool


class Pointing(Proof):
    """Somebody is to be put out, admitted or denied."""

    who: Annotated[str, Meta(pattern=r"^[0-9]{1,18}$(?!\n)", description="a participant's id")]
