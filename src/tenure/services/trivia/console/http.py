"""The page over HTTP, for those who run trivia. It works without its script; that only makes it live."""

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
from tenure.pages.sessions import Session, path_of, root_of
from tenure.pages.showing import in_path
from tenure.services.trivia.chat.page.http import PAGE_PATH
from tenure.services.trivia.console.acting import ACTOR, DONE, Acting
from tenure.services.trivia.console.leading import Leaders
from tenure.services.trivia.console.one import One
from tenure.services.trivia.console.reading import HELD, LISTED, Reading, Wanted
from tenure.services.trivia.console.rendering import ASSETS, TEMPLATES
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.service import TriviaService
from tenure.services.trivia.watching import Watching

CONSOLE_PATH = "/console"
MENU = (
    ("Guilds", "/"), ("Registrations", "/registrations"), ("Games", "/games"), ("Questions", "/packs"),
    ("Chats", "/chats"),
)  # fmt: skip
PAGE = {
    "service": "Trivia", "back": "To the guilds", "menu": MENU, "finds": "Id of a guild, registration or game",
    "listed": tuple(LISTED), "held_state": HELD,
}  # fmt: skip
RUNS = (Guild, Registration, Game)
WATCHED = {"": RUNS, "/answers": (*RUNS, Answer)}
"""What a page hears of; only that of one game hears of answers, which come by the thousand."""


def create_app(service: TriviaService) -> Starlette:
    """Make the page, to be mounted anywhere. Its streams end when the service is about to stop."""
    return Starlette(routes=Console(service).routes(), exception_handlers=HANDLERS)


class Console:
    """The routes."""

    def __init__(self, service: TriviaService) -> None:
        by = service.acting(ACTOR)
        self._service, self._watching = service, Watching(service)
        self._reading, self._one, self._leaders = Reading(service.store, by), One(service.store, by), Leaders(by)
        self._acting = Acting(by)
        self._desk = Desk(
            service.store, service.closing_down, name="trivia", admin_key=service.settings.admin_key,
            templates=TEMPLATES, assets=ASSETS, frame=PAGE, watched=WATCHED, done=DONE,
        )  # fmt: skip

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for logging in and the assets, each needs a session."""
        pages: dict[str, Page] = {
            "/": self.guilds, "/guilds/{id}": self.guild, "/guilds/{id}/board": self.board,
            "/registrations": self.list, "/registrations/{id}": self.registration, "/games": self.list,
            "/packs": self.packs, "/chats": self.chats,
        }  # fmt: skip
        show, guarded = self._desk.showing, self._desk.guarded
        return [
            *self._desk.routes(),
            Route("/go", guarded(self.go), methods=["GET"]),
            *(Route(path, show(page), methods=["GET"]) for path, page in pages.items()),
            Route("/games/{id}", show(self.game, hears="/answers"), methods=["GET"]),
            Route("/{what}/{id}/{action}", guarded(self.act), methods=["POST"]),
        ]

    # ------------------------------------------------------------------------------------ the pages

    async def guilds(self, request: Request) -> Shown:
        """All guilds, what is held up, and what is wrong."""
        after = read_text(request, "after")
        seen = await self._reading.overview(after)
        return "guilds.html", {"seen": seen, "after": after, "well": await self._watching.look()}

    async def guild(self, request: Request) -> Shown:
        """One guild: its registrations, what is asked, what is held up, who leads."""
        play = root_of(request).removesuffix(CONSOLE_PATH) + PAGE_PATH
        seen = await self._reading.guild(request.path_params["id"])
        return "guild.html", {"seen": seen, "play": play}

    async def board(self, request: Request) -> Shown:
        """A board of a guild."""
        board, category = read_text(request, "board"), read_text(request, "category")
        return "board.html", {"seen": await self._leaders.of(request.path_params["id"], board, category)}

    async def list(self, request: Request) -> Shown:
        """Registrations or games, by guild and state."""
        what = path_of(request).strip("/")
        guild, state, after = (read_text(request, name) for name in ("guild", "state", "after"))
        kept = {name: value for name, value in (("guild", guild), ("state", state)) if value}
        wanted = Wanted(what, guild, state, after)
        listed = await self._reading.listed(wanted)
        return f"{what}.html", {"wanted": wanted, "seen": listed, "kept": kept}

    async def registration(self, request: Request) -> Shown:
        """One registration, and why it is there."""
        seen = await self._one.registration(request.path_params["id"])
        return "registration.html", {"seen": seen, "Registration": Registration}

    async def game(self, request: Request) -> Shown:
        """One game: its question, its answers, what came of it, and what happened."""
        after = read_text(request, "after")
        seen = await self._one.game(request.path_params["id"], after)
        return "game.html", {"seen": seen, "after": after, "Game": Game}

    async def packs(self, request: Request) -> Shown:  # noqa: ARG002  all of these take it
        """Where questions come from."""
        return "packs.html", {"sources": self._service.sources.listed(), "folder": self._service.settings.packs}

    async def chats(self, request: Request) -> Shown:  # noqa: ARG002
        """The chats, and the work in the background."""
        return "chats.html", {"well": await self._watching.look(), "loops": dict(self._service.keeper.troubles)}

    # ------------------------------------------------------------------------------------ what is done

    async def go(self, request: Request, session: Session) -> Response:  # noqa: ARG002
        """Lead from an id to what it is of."""
        place, id = await self._reading.place_of(read_text(request, "id") or "")
        return to(request, f"/{place}/{in_path(id)}")

    async def act(self, request: Request, session: Session) -> Response:
        """Make one step; what is wrong is said on the page of what it was asked of."""
        what, id, action = (request.path_params[name] for name in ("what", "id", "action"))
        try:
            done = await self._acting.act(what, action, id, await read_form(request))
        except Rejected as no:
            return await self._again(request, session, what, no)
        return to(request, f"/{done.what}/{in_path(done.id)}", done=done.word)

    async def _again(self, request: Request, session: Session, what: str, no: Rejected) -> Response:
        pages: dict[str, Page] = {"guilds": self.guild, "registrations": self.registration, "games": self.game}
        if what not in pages:
            raise no
        return await self._desk.again(request, session, pages[what], no)
