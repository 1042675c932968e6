"""The players' page over HTTP. It works without its script; that makes it live, and answers without a new page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tenure import InvalidChange, OutcomeUnknown, Refused, Store, Unavailable
from tenure.http.answering import HANDLERS
from tenure.http.endpoints import json
from tenure.http.rejections import Absent, Invalid, NotNow, Rejected, Unauthorized
from tenure.pages.entrance import to
from tenure.pages.forms import read_text
from tenure.pages.sessions import path_of
from tenure.pages.streaming import answer
from tenure.services.trivia.chat.asking import Reply
from tenure.services.trivia.chat.channels import HOME, WEB, Channels
from tenure.services.trivia.chat.commands import turned_down
from tenure.services.trivia.chat.members import Members
from tenure.services.trivia.chat.page.entering import Entering
from tenure.services.trivia.chat.page.live import Live
from tenure.services.trivia.chat.page.notation import show_reply
from tenure.services.trivia.chat.page.reading import Reading
from tenure.services.trivia.chat.page.rendering import ASSETS
from tenure.services.trivia.chat.page.showing import Seat, Showing, message_html
from tenure.services.trivia.chat.talking import UNSEEN, Talking
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.parts import Parts

PAGE_PATH = "/play"
OP = re.compile(r"[A-Za-z0-9_-]{8,64}")
PRESS = re.compile(r"([A-Za-z0-9_.:-]{1,90}):([A-Za-z])")
FAILED = (Rejected, Unavailable, OutcomeUnknown, InvalidChange, Refused)
Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(store: Store, acting: Callable[[str], Parts], *, admin_key: str, closing: asyncio.Event) -> Starlette:
    """Make the page, to be mounted anywhere. Its streams end once `closing` is set."""
    return Starlette(routes=Page(store, acting, admin_key, closing).routes(), exception_handlers=HANDLERS)


class Page:
    """The routes."""

    def __init__(self, store: Store, acting: Callable[[str], Parts], admin_key: str, closing: asyncio.Event) -> None:
        parts, acts = acting(ACTOR), store.acting(ACTOR)
        self._channels, self._members = Channels(acts), Members(acts)
        self._entering = Entering(parts.guilds, self._members, admin_key, chat=WEB)
        self._talking = Talking(store, acting, WEB)
        self._showing = Showing(self._entering, Reading(store, parts))
        self._live = Live(store, closing, message=message_html, outlook=self._showing.outlook)

    def routes(self) -> list[BaseRoute]:
        """Give all routes. Without a member's key there is only the way in."""
        return [
            Route("/-/assets/{name}", ASSETS.serve, methods=["GET"]),
            Route("/", _lead_home, methods=["GET"]),
            Route("/{guild}/join", self._open(self.join), methods=["POST"]),
            Route("/{guild}/come-back", self._open(self.come_back), methods=["POST"]),
            Route("/{guild}", self._seated(self.lead_on), methods=["GET"]),
            Route("/{guild}/logout", self._seated(self.leave), methods=["POST"]),
            Route("/{guild}/key", self._seated(self.renew), methods=["POST"]),
            Route("/{guild}/{channel}", self._seated(self.show), methods=["GET"]),
            Route("/{guild}/{channel}/live", self._seated(self.live), methods=["GET"]),
            Route("/{guild}/{channel}/write", self._seated(self.write), methods=["POST"]),
            Route("/{guild}/{channel}/press", self._seated(self.press), methods=["POST"]),
        ]

    # ------------------------------------------------------------------------------------ the way in and out

    async def join(self, request: Request, guild: Guild) -> Response:
        """Let a newcomer in."""
        return self._enter(request, guild, await self._entering.join(request, guild))

    async def come_back(self, request: Request, guild: Guild) -> Response:
        """Let somebody in who has a key."""
        return self._enter(request, guild, await self._entering.come_back(request, guild))

    def _enter(self, request: Request, guild: Guild, key: str) -> Response:
        response = to(request, f"/{guild.id}")
        self._entering.remember(request, response, guild, key)
        return response

    async def leave(self, request: Request, seat: Seat) -> Response:
        """Let the browser forget who is there."""
        await self._entering.check_form(request)
        response = to(request, f"/{seat.guild.id}")
        self._entering.forget(request, response, seat.guild)
        return response

    async def renew(self, request: Request, seat: Seat) -> Response:
        """Give a new key and show it, once; the old one is worthless."""
        await self._entering.check_form(request)
        _, key = await self._members.renew(seat.guild.id, seat.member.id)
        response = self._showing.key(request, seat, key)
        self._entering.remember(request, response, seat.guild, key)
        return response

    # ------------------------------------------------------------------------------------ a channel

    async def lead_on(self, request: Request, seat: Seat) -> Response:
        """Lead to the guild's first channel."""
        channels = await seat.channels()
        if not channels:
            raise Absent("this guild has no channel yet: whoever runs it makes one")
        return to(request, f"/{seat.guild.id}/{channels[0].name}")

    async def show(self, request: Request, seat: Seat) -> Response:
        """Show a channel."""
        return await self._showing.channel(request, seat, before=read_text(request, "before"))

    async def live(self, request: Request, seat: Seat) -> Response:  # noqa: ARG002  all of these take it
        """Stream what is written in a channel."""
        if self._live.room.is_full:
            raise NotNow("too many pages are open: try again later")
        channel = await seat.channel()

        async def begin() -> object:
            return await self._showing.begin(seat)

        return answer(self._live.stream(seat.member, channel.id, begin))

    async def write(self, request: Request, seat: Seat) -> Response:
        """Take a line: said to all, or a command."""
        form = await self._entering.check_form(request)
        op, line = form.get("op", ""), form.get("line", "")
        if not OP.fullmatch(op):
            raise Invalid("`op` must be 8 to 64 of A-Z a-z 0-9 _ -")
        reply = await self._talking.write(seat.member, (await seat.channel()).name, line, op=op)
        return await self._answer(request, seat, reply, line)

    async def press(self, request: Request, seat: Seat) -> Response:
        """Take an answer by a button."""
        form = await self._entering.check_form(request)
        found = PRESS.fullmatch(form.get("press", ""))
        if found is None:
            raise Invalid("`press` must be a game and a letter, as the button says")
        reply = await self._talking.press(seat.member, seat.name, found[1], found[2])
        return await self._answer(request, seat, reply)

    async def _answer(self, request: Request, seat: Seat, reply: Reply | None, line: str = "") -> Response:
        """Answer the page's script with the reply, and a browser without it with the page."""
        if _is_script(request):
            return _said(reply)
        if reply is None:
            return to(request, f"/{seat.guild.id}/{seat.name}")
        kept = UNSEEN.sub(" ", line) if reply.status >= BAD else ""
        return await self._showing.channel(request, seat, reply=reply, line=kept)

    # ------------------------------------------------------------------------------------ who it is

    def _open(self, handle: Callable[[Request, Guild], Awaitable[Response]]) -> Endpoint:
        async def in_guild(request: Request, guild: Guild) -> Response:
            try:
                return await handle(request, guild)
            except Rejected as no:
                return self._showing.join(request, guild, no.detail, no.status)

        return self._in_guild(in_guild)

    def _seated(self, handle: Callable[[Request, Seat], Awaitable[Response]]) -> Endpoint:
        """Look who it is first; nothing else of the request is read before."""

        async def in_guild(request: Request, guild: Guild) -> Response:
            try:
                member = await self._entering.member(request, guild)
            except Unauthorized as no:
                if _is_script(request) or path_of(request).endswith("/live"):
                    return json({"detail": no.detail}, no.status)
                return self._showing.join(
                    request, guild, no.detail if self._entering.has_key(request) else "", no.status
                )
            return await handle(request, Seat(guild, member, self._channels, request.path_params.get("channel", "")))

        return self._in_guild(in_guild)

    def _in_guild(self, handle: Callable[[Request, Guild], Awaitable[Response]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handle(request, await self._entering.guild(request))
            except FAILED as no:
                reply = turned_down(no)
                return _said(reply) if _is_script(request) else self._showing.problem(request, reply)

        return endpoint


ACTOR = "page"
BAD = 400


async def _lead_home(request: Request) -> Response:
    return to(request, f"/{HOME}")


def _is_script(request: Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _said(reply: Reply | None) -> Response:
    if reply is None:
        return json({"html": None})
    shown: dict[str, Any] = {"html": str(show_reply(reply.text)), "code": reply.code, "choice": reply.choice}
    return json(shown, reply.status)
