"""What the endpoints of bots read alike: ids of the path, pages of a list, the key of a repeat."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from tenure import InvalidChange, Lifecycle, StateOf, Store
from tenure.http.reading import read_choice, read_number
from tenure.http.rejections import Invalid
from tenure.services.bots.lifecycle import Pool
from tenure.services.bots.refusals import Unknown

K = TypeVar("K", bound=Lifecycle)
MOST_LISTED, LISTED = 1000, 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
PLAYER = re.compile(r"[^\s/.\x00-\x1f\x7f][^\s/\x00-\x1f\x7f]{0,99}")
IDEMPOTENCY_KEY = "Idempotency-Key"


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


def read_limit(request: Request) -> int:
    """Read how many are wanted."""
    return read_number(request, "limit", default=LISTED, most=MOST_LISTED, least=1) or LISTED


def read_state(request: Request, states: dict[str, StateOf[K]], default: StateOf[K]) -> StateOf[K]:
    """Read which state is wanted; without, those that are the default."""
    name = read_choice(request, "state", states)
    return default if name is None else states[name]


def read_name(request: Request, name: str) -> str | None:
    """Read a name from the query, such as that of a pool."""
    text = request.query_params.get(name)
    if text is not None and not NAME.fullmatch(text):
        raise Invalid(f"`{name}` must be 1 to 100 of A-Z a-z 0-9 _ . : - that begin with a letter or digit")
    return text


def path_id(request: Request, name: str) -> str:
    """Read an id from the path. What can't be one is as absent as one that is not there."""
    text = str(request.path_params[name])
    if not NAME.fullmatch(text):
        raise Unknown(f"there is no such {name}")
    return text


def path_player(request: Request) -> str:
    """Read a player's id from the path."""
    text = str(request.path_params["player"])
    if not PLAYER.fullmatch(text) or not text.isprintable():
        raise Unknown("there is no such player: one is known from its first ticket on")
    return text


def read_repeat_key(request: Request) -> str | None:
    """Read what makes a repeat of this request safe."""
    text = request.headers.get(IDEMPOTENCY_KEY)
    if text is not None and not NAME.fullmatch(text):
        raise Invalid(
            f"the header {IDEMPOTENCY_KEY} must be 1 to 100 of A-Z a-z 0-9 _ . : - that begin with a letter or digit"
        )
    return text


async def found_in(store: Store, state: StateOf[K], pool: str | None, page: Page) -> list[K]:
    """Read a page of records in some states: those of a pool, or all."""
    parent = None if pool is None else (await store.get_many(Pool, [pool])).get(pool)
    if pool is not None and parent is None:
        raise Unknown("there is no such pool: look at the list of pools")
    try:
        return await store.find(state, under=parent, limit=page.limit, after=page.after)
    except InvalidChange:
        raise Invalid("what `after` names is gone: begin again without it") from None
