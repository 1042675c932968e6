"""Version 1 of what clients and the server say to one another: each message as data, and why a socket is closed.

A message is one JSON object whose `type` says what it is. Clients' messages take no fields but those that are named
here; those of the server may get new fields within a version, which clients are to pass over.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tenure.services.battles.checks import HIGHEST_LEVEL

VERSION = 1

Id = Annotated[str, Meta(min_length=1, max_length=100)]
Mode = Annotated[str, Meta(min_length=1, max_length=40)]
OwnId = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\A[A-Za-z0-9_-]+\Z")]
"""A client's own id of what it does: with the same one a repeat counts once."""


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


# ---------------------------------------------------------------------------------------- from a client


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What a client says."""


class Join(Said, frozen=True, kw_only=True, tag="join"):
    """Queue me for a battle of a mode at a level."""

    level: Annotated[int, Meta(ge=0, le=HIGHEST_LEVEL)]
    mode: Mode = "wizards"


class Leave(Said, frozen=True, kw_only=True, tag="leave"):
    """Take me out of the queue; with `battle`, I give that one up."""

    battle: Id | None = None


class Confirm(Said, frozen=True, kw_only=True, tag="confirm"):
    """I play the battle that I was offered."""

    battle: Id


class Decline(Said, frozen=True, kw_only=True, tag="decline"):
    """I don't play the battle that I was offered."""

    battle: Id


class Resume(Said, frozen=True, kw_only=True, tag="resume"):
    """Tell me what has happened in a battle of mine since `cursor`, and what happens from now on."""

    battle: Id
    cursor: Annotated[int, Meta(ge=0, le=2**53)] = 0


class Act(Said, frozen=True, kw_only=True, tag="act"):
    """I make a move. With the same `id` it counts once, however often it comes."""

    battle: Id
    id: OwnId
    move: msgspec.Raw


class Say(Said, frozen=True, kw_only=True, tag="say"):
    """I say something to those in a battle; it stays in its log."""

    battle: Id
    id: OwnId
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class Signal(Said, frozen=True, kw_only=True, tag="signal"):
    """Tell those in a battle something of this moment, such as that I am typing: at most once, kept nowhere."""

    battle: Id
    data: msgspec.Raw


class GetState(Said, frozen=True, kw_only=True, tag="state"):
    """Give me a battle of mine as it stands."""

    battle: Id


Request = Join | Leave | Confirm | Decline | Resume | Act | Say | Signal | GetState


# ---------------------------------------------------------------------------------------- from the server


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
