"""Texts that come from outside, checked before anything is written."""

from __future__ import annotations

import re

from tenure.services.trivia.refusals import Wrong

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def check_id(what: str, id: str) -> None:
    """Refuse what can't be part of an id. Raises `Wrong`."""
    if not ID.fullmatch(id):
        raise Wrong(f"`{what}` must be 1 to 40 of A-Z a-z 0-9 _ - and begin with a letter or digit")


def check_text(what: str, text: str, most: int = 100, *, least: int = 1) -> None:
    """Refuse what is no short text of one line. Raises `Wrong`."""
    if not least <= len(text) <= most or not text.isprintable():
        raise Wrong(f"`{what}` must be {least} to {most} printable characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Wrong(f"`{what}` must be valid Unicode") from None
