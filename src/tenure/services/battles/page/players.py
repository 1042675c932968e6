"""Who plays: the name that somebody chose, with what belongs to their browser alone."""

from __future__ import annotations

import hashlib
import hmac
import re

from tenure.http.rejections import Invalid
from tenure.pages.sessions import Session

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,23}")  # read by browsers too, for whom a class is stricter
NAME_IS = "a name has 1 to 24 of A-Z a-z 0-9 _ - and begins with a letter or digit"
MARK_LENGTH = 8


def player_of(session: Session, name: str, secret: bytes) -> str:
    """Give the player's id: `NAME.MARK`. Two who choose the same name are two players. Raises `Invalid`."""
    if not NAME.fullmatch(name):
        raise Invalid(NAME_IS)
    mark = hmac.new(secret, f"player:{session.text}".encode(), hashlib.sha256).hexdigest()[:MARK_LENGTH]
    return f"{name}.{mark}"
