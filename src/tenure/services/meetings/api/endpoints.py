"""The API as tables: each endpoint with who may call it, what it takes and what it does.

The OpenAPI page and the table of rights in the tests follow from them. The tables are in `bots`, `meetings`,
`webhooks` and `admin`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenure.services.meetings.api.reading import read_number
from tenure.services.meetings.api.rejections import Absent
from tenure.services.meetings.archive import NO_MEETING

Who = Literal["user", "admin"]
MOST_LISTED = 1000
LONGEST_ID = 200
LARGEST_ID = 2**53
JSON, TEXT, PNG = "application/json", "text/plain", "image/png"
INERT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. `handle` gets the request, and for users who they are."""

    method: str
    path: str
    who: Who
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


def text(content: str) -> Response:
    """Answer with text that nobody keeps, and that no browser takes for a page."""
    return Response(content, media_type=TEXT + "; charset=utf-8", headers=INERT)


def picture(content: bytes) -> Response:
    """Answer with a PNG that nobody keeps, and that no browser takes for a page."""
    return Response(content, media_type=PNG, headers=INERT)


def named(request: Request) -> tuple[str, str, str | None]:
    """Give platform and id as the path names them, and the meeting's own id if the query does.

    What can't be a name is as absent as what is foreign.
    """
    platform, native_id = request.path_params["platform"], request.path_params["native_meeting_id"]
    if not native_id.isprintable() or len(native_id) > LONGEST_ID:
        raise Absent(NO_MEETING)
    number = read_number(request, "meeting_id", default=None, most=LARGEST_ID)
    return platform, native_id, None if number is None else str(number)
