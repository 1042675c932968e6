"""Who looks at the page: the member whose key lies in the browser's cookie, for as long as the key is valid."""

from __future__ import annotations

import hmac
import re
import time

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.keys import Key
from tenure.http.rejections import Absent, Forbidden, Unauthorized
from tenure.pages.forms import read_form
from tenure.pages.sessions import Sessions, check_origin, root_of
from tenure.services.trivia.chat.lifecycle import ChatMember
from tenure.services.trivia.chat.members import Members, digest
from tenure.services.trivia.guilds import Guilds
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.refusals import Unknown

COOKIE = "tenure_trivia"
COOKIE_SECONDS = 90 * 86400
GUILD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}")
NO_GUILD = "there is no such guild here: look at the address again"


class Entering:
    """Lets people in, and knows them again. A cookie holds for one guild, and is sent to no other."""

    def __init__(self, guilds: Guilds, members: Members, admin_key: str, *, chat: str) -> None:
        self._guilds, self._members, self._chat = guilds, members, chat
        self._admin_key = Key(admin_key)
        # Only the tokens of its forms are used; who somebody is stands in the store, so that it ends at once.
        secret = hmac.digest(admin_key.encode(), b"tenure trivia page", "sha256")
        self._sessions = Sessions(COOKIE, secret, time.time)

    async def guild(self, request: Request) -> Guild:
        """Give the guild of the address. Raises `Absent`; a guild of another chat is not there either."""
        id = str(request.path_params["guild"])
        if GUILD.fullmatch(id):
            try:
                guild = await self._guilds.get(id)
            except Unknown:
                raise Absent(NO_GUILD) from None
            if guild.chat == self._chat:
                return guild
        raise Absent(NO_GUILD)

    async def member(self, request: Request, guild: Guild) -> ChatMember:
        """Give who looks. Raises `Unauthorized`."""
        return await self._members.holder_of(guild.id, request.cookies.get(COOKIE, ""))

    def has_key(self, request: Request) -> bool:
        """Tell whether a browser shows any key at all."""
        return COOKIE in request.cookies

    def form_token(self, request: Request) -> str:
        """Give the token that each form of this browser carries."""
        return self._sessions.form_token(digest(request.cookies.get(COOKIE, "")))

    async def check_form(self, request: Request) -> dict[str, str]:
        """Give a form of one of our own pages. Raises `Forbidden` for any other."""
        check_origin(request)
        form = await read_form(request)
        self._sessions.check_form(digest(request.cookies.get(COOKIE, "")), form.get("form_token", ""))
        return form

    async def join(self, request: Request, guild: Guild) -> str:
        """Let somebody in by the form of a newcomer, and give the key. Raises what `Members.join` raises."""
        check_origin(request)
        form = await read_form(request)
        shown = form.get("admin_key", "").strip()
        if shown and not self._admin_key.fits(shown):
            raise Forbidden("that is not the admin's key: leave it out to join as a player")
        _, key = await self._members.join(guild.id, form.get("name", ""), manages=bool(shown))
        return key

    async def come_back(self, request: Request, guild: Guild) -> str:
        """Let somebody in by their key. Raises `Unauthorized`."""
        check_origin(request)
        key = (await read_form(request)).get("key", "").strip()
        try:
            await self._members.holder_of(guild.id, key)
        except Unauthorized:
            raise Unauthorized("that is not a key of this guild, or it was revoked") from None
        return key

    def remember(self, request: Request, response: Response, guild: Guild, key: str) -> None:
        """Let the browser keep a key."""
        response.set_cookie(
            COOKIE, key, max_age=COOKIE_SECONDS, path=_place(request, guild), httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip

    def forget(self, request: Request, response: Response, guild: Guild) -> None:
        """Let the browser forget it."""
        response.delete_cookie(COOKIE, path=_place(request, guild), httponly=True, samesite="lax")


def _place(request: Request, guild: Guild) -> str:
    return f"{root_of(request)}/{guild.id}"
