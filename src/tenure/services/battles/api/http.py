"""The service over HTTP: keys are checked before anything else is read, and every refusal is `{"detail": "…"}`."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from tenure.http import answering, openapi
from tenure.http.endpoints import Endpoint
from tenure.services.battles.api.access import FITTING, KEYS, guards
from tenure.services.battles.api.battles import BattlesApi
from tenure.services.battles.api.operations import OperationsApi
from tenure.services.battles.console.http import CONSOLE_PATH
from tenure.services.battles.console.http import create_app as create_console
from tenure.services.battles.page.http import PAGE_PATH
from tenure.services.battles.page.http import create_app as create_page
from tenure.services.battles.service import BattlesService
from tenure.services.battles.watching import Watching


def create_app(service: BattlesService, watching: Watching | None = None) -> Starlette:
    """Make the application, with the sockets and the page; the service's loops run beside it (`service.running()`)."""
    watching = watching or Watching(service)
    endpoints = endpoints_of(service, watching)
    described = msgspec.json.encode(openapi.describe("Tenure battles", endpoints, KEYS, FITTING))

    async def describe(request: Request) -> Response:  # noqa: ARG001
        return Response(described, media_type="application/json")

    routes: list[BaseRoute] = [
        *answering.routes(endpoints, guards(service.settings)),
        Route("/openapi.json", describe, methods=["GET"]),
        *service.sockets.routes(),
        Mount(CONSOLE_PATH, app=create_console(service, watching)),
    ]
    if service.settings.page:
        routes.append(Mount(PAGE_PATH, app=create_page(service, others=service.settings.others)))
    return Starlette(routes=routes, exception_handlers=answering.HANDLERS)


def endpoints_of(service: BattlesService, watching: Watching) -> list[Endpoint]:
    """Give the table of the API."""
    return [*BattlesApi(service).endpoints(), *OperationsApi(service, watching).endpoints()]
