"""Tokens for players, and battles as the game's backend and operators see them: without the board."""

from __future__ import annotations

import re
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenure import NotFound
from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body, read_choice, read_number
from tenure.http.rejections import Invalid
from tenure.services.battles.api.views import STATES, shown, when
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.refusals import Unknown
from tenure.services.battles.service import BattlesService
from tenure.services.battles.sockets.tokens import LASTS

MOST_LISTED, LISTED = 1000, 100
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TokenWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to connect. That it is this very player, the backend has looked into."""

    player: str


class BattlesApi:
    """What the game's own backend asks for."""

    def __init__(self, service: BattlesService) -> None:
        self._store, self._tokens = service.store, service.sockets.tokens

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get = partial(Endpoint, "GET")
        return [
            Endpoint("POST", "/tokens", "game", "Get a token for a player to connect", self.token, TokenWanted, 201),
            get("/battles", "game", "List battles", self.list, queries=("limit",), text_queries=("after", "state")),
            get("/battles/{battle}", "game", "Read a battle", self.get),
        ]

    async def token(self, request: Request) -> Response:
        """Make a token: whoever shows it within a minute is that player."""
        wanted = await read_body(request, TokenWanted)
        now = await self._store.now()
        token = self._tokens.issue(wanted.player, now)
        return json({"player": wanted.player, "token": token, "expires_at": when(now + LASTS)}, 201)

    async def list(self, request: Request) -> Response:
        """List battles by their ids: those that are offered, ready or running if no state is named."""
        state = read_choice(request, "state", STATES)
        limit = read_number(request, "limit", default=LISTED, most=MOST_LISTED, least=1) or LISTED
        after = request.query_params.get("after")
        if after is not None and not ID.fullmatch(after):
            raise Invalid("`after` must be the `next` of the page before")
        found = await self._store.find(Battle.live if state is None else STATES[state], limit=limit, after=after)
        more = found[-1].id if len(found) == limit else None
        return json({"battles": [shown(battle) for battle in found], "next": more})

    async def get(self, request: Request) -> Response:
        """Read a battle."""
        id = str(request.path_params["battle"])
        try:
            return json(shown(await self._store.get(Battle, id if ID.fullmatch(id) else "-")))
        except NotFound:
            raise Unknown("there is no such battle") from None
