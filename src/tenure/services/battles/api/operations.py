"""What keeps the service running: health, readiness, figures, and what dead instances left behind."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import TEXT, Endpoint, json
from tenure.http.operating import figures
from tenure.http.reading import read_choice
from tenure.services.battles.api.metrics import collect
from tenure.services.battles.cleaning import Cleaning
from tenure.services.battles.service import BattlesService
from tenure.services.battles.watching import Watching


class OperationsApi:
    """What operators and load balancers ask."""

    def __init__(self, service: BattlesService, watching: Watching) -> None:
        self._service, self._watching, self._cleaning = service, watching, Cleaning(service.store)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get, clean = partial(Endpoint, "GET"), "List what dead instances left; with dry_run=false, clean it up"
        return [
            get("/health", "anyone", "Tell whether all is well, and what goes on", self.health),
            get("/ready", "anyone", "Tell whether players can connect here", self.ready),
            get("/metrics", "anyone", "Read the figures for Prometheus", self.metrics, gives=TEXT),
            get("/health/stats", "game", "Count everything by state, and list instances", self.stats),
            Endpoint("POST", "/health/cleanup", "admin", clean, self.cleanup, text_queries=("dry_run",)),
        ]

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Look at the store, the echo, the loops and what waits; 503 if anything is wrong."""
        found = await self._watching.look()
        return json(found, 503 if found.reasons else 200)

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """Tell whether players can connect here; 503 where they can't, and when the server is about to stop."""
        reasons = ["the server is about to stop"] if self._service.closing.is_set() else []
        reasons += (await self._watching.look()).reasons
        if self._service.presence.instance is None and not reasons:
            drained = "an operator drained this instance: nobody is let in until it is started anew"
            reasons.append(drained if self._service.presence.draining else "this instance is not up yet")
        return json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002
        """Write all figures."""
        return figures(await collect(self._service))

    async def stats(self, request: Request) -> Response:  # noqa: ARG002
        """Count everything by state."""
        return json(await self._watching.stats())

    async def cleanup(self, request: Request) -> Response:
        """List what dead instances left, each with its reason. It is cleaned up only if that is asked for."""
        dry = read_choice(request, "dry_run", ("true", "false")) != "false"
        return json(await self._cleaning.clean(dry_run=dry))
