"""The page over HTTP: itself, its assets, and the token that each of its connections needs."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tenure.http.answering import HANDLERS
from tenure.http.endpoints import json
from tenure.http.rejections import Unauthorized
from tenure.pages.forms import read_form
from tenure.pages.rendering import HEADERS, Assets, Templates
from tenure.pages.sessions import Sessions, check_origin, root_of
from tenure.services.battles.checks import HIGHEST_LEVEL
from tenure.services.battles.page.players import NAME, NAME_IS, player_of
from tenure.services.battles.service import BattlesService

PAGE_PATH = "/play"
COOKIE = "tenure_battles_play"
WHO = "player"
FOLDER = Path(__file__).parent
ASSETS, TEMPLATES = Assets(FOLDER, "play"), Templates(FOLDER)
POLICY = "Content-Security-Policy"
OWN_ONLY = "connect-src 'self'"


def create_app(service: BattlesService, *, socket: str = "../socket", others: Sequence[str] = ()) -> Starlette:
    """Make the page, to be mounted anywhere.

    `socket` is where the WebSocket is, seen from the page. `others` are the addresses of this page on other servers of
    one key, such as `http://127.0.0.1:8702/play/`: a browser that loses this one goes on there, so each of them is to
    take connections from the others' origins. Behind a load balancer there are none: one address leads to any server.
    """
    return Starlette(routes=Page(service, socket, others).routes(), exception_handlers=HANDLERS)


class Page:
    """The routes."""

    def __init__(self, service: BattlesService, socket: str, others: Sequence[str]) -> None:
        self._tokens, self._now = service.sockets.entrance.tokens, service.store.now
        self._socket, self._others = socket, others
        key = service.settings.token_key or service.settings.admin_key
        self._secret = hmac.digest(key.encode(), b"tenure battles play", "sha256")
        self._sessions = Sessions(COOKIE, self._secret, time.time)

    def routes(self) -> list[BaseRoute]:
        """Give all routes."""
        return [
            Route("/", self.show, methods=["GET"]),
            Route("/token", self.give_token, methods=["POST"]),
            Route("/assets/{name}", ASSETS.serve, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the page; a browser that comes for the first time gets its cookie."""
        values = {
            "service": "Wizards", "root": root_of(request), "assets": ASSETS, "socket": self._socket,
            "others": list(self._others), "name": NAME.pattern, "name_is": NAME_IS, "highest": HIGHEST_LEVEL,
        }  # fmt: skip
        response = TEMPLATES.render("play.html", values)
        response.headers[POLICY] = HEADERS[POLICY].replace(OWN_ONLY, " ".join([OWN_ONLY, *self._reached()]))
        if self._sessions.find(request) is None:
            self._sessions.begin(request, response, WHO)
        return response

    async def give_token(self, request: Request) -> Response:
        """Give a token for one connection, to who has the cookie; the page on another server may ask too."""
        origin = request.headers.get("Origin", "")
        known = origin in self._origins()
        if not known:
            check_origin(request)
        session = self._sessions.find(request)
        if session is None:
            raise Unauthorized("this page is too old, or your browser keeps no cookies: load the page again")
        player = player_of(session, (await read_form(request)).get("name", "").strip(), self._secret)
        now = await self._now()
        response = json({"token": self._tokens.issue(player, now), "player": player, "now": now})
        if known:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Vary"] = "Origin"
        return response

    def _origins(self) -> list[str]:
        return ["{0.scheme}://{0.netloc}".format(urlsplit(other)) for other in self._others]

    def _reached(self) -> list[str]:
        """Give what the page's policy lets it connect to besides its own server."""
        return [each for origin in self._origins() for each in (origin, origin.replace("http", "ws", 1))]
