"""The frame of a page for operators: the way in by the admin's key, what is refused, and how it stays live."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tenure import CursorAhead, InvalidChange, Lifecycle, OutcomeUnknown, Refused, Store, Unavailable
from tenure.http.keys import Key
from tenure.http.reading import read_number
from tenure.http.rejections import NotNow, Rejected
from tenure.pages.entrance import BY_ADMIN_KEY, Entrance
from tenure.pages.forms import read_form
from tenure.pages.rendering import HEADERS, Assets, Templates
from tenure.pages.sessions import Session, Sessions, check_origin, path_of, root_of
from tenure.pages.streaming import SIGN_OF_LIFE, Room, answer, event, rings

ADMIN = "admin"
MOST_STREAMS = 64
COALESCE_SECONDS = 0.5
LIVE = "/live"

Shown = tuple[str, dict[str, Any]]
"""A template, and what it is filled with."""

Page = Callable[[Request], Awaitable[Shown]]
Guarded = Callable[[Request, Session], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
Kinds = tuple[type[Lifecycle], ...]


class Desk:
    """Guards a page's routes and renders it. `name` is a word that no other page of the same address has.

    `frame` is what each of its templates is given; `done` has by the word that an address may carry what is said then,
    so nobody can put texts onto the page. `watched` says by a path below `/live` which kinds a page hears of
    that has this path as its stream; the streams end once `closing` is set.
    """

    def __init__(
        self,
        store: Store,
        closing: asyncio.Event,
        *,
        name: str,
        admin_key: str,
        templates: Templates,
        assets: Assets,
        frame: Mapping[str, Any],
        watched: Mapping[str, Kinds],
        done: Mapping[str, str],
    ) -> None:
        self._store, self._closing, self._watched, self._done = store, closing, watched, done
        self._templates, self._assets, self._frame = templates, assets, {**frame, "assets": assets}
        self._key, self._room = Key(admin_key), Room(MOST_STREAMS)
        secret = hmac.digest(admin_key.encode(), f"tenure {name} page".encode(), "sha256")
        self._sessions = Sessions(f"tenure_{name}", secret, time.time)
        self._entrance = Entrance(self._sessions, self._who_has, self._login)

    def routes(self) -> list[BaseRoute]:
        """Give the routes of the way in and out, of the assets, and of the streams."""
        return [
            Route("/assets/{name}", self._assets.serve, methods=["GET"]),
            *self._entrance.routes(),
            *(
                Route(LIVE + path, self.guarded(self._live_of(kinds)), methods=["GET"])
                for path, kinds in self._watched.items()
            ),
        ]

    # ------------------------------------------------------------------------------------ guarding

    def guarded(self, endpoint: Guarded) -> Endpoint:
        """Let an endpoint be reached only by who has logged in, its forms only from its own pages."""

        async def guard(request: Request) -> Response:
            session = self._sessions.find(request)
            if session is None and path_of(request).startswith(LIVE):
                return PlainTextResponse("log in again", 401, headers=HEADERS)  # a stream follows no redirect
            if session is None:
                return self._entrance.lead_in(request)
            try:
                if request.method == "POST":
                    check_origin(request)
                    self._sessions.check_form(session.text, (await read_form(request)).get("form_token", ""))
                return await endpoint(request, session)
            except Rejected as no:
                return self._problem(request, session, no.detail, no.status)
            except (Unavailable, OutcomeUnknown):
                return self._problem(request, session, "the store can't be reached: try again in a moment", 503)
            except (InvalidChange, Refused) as wrong:
                return self._problem(request, session, str(wrong), 409)

        return guard

    async def _who_has(self, key: str) -> str | None:
        return ADMIN if self._key.fits(key) else None

    # ------------------------------------------------------------------------------------ showing

    def showing(self, page: Page, *, hears: str = "") -> Endpoint:
        """Make an endpoint of a page; `hears` is the path of its stream below `/live`."""

        async def show(request: Request, session: Session) -> Response:
            after = await self._store.position()
            template, values = await page(request)
            return self.render(request, session, template, {"stream": f"{LIVE}{hears}?after={after}", **values})

        return self.guarded(show)

    def render(
        self, request: Request, session: Session, template: str, values: dict[str, Any], status: int = 200
    ) -> Response:
        """Answer with a page in its frame."""
        frame = {
            **self._frame, "root": root_of(request), "path": path_of(request), "stream": LIVE,
            "form_token": self._sessions.form_token(session.text),
            "notice": self._done.get(request.query_params.get("done", ""), ""),
        }  # fmt: skip
        return self._templates.render(template, {**frame, **values}, status)

    async def again(self, request: Request, session: Session, page: Page, no: Rejected) -> Response:
        """Answer to a form with the page that it was on, which says what is wrong."""
        template, values = await page(request)
        return self.render(request, session, template, {**values, "problem": no.detail, "notice": ""}, no.status)

    def _problem(self, request: Request, session: Session, detail: str, status: int) -> Response:
        return self.render(request, session, "problem.html", {"detail": detail, "stream": ""}, status)

    def _login(self, request: Request, *, target: str, wrong: bool) -> Response:
        values = {**self._frame, **BY_ADMIN_KEY, "root": root_of(request), "next": target, "wrong": wrong}
        return self._templates.render("login.html", values, 401 if wrong else 200)

    # ------------------------------------------------------------------------------------ liveness

    def _live_of(self, kinds: Kinds) -> Guarded:
        async def live(request: Request, session: Session) -> Response:  # noqa: ARG001
            after = read_number(request, "after", default=None, most=10**18 - 1)
            if self._room.is_full:
                raise NotNow("too many pages are open: close some")
            return answer(self._stream(kinds, after))

        return live

    async def _stream(self, kinds: Kinds, after: int | None) -> AsyncIterator[str]:
        """Stream that something has changed since the position at which the page was read."""
        with self._room.taken(), self._store.bell(*kinds) as bell:
            yield event("change", {}) if await self._is_news(kinds, after) else ": here\n\n"
            async with aclosing(rings(bell, self._closing, coalesce_seconds=COALESCE_SECONDS)) as heard:
                async for is_new in heard:
                    yield event("change", {}) if is_new else SIGN_OF_LIFE

    async def _is_news(self, kinds: Kinds, after: int | None) -> bool:
        """Tell whether anything has happened between the page's reading and its stream, or while this was away."""
        if after is None:
            return False
        try:
            async for _ in self._store.feed(*kinds, after=after, until=await self._store.position()):
                return True
        except CursorAhead:
            return True  # the store was set back
        return False
