"""Games: listed and read; what happened to one; results as they came."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure import CursorAhead
from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_number
from tenure.http.rejections import Invalid
from tenure.services.games.api import views
from tenure.services.games.api.reading import GAME_STATES, page_of, path_game, read_limit, read_page, read_state
from tenure.services.games.games import TOLD
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.service import GamesService

GAME = "/games/{player}/{match}"
MOST_LOOKED_THROUGH = 10_000
"""How many events one call looks through for results; `next` goes on behind them."""


class GamesApi:
    """Games, for whoever may read."""

    def __init__(self, service: GamesService) -> None:
        self._store, self._games = service.store, service.games

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get = partial(Endpoint, "GET")
        return [
            get("/games", "reader", "List games", self.list, queries=("limit",), text_queries=("after", "state")),
            get(GAME, "reader", "Read a game", self.get),
            get(GAME + "/history", "reader", "Read what happened to a game", self.history),
            get("/results", "reader", "Read results as they came", self.results, queries=("limit", "after")),
        ]

    async def list(self, request: Request) -> Response:
        """List games of all players, the newest first."""
        page, state = read_page(request), read_state(request, GAME_STATES)
        found = await page_of(self._games.list(state=state, limit=page.limit, after=page.after))
        return json(views.page("games", found, page.limit, [views.game(game) for game in found]))

    async def get(self, request: Request) -> Response:
        """Read a game."""
        return json(views.game(await self._games.get(path_game(request))))

    async def history(self, request: Request) -> Response:
        """Read what happened to a game, in order."""
        return json({"events": [views.happened(event) for event in await self._games.history(path_game(request))]})

    async def results(self, request: Request) -> Response:
        """Read results in the order in which they came, after a position of the feed; at first from the oldest.

        `next` is the position to go on from, also where there is nothing new yet. A correction is a result too.
        """
        limit, after = read_limit(request), read_number(request, "after", default=0, most=10**18 - 1) or 0
        told, position, looked = [], after, 0
        try:
            feed = self._store.feed(TrackedGame, after=after, until=await self._store.position())
            async with aclosing(feed) as events:
                async for event in events:
                    position, looked = event.position, looked + 1
                    if event.name in TOLD:
                        told.append(event)
                    if len(told) == limit or looked == MOST_LOOKED_THROUGH:
                        break
        except CursorAhead:
            raise Invalid("`after` is ahead of the store, which was set back: begin again from 0") from None
        games = await self._store.get_many(TrackedGame, {event.id for event in told})
        shown = [
            {"position": event.position, "event": event.name, "at": views.when(event.at), "game": views.game(game)}
            for event in told
            if (game := games.get(event.id)) is not None
        ]
        return json({"results": shown, "next": position})
