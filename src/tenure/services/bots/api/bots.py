"""The bots: listed, made, sent out, called home, retired, and why each is where it is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body, read_number
from tenure.http.rejections import Invalid
from tenure.services.bots.api import inputs, views
from tenure.services.bots.api.reading import MOST_LISTED, found_in, path_id, read_name, read_page, read_state
from tenure.services.bots.lifecycle import Bot
from tenure.services.bots.service import BotsService

BOT = "/bots/{bot}"
STATES = {
    "idle": Bot.idle,
    "deployed": Bot.deployed,
    "queued": Bot.queued,
    "matched": Bot.matched,
    "accepted": Bot.accepted,
    "playing": Bot.playing,
    "stranded": Bot.stranded,
    "cooling": Bot.cooling,
    "retired": Bot.retired,
}
LARGEST_VERSION = 2**53


class BotsApi:
    """Bots, for operators."""

    def __init__(self, service: BotsService) -> None:
        self._store, self._crew = service.store, service.acting("admin").crew

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        listed, versions = ("after", "pool", "state"), ("limit", "after")
        return [
            Endpoint("GET", "/bots", "game", "List bots", self.list, queries=("limit",), text_queries=listed),
            Endpoint("POST", "/bots", "admin", "Make bots", self.create, inputs.BotsWanted, 201),
            Endpoint("GET", BOT, "game", "Read a bot, and why it is where it is", self.get),
            Endpoint("GET", BOT + "/history", "game", "Read what happened to a bot", self.history, queries=versions),
            Endpoint("POST", BOT + "/deploy", "admin", "Send a bot out", self.deploy),
            Endpoint("POST", BOT + "/recall", "admin", "Call a bot home", self.recall),
            Endpoint("DELETE", BOT, "admin", "Retire a bot for good", self.retire),
        ]

    async def list(self, request: Request) -> Response:
        """List bots, in a state's own order if one is named."""
        page, state = read_page(request), read_state(request, STATES, Bot.live)
        found = await found_in(self._store, state, read_name(request, "pool"), page)
        return json(views.page("bots", found, page.limit, [views.bot(bot) for bot in found]))

    async def create(self, request: Request) -> Response:
        """Make bots; a repeat with the same ids gives those that are there."""
        wanted = await read_body(request, inputs.BotsWanted)
        if (wanted.number is None) == (wanted.ids is None):
            raise Invalid("give either `number` or `ids`")
        made = await self._crew.create(wanted.pool, number=wanted.number or 1, ids=wanted.ids, rating=wanted.rating)
        return json({"bots": [views.bot(bot) for bot in made]}, 201)

    async def get(self, request: Request) -> Response:
        """Read a bot, and the event that brought it where it is."""
        bot = await self._crew.get(path_id(request, "bot"))
        last = await self._store.history(Bot, bot.id, after=bot.version - 1, limit=1)
        return json({**views.bot(bot), "because": views.event(last[0]) if last else None})

    async def history(self, request: Request) -> Response:
        """Read a bot's events, the oldest first."""
        id = path_id(request, "bot")
        limit = read_number(request, "limit", default=100, most=MOST_LISTED, least=1) or 100
        after = read_number(request, "after", default=0, most=LARGEST_VERSION) or 0
        events = await self._store.history(Bot, id, after=after, limit=limit)
        if not events and not after:
            await self._crew.get(id)
        more = events[-1].version if len(events) == limit else None
        return json({"events": [views.event(event) for event in events], "next": more})

    async def deploy(self, request: Request) -> Response:
        """Deploy a bot out of its turn."""
        return json(views.bot(await self._crew.deploy(path_id(request, "bot"))))

    async def recall(self, request: Request) -> Response:
        """Recall a bot that is in no match."""
        return json(views.bot(await self._crew.recall(path_id(request, "bot"))))

    async def retire(self, request: Request) -> Response:
        """Retire a bot."""
        return json(views.bot(await self._crew.retire(path_id(request, "bot"))))
