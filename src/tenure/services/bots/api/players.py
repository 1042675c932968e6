"""Players: their ratings, whom they never meet, and who is best."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure import InvalidChange
from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.http.rejections import Invalid
from tenure.services.bots.api import inputs, views
from tenure.services.bots.api.reading import path_player, read_limit, read_name
from tenure.services.bots.lifecycle import Player, Rating
from tenure.services.bots.players import rating_id
from tenure.services.bots.service import BotsService

PLAYER = "/players/{player}"


class PlayersApi:
    """Players, people and bots alike."""

    def __init__(self, service: BotsService) -> None:
        self._store, self._players = service.store, service.acting("game").players

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        texts = ("mode", "after")
        return [
            Endpoint("GET", PLAYER, "game", "Read a player with the ratings", self.get),
            Endpoint("PUT", PLAYER + "/blocked", "game", "Say whom a player never meets", self.block, inputs.Blocked),
            Endpoint("DELETE", PLAYER, "admin", "Forget a player and the ratings", self.forget, None, 204),
            Endpoint("GET", "/leaderboard", "game", "List the best of a mode", self.best, None, 200, ("limit",), texts),
        ]

    async def get(self, request: Request) -> Response:
        """Read a player."""
        return await self._shown(await self._players.get(path_player(request)))

    async def block(self, request: Request) -> Response:
        """Set a player's block list."""
        id, wanted = path_player(request), await read_body(request, inputs.Blocked)
        return await self._shown(await self._players.block(id, wanted.players))

    async def forget(self, request: Request) -> Response:
        """Forget a player."""
        await self._players.forget(path_player(request))
        return Response(status_code=204)

    async def best(self, request: Request) -> Response:
        """List a mode's players, the highest rating first; `after` is the last player of the page before."""
        mode, after = read_name(request, "mode"), request.query_params.get("after")
        if mode is None:
            raise Invalid("`mode` is missing: say which leaderboard, as in ?mode=duel")
        if after is not None and not (0 < len(after) <= 100 and after.isprintable()):  # noqa: PLR2004  a player's id
            raise Invalid("`after` must be the last player of the page before")
        limit = read_limit(request)
        last = None if after is None else rating_id(after, mode)
        try:
            found = await self._store.find(Rating.kept, per=mode, newest_first=True, limit=limit, after=last)
        except InvalidChange:
            raise Invalid("the player that `after` names is gone: begin again without it") from None
        more = found[-1].player if len(found) == limit else None
        return json({"mode": mode, "players": [views.rating(rating) for rating in found], "next": more})

    async def _shown(self, player: Player) -> Response:
        return json(views.player(player, await self._players.ratings(player.id)))
