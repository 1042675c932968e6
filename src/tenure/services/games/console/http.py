"""The page over HTTP, for those who run the tracker. It works without its script; that only makes it live."""

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
from tenure.services.games.console.acting import ACTOR, DONE, Acting
from tenure.services.games.console.reading import Reading, Wanted
from tenure.services.games.console.rendering import ASSETS, TEMPLATES
from tenure.services.games.delays import recent_delays
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer, kinds
from tenure.services.games.page.lifecycle import PlayerLink
from tenure.services.games.page.links import address_of, links_of
from tenure.services.games.players import TITLES
from tenure.services.games.present import present_limits
from tenure.services.games.riot.routing import PLATFORMS
from tenure.services.games.service import GamesService
from tenure.services.games.watching import Watching

CONSOLE_PATH = "/console"
PAGE = {
    "service": "Games", "back": "To the overview", "finds": "Ada#EUW, or an id", "platforms": tuple(PLATFORMS),
    "menu": (("Overview", "/"), ("Players", "/players"), ("Games", "/games"), ("Plan", "/plan")), "titles": TITLES,
    "TrackedGame": TrackedGame, "TrackedPlayer": TrackedPlayer,
}  # fmt: skip


def create_app(service: GamesService) -> Starlette:
    """Make the page, to be mounted anywhere. Its streams end when the service is about to stop."""
    return Starlette(routes=Console(service).routes(), exception_handlers=HANDLERS)


class Console:
    """The routes."""

    def __init__(self, service: GamesService) -> None:
        by = service.acting(ACTOR)
        self._store, self._settings = service.store, service.settings
        self._links = links_of(by.store, service.settings)
        self._watching, self._reading = Watching(service), Reading(service.store, by)
        self._acting = Acting(by, self._links)
        self._desk = Desk(
            service.store, service.closing_down, name="games", admin_key=service.settings.admin_key,
            templates=TEMPLATES, assets=ASSETS, frame=PAGE, watched={"": (*kinds, PlayerLink)}, done=DONE,
        )  # fmt: skip

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for logging in and the assets, each needs a session."""
        pages: dict[str, Page] = {
            "/": self.overview, "/plan": self.plan, "/players": self.list, "/players/{id}": self.player,
            "/games": self.list, "/games/{player}/{match}": self.game,
        }  # fmt: skip
        show, guarded = self._desk.showing, self._desk.guarded
        return [
            *self._desk.routes(),
            Route("/go", guarded(self.go), methods=["GET"]),
            *(Route(path, show(page), methods=["GET"]) for path, page in pages.items()),
            Route("/players", guarded(self.add), methods=["POST"]),
            Route("/players/{id}/{action}", guarded(self.act), methods=["POST"]),
        ]

    # ------------------------------------------------------------------------------------ the pages

    async def overview(self, request: Request) -> Shown:  # noqa: ARG002  all pages take it
        """What goes on, what came last, what is wrong."""
        well, late = await self._watching.look(), await recent_delays(self._store)
        return "overview.html", {
            "seen": await self._reading.overview(),
            "well": well,
            "late": late,
            "emits": self._settings.emits_events,
        }

    async def plan(self, request: Request) -> Shown:  # noqa: ARG002  all pages take it
        """How many players the present key can track, and what is used of its limits."""
        settings = self._settings
        interval, listing = settings.detection_interval, settings.backfill_interval
        seen = await present_limits(self._store, interval=interval, listing_interval=listing)
        return "plan.html", {"seen": seen, "stand_in": settings.stand_in and not settings.riot_key}

    async def list(self, request: Request) -> Shown:
        """Players or games, by state."""
        what = path_of(request).strip("/")
        wanted = Wanted(what, read_text(request, "state"), read_text(request, "after"))
        return f"{what}.html", {"wanted": wanted, "seen": await self._reading.listed(wanted)}

    async def player(self, request: Request) -> Shown:
        """One player: games, results, and what happened."""
        after = read_text(request, "after")
        seen = await self._reading.player(request.path_params["id"], after)
        token = await self._links.find(seen.record.id)
        link = token and address_of(self._settings.base_url, token)
        return "player.html", {"seen": seen, "after": after, "link": link}

    async def game(self, request: Request) -> Shown:
        """One game: its result, and what happened."""
        player, match = request.path_params["player"], request.path_params["match"]
        return "game.html", {"seen": await self._reading.game(f"{player}/{match}")}

    # ------------------------------------------------------------------------------------ what is done

    async def go(self, request: Request, session: Session) -> Response:  # noqa: ARG002
        """Lead from an id, or a Riot id, to what it is of."""
        return to(request, await self._reading.place_of(read_text(request, "id") or ""))

    async def add(self, request: Request, session: Session) -> Response:
        """Track a player; what is wrong is said on the list."""
        try:
            player = await self._acting.add(await read_form(request))
        except Rejected as no:
            return await self._desk.again(request, session, self.list, no)
        return to(request, f"/players/{in_path(player.id)}", done="added")

    async def act(self, request: Request, session: Session) -> Response:
        """Make one step; what is wrong is said on the player's page."""
        id, action = request.path_params["id"], request.path_params["action"]
        try:
            await self._acting.act(action, id, await read_form(request))
        except Rejected as no:
            return await self._desk.again(request, session, self.player, no)
        return to(request, f"/players/{in_path(id)}", done=action)
