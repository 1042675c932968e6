"""Signatures of a bot's callbacks.

A bot gets one secret for one run: it is derived from the server's key and the claim, so that nothing is stored and
a bot whose record changed hands can no longer speak for it. Signed is `id.timestamp.body`; the id is the call's and
stays the same when the bot tries again, the timestamp is that of the try.
"""

from __future__ import annotations

import hmac
import re

ID, TIMESTAMP, SIGNATURE = "X-Callback-Id", "X-Callback-Timestamp", "X-Callback-Signature"
WINDOW_SECONDS = 300


class Forged(Exception):  # noqa: N818  what happened is the name
    """A callback that nobody may be believed to have sent; the message is fit to be sent back."""


def secret_for(key: bytes, claim: str) -> str:
    """Derive the secret of the run that holds this claim."""
    return hmac.digest(key, claim.encode(), "sha256").hex()


def sign(secret: str, id: str, timestamp: str, body: bytes) -> str:
    """Sign one try of one call."""
    signed = b".".join((id.encode(), timestamp.encode(), body))
    return "sha256=" + hmac.digest(secret.encode(), signed, "sha256").hex()


class Verifier:
    """Checks signatures, and that no signed call is used twice within the window."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}

    def check(self, secret: str, body: bytes, *, id: str, timestamp: str, signature: str, now: float) -> None:
        """Raise `Forged` unless this is a fresh call, signed with the secret. `now` is in seconds since 1970."""
        if not re.fullmatch(r"[A-Za-z0-9_.#/-]{1,200}", id) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise Forged(f"a callback needs the headers {ID}, {TIMESTAMP} and {SIGNATURE}")
        if not hmac.compare_digest(sign(secret, id, timestamp, body).encode(), signature.encode()):
            raise Forged("the callback's signature does not fit: sign `id.timestamp.body` with this run's secret")
        if abs(now - int(timestamp)) > WINDOW_SECONDS:
            raise Forged("the callback's timestamp is more than 5 minutes off: check the clock, and sign each try anew")
        self._forget(now)
        if signature in self._used:
            raise Forged("this callback was received before: sign each try anew")
        self._used[signature] = now

    def _forget(self, now: float) -> None:
        # The dict keeps the order in which they came, so the oldest stand first.
        while self._used:
            oldest = next(iter(self._used))
            if now - self._used[oldest] <= 2 * WINDOW_SECONDS:
                return
            del self._used[oldest]
