"""Matches: listed, settled by the game's report, broken off."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.services.bots.api import inputs, views
from tenure.services.bots.api.reading import found_in, path_id, read_name, read_page, read_state
from tenure.services.bots.lifecycle import Match
from tenure.services.bots.service import BotsService

MATCH = "/matches/{match}"
STATES = {"offered": Match.offered, "playing": Match.playing, "over": Match.over, "void": Match.void}


class MatchesApi:
    """Matches, for the game and for operators."""

    def __init__(self, service: BotsService) -> None:
        by = service.acting("game")
        self._store, self._offers, self._settling = service.store, by.offers, by.settling

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        listed = ("after", "pool", "state")
        return [
            Endpoint("GET", "/matches", "game", "List matches", self.list, queries=("limit",), text_queries=listed),
            Endpoint("GET", MATCH, "game", "Read a match", self.get),
            Endpoint("POST", MATCH + "/result", "report", "Say who won", self.settle, inputs.Result),
            Endpoint("POST", MATCH + "/break-off", "game", "End a match without a result", self.off, inputs.BrokenOff),
        ]

    async def list(self, request: Request) -> Response:
        """List matches, those that are live if no state is named."""
        page, state = read_page(request), read_state(request, STATES, Match.live)
        found = await found_in(self._store, state, read_name(request, "pool"), page)
        return json(views.page("matches", found, page.limit, [views.match(match) for match in found]))

    async def get(self, request: Request) -> Response:
        """Read a match."""
        return json(views.match(await self._offers.match(path_id(request, "match"))))

    async def settle(self, request: Request) -> Response:
        """Take a result; a repeat of it gives the same answer."""
        id, result = path_id(request, "match"), await read_body(request, inputs.Result)
        return json(views.match(await self._settling.settle(id, result.places)))

    async def off(self, request: Request) -> Response:
        """Break a match off."""
        id, wanted = path_id(request, "match"), await read_body(request, inputs.BrokenOff)
        return json(views.match(await self._settling.break_off(id, wanted.reason)))
