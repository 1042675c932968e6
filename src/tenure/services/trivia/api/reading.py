"""What the endpoints of trivia read alike: ids of the path, pages of a list, the key of a repeat."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import date
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from tenure import InvalidChange, StateOf
from tenure.http.reading import read_choice, read_number
from tenure.http.rejections import Invalid
from tenure.services.trivia.checks import ID
from tenure.services.trivia.lifecycle import Game
from tenure.services.trivia.refusals import Unknown

T = TypeVar("T")
MOST_LISTED, LISTED = 1000, 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
MEMBER = re.compile(r"[^\s/.\x00-\x1f\x7f][^\s/\x00-\x1f\x7f]{0,63}")
DAY = re.compile(r"2[01]\d\d-\d\d-\d\d", re.ASCII)
IDEMPOTENCY_KEY = "Idempotency-Key"

GAME_STATES: dict[str, StateOf[Game]] = {
    "asked": Game.asked,
    "held": Game.held,
    "open": Game.open,
    "closing": Game.closing,
    "scored": Game.scored,
    "withheld": Game.withheld,
    "posted": Game.posted,
    "archived": Game.archived,
    "deleted": Game.deleted,
}


class Page(NamedTuple):
    """At most so many, after this id."""

    limit: int
    after: str | None


def read_page(request: Request) -> Page:
    """Read which part of a list is wanted."""
    after = request.query_params.get("after")
    if after is not None and not NAME.fullmatch(after):
        raise Invalid("`after` must be the `next` of the page before")
    return Page(read_limit(request), after)


def read_limit(request: Request, *, default: int = LISTED) -> int:
    """Read how many are wanted."""
    return read_number(request, "limit", default=default, most=MOST_LISTED, least=1) or default


def read_game_state(request: Request) -> StateOf[Game]:
    """Read in which state games are wanted; without, those that are active."""
    name = read_choice(request, "state", GAME_STATES)
    return Game.active if name is None else GAME_STATES[name]


def read_name(request: Request, name: str) -> str | None:
    """Read an id from the query, such as that of a guild."""
    text = request.query_params.get(name)
    if text is not None and not NAME.fullmatch(text):
        raise Invalid(f"`{name}` must be 1 to 100 of A-Z a-z 0-9 _ . : - that begin with a letter or digit")
    return text


def read_member(request: Request, name: str) -> str | None:
    """Read a member's id from the query."""
    text = request.query_params.get(name)
    if text is not None and not _is_a_member(text):
        raise Invalid(f"`{name}` must be the `next` of the page before")
    return text


def read_day(request: Request, name: str) -> date | None:
    """Read a day from the query."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text if DAY.fullmatch(text) else "")
    except ValueError:
        raise Invalid(f"`{name}` must be a day such as 2026-01-31, from 2000 to 2199") from None
    return day


def path_id(request: Request, name: str) -> str:
    """Read an id from the path. What can't be one is as absent as one that is not there."""
    text = str(request.path_params[name])
    if not NAME.fullmatch(text):
        raise Unknown(f"there is no such {name}")
    return text


def path_member(request: Request) -> str:
    """Read a member's id from the path."""
    text = str(request.path_params["member"])
    if not _is_a_member(text):
        raise Unknown("there is no such member")
    return text


def _is_a_member(text: str) -> bool:
    return bool(MEMBER.fullmatch(text)) and text.isprintable()


def read_repeat_key(request: Request) -> str | None:
    """Read what makes a repeat of this request safe."""
    text = request.headers.get(IDEMPOTENCY_KEY)
    if text is not None and not ID.fullmatch(text):
        raise Invalid(
            f"the header {IDEMPOTENCY_KEY} must be 1 to 40 of A-Z a-z 0-9 _ - that begin with a letter or digit"
        )
    return text


async def page_of(found: Awaitable[T]) -> T:
    """Give a page of a list. Raises `Invalid` where the record that it comes after is gone."""
    try:
        return await found
    except InvalidChange:
        raise Invalid("what `after` names is gone: begin again without it") from None
