"""An API as a table: each endpoint with who may call it, what it takes and what it does.

The routes, the OpenAPI page and the table of rights in the tests follow from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

JSON, TEXT, PNG = "application/json", "text/plain", "image/png"
INERT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. `who` names the key that it needs; `handle` gets the request, and who called if asked."""

    method: str
    path: str
    who: str
    summary: str
    handle: Callable[..., Awaitable[Response]]
    body: type[Any] | None = None
    status: int = 200
    queries: tuple[str, ...] = ()
    text_queries: tuple[str, ...] = ()
    gives: str = JSON


def json(content: object, status: int = 200) -> Response:
    """Answer with JSON that nobody keeps."""
    return Response(
        msgspec.json.encode(content),
        status,
        media_type=JSON,
        headers={"Cache-Control": "no-store"},
    )


def written(content: object) -> msgspec.Raw:
    """Write a part of a long answer. A thousand parts that all wait as dicts take longer than their text does."""
    return msgspec.Raw(msgspec.json.encode(content))


def text(content: str) -> Response:
    """Answer with text that nobody keeps, and that no browser takes for a page."""
    return Response(content, media_type=TEXT + "; charset=utf-8", headers=INERT)


def picture(content: bytes) -> Response:
    """Answer with a PNG that nobody keeps, and that no browser takes for a page."""
    return Response(content, media_type=PNG, headers=INERT)
