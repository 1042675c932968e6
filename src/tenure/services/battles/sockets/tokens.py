"""Connection tokens: got over HTTP with a key, shown by a client's socket within a minute, and kept nowhere.

`PLAYER.EXPIRES.SIGNATURE`: the player's id in base64url, seconds since 1970, and the first 24 bytes of an HMAC over
both. It says who plays and nothing else; what that player may do is looked up at each message.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from datetime import datetime, timedelta

from tenure.http.rejections import Unauthorized
from tenure.services.battles.checks import check_player

LASTS = timedelta(seconds=60)
MOST_OF_A_TOKEN = 500
SIGNATURE_SIZE = 24
LEAST_OF_A_KEY = 16


class BadToken(Unauthorized):
    """The token is missing, forged or too old; all look alike from outside."""

    def __init__(self) -> None:
        super().__init__(
            "the connection token is missing, wrong or too old: get a new one, and connect within a minute"
        )


class Tokens:
    """Makes tokens and reads them, with a key that all servers of one space share."""

    def __init__(self, key: bytes, lasts: timedelta = LASTS) -> None:
        if len(key) < LEAST_OF_A_KEY:
            raise ValueError(f"a key for tokens has {LEAST_OF_A_KEY} bytes or more")
        # Derived, so that a key which signs something else too gives no token by that.
        self._key, self._lasts = hmac.digest(key, b"battles connection", "sha256"), lasts

    def issue(self, player: str, now: datetime) -> str:
        """Make a token for a player. Raises `Wrong` for what can't be a player's name."""
        check_player(player)
        signed = f"{_encode(player.encode())}.{int((now + self._lasts).timestamp())}"
        return f"{signed}.{_encode(self._sign(signed))}"

    def read(self, token: object, now: datetime) -> str:
        """Give the player of a token. Raises `BadToken`."""
        if not isinstance(token, str) or len(token) > MOST_OF_A_TOKEN or not token.isascii():
            raise BadToken
        signed, _, signature = token.rpartition(".")
        name, _, expires = signed.partition(".")
        # The signature comes first: nothing that somebody else wrote is looked at any further.
        if not hmac.compare_digest(_encode(self._sign(signed)), signature):
            raise BadToken
        if not re.fullmatch(r"[0-9]{1,12}", expires) or int(expires) <= now.timestamp():
            raise BadToken
        try:
            return base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise BadToken from None

    def _sign(self, signed: str) -> bytes:
        return hmac.digest(self._key, signed.encode(), "sha256")[:SIGNATURE_SIZE]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
