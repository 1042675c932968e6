"""What a session is told of a battle. Transports translate these."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

Code = Literal["resume_at_cursor", "begin_again", "replaced", "instance_lost", "going_away"]


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """One thing that a session is told."""

    battle: str


class Snapshot(Message, frozen=True, kw_only=True, tag="snapshot"):
    """The battle as it stands at `cursor`, as its player may see it."""

    cursor: int
    state: str
    mode: str
    level: int
    players: tuple[str, ...]
    turn: int
    acts: tuple[str, ...]
    turn_ends_at: datetime | None
    board: msgspec.Raw
    places: tuple[int, ...] | None
    reason: str | None


class Happened(Message, frozen=True, kw_only=True, tag="happened"):
    """One event of the battle's log. Cursors rise; what is another player's alone is left out."""

    cursor: int
    at: datetime
    name: str
    fields: dict[str, Any]


class SeatMoved(Message, frozen=True, kw_only=True, tag="seat"):
    """A player is here, is away and may come back, or has lost the seat."""

    player: str
    state: Literal["present", "away", "forfeited", "released"]
    version: int


class Signalled(Message, frozen=True, kw_only=True, tag="signal"):
    """Something of the moment, such as that somebody types: it may get lost, and is kept nowhere."""

    player: str
    data: msgspec.Raw


class Provisional(Message, frozen=True, kw_only=True, tag="provisional"):
    """Something that happened here alone, while the log can't be written: it may be taken back."""

    step: int
    at: datetime
    name: str
    fields: dict[str, Any]


class Paused(Message, frozen=True, kw_only=True, tag="paused"):
    """Nothing happens in the battle until the store is back, for this reason."""

    reason: str


class Outlet(Protocol):
    """Where a session's messages go: a transport. Neither call waits."""

    def send(self, message: Message) -> bool:
        """Let a message wait for being sent; False where the player's line is so slow that there is no room for it."""
        ...

    def close(self, code: Code) -> None:
        """Send what waits, if that goes at once, and close."""
        ...
