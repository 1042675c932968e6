"""Who has logged in: a key is taken once, then a signed cookie says which one it was. Nothing is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tenure.services.meetings.accounts import Accounts, digest
from tenure.services.meetings.api.rejections import Forbidden, Unauthorized
from tenure.services.meetings.lifecycle import User

COOKIE = "tenure_meetings"
SESSION_SECONDS = 12 * 3600
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page: a user by one of their keys, or the admin, who has no user."""

    session: str
    user: User | None = None
    token: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether all meetings are theirs to see."""
        return self.user is None


class Access:
    """Checks cookies and form tokens. Another admin key, or another server key, ends all sessions."""

    def __init__(self, accounts: Accounts, *, server_key: bytes, admin_key: str, now: Callable[[], float]) -> None:
        self._accounts, self._now = accounts, now
        self._secret = hmac.digest(server_key, b"meetings page " + digest(admin_key), "sha256")

    async def viewer(self, request: Request) -> Viewer | None:
        """Give who has logged in with this browser; None if nobody has, the time is over or the key was revoked."""
        session, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
        found = re.fullmatch(r"(admin|[0-9]{1,18})\.([0-9]{1,12})\.[0-9a-f]{32}", session, re.ASCII)
        if found is None or not self._fits("session", session, signature) or int(found[2]) <= self._now():
            return None
        if found[1] == ADMIN:
            return Viewer(session)
        try:
            return Viewer(session, await self._accounts.still_holds(found[1]), found[1])
        except Unauthorized:
            return None

    async def log_in(self, request: Request, response: Response, key: str) -> None:
        """Give a browser a session. Raises `Unauthorized` unless it is a user's key or the admin's."""
        try:
            self._accounts.check_admin(key)
            who = ADMIN
        except Unauthorized:
            who = (await self._accounts.holder_of(key))[0].id
        session = f"{who}.{int(self._now()) + SESSION_SECONDS}.{secrets.token_hex(16)}"
        response.set_cookie(
            COOKIE,
            f"{session}.{self._sign('session', session)}",
            max_age=SESSION_SECONDS,
            path=root_of(request) or "/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def log_out(self, request: Request, response: Response) -> None:
        """Let a browser forget its session."""
        response.delete_cookie(COOKIE, path=root_of(request) or "/", httponly=True, samesite="strict")

    def form_token(self, viewer: Viewer) -> str:
        """Give the token that each form of this session carries."""
        return self._sign("form", viewer.session)

    def check_form(self, viewer: Viewer, token: str) -> None:
        """Raise `Forbidden` unless a form came from one of our own pages of this session."""
        if not self._fits("form", viewer.session, token):
            raise Forbidden("this form is too old, or is not ours: load the page again")

    def _fits(self, purpose: str, text: str, signature: str) -> bool:
        return hmac.compare_digest(self._sign(purpose, text).encode(), signature.encode())

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """Raise `Forbidden` for a form that a browser says is from another site: logging in has no token yet."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("this form is not from this site: load the page again")


def root_of(request: Request) -> str:
    """Give the path under which the page is mounted."""
    return str(request.scope.get("root_path", ""))
