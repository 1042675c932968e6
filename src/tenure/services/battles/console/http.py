"""The page over HTTP, for those who run battles. It works without its script; that only makes it live."""

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
from tenure.pages.sessions import Session
from tenure.services.battles.cleaning import Cleaning
from tenure.services.battles.console.acting import ACTOR, DONE, Acting
from tenure.services.battles.console.one import One
from tenure.services.battles.console.reading import Reading
from tenure.services.battles.console.rendering import ASSETS, TEMPLATES
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Instance, Seat
from tenure.services.battles.service import BattlesService
from tenure.services.battles.surveying import Survey
from tenure.services.battles.watching import Watching

CONSOLE_PATH = "/console"
MENU = (("Overview", "/"), ("Battles", "/battles"), ("Health", "/health"), ("Clean up", "/left"))
PAGE = {
    "service": "Battles", "back": "To the overview", "menu": MENU, "finds": "Id of a battle or instance, or a player",
}  # fmt: skip
WATCHED = {"": (Instance, Battle, BattleTicket, Connection), "/battle": (Battle, Seat)}
"""What a page hears of; that of one battle hears of nothing else."""


def create_app(service: BattlesService, watching: Watching) -> Starlette:
    """Make the page, to be mounted anywhere. Its streams end when the service is about to stop."""
    return Starlette(routes=Console(service, watching).routes(), exception_handlers=HANDLERS)


class Console:
    """The routes."""

    def __init__(self, service: BattlesService, watching: Watching) -> None:
        survey = Survey(service.store, service.rules)
        self._service, self._watching, self._cleaning = service, watching, Cleaning(service.store)
        self._reading, self._one = Reading(service.store, survey), One(service.store, survey)
        self._acting = Acting(service.acting(ACTOR), self._cleaning)
        self._desk = Desk(
            service.store, service.closing, name="battles", admin_key=service.settings.admin_key,
            templates=TEMPLATES, assets=ASSETS, frame=PAGE, watched=WATCHED, done=DONE,
        )  # fmt: skip

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for logging in and the assets, each needs a session."""
        pages: dict[str, Page] = {
            "/": self.overview, "/battles": self.battles, "/instances/{id}": self.instance, "/health": self.health,
            "/left": self.left,
        }  # fmt: skip
        show, guarded = self._desk.showing, self._desk.guarded
        return [
            *self._desk.routes(),
            Route("/go", guarded(self.go), methods=["GET"]),
            *(Route(path, show(page), methods=["GET"]) for path, page in pages.items()),
            Route("/battles/{id}", show(self.battle, hears="/battle"), methods=["GET"]),
            Route("/{what}/{id}/{action}", guarded(self.act), methods=["POST"]),
        ]

    # ------------------------------------------------------------------------------------ the pages

    async def overview(self, request: Request) -> Shown:
        """Instances, queues, the battles that began last, and what is wrong."""
        after = read_text(request, "after")
        seen = await self._reading.overview(after)
        well, own = await self._watching.look(), self._service.presence.instance
        return "overview.html", {"seen": seen, "after": after, "well": well, "own": own}

    async def battles(self, request: Request) -> Shown:
        """Battles by state."""
        state, after = read_text(request, "state"), read_text(request, "after")
        return "battles.html", {"seen": await self._reading.battles(state, after), "wanted": state, "after": after}

    async def battle(self, request: Request) -> Shown:
        """One battle: its seats, who runs it, and what happened."""
        return "battle.html", {"seen": await self._one.battle(request.path_params["id"]), "Battle": Battle}

    async def instance(self, request: Request) -> Shown:
        """One instance: its lease, its sockets, its battles."""
        own = self._service.presence.instance
        return "instance.html", {"seen": await self._one.instance(request.path_params["id"], own)}

    async def health(self, request: Request) -> Shown:  # noqa: ARG002  all of these take it
        """How the service is, with reasons."""
        service = self._service
        seen, loops = await self._watching.look(), dict(service.keeper.troubles)
        return "health.html", {"well": seen, "loops": loops, "echo": service.echo, "settings": service.settings}

    async def left(self, request: Request) -> Shown:  # noqa: ARG002
        """What dead instances left, each with its reason: what a clean-up would do."""
        return "left.html", {"seen": await self._cleaning.clean(dry_run=True)}

    # ------------------------------------------------------------------------------------ what is done

    async def go(self, request: Request, session: Session) -> Response:  # noqa: ARG002
        """Lead from an id or a player's name to what it is of."""
        return to(request, await self._reading.place_of(read_text(request, "id") or ""))

    async def act(self, request: Request, session: Session) -> Response:
        """Make one step; what is wrong is said on the page of what it was asked of."""
        what, id, action = (request.path_params[name] for name in ("what", "id", "action"))
        try:
            word, place = await self._acting.act(what, action, id, await read_form(request))
        except Rejected as no:
            pages: dict[str, Page] = {"battles": self.battle, "instances": self.instance}
            if what not in pages:
                raise
            return await self._desk.again(request, session, pages[what], no)
        return to(request, place, done=word)
