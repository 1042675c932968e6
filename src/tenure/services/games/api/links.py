"""Links to players' own pages: given, shown and revoked."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.services.games.api.players import PLAYER
from tenure.services.games.api.reading import path_player
from tenure.services.games.page.links import address_of, links_of
from tenure.services.games.service import GamesService

LINK = PLAYER + "/link"


class LinksApi:
    """Links to players' own pages, for the admin."""

    def __init__(self, service: GamesService) -> None:
        self._players, self._base_url = service.players, service.settings.base_url
        self._links = links_of(service.store.acting("admin"), service.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        of = partial(Endpoint, path=LINK, who="admin")
        return [
            of("GET", summary="Read the link to a player's own page", handle=self.get),
            of("POST", summary="Give a player a link to their own page", handle=self.give, status=201),
            of("DELETE", summary="Let a player's link open nothing any more", handle=self.revoke),
        ]

    async def get(self, request: Request) -> Response:
        """Read a player's link, null if there is none."""
        player = await self._players.get(path_player(request))
        return self._shown(player.id, await self._links.find(player.id))

    async def give(self, request: Request) -> Response:
        """Give a player a link; a repeat gives the same one, until it is revoked."""
        id = path_player(request)
        return self._shown(id, await self._links.give(id), 201)

    async def revoke(self, request: Request) -> Response:
        """Revoke a player's link: whoever looks at the page is shown out. The next one is another."""
        id = path_player(request)
        await self._links.revoke(id)
        return self._shown(id, None)

    def _shown(self, player: str, token: str | None, status: int = 200) -> Response:
        url = None if token is None else address_of(self._base_url, token)
        return json({"player": player, "url": url}, status)
