"""The service over HTTP: keys are checked before anything else is read, and every refusal is `{"detail": "…"}`."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from tenure.http import answering, openapi
from tenure.http.endpoints import Endpoint
from tenure.services.bots.api.access import FITTING, KEYS, guards
from tenure.services.bots.api.bots import BotsApi
from tenure.services.bots.api.matches import MatchesApi
from tenure.services.bots.api.operations import OperationsApi
from tenure.services.bots.api.players import PlayersApi
from tenure.services.bots.api.pools import PoolsApi
from tenure.services.bots.api.tickets import TicketsApi
from tenure.services.bots.console.http import CONSOLE_PATH
from tenure.services.bots.console.http import create_app as create_page
from tenure.services.bots.game.local import create_app as create_game
from tenure.services.bots.service import BotsService
from tenure.services.bots.settings import STAND_IN_PATH


def create_app(service: BotsService) -> Starlette:
    """Make the application; the service's loops run beside it (`service.running()`)."""
    endpoints = endpoints_of(service)
    described = msgspec.json.encode(openapi.describe("Tenure bots", endpoints, KEYS, FITTING))

    async def describe(request: Request) -> Response:  # noqa: ARG001
        return Response(described, media_type="application/json")

    routes: list[BaseRoute] = [
        *answering.routes(endpoints, guards(service.settings)),
        Route("/openapi.json", describe, methods=["GET"]),
    ]
    settings = service.settings
    if service.stand_in is not None:
        game = create_game(service.stand_in, key=settings.game_key, base_url=settings.url_of_the_game)
        routes.append(Mount(STAND_IN_PATH, app=game))
    routes.append(Mount(CONSOLE_PATH, app=create_page(service)))
    return Starlette(routes=routes, exception_handlers=answering.HANDLERS)


def endpoints_of(service: BotsService) -> list[Endpoint]:
    """Give the table of the API."""
    groups = (PoolsApi, BotsApi, TicketsApi, MatchesApi, PlayersApi, OperationsApi)
    return [endpoint for group in groups for endpoint in group(service).endpoints()]
