"""The service over HTTP: keys are checked before anything else is read, and every refusal is `{"detail": "…"}`."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from tenure.http import answering, openapi
from tenure.http.endpoints import Endpoint
from tenure.services.trivia.api.access import FITTING, KEYS, guards
from tenure.services.trivia.api.channels import ChannelsApi
from tenure.services.trivia.api.games import GamesApi
from tenure.services.trivia.api.guilds import GuildsApi
from tenure.services.trivia.api.operations import OperationsApi
from tenure.services.trivia.api.registrations import RegistrationsApi
from tenure.services.trivia.chat.page.http import PAGE_PATH
from tenure.services.trivia.chat.page.http import create_app as create_page
from tenure.services.trivia.console.http import CONSOLE_PATH
from tenure.services.trivia.console.http import create_app as create_console
from tenure.services.trivia.service import TriviaService


def create_app(service: TriviaService) -> Starlette:
    """Make the application; the service's loops run beside it (`service.running()`)."""
    endpoints = endpoints_of(service)
    described = msgspec.json.encode(openapi.describe("Tenure trivia", endpoints, KEYS, FITTING))

    async def describe(request: Request) -> Response:  # noqa: ARG001
        return Response(described, media_type="application/json")

    page = create_page(
        service.store, service.acting, admin_key=service.settings.admin_key, closing=service.closing_down
    )
    routes: list[BaseRoute] = [
        *answering.routes(endpoints, guards(service.settings)),
        Route("/openapi.json", describe, methods=["GET"]),
        Mount(PAGE_PATH, app=page),
        Mount(CONSOLE_PATH, app=create_console(service)),
    ]
    return Starlette(routes=routes, exception_handlers=answering.HANDLERS)


def endpoints_of(service: TriviaService) -> list[Endpoint]:
    """Give the table of the API."""
    groups = (GuildsApi, ChannelsApi, RegistrationsApi, GamesApi, OperationsApi)
    return [endpoint for group in groups for endpoint in group(service).endpoints()]
