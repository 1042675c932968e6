"""Guilds: listed, made, edited, forgotten; their boards, and what their members have reached."""

from __future__ import annotations

from datetime import datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from tenure import StateOf
from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body, read_choice
from tenure.http.rejections import Invalid
from tenure.services.trivia.api import inputs, views
from tenure.services.trivia.api.reading import page_of, path_id, path_member, read_day, read_limit, read_page
from tenure.services.trivia.boards import ALL, category_board, week_of
from tenure.services.trivia.chat.channels import WEB
from tenure.services.trivia.guilds import About, check_about
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.service import TriviaService

GUILD = "/guilds/{guild}"
STATS = GUILD + "/stats/{member}"
STATES: dict[str, StateOf[Guild]] = {"present": Guild.present, "absent": Guild.absent}
MOST_OF_A_CATEGORY = 100
PLACES = 10


class GuildsApi:
    """Guilds and their boards."""

    def __init__(self, service: TriviaService) -> None:
        by = service.acting("admin")
        self._store, self._guilds, self._games, self._boards = service.store, by.guilds, by.games, by.boards

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get = partial(Endpoint, "GET")
        return [
            get("/guilds", "chat", "List guilds", self.list, queries=("limit",), text_queries=("after", "state")),
            Endpoint("POST", "/guilds", "admin", "Make a guild of our own chat", self.create, inputs.GuildWanted, 201),
            get(GUILD, "chat", "Read a guild", self.get),
            Endpoint("PATCH", GUILD, "admin", "Change a guild", self.edit, inputs.GuildEdited),
            Endpoint("DELETE", GUILD, "admin", "Forget a guild for good", self.forget, None, 204),
            get(
                GUILD + "/history", "chat", "List a guild's games that are over", self.history,
                queries=("limit",), text_queries=("after",),
            ),
            get(
                GUILD + "/leaderboard", "chat", "Read a board of a guild", self.leaderboard,
                queries=("limit",), text_queries=("board", "category", "day"),
            ),
            get(STATS, "chat", "Read what a member has reached", self.stats),
            Endpoint("DELETE", STATS, "admin", "Take a member off all boards", self.erase, None, 204),
        ]  # fmt: skip

    async def list(self, request: Request) -> Response:
        """List guilds, those that are known if no state is named."""
        page, name = read_page(request), read_choice(request, "state", STATES)
        state = Guild.known if name is None else STATES[name]
        found = await page_of(self._store.find(state, limit=page.limit, after=page.after))
        return json(views.page("guilds", found, page.limit, [views.guild(guild) for guild in found]))

    async def create(self, request: Request) -> Response:
        """Make a guild; a repeat gives the one that is there."""
        wanted = await read_body(request, inputs.GuildWanted)
        check_about(About(name=wanted.name, time_zone=wanted.time_zone))
        made = await self._guilds.meet(wanted.id, chat=WEB, name=wanted.name, time_zone=wanted.time_zone)
        return json(views.guild(made), 201)

    async def get(self, request: Request) -> Response:
        """Read a guild."""
        return json(views.guild(await self._guilds.get(path_id(request, "guild"))))

    async def edit(self, request: Request) -> Response:
        """Change a guild."""
        id, wanted = path_id(request, "guild"), await read_body(request, inputs.GuildEdited)
        return json(views.guild(await self._guilds.edit(id, wanted.over)))

    async def forget(self, request: Request) -> Response:
        """Forget a guild, with its registrations and boards."""
        await self._guilds.forget(path_id(request, "guild"))
        return Response(status_code=204)

    async def history(self, request: Request) -> Response:
        """List games that are over, the newest first."""
        id, page = path_id(request, "guild"), read_page(request)
        found = await page_of(self._games.history(id, limit=page.limit, after=page.after))
        return json(views.page("games", found, page.limit, [views.game(game) for game in found]))

    # ------------------------------------------------------------------------------------ boards

    async def leaderboard(self, request: Request) -> Response:
        """Read a board: of all time, unless a category, this week, or the week of a day is named."""
        guild, limit = await self._guilds.get(path_id(request, "guild")), read_limit(request, default=PLACES)
        board, category, day = (
            read_choice(request, "board", ("all", "week")),
            _category(request),
            read_day(request, "day"),
        )
        if sum((category is not None, board == "all", board == "week" or day is not None)) > 1:
            raise Invalid("give `category`, or `board=all`, or `board=week` with or without a `day` of that week")
        week = None
        if board == "week" or day is not None:
            noon = None if day is None else datetime.combine(day, time(12), ZoneInfo(guild.time_zone))
            week = week_of(guild, noon or await self._store.now())
        name = week.board if week else ALL if category is None else category_board(category)
        places = await self._boards.places(guild.id, name, limit=limit)
        shown = {"guild": guild.id, "board": name, "week": None if week is None else views.week(week)}
        return json({**shown, "places": [views.place(place) for place in places]})

    async def stats(self, request: Request) -> Response:
        """Read what a member has of all time, this week, and by category."""
        guild, member = path_id(request, "guild"), path_member(request)
        return json(views.stats(await self._boards.stats(guild, member)))

    async def erase(self, request: Request) -> Response:
        """Take a member off all boards."""
        guild, member = path_id(request, "guild"), path_member(request)
        await self._guilds.get(guild)
        await self._boards.erase(guild, member)
        return Response(status_code=204)


def _category(request: Request) -> str | None:
    text = request.query_params.get("category")
    if text is not None and not (0 < len(text) <= MOST_OF_A_CATEGORY and text.isprintable()):
        raise Invalid("`category` must be a category's name, as the list of sources shows it")
    return text
