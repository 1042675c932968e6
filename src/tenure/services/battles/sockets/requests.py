"""What clients say to the server, each message as data, and what of the game is done at it.

They take no fields but those that are named here. What the server says is in `protocol.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tenure.http.rejections import TooMany
from tenure.services.battles.checks import HIGHEST_LEVEL
from tenure.services.battles.sockets.contract import Here

Id = Annotated[str, Meta(min_length=1, max_length=100)]
Mode = Annotated[str, Meta(min_length=1, max_length=40)]
OwnId = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\A[A-Za-z0-9_-]+\Z")]
"""A client's own id of what it does: with the same one a repeat counts once."""


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


def name_of(request: Request) -> tuple[str, str]:
    """Give the type of a request, and the client's own id of it, if it has one."""
    return str(request.__struct_config__.tag), getattr(request, "id", "")


async def do(here: Here | None, request: Request) -> None:
    """Do what a client asks for; nobody is here before the welcome. Raises a `Rejected`, and what the game does."""
    if here is None:
        raise TooMany("you are not let in yet: wait for the welcome")
    await STEPS[type(request)](here, request)


STEPS: dict[type[Request], Callable[[Here, Any], Awaitable[None]]] = {
    Join: lambda here, join: here.join(join.mode, join.level),
    Leave: lambda here, leave: here.leave(leave.battle),
    Confirm: lambda here, confirm: here.confirm(confirm.battle),
    Decline: lambda here, decline: here.decline(decline.battle),
    Resume: lambda here, resume: here.resume(resume.battle, resume.cursor),
    GetState: lambda here, state: here.state(state.battle),
    Act: lambda here, act: here.act(act.battle, act.id, act.move),
    Say: lambda here, say: here.say(say.battle, say.id, say.text),
    Signal: lambda here, signal: here.signal(signal.battle, signal.data),
}
