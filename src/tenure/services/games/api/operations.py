"""What keeps the service running: health, readiness, metrics."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import TEXT, Endpoint, json
from tenure.http.operating import figures, readiness
from tenure.services.games.api.metrics import collect
from tenure.services.games.service import GamesService
from tenure.services.games.watching import Watching


class OperationsApi:
    """What operators, load balancers and Prometheus ask."""

    def __init__(self, service: GamesService) -> None:
        self._service, self._watching = service, Watching(service)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get = partial(Endpoint, "GET")
        return [
            get("/health", "anyone", "Tell whether all is well, and what waits", self.health),
            get("/ready", "anyone", "Tell whether requests can be served", self.ready),
            get("/metrics", "anyone", "Read the figures for Prometheus", self.metrics, gives=TEXT),
        ]

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Look at Riot, the loops, and how late games are seen; 503 if anything is wrong."""
        found = await self._watching.look()
        return json(found, 503 if found.reasons else 200)

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """Ask the store; 503 where it does not answer, and when the server is about to stop."""
        return await readiness(self._service.store, stopping=self._service.closing_down.is_set())

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002
        """Write all figures."""
        return figures(await collect(self._service))
