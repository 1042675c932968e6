"""Tickets: people join, look, accept, decline and leave; the game's backend asks for them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body, read_number
from tenure.http.rejections import Invalid
from tenure.services.bots.api import inputs, views
from tenure.services.bots.api.polling import Polls
from tenure.services.bots.api.reading import found_in, path_id, read_name, read_page, read_repeat_key, read_state
from tenure.services.bots.lifecycle import Ticket
from tenure.services.bots.service import BotsService

TICKET = "/tickets/{ticket}"
MOST_WAIT_SECONDS = 30
MOST_OF_A_CURSOR = 200
STATES = {
    "queued": Ticket.queued,
    "matched": Ticket.matched,
    "accepted": Ticket.accepted,
    "playing": Ticket.playing,
    "cooling": Ticket.cooling,
    "played": Ticket.played,
    "left": Ticket.left,
}


class TicketsApi:
    """What people do, with the key of the game's backend."""

    def __init__(self, service: BotsService) -> None:
        by = service.acting("game")
        self._store, self._queue, self._offers = service.store, by.queue, by.offers
        self._game_key = service.settings.game_key
        self._polls = Polls(service.store, service.queue, service.closing)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        answered, listed, seen = inputs.Answered, ("after", "pool", "state"), ("seen",)
        return [
            Endpoint("GET", "/tickets", "game", "List tickets", self.list, queries=("limit",), text_queries=listed),
            Endpoint("POST", "/tickets", "game", "Join a pool", self.join, inputs.TicketWanted, 201),
            Endpoint("GET", TICKET, "game", "Look at a ticket, or wait for news", self.get, None, 200, ("wait",), seen),
            Endpoint("DELETE", TICKET, "game", "Leave", self.leave),
            Endpoint("POST", TICKET + "/accept", "game", "Accept the offered match", self.accept, answered),
            Endpoint("POST", TICKET + "/decline", "game", "Decline the offered match", self.decline, answered),
        ]

    async def list(self, request: Request) -> Response:
        """List tickets, in a state's own order if one is named."""
        page, state = read_page(request), read_state(request, STATES, Ticket.live)
        pool = read_name(request, "pool")
        found = await found_in(self._store, state, pool, page)
        return json(views.page("tickets", found, page.limit, [views.ticket(ticket) for ticket in found]))

    async def join(self, request: Request) -> Response:
        """Join a pool; a repeat with the same id or key gives the ticket as it is now."""
        key = read_repeat_key(request)
        wanted = await read_body(request, inputs.TicketWanted)
        if key is not None and wanted.id not in (None, key):
            raise Invalid("`id` and the header Idempotency-Key differ: give one of them")
        ticket = await self._queue.join(wanted.pool, wanted.players, request=wanted.id or key)
        return await self._shown(ticket.id, 201)

    async def get(self, request: Request) -> Response:
        """Look at a ticket; with `wait`, until something is other than at the `cursor` in `seen`."""
        id, wait = path_id(request, "ticket"), read_number(request, "wait", default=0, most=MOST_WAIT_SECONDS)
        seen = request.query_params.get("seen")
        if seen is not None and (len(seen) > MOST_OF_A_CURSOR or not seen.isprintable()):
            raise Invalid("`seen` must be the `cursor` of an earlier answer")
        view = await self._queue.waiting(id)
        if wait:
            view = await self._polls.news(view, seen or views.cursor(view), wait)
        return json(views.waiting(view, self._game_key))

    async def leave(self, request: Request) -> Response:
        """Leave the queue."""
        return await self._shown((await self._queue.leave(path_id(request, "ticket"))).id)

    async def accept(self, request: Request) -> Response:
        """Accept an offer."""
        id, answered = path_id(request, "ticket"), await read_body(request, inputs.Answered)
        await self._offers.accept(id, answered.match)
        return await self._shown(id)

    async def decline(self, request: Request) -> Response:
        """Decline an offer."""
        id, answered = path_id(request, "ticket"), await read_body(request, inputs.Answered)
        await self._offers.decline(id, answered.match)
        return await self._shown(id)

    async def _shown(self, id: str, status: int = 200) -> Response:
        return json(views.waiting(await self._queue.waiting(id), self._game_key), status)
