"""The service over HTTP: keys are checked before anything else is read, and every refusal is `{"detail": "…"}`."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from tenure.http import answering, openapi
from tenure.http.answering import Guard
from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_bytes
from tenure.http.rejections import Absent
from tenure.services.meetings.api.admin import AdminApi
from tenure.services.meetings.api.bots import BotsApi
from tenure.services.meetings.api.channel import Channels
from tenure.services.meetings.api.meetings import MeetingsApi
from tenure.services.meetings.api.webhooks import UsageApi, WebhooksApi
from tenure.services.meetings.api.websocket import Sockets
from tenure.services.meetings.callbacks import FORMS, Signed
from tenure.services.meetings.console.http import CONSOLE_PATH, console_routes
from tenure.services.meetings.lifecycle import User
from tenure.services.meetings.page.http import page_routes
from tenure.services.meetings.runtimes.runtime import RuntimeAway
from tenure.services.meetings.service import MeetingsService
from tenure.services.meetings.settings import CALLBACK_PATH, PAGE_PATH

MOST_OF_A_CALLBACK, MOST_OF_A_SCREENSHOT = 1024 * 1024, 3 * 1024 * 1024
KEYS = {"user": "X-API-Key", "admin": "X-Admin-API-Key"}


def create_app(service: MeetingsService) -> Starlette:
    """Make the application; the service's loops run beside it (`service.running()`)."""
    endpoints = endpoints_of(service)
    page = msgspec.json.encode(openapi.describe("Tenure meetings", endpoints, KEYS))

    async def describe(request: Request) -> Response:  # noqa: ARG001
        return Response(page, media_type="application/json")

    routes: list[BaseRoute] = [
        *callback_routes(service),
        Channels(service.callbacks, service.store).route(),
        *answering.routes(endpoints, guards_of(service)),
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


def guards_of(service: MeetingsService) -> dict[str, Guard]:
    """Say how users and admins are known."""

    async def user(request: Request) -> tuple[User]:
        return (await service.accounts.user_of(request.headers.get(KEYS["user"], "")),)

    async def admin(request: Request) -> tuple[()]:
        service.accounts.check_admin(request.headers.get(KEYS["admin"], ""))
        return ()

    return {"user": user, "admin": admin}


HANDLERS = {
    **answering.HANDLERS,
    RuntimeAway: answering.again_later("what runs the bots can't be reached: try again in a moment"),
}
