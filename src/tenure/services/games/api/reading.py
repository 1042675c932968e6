"""What the endpoints read alike: ids of the path, pages of a list, states."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from tenure import InvalidChange, Lifecycle, StateOf
from tenure.http.reading import read_choice, read_number
from tenure.http.rejections import Invalid
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.refusals import Unknown

K = TypeVar("K", bound=Lifecycle)
T = TypeVar("T")
MOST_LISTED, LISTED = 1000, 100
PART = r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}"
ID = re.compile(f"{PART}(/{PART})?")

PLAYER_STATES: dict[str, StateOf[TrackedPlayer]] = {
    name: StateOf(TrackedPlayer, (name,)) for name in (*TrackedPlayer.live.names, "removed")
}
GAME_STATES: dict[str, StateOf[TrackedGame]] = {
    "active": StateOf(TrackedGame, TrackedGame.active.names),
    **{name: StateOf(TrackedGame, (name,)) for name in ("playing", "awaiting", "abandoned", "completed", "dropped")},
}


class Page(NamedTuple):
    """At most so many, after this id."""

    limit: int
    after: str | None


def read_page(request: Request) -> Page:
    """Read which part of a list is wanted."""
    return Page(read_limit(request), read_id(request, "after"))


def read_limit(request: Request) -> int:
    """Read how many are wanted."""
    return read_number(request, "limit", default=LISTED, most=MOST_LISTED, least=1) or LISTED


def read_id(request: Request, name: str) -> str | None:
    """Read an id from the query."""
    text = request.query_params.get(name)
    if text is not None and not ID.fullmatch(text):
        raise Invalid(f"`{name}` must be an id as a list shows it")
    return text


def read_state(request: Request, states: Mapping[str, StateOf[K]]) -> StateOf[K] | None:
    """Read in which state records are wanted; None if none is named."""
    name = read_choice(request, "state", states)
    return None if name is None else states[name]


def path_player(request: Request) -> str:
    """Read a player's id from the path. What can't be one is as absent as one that is not there."""
    return _part(request, "player")


def path_game(request: Request) -> str:
    """Read a game's id from the path: its player's, and its match's."""
    return f"{_part(request, 'player')}/{_part(request, 'match')}"


def _part(request: Request, name: str) -> str:
    text = str(request.path_params[name])
    if not re.fullmatch(PART, text):
        raise Unknown(f"there is no such {name}")
    return text


async def page_of(found: Awaitable[T]) -> T:
    """Give a page of a list. Raises `Invalid` where the record that it comes after is gone."""
    try:
        return await found
    except (InvalidChange, Unknown):
        raise Invalid("what `after` names is gone: begin again without it") from None
