"""The bots page over HTTP, for operators. It works without its script; that only makes it live."""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tenure import CursorAhead, InvalidChange, OutcomeUnknown, Refused, Unavailable
from tenure.http.answering import HANDLERS
from tenure.http.keys import Key
from tenure.http.reading import read_number
from tenure.http.rejections import NotNow, Rejected
from tenure.pages.entrance import BY_ADMIN_KEY, Entrance, to
from tenure.pages.forms import read_form, read_text
from tenure.pages.rendering import HEADERS
from tenure.pages.sessions import Session, Sessions, check_origin, path_of, root_of
from tenure.pages.showing import in_path
from tenure.pages.streaming import SIGN_OF_LIFE, Room, answer, event, rings
from tenure.services.bots.console.acting import ACTOR, DONE, Acting
from tenure.services.bots.console.one import One
from tenure.services.bots.console.reading import LISTED, Reading, Wanted
from tenure.services.bots.console.rendering import ASSETS, TEMPLATES
from tenure.services.bots.lifecycle import Bot, Match, Pool, Ticket
from tenure.services.bots.service import BotsService

CONSOLE_PATH = "/console"
COOKIE = "tenure_bots"
ADMIN = "admin"
MOST_STREAMS = 64
COALESCE_SECONDS = 0.5
WATCHED = (Pool, Match, Bot, Ticket)
PAGE = {"service": "Bots", "assets": ASSETS, "back": "To the pools"}
Shown = tuple[str, dict[str, Any]]
Page = Callable[[Request], Awaitable[Shown]]


def create_app(service: BotsService) -> Starlette:
    """Make the page, to be mounted anywhere. Its streams end when the service is about to stop."""
    return Starlette(routes=Console(service).routes(), exception_handlers=HANDLERS)


