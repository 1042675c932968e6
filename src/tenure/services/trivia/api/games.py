"""Games: listed, prolonged, closed, taken back, tried again, replayed; and answered."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.services.trivia.answering import Code, answer_id
from tenure.services.trivia.api import inputs, views
from tenure.services.trivia.api.reading import (
    page_of,
    path_id,
    path_member,
    read_game_state,
    read_limit,
    read_member,
    read_name,
    read_page,
)
from tenure.services.trivia.refusals import Unknown
from tenure.services.trivia.service import TriviaService

GAME = "/games/{game}"
ANSWERS = GAME + "/answers"
STATUS: dict[Code, int] = {"SUBMITTED": 201, "UPDATED": 200, "GAME_NOT_FOUND": 404, "WRONG_CHOICE": 422}
"""The status of each code; that of all others is 409."""
CONFLICT = 409


class GamesApi:
    """Games for operators, and their answers for the community's backend."""

    def __init__(self, service: TriviaService) -> None:
        self._games, self._answering = service.acting("admin").games, service.acting("backend").answering

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get, post = partial(Endpoint, "GET"), partial(Endpoint, "POST")
        wanted, pages = ("after", "guild", "registration", "state"), ("after",)
        return [
            get("/games", "chat", "List games", self.list, queries=("limit",), text_queries=wanted),
            get(GAME, "chat", "Read a game", self.get),
            Endpoint("DELETE", GAME, "admin", "Take a game back without results", self.delete),
            post(GAME + "/extend", "admin", "Let a game be open for longer", self.extend, inputs.Extended),
            post(GAME + "/close", "admin", "Close a game now", self.close),
            post(GAME + "/retry", "admin", "Try a game again that waits for its chat", self.retry),
            get(GAME + "/replay", "admin", "Read all that happened in a game", self.replay),
            get(ANSWERS, "chat", "List a game's answers", self.answers, queries=("limit",), text_queries=pages),
            post(ANSWERS, "chat", "Answer for a member", self.submit, inputs.AnswerGiven, 201),
            get(ANSWERS + "/{member}", "chat", "Read a member's answer", self.answer),
        ]

    async def list(self, request: Request) -> Response:
        """List games, the newest first: those that are active if no state is named."""
        page, states = read_page(request), read_game_state(request)
        guild, registration = read_name(request, "guild"), read_name(request, "registration")
        found = await page_of(
            self._games.list(guild, registration=registration, states=states, limit=page.limit, after=page.after)
        )
        return json(views.page("games", found, page.limit, [views.game(game) for game in found]))

    async def get(self, request: Request) -> Response:
        """Read a game."""
        return json(views.game(await self._games.get(self._id(request))))

    async def delete(self, request: Request) -> Response:
        """Take a game back: what was answered does not count."""
        return json(views.game(await self._games.delete(self._id(request))))

    async def extend(self, request: Request) -> Response:
        """Let a game be open until an instant; a repeat changes nothing."""
        id, wanted = self._id(request), await read_body(request, inputs.Extended)
        return json(views.game(await self._games.extend_until(id, wanted.closes_at)))

    async def close(self, request: Request) -> Response:
        """Close a game: what was answered is counted."""
        return json(views.game(await self._games.close(self._id(request))))

    async def retry(self, request: Request) -> Response:
        """Let a game be tried again at once that waits for its chat."""
        return json(views.game(await self._games.retry(self._id(request))))

    async def replay(self, request: Request) -> Response:
        """Read all that happened in a game, for a dispute."""
        return json(views.replay(await self._games.replay(self._id(request))))

    # ------------------------------------------------------------------------------------ answers

    async def answers(self, request: Request) -> Response:
        """List answers in the order in which their members first answered; `after` is the last member."""
        game, limit, after = (
            await self._games.get(self._id(request)),
            read_limit(request),
            read_member(request, "after"),
        )
        last = None if after is None else answer_id(game.id, after)
        found = await page_of(self._answering.of(game.id, limit=limit, after=last))
        more = found[-1].member if len(found) == limit else None
        return json({"answers": [views.answer(answer) for answer in found], "next": more})

    async def submit(self, request: Request) -> Response:
        """Take a member's answer; the code says what became of it."""
        game, given = str(request.path_params["game"]), await read_body(request, inputs.AnswerGiven)
        taken = await self._answering.submit(game, given.member, given.name, given.choice)
        return json(views.submission(taken), STATUS.get(taken.code, CONFLICT))

    async def answer(self, request: Request) -> Response:
        """Read a member's answer."""
        game, member = await self._games.get(self._id(request)), path_member(request)
        found = await self._answering.answer(game.id, member)
        if found is None:
            raise Unknown("that member has not answered in this game")
        return json(views.answer(found))

    def _id(self, request: Request) -> str:
        return path_id(request, "game")
