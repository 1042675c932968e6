"""The words in which a platform is described."""

from __future__ import annotations

from typing import Literal

import msgspec


class Mark(msgspec.Struct, frozen=True):
    """Something to be seen on a page: a CSS selector and, if given, a pattern for its text or label."""

    css: str
    text: str = ""


class Step(msgspec.Struct, frozen=True):
    """Something that a person does, once, when they see it. `{name}` and `{passcode}` stand for the bot's own."""

    do: Literal["click", "type"]
    at: Mark
    text: str = ""


class People(msgspec.Struct, frozen=True):
    """How participants are listed, as selectors: a row, and in it the name, and the signs of ourselves and of bots."""

    row: str
    name: str
    me: str = ""
    bot: str = ""


class Captions(msgspec.Struct, frozen=True):
    """How captions are shown, as selectors: a row, and in it who speaks and what.

    A page that shows finished captions names the attributes of a row that number and date them.
    """

    row: str
    speaker: str
    text: str
    number: str = ""
    at: str = ""


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """One platform. `verified` only if a bot went through a whole meeting there in our tests."""

    name: str
    verified: bool
    address: str = "{url}"
    frame: str = ""
    joining: tuple[Step, ...]
    inside: tuple[Mark, ...]
    waiting: tuple[Mark, ...] = ()
    away: tuple[Mark, ...] = ()
    ends: tuple[tuple[str, Mark], ...]
    once_inside: tuple[Step, ...] = ()
    people: People
    captions: Captions
    leaving: tuple[Step, ...]


def click(css: str, text: str = "") -> Step:
    """Click what is seen there."""
    return Step("click", Mark(css, text))


def write(css: str, text: str) -> Step:
    """Type a text there."""
    return Step("type", Mark(css), text)
