"""What a handler gets, what it gives, and how it is entered into the table of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from tenure.services.trivia.discord.stand_in.refusals import Json, fields, invalid_form
from tenure.services.trivia.discord.stand_in.world import World


class Call(NamedTuple):
    """One request: the parts of its path, its query, its body."""

    world: World
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any

    @property
    def form(self) -> Json:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise invalid_form(fields([((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")]))
        return self.body

    def id(self, name: str) -> int | None:
        """Give an id of the query, if it is there."""
        text = self.query.get(name)
        if text is not None and not (text.isascii() and text.isdecimal()):
            raise invalid_form(fields([((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')]))
        return None if text is None else int(text)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Give a number of the query."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            wrong = f"int value should be between {least} and {most}."
            raise invalid_form(fields([((name,), "NUMBER_TYPE_MAX", wrong)]))
        return int(text)


class Answer(NamedTuple):
    """What is sent: 204 has no body."""

    body: Any = None
    status: int = 200


NOTHING = Answer(status=204)
Handler = Callable[[Call], Awaitable[Answer]]


class Route(NamedTuple):
    """One entry of the table. Those with the token of an interaction in their path need no other."""

    method: str
    path: str
    handler: Handler
    with_bot_token: bool = True

    @property
    def name(self) -> str:
        """What rate limits and faults call it."""
        return f"{self.method} {self.path}"
