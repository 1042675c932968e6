"""The service over HTTP: keys are checked before anything else is read, and every refusal is `{"detail": "…"}`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from tenure import InvalidChange, OpConflict, OutcomeUnknown, Refused, Unavailable
from tenure.services.meetings.api import openapi
from tenure.services.meetings.api.admin import AdminApi
from tenure.services.meetings.api.bots import BotsApi
from tenure.services.meetings.api.endpoints import Endpoint, json
from tenure.services.meetings.api.meetings import MeetingsApi
from tenure.services.meetings.api.reading import read_bytes
from tenure.services.meetings.api.rejections import Absent, Rejected
from tenure.services.meetings.api.webhooks import UsageApi, WebhooksApi
from tenure.services.meetings.api.websocket import Sockets
from tenure.services.meetings.callbacks import FORMS, Signed
from tenure.services.meetings.console.http import CONSOLE_PATH, console_routes
from tenure.services.meetings.page.http import page_routes
from tenure.services.meetings.runtimes.runtime import RuntimeAway
from tenure.services.meetings.service import MeetingsService
from tenure.services.meetings.settings import CALLBACK_PATH, PAGE_PATH

MOST_OF_A_CALLBACK, MOST_OF_A_SCREENSHOT = 1024 * 1024, 3 * 1024 * 1024
Handler = Callable[[Request], Awaitable[Response]]


def create_app(service: MeetingsService) -> Starlette:
    """Make the application; the service's loops run beside it (`service.running()`)."""
    endpoints = endpoints_of(service)
    page = msgspec.json.encode(openapi.describe(endpoints))

    async def describe(request: Request) -> Response:  # noqa: ARG001
        return Response(page, media_type="application/json")

    routes: list[BaseRoute] = [
        *callback_routes(service),
        *(Route(e.path, _guarded(service, e), methods=[e.method]) for e in endpoints),
        Route("/openapi.json", describe),
        Sockets(service.accounts, service.archive, service.feed).route(),
        Mount(PAGE_PATH, routes=page_routes(service.page)),
        Mount(CONSOLE_PATH, routes=console_routes(service)),
    ]
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def endpoints_of(service: MeetingsService) -> list[Endpoint]:
    """Give the table of the public API."""
    groups = (BotsApi(service), MeetingsApi(service), WebhooksApi(service), UsageApi(service), AdminApi(service))
    return [endpoint for group in groups for endpoint in group.endpoints()]


def callback_routes(service: MeetingsService) -> list[BaseRoute]:
    """Give the routes on which bots report."""

    async def receive(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FORMS or (request.method == "PATCH" and name != "status"):
            raise Absent("there is no such callback")
        body = await read_bytes(request, MOST_OF_A_SCREENSHOT if name == "screenshot" else MOST_OF_A_CALLBACK)
        return json(await service.callbacks.receive(Signed(name, body, request.headers)))

    return [Route(CALLBACK_PATH + "/{name}", receive, methods=["POST", "PATCH"])]


def _guarded(service: MeetingsService, endpoint: Endpoint) -> Handler:
    """Let only those in whose key fits; nothing else of the request is read before."""

    async def for_user(request: Request) -> Response:
        user = await service.accounts.user_of(request.headers.get("X-API-Key", ""))
        return await endpoint.handle(request, user)

    async def for_admin(request: Request) -> Response:
        service.accounts.check_admin(request.headers.get("X-Admin-API-Key", ""))
        return await endpoint.handle(request)

    return for_user if endpoint.who == "user" else for_admin


# ------------------------------------------------------------------------------------ refusals


async def _rejected(request: Request, error: Exception) -> Response:  # noqa: ARG001
    rejected = cast("Rejected", error)  # it is registered for nothing else
    return json({"detail": rejected.detail}, rejected.status)


async def _http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    found = cast("HTTPException", error)  # it is registered for nothing else
    detail = {404: "there is nothing at this address", 405: "this address does not take this method"}
    answer = json({"detail": detail.get(found.status_code, "the request can't be served")}, found.status_code)
    answer.headers.update(found.headers or {})
    return answer


async def _unavailable(request: Request, error: Exception) -> Response:  # noqa: ARG001
    answer = json({"detail": "the store can't be reached: try again in a moment"}, 503)
    answer.headers["Retry-After"] = "1"
    return answer


async def _runtime_away(request: Request, error: Exception) -> Response:  # noqa: ARG001
    answer = json({"detail": "what runs the bots can't be reached: try again in a moment"}, 503)
    answer.headers["Retry-After"] = "1"
    return answer


async def _conflict(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return json({"detail": "this was changed meanwhile: read it again, then decide"}, 409)


async def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return json({"detail": "a value does not fit: check the request"}, 422)


async def _gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return json({"detail": "the server failed on this request; it was logged"}, 500)


HANDLERS = {
    Rejected: _rejected,
    HTTPException: _http_error,
    Unavailable: _unavailable,
    OutcomeUnknown: _unavailable,
    RuntimeAway: _runtime_away,
    OpConflict: _conflict,
    Refused: _conflict,
    InvalidChange: _invalid,
    ClientDisconnect: _gone,
    Exception: _failed,
}
