"""Players' own pages over HTTP: read-only, opened by a link alone, and live."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tenure import Event, OutcomeUnknown, Store, Unavailable
from tenure.http.answering import HANDLERS
from tenure.http.rejections import NotNow, Rejected
from tenure.pages.forms import read_text
from tenure.pages.hearing import Hearing
from tenure.pages.sessions import root_of
from tenure.pages.streaming import SIGN_OF_LIFE, Room, answer, event, rings
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.page.lifecycle import PlayerLink
from tenure.services.games.page.links import Links, NoPage, link_id
from tenure.services.games.page.reading import Reading
from tenure.services.games.page.rendering import ASSETS, TEMPLATES
from tenure.store.waking import Bell

MOST_STREAMS, MOST_OF_A_LINK = 256, 8
COALESCE_SECONDS = 1.0
GONE = "gone"
MARK = re.compile(r"[0-9a-f]{16}")
# The address is the key: it is told to no other site, and no search engine is to keep it.
PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}
AWAY = "the tracker's store can't be reached: try again in a moment"


def create_app(store: Store, links: Links, closing: asyncio.Event) -> Starlette:
    """Make the pages, to be mounted anywhere. Their streams end once `closing` is set."""
    return Starlette(routes=Page(store, links, closing).routes(), exception_handlers=HANDLERS)


class Page:
    """The routes."""

    def __init__(self, store: Store, links: Links, closing: asyncio.Event) -> None:
        self._links, self._closing = links, closing
        self._reading, self._room = Reading(store), Room(MOST_STREAMS)
        self._hearing = Hearing(store, TrackedPlayer, TrackedGame, PlayerLink, key_of=whose)
        self._open: Counter[str] = Counter()

    def routes(self) -> list[BaseRoute]:
        """Give all routes: there is nothing to be done on this page."""
        return [
            Route("/assets/{name}", ASSETS.serve, methods=["GET"]),
            Route("/{token}", self.show, methods=["GET"]),
            Route("/{token}/live", self.live, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the page."""
        token, after = request.path_params["token"], read_text(request, "after")
        try:
            own = await self._reading.own(await self._links.player_of(token), after)
        except Rejected as no:
            return _render(request, "gone.html", {"detail": no.detail}, no.status)
        except (Unavailable, OutcomeUnknown):
            return _render(request, "gone.html", {"detail": AWAY}, 503)
        values = {"own": own, "after": after, "path": f"/{token}", "stream": f"/{token}/live?seen={own.mark}"}
        return _render(request, "player.html", values)

    async def live(self, request: Request) -> Response:
        """Stream that there is something new, without saying what."""
        token = request.path_params["token"]
        try:
            player = await self._links.player_of(token)
        except NoPage as no:
            return PlainTextResponse(no.detail, no.status, headers=PRIVATE)
        if self._room.is_full or self._open[token] >= MOST_OF_A_LINK:
            raise NotNow("too many pages are open: close some")
        seen = request.query_params.get("seen", "")
        return answer(self._stream(token, player.id, seen if MARK.fullmatch(seen) else ""))

    async def _stream(self, token: str, player: str, seen: str) -> AsyncIterator[str]:
        """Stream that what the page shows is another, and the end of its link.

        Who looks is to hear of nobody else's games, not even that there are some.
        """
        with self._taken(token):
            yield ": here\n\n"
            try:
                async with (
                    self._hearing.of(player, link_id(token)) as bell,
                    aclosing(self._told(token, seen, bell)) as told,
                ):
                    async for said in told:
                        yield said
            except (Unavailable, OutcomeUnknown):
                return  # the browser comes again

    async def _told(self, token: str, seen: str, bell: Bell) -> AsyncGenerator[str, None]:
        found = await self._mark(token, seen)
        if found != seen:
            yield event("change", {})
        async with aclosing(rings(bell, self._closing, coalesce_seconds=COALESCE_SECONDS)) as heard:
            async for is_new in heard:
                before, found = found, await self._mark(token, found) if is_new else found
                if found == GONE:
                    yield event("over", {})
                    return
                if not is_new or found != before:
                    yield event("change", {}) if is_new else SIGN_OF_LIFE

    @contextmanager
    def _taken(self, token: str) -> Iterator[None]:
        self._open[token] += 1
        try:
            with self._room.taken():
                yield
        finally:
            self._open[token] -= 1
            if not self._open[token]:
                del self._open[token]

    async def _mark(self, token: str, seen: str) -> str:
        """Look anew; `GONE` once the link opens nothing. While the store is away nothing is news."""
        try:
            return await self._reading.mark(await self._links.player_of(token))
        except NoPage:
            return GONE
        except (Unavailable, OutcomeUnknown):
            return seen


def whose(event: Event[Any]) -> str:
    """Say whose pages an event is of: a game's id begins with its player's; a link is known by its own."""
    return event.id.partition("/")[0]


def _render(request: Request, template: str, values: dict[str, Any], status: int = 200) -> Response:
    frame = {"service": "Games", "root": root_of(request), "assets": ASSETS, "stream": ""}
    response = TEMPLATES.render(template, {**frame, **values}, status)
    response.headers.update(PRIVATE)
    return response
