"""The service over HTTP: keys are checked before anything else is read, and every refusal is `{"detail": "…"}`."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from tenure.http import answering, openapi
from tenure.http.endpoints import Endpoint
from tenure.services.games.api.access import FITTING, KEYS, guards
from tenure.services.games.api.games import GamesApi
from tenure.services.games.api.links import LinksApi
from tenure.services.games.api.operations import OperationsApi
from tenure.services.games.api.players import PlayersApi
from tenure.services.games.console.http import CONSOLE_PATH
from tenure.services.games.console.http import create_app as create_console
from tenure.services.games.page.http import create_app as create_page
from tenure.services.games.page.links import PAGE_PATH, links_of
from tenure.services.games.service import GamesService


def create_app(service: GamesService) -> Starlette:
    """Make the application; the service's loops run beside it (`service.running()`)."""
    endpoints, store = endpoints_of(service), service.store
    described = msgspec.json.encode(openapi.describe("Tenure games", endpoints, KEYS, FITTING))

    async def describe(request: Request) -> Response:  # noqa: ARG001
        return Response(described, media_type="application/json")

    routes: list[BaseRoute] = [
        *answering.routes(endpoints, guards(service.settings)),
        Route("/openapi.json", describe, methods=["GET"]),
        Mount(CONSOLE_PATH, app=create_console(service)),
        Mount(PAGE_PATH, app=create_page(store, links_of(store, service.settings), service.closing_down)),
    ]
    return Starlette(routes=routes, exception_handlers=answering.HANDLERS)


def endpoints_of(service: GamesService) -> list[Endpoint]:
    """Give the table of the API."""
    return [
        endpoint for group in (PlayersApi, LinksApi, GamesApi, OperationsApi) for endpoint in group(service).endpoints()
    ]
