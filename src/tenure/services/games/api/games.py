"""Games: listed and read; what happened to one; results as they came."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure import CursorAhead
from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_number
from tenure.http.rejections import Invalid, TooMany
from tenure.pages.streaming import Room
from tenure.services.games.api import views
from tenure.services.games.api.reading import GAME_STATES, page_of, path_game, read_limit, read_page, read_state
from tenure.services.games.arriving import Arrivals
from tenure.services.games.service import GamesService

GAME = "/games/{player}/{match}"
MOST_WAIT_SECONDS = 30
MOST_WAITING = 1000


class GamesApi:
    """Games, for whoever may read."""

    def __init__(self, service: GamesService) -> None:
        self._games, self._waiting = service.games, Room(MOST_WAITING)
        self._arrivals = Arrivals(service.store, service.closing_down)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get = partial(Endpoint, "GET")
        return [
            get("/games", "reader", "List games", self.list, queries=("limit",), text_queries=("after", "state")),
            get(GAME, "reader", "Read a game", self.get),
            get(GAME + "/history", "reader", "Read what happened to a game", self.history),
            get("/results", "reader", "Read results as they came", self.results, queries=("limit", "after", "wait")),
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

        `next` is the position to go on from, also where there is nothing new yet. With `wait`, in seconds, the first
        new result is waited for. A correction is a result too.
        """
        limit, after = read_limit(request), read_number(request, "after", default=0, most=10**18 - 1) or 0
        wait = read_number(request, "wait", default=0, most=MOST_WAIT_SECONDS) or 0
        if wait and self._waiting.is_full:
            raise TooMany("too many requests wait already: look without `wait`, every few seconds")
        try:
            with self._waiting.taken() if wait else nullcontext():
                found = await self._arrivals.after(after, limit=limit, wait_seconds=wait)
        except CursorAhead:
            raise Invalid("`after` is ahead of the store, which was set back: begin again from 0") from None
        shown = [views.result(event, game) for event, game in found.results]
        return json({"results": shown, "next": found.next})
