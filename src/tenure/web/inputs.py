"""Reading what came over HTTP: bounded, in its declared form, and never repeated in an answer."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from starlette.requests import Request

from tenure.web.problems import Problem

T = TypeVar("T")
MOST_OF_A_BODY = 64 * 1024
MOST_OF_A_TEXT = 500


class ApplyWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A program wants a transition to be made."""

    kind: str
    id: str
    transition: str
    values: dict[str, str] = {}
    op: str = ""
    why: str = ""
    version: int | None = None
    fence: int | None = None


async def read_body(request: Request) -> bytes:
    """Read a body up to a size."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_OF_A_BODY:
            raise Problem(413, f"the body is too large: at most {MOST_OF_A_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request, model: type[T]) -> T:
    """Read a JSON body into its declared form."""
    try:
        return msgspec.json.decode(await read_body(request), type=model)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        names = ", ".join(getattr(model, "__struct_fields__", ()))
        raise Problem(422, f"the body must be one JSON object in UTF-8 with these fields: {names}") from None


def number(request: Request, name: str, *, default: int, most: int, least: int = 0) -> int:
    """Read a whole number from the query."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) or not least <= int(text) <= most:
        raise Problem(422, f"`{name}` must be a whole number from {least} to {most}")
    return int(text)


def text(request: Request, name: str) -> str | None:
    """Read a text from the query; None if it is absent or empty."""
    value = request.query_params.get(name, "")
    check_text(name, value)
    return value or None


def check_text(name: str, value: str) -> None:
    """Raise a `Problem` for what no id, name or key can be."""
    if len(value) > MOST_OF_A_TEXT:
        raise Problem(422, f"`{name}` is too long: at most {MOST_OF_A_TEXT} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Problem(422, f"`{name}` is not valid Unicode") from None
