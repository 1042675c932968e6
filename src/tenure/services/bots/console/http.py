"""The bots page over HTTP, for operators. It works without its script; that only makes it live."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tenure.http.answering import HANDLERS
from tenure.http.rejections import Rejected
from tenure.pages.desk import Desk, Page, Shown
from tenure.pages.entrance import to
from tenure.pages.forms import read_form, read_text
from tenure.pages.sessions import Session, path_of
from tenure.pages.showing import in_path
from tenure.services.bots.console.acting import ACTOR, DONE, Acting
from tenure.services.bots.console.one import One
from tenure.services.bots.console.reading import LISTED, Reading, Wanted
from tenure.services.bots.console.rendering import ASSETS, TEMPLATES
from tenure.services.bots.lifecycle import Bot, Match, Pool, Ticket
from tenure.services.bots.service import BotsService

CONSOLE_PATH = "/console"
WATCHED = {"": (Pool, Match, Bot, Ticket)}
MENU = (("Pools", "/"), ("Bots", "/bots"), ("Tickets", "/tickets"), ("Matches", "/matches"), ("Players", "/players"))
PAGE = {
    "service": "Bots", "back": "To the pools", "menu": MENU, "finds": "Id of a bot, ticket, match, pool or player",
    "lists": tuple(LISTED),
}  # fmt: skip


def create_app(service: BotsService) -> Starlette:
    """Make the page, to be mounted anywhere. Its streams end when the service is about to stop."""
    return Starlette(routes=Console(service).routes(), exception_handlers=HANDLERS)


class Console:
    """The routes."""

    def __init__(self, service: BotsService) -> None:
        self._desk = Desk(
            service.store, service.closing, name="bots", admin_key=service.settings.admin_key, templates=TEMPLATES,
            assets=ASSETS, frame=PAGE, watched=WATCHED, done=DONE,
        )  # fmt: skip
        self._reading = Reading(service.store, service.census, service.figures)
        self._one = One(service.store, service.figures)
        self._acting = Acting(service.acting(ACTOR))

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for logging in and the assets, each needs a session."""
        pages: dict[str, Page] = {
            "/": self.pools, "/pools/{id}": self.pool, "/players": self.players, "/players/{id:path}": self.player,
            "/bots": self.list, "/tickets": self.list, "/matches": self.list,
            "/bots/{id}": self.bot, "/tickets/{id}": self.ticket, "/matches/{id}": self.match,
        }  # fmt: skip
        show, guarded = self._desk.showing, self._desk.guarded
        return [
            *self._desk.routes(),
            Route("/go", guarded(self.go), methods=["GET"]),
            *(Route(path, show(page), methods=["GET"]) for path, page in pages.items()),
            Route("/{what}/{id}/{action}", guarded(self.act), methods=["POST"]),
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
        return await self._desk.again(request, session, pages[what], no)
