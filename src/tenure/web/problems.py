"""What goes wrong over HTTP: always an answer with `detail`, never an echo of what was sent."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tenure.core.errors import InvalidChange, NotFound, OutcomeUnknown, Refused, Unavailable
from tenure.http.answering import detail_of, refusal
from tenure.http.rejections import Rejected
from tenure.web.reading import Unknown

ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (Unknown, 404, "there is no such kind, state or record"),
    (NotFound, 404, "there is no such kind, state or record"),
    (InvalidChange, 422, ""),
    (Refused, 409, ""),
    (Unavailable, 503, "the store can't be reached: try again in a moment"),
    (OutcomeUnknown, 503, "the store's answer was lost: look first, then decide"),
    (ClientDisconnect, 400, "the request ended early"),
    (Exception, 500, "the server failed on this request; it was logged"),
)


def describe(error: Exception) -> tuple[int, str]:
    """Give the status and the detail that answer an error."""
    if isinstance(error, Rejected):
        return error.status, error.detail
    if isinstance(error, HTTPException):
        return error.status_code, detail_of(error)
    status, detail = next((status, detail) for kind, status, detail in ANSWERS if isinstance(error, kind))
    if status == 500:  # noqa: PLR2004
        logging.getLogger("tenure").error("request_failed", exc_info=error)
    return status, detail or str(error)


def json(value: object, status: int = 200) -> Response:
    """Answer with JSON."""
    body = msgspec.json.encode(value, enc_hook=str)
    return Response(body, status, media_type="application/json", headers={"Cache-Control": "no-store"})


async def answer(request: Request, error: Exception) -> Response:  # noqa: ARG001  the form that is wanted
    """Answer an error with JSON."""
    status, detail = describe(error)
    return refusal(detail, status, error.headers if isinstance(error, HTTPException) else None)


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = dict.fromkeys(
    (Rejected, HTTPException, *(kind for kind, _, _ in ANSWERS)), answer
)