class Console:
    """The routes."""

    def __init__(self, service: BotsService) -> None:
        admin_key = service.settings.admin_key
        self._store, self._closing, self._key = service.store, service.closing, Key(admin_key)
        self._sessions = Sessions(COOKIE, hmac.digest(admin_key.encode(), b"tenure bots page", "sha256"), time.time)
        self._entrance = Entrance(self._sessions, self._who_has, _login)
        self._reading = Reading(service.store, service.census, service.figures)
        self._one = One(service.store, service.figures)
        self._acting = Acting(service.acting(ACTOR))
        self._room = Room(MOST_STREAMS)

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for logging in and the assets, each needs a session."""
        pages: dict[str, Page] = {
            "/": self.pools, "/pools/{id}": self.pool, "/players": self.players, "/players/{id:path}": self.player,
            "/bots": self.list, "/tickets": self.list, "/matches": self.list,
            "/bots/{id}": self.bot, "/tickets/{id}": self.ticket, "/matches/{id}": self.match,
        }  # fmt: skip
        return [
            Route("/assets/{name}", ASSETS.serve, methods=["GET"]),
            *self._entrance.routes(),
            Route("/live", self._guarded(self.live), methods=["GET"]),
            Route("/go", self._guarded(self.go), methods=["GET"]),
            *(Route(path, self._guarded(self._showing(page)), methods=["GET"]) for path, page in pages.items()),
            Route("/{what}/{id}/{action}", self._guarded(self.act), methods=["POST"]),
        ]

    # ------------------------------------------------------------------------------------ the pages

    async def pools(self, request: Request) -> Shown:
        """All pools: how many of what are there, and how well they match."""
        after = read_text(request, "after")
        return "pools.html", {"seen": await self._reading.overview(after), "after": after}

    async def pool(self, request: Request) -> Shown:
        """One pool: its queue as a drawing, its figures, its last matches."""
        return "pool.html", {"seen": await self._reading.pool(request.path_params["id"])}

    async def list(self, request: Request) -> Shown:
        """Bots, tickets or matches, by pool and state."""
        wanted = Wanted(
            path_of(request).strip("/"),
            read_text(request, "pool"),
            read_text(request, "state"),
            read_text(request, "after"),
        )
        kept = {name: value for name, value in (("pool", wanted.pool), ("state", wanted.state)) if value}
        return "list.html", {"wanted": wanted, "listed": await self._reading.listed(wanted), "kept": kept}

    async def bot(self, request: Request) -> Shown:
        """One bot, and why it is there."""
        return "bot.html", {"seen": await self._one.bot(request.path_params["id"]), "Bot": Bot}

    async def ticket(self, request: Request) -> Shown:
        """One ticket, and why it is there."""
        return "ticket.html", {"seen": await self._one.ticket(request.path_params["id"])}

    async def match(self, request: Request) -> Shown:
        """One match: seats, who has accepted, where it is played, what came of it."""
        return "match.html", {"seen": await self._one.match(request.path_params["id"]), "Match": Match}

    async def players(self, request: Request) -> Shown:
        """The players of one mode, the highest rated first."""
        after = read_text(request, "after")
        modes, mode, ratings, following = await self._reading.leaders(read_text(request, "mode"), after)
        return "players.html", {"modes": modes, "mode": mode, "ratings": ratings, "next": following, "after": after}

    async def player(self, request: Request) -> Shown:
        """One player: ratings, and how these came about."""
        return "player.html", {"seen": await self._one.player(request.path_params["id"])}

    # ------------------------------------------------------------------------------------ what is done

    async def go(self, request: Request, session: Session) -> Response:  # noqa: ARG002  all of these take it
        """Lead from an id to what it is of."""
        id = read_text(request, "id") or ""
        return to(request, f"/{await self._reading.place_of(id)}/{in_path(id)}")

    async def act(self, request: Request, session: Session) -> Response:
        """Make one step; what is wrong is said on the page that it was asked on."""
        what, id, action = (request.path_params[name] for name in ("what", "id", "action"))
        try:
            done = await self._acting.act(what, action, id, await read_form(request))
        except Rejected as no:
            return await self._again(request, session, what, no)
        return to(request, f"/{what}/{in_path(id)}", done=done)

    async def _again(self, request: Request, session: Session, what: str, no: Rejected) -> Response:
        pages: dict[str, Page] = {"pools": self.pool, "bots": self.bot, "matches": self.match}
        if what not in pages:
            raise no
        template, values = await pages[what](request)
        return self._render(request, session, template, {**values, "problem": no.detail, "notice": ""}, no.status)

    async def live(self, request: Request, session: Session) -> Response:  # noqa: ARG002
        """Stream that something has changed since the position at which the page was read."""
        after = read_number(request, "after", default=None, most=10**18 - 1)
        if self._room.is_full:
            raise NotNow("too many pages are open: close some")
        return answer(self._stream(after))

    async def _stream(self, after: int | None) -> AsyncIterator[str]:
        with self._room.taken(), self._store.bell(*WATCHED) as bell:
            yield event("change", {}) if await self._is_news(after) else ": here\n\n"
            async with aclosing(rings(bell, self._closing, coalesce_seconds=COALESCE_SECONDS)) as heard:
                async for is_new in heard:
                    yield event("change", {}) if is_new else SIGN_OF_LIFE

    async def _is_news(self, after: int | None) -> bool:
        """Tell whether anything has happened between the page's reading and its stream, or while this was away."""
        if after is None:
            return False
        try:
            async for _ in self._store.feed(*WATCHED, after=after, until=await self._store.position()):
                return True
        except CursorAhead:
            return True  # the store was set back
        return False

    # ------------------------------------------------------------------------------------ the frame

    async def _who_has(self, key: str) -> str | None:
        return ADMIN if self._key.fits(key) else None

    def _guarded(
        self, page: Callable[[Request, Session], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            session = self._sessions.find(request)
            if session is None and path_of(request) == "/live":
                return PlainTextResponse("log in again", 401, headers=HEADERS)  # a stream follows no redirect
            if session is None:
                return self._entrance.lead_in(request)
            try:
                if request.method == "POST":
                    check_origin(request)
                    self._sessions.check_form(session.text, (await read_form(request)).get("form_token", ""))
                return await page(request, session)
            except Rejected as no:
                return self._problem(request, session, no.detail, no.status)
            except (Unavailable, OutcomeUnknown):
                return self._problem(request, session, "the store can't be reached: try again in a moment", 503)
            except (InvalidChange, Refused) as wrong:
                return self._problem(request, session, str(wrong), 409)

        return endpoint

    def _showing(self, page: Page) -> Callable[[Request, Session], Awaitable[Response]]:
        async def show(request: Request, session: Session) -> Response:
            after = await self._store.position()
            template, values = await page(request)
            return self._render(request, session, template, {"stream": f"/live?after={after}", **values})

        return show

    def _render(
        self, request: Request, session: Session, template: str, values: dict[str, Any], status: int = 200
    ) -> Response:
        frame = {
            **PAGE, "root": root_of(request), "path": path_of(request), "stream": "/live",
            "form_token": self._sessions.form_token(session.text), "lists": tuple(LISTED),
            "notice": DONE.get(request.query_params.get("done", ""), ""),
        }  # fmt: skip
        return TEMPLATES.render(template, {**frame, **values}, status)

    def _problem(self, request: Request, session: Session, detail: str, status: int) -> Response:
        return self._render(request, session, "problem.html", {"detail": detail, "stream": ""}, status)


def _login(request: Request, *, target: str, wrong: bool) -> Response:
    values = {**PAGE, **BY_ADMIN_KEY, "root": root_of(request), "next": target, "wrong": wrong}
    return TEMPLATES.render("login.html", values, 401 if wrong else 200)
