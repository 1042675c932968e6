"""The platform's application: `/health`, `/metrics`, the dashboard and `/api`, in front of the services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from tenure.web.access import Access
from tenure.web.api import Api
from tenure.web.counting import Counts
from tenure.web.health import Health
from tenure.web.live import Live
from tenure.web.metrics import MEDIA_TYPE, Collect, render
from tenure.web.pages import Pages
from tenure.web.problems import HANDLERS, json
from tenure.web.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What the platform is made of. `mounts` are the services by path; one at `/` gets what nobody else takes."""

    reader: Reader
    access: Access
    health: Health
    counts: Counts
    closing: asyncio.Event
    mounts: Sequence[tuple[str, ASGIApp]] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Collect] = ()


def create_app(platform: Platform) -> Starlette:
    """Make the application."""
    pages = Pages(platform.reader, platform.access, platform.health, Live(platform.closing), platform.links)
    routes: list[BaseRoute] = [
        Route("/health", _health(platform), methods=["GET"]),
        Route("/metrics", _metrics(platform), methods=["GET"]),
        *Api(platform.reader, platform.access).routes(),
        *pages.routes(),
        # The longest path first: a mount takes all that begins with its own.
        *(Mount(path, app=app) for path, app in sorted(platform.mounts, key=lambda m: -len(m[0]))),
    ]
    return Starlette(routes=routes, exception_handlers={**HANDLERS})


def _health(platform: Platform) -> Callable[[Request], Awaitable[Response]]:
    async def health(request: Request) -> Response:  # noqa: ARG001
        found = await platform.health.whole()
        return json(platform.health.shown(found), 503 if found.reasons else 200)

    return health


def _metrics(platform: Platform) -> Callable[[Request], Awaitable[Response]]:
    async def metrics(request: Request) -> Response:  # noqa: ARG001
        body = await render(platform.reader, platform.counts, platform.metrics)
        return Response(body, media_type=MEDIA_TYPE)

    return metrics
