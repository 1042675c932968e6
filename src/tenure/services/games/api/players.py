"""Players: listed, added, paused, removed; and their games."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.http.rejections import Invalid
from tenure.services.games.api import inputs, views
from tenure.services.games.api.reading import (
    GAME_STATES,
    PLAYER_STATES,
    page_of,
    path_player,
    read_page,
    read_state,
)
from tenure.services.games.service import GamesService

PLAYERS, PLAYER = "/players", "/players/{player}"


class PlayersApi:
    """Players and their games."""

    def __init__(self, service: GamesService) -> None:
        by = service.acting("admin")
        self._players, self._games = by.players, by.games

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get, post = partial(Endpoint, "GET"), partial(Endpoint, "POST")
        paged = partial(get, queries=("limit",))
        return [
            paged(PLAYERS, "reader", "List players", self.list, text_queries=("after", "state", "riot_id", "platform")),
            post(PLAYERS, "admin", "Track a player", self.add, inputs.PlayerWanted, 201),
            get(PLAYER, "reader", "Read a player", self.get),
            Endpoint("PATCH", PLAYER, "admin", "Say which titles are tracked", self.edit, inputs.PlayerEdited),
            Endpoint("DELETE", PLAYER, "admin", "Track a player no more", self.remove),
            post(PLAYER + "/pause", "admin", "Let a player rest", self.pause),
            post(PLAYER + "/unpause", "admin", "Track a player again", self.unpause),
            paged(PLAYER + "/games", "reader", "List a player's games", self.games, text_queries=("after", "state")),
        ]

    async def list(self, request: Request) -> Response:
        """List players; those who are not removed if no state is named. With a Riot id, whoever has it."""
        riot_id, platform = (request.query_params.get(name) for name in ("riot_id", "platform"))
        if (riot_id is None) != (platform is None):
            raise Invalid("give both `riot_id`, its `#` written as %23, and `platform`, or none of them")
        if riot_id is not None and platform is not None:
            found = await self._players.named(riot_id, platform)
            return json({"players": [] if found is None else [views.player(found)], "next": None})
        page, state = read_page(request), read_state(request, PLAYER_STATES)
        players = await page_of(self._players.list(state=state, limit=page.limit, after=page.after))
        return json(views.page("players", players, page.limit, [views.player(player) for player in players]))

    async def add(self, request: Request) -> Response:
        """Track a player; a repeat gives the one who is there."""
        wanted = await read_body(request, inputs.PlayerWanted)
        return json(views.player(await self._players.add(wanted.riot_id, wanted.platform, wanted.titles)), 201)

    async def get(self, request: Request) -> Response:
        """Read a player."""
        return json(views.player(await self._players.get(path_player(request))))

    async def edit(self, request: Request) -> Response:
        """Say which titles are tracked of a player."""
        id, wanted = path_player(request), await read_body(request, inputs.PlayerEdited)
        return json(views.player(await self._players.edit(id, titles=wanted.titles)))

    async def remove(self, request: Request) -> Response:
        """Track a player no more: open games end without a result."""
        return json(views.player(await self._players.remove(path_player(request))))

    async def pause(self, request: Request) -> Response:
        """Look at a player no more for a while; games that are open get their results."""
        return json(views.player(await self._players.pause(path_player(request))))

    async def unpause(self, request: Request) -> Response:
        """Track a paused player again."""
        return json(views.player(await self._players.unpause(path_player(request))))

    async def games(self, request: Request) -> Response:
        """List a player's games, the newest first."""
        player, page = await self._players.get(path_player(request)), read_page(request)
        state = read_state(request, GAME_STATES)
        found = await page_of(self._games.list(player=player.id, state=state, limit=page.limit, after=page.after))
        return json(views.page("games", found, page.limit, [views.game(game) for game in found]))
