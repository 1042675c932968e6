"""The headers by which a receiver knows that a webhook comes from here, was not altered, and is not an old one."""

from __future__ import annotations

import hashlib
import hmac
import secrets

SIGNATURE, TIMESTAMP = "X-Webhook-Signature", "X-Webhook-Timestamp"


def new_secret() -> str:
    """Make a webhook's secret of 256 random bits."""
    return "whsec_" + secrets.token_urlsafe(32)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign `timestamp.body`."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def headers(secret: str | None, timestamp: int, body: bytes) -> dict[str, str]:
    """Give the headers of one try at an instant in seconds since 1970; unsigned if there is no secret."""
    signed = {} if secret is None else {SIGNATURE: signature(secret, str(timestamp), body)}
    return {"Content-Type": "application/json", TIMESTAMP: str(timestamp), **signed}
