"""Version 1 of what the server says to clients, and why a socket is closed; what clients say is in `requests.py`.

A message is one JSON object whose `type` says what it is. Clients' messages take no fields but those that are named
there; those of the server may get new fields within a version, which clients are to pass over.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Any

import msgspec

VERSION = 1


class Code(IntEnum):
    """Why the server closes a socket. Those of 4000 and more are ours."""

    NORMAL = 1000
    TOO_LARGE = 1009
    """A message is larger than any that could be meant."""
    FAILED = 1011
    """The server failed at it; it was logged."""
    STOPPING = 1012
    """The server stops: connect to another one, or in a moment, and resume."""
    TRY_LATER = 1013
    """The store can't be reached, or this server has as many sockets as it takes."""
    MALFORMED = 4400
    """Too many messages were not understood."""
    UNAUTHORIZED = 4401
    """The token is missing, forged or too old: get a new one."""
    WRONG_VERSION = 4406
    """The protocol's version is not spoken here."""
    TOO_SLOW = 4408
    """The client did not take what was sent: connect again and resume at the cursor."""
    REPLACED = 4409
    """The player connected anew elsewhere: this connection is over, and the client is not to come back by itself."""
    FLOOD = 4429
    """Too many messages, or too many connections from one address."""


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the server says."""


class Welcome(Told, frozen=True, kw_only=True, tag="welcome"):
    """The first message. With `battle`, the player has a seat in that one, and may resume there."""

    player: str
    instance: str
    mode: str
    battle: str | None = None
    version: int = VERSION


class Ack(Told, frozen=True, kw_only=True, tag="ack"):
    """What was asked is done, or taken for what will be; `to` is the request's type, `id` its id."""

    to: str
    id: str = ""


class Error(Told, frozen=True, kw_only=True, tag="error"):
    """What was asked is refused, and changed nothing; `text` says what to do. `to` and `id` are the request's."""

    code: str
    text: str
    to: str = ""
    id: str = ""


class Queued(Told, frozen=True, kw_only=True, tag="queued"):
    """The player waits, since this moment."""

    mode: str
    level: int
    since: datetime


class Unqueued(Told, frozen=True, kw_only=True, tag="unqueued"):
    """The player waits no more, and no battle came of it."""

    reason: str


class Match(Told, frozen=True, kw_only=True, tag="match"):
    """A battle is offered: confirm it in time."""

    battle: str
    mode: str
    level: int
    players: tuple[str, ...]
    confirm_by: datetime


class Snapshot(Told, frozen=True, kw_only=True, tag="snapshot"):
    """A battle as it stands at `cursor`; `board` is what this player may see of it."""

    battle: str
    cursor: int
    state: str
    mode: str
    level: int
    players: tuple[str, ...]
    board: msgspec.Raw
    turn: int = 0
    acts: tuple[str, ...] = ()
    turn_ends_at: datetime | None = None


class Happened(Told, frozen=True, kw_only=True, tag="event"):
    """One entry of a battle's log: what happened, with what belongs to it. `cursor` is where to resume after it."""

    battle: str
    cursor: int
    at: datetime
    name: str
    fields: dict[str, Any]


class Signalled(Told, frozen=True, kw_only=True, tag="signal"):
    """A player's signal to those in a battle."""

    battle: str
    player: str
    data: msgspec.Raw


class SeatChanged(Told, frozen=True, kw_only=True, tag="seat"):
    """A player is `present`, is `away` and may come back, has `forfeited` the seat, or does not need it any more."""

    battle: str
    player: str
    state: str


class Ended(Told, frozen=True, kw_only=True, tag="end"):
    """A battle is over. `places` are the players' in their order, from 1; without them it was broken off."""

    battle: str
    cursor: int
    players: tuple[str, ...]
    places: tuple[int, ...] | None
    reason: str


class Provisional(Told, frozen=True, kw_only=True, tag="provisional"):
    """What happened while this server is alone: as an `event`, but it stands in no log yet, and may be taken back."""

    battle: str
    step: int
    at: datetime
    name: str
    fields: dict[str, Any]


class Paused(Told, frozen=True, kw_only=True, tag="paused"):
    """Nothing happens in a battle until the server is `clustered` again."""

    battle: str
    reason: str


class ModeChanged(Told, frozen=True, kw_only=True, tag="mode"):
    """How the server stands: `clustered`, `isolated` (nothing that happens now is final) or `rejoining`."""

    mode: str
    text: str = ""


class Bye(Told, frozen=True, kw_only=True, tag="bye"):
    """The last message. With `resume`, connect again and resume each battle at its cursor."""

    code: Code
    text: str
    resume: dict[str, int] = {}


Message = (
    Welcome
    | Ack
    | Error
    | Queued
    | Unqueued
    | Match
    | Snapshot
    | Happened
    | Signalled
    | SeatChanged
    | Ended
    | Provisional
    | Paused
    | ModeChanged
    | Bye
)
