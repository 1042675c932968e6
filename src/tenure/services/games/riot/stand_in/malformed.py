"""Answers that say something else than they should."""

from __future__ import annotations

from typing import Any

import msgspec

from tenure.services.games.riot.stand_in.faults import How

PAGE = b"<html><body><h1>Service Temporarily Unavailable</h1></body></html>"


def malformed(how: How, body: bytes) -> bytes:
    """Give a body in place of the right one."""
    if how == "text":
        return PAGE
    if how == "empty":
        return b""
    if how == "truncated":
        return body[: len(body) // 2]
    right = msgspec.json.decode(body)
    if how == "list":
        return b"{}" if isinstance(right, list) else b"[]"
    if how == "fields":
        return b"[null]" if isinstance(right, list) else b"{}"
    return msgspec.json.encode(_retyped(right))


def _retyped(value: Any) -> Any:
    """Let each number be a text, each text a number, and nothing what it was."""
    if isinstance(value, dict):
        return {name: _retyped(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_retyped(one) for one in value] or 0
    return 7 if isinstance(value, str) else [str(value)]
