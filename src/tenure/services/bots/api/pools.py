"""Pools: who may meet whom, with the bots that are kept ready for them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.services.bots.api import inputs, views
from tenure.services.bots.api.reading import path_id, read_page, read_state
from tenure.services.bots.lifecycle import Pool
from tenure.services.bots.service import BotsService
from tenure.services.bots.terms import Terms

POOL = "/pools/{pool}"
STATES = {"open": Pool.open, "draining": Pool.draining, "closed": Pool.closed}


class PoolsApi:
    """Pools: listed, made, changed, drained, opened again, closed."""

    def __init__(self, service: BotsService) -> None:
        self._store, self._pools, self._census = service.store, service.acting("admin").pools, service.census

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        texts = ("after", "state")
        return [
            Endpoint("GET", "/pools", "game", "List pools", self.list, queries=("limit",), text_queries=texts),
            Endpoint("POST", "/pools", "admin", "Make a pool", self.create, inputs.PoolWanted, 201),
            Endpoint("GET", POOL, "game", "Read a pool and what is in it", self.get),
            Endpoint("PATCH", POOL, "admin", "Change a pool", self.edit, inputs.TermsWanted),
            Endpoint("POST", POOL + "/drain", "admin", "Let nobody in any more", self.drain, None, 202),
            Endpoint("POST", POOL + "/reopen", "admin", "Open a drained pool again", self.reopen, inputs.PoolReopened),
            Endpoint("DELETE", POOL, "admin", "Drain a pool, and close it once it is empty", self.close, None, 202),
        ]

    async def list(self, request: Request) -> Response:
        """List pools."""
        page = read_page(request)
        state = read_state(request, STATES, Pool.present)
        found = await self._store.find(state, limit=page.limit, after=page.after)
        counts = await self._census.counts()
        return json(views.page("pools", found, page.limit, [views.pool(pool, counts) for pool in found]))

    async def create(self, request: Request) -> Response:
        """Make a pool; a repeat gives the one that is there."""
        wanted = await read_body(request, inputs.PoolWanted)
        made = await self._pools.create(
            wanted.id,
            mode=wanted.mode,
            region=wanted.region,
            rating_system=wanted.rating_system,
            terms=wanted.over(Terms()),
        )
        return await self._shown(made, 201)

    async def get(self, request: Request) -> Response:
        """Read a pool."""
        return await self._shown(await self._pools.get(path_id(request, "pool")))

    async def edit(self, request: Request) -> Response:
        """Change a pool's terms."""
        wanted = await read_body(request, inputs.TermsWanted)
        return await self._shown(await self._pools.edit(path_id(request, "pool"), wanted.over))

    async def drain(self, request: Request) -> Response:
        """Drain a pool."""
        return await self._shown(await self._pools.drain(path_id(request, "pool")), 202)

    async def reopen(self, request: Request) -> Response:
        """Open a pool again."""
        wanted = await read_body(request, inputs.PoolReopened)
        found = await self._pools.reopen(
            path_id(request, "pool"), max_deployed=wanted.max_deployed, places=wanted.places
        )
        return await self._shown(found)

    async def close(self, request: Request) -> Response:
        """Close a pool for good."""
        return await self._shown(await self._pools.close(path_id(request, "pool")), 202)

    async def _shown(self, pool: Pool, status: int = 200) -> Response:
        return json(views.pool(pool, await self._census.counts()), status)
