"""What keeps the service running: health, readiness, metrics, and how well it matches."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import TEXT, Endpoint, json
from tenure.http.operating import figures, readiness
from tenure.http.rejections import Invalid
from tenure.services.bots.api.metrics import collect
from tenure.services.bots.api.reading import read_name
from tenure.services.bots.service import BotsService
from tenure.services.bots.watching import Watching


class OperationsApi:
    """What operators, load balancers and Prometheus ask."""

    def __init__(self, service: BotsService) -> None:
        self._service, self._watching = service, Watching(service)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        return [
            Endpoint("GET", "/health", "anyone", "Tell whether all is well, and who does what", self.health),
            Endpoint("GET", "/ready", "anyone", "Tell whether requests can be served", self.ready),
            Endpoint("GET", "/metrics", "anyone", "Read the figures for Prometheus", self.metrics, gives=TEXT),
            Endpoint(
                "GET", "/quality", "game", "Tell how well a pool is matched", self.quality, text_queries=("pool",)
            ),
        ]

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Look at leadership, deployment, breakers and loops; 503 if anything is wrong."""
        found = await self._watching.look()
        return json(found, 503 if found.reasons else 200)

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """Ask the store; 503 where it does not answer, and when the server is about to stop."""
        return await readiness(self._service.store, stopping=self._service.closing.is_set())

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002
        """Write all figures."""
        return figures(await collect(self._service))

    async def quality(self, request: Request) -> Response:
        """Give the quality figures of one pool over the last hour."""
        pool = read_name(request, "pool")
        if pool is None:
            raise Invalid("`pool` is missing: say which pool, as in ?pool=duel-eu")
        await self._service.pools.get(pool)
        return json(msgspec.to_builtins(await self._service.figures.of(pool)))
