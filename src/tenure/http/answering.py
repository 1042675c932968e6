"""Routes from a table of endpoints; every refusal and every failure is `{"detail": "…"}`, and repeats no input."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tenure import InvalidChange, OpConflict, OutcomeUnknown, Refused, Unavailable
from tenure.http.endpoints import Endpoint, json
from tenure.http.rejections import Rejected

Handler = Callable[[Request], Awaitable[Response]]
Guard = Callable[[Request], Awaitable[tuple[Any, ...]]]
"""Lets only those in whose key fits, and gives what the endpoint is told of them. Raises a `Rejected`."""
ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


def routes(endpoints: Iterable[Endpoint], guards: Mapping[str, Guard]) -> list[Route]:
    """Give the routes of a table. `guards` says for each `who` how it is known."""
    return [Route(e.path, _guarded(e, guards[e.who]), methods=[e.method]) for e in endpoints]


def _guarded(endpoint: Endpoint, guard: Guard) -> Handler:
    """Look at the key first; nothing else of the request is read before."""

    async def handle(request: Request) -> Response:
        return await endpoint.handle(request, *await guard(request))

    return handle


# ------------------------------------------------------------------------------------ refusals


def again_later(detail: str) -> ErrorHandler:
    """Answer an error with 503 and a hint when to try again."""

    async def handle(request: Request, error: Exception) -> Response:  # noqa: ARG001  the form that is wanted
        return refusal(detail, 503)

    return handle


def _answering(status: int, detail: str) -> ErrorHandler:
    async def handle(request: Request, error: Exception) -> Response:  # noqa: ARG001
        return refusal(detail, status)

    return handle


def refusal(detail: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with what is wrong; where it may be right in a moment, with a hint when to try again."""
    answer = json({"detail": detail}, status)
    answer.headers.update(headers or {})
    if status == 503:  # noqa: PLR2004
        answer.headers["Retry-After"] = "1"
    return answer


def detail_of(error: HTTPException) -> str:
    """Say in our own words what the framework refuses."""
    return DETAILS.get(error.status_code, "the request can't be served")


DETAILS = {404: "there is nothing at this address", 405: "this address does not take this method"}


async def _rejected(request: Request, error: Exception) -> Response:  # noqa: ARG001
    rejected = cast("Rejected", error)  # it is registered for nothing else
    return refusal(rejected.detail, rejected.status)


async def _http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    found = cast("HTTPException", error)  # it is registered for nothing else
    return refusal(detail_of(found), found.status_code, found.headers)


async def _gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return Response(status_code=400)


HANDLERS: dict[Any, ErrorHandler] = {
    Rejected: _rejected,
    HTTPException: _http_error,
    Unavailable: again_later("the store can't be reached: try again in a moment"),
    OutcomeUnknown: again_later("the store can't be reached: try again in a moment"),
    OpConflict: _answering(409, "this was changed meanwhile: read it again, then decide"),
    Refused: _answering(409, "this was changed meanwhile: read it again, then decide"),
    InvalidChange: _answering(422, "a value does not fit: check the request"),
    ClientDisconnect: _gone,
    Exception: _answering(500, "the server failed on this request; it was logged"),
}
