"""Who has logged in: a key is taken once, then a signed cookie says whose it was. Nothing is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from tenure.http.rejections import Forbidden

SESSION_SECONDS = 12 * 3600
FORM = re.compile(r"([a-z0-9]{1,20})\.([0-9]{1,12})\.[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that has logged in: `who` is a word for whose key it gave, `text` what the cookie says of it."""

    text: str
    who: str


class Sessions:
    """Gives browsers sessions and knows these again. Another secret ends all of them."""

    def __init__(self, cookie: str, secret: bytes, now: Callable[[], float]) -> None:
        self._cookie, self._secret, self._now = cookie, secret, now

    def find(self, connection: HTTPConnection) -> Session | None:
        """Give a browser's session; None if it has not logged in, or its time is over."""
        text, _, signature = connection.cookies.get(self._cookie, "").rpartition(".")
        found = FORM.fullmatch(text)
        if found is None or not self._fits("session", text, signature) or int(found[2]) <= self._now():
            return None
        return Session(text, found[1])

    def begin(self, request: Request, response: Response, who: str) -> None:
        """Give a browser a session. `who` is a word of up to 20 small letters and digits."""
        text = f"{who}.{int(self._now()) + SESSION_SECONDS}.{secrets.token_hex(16)}"
        response.set_cookie(
            self._cookie,
            f"{text}.{self._sign('session', text)}",
            max_age=SESSION_SECONDS,
            path=root_of(request) or "/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def end(self, request: Request, response: Response) -> None:
        """Let a browser forget its session."""
        response.delete_cookie(self._cookie, path=root_of(request) or "/", httponly=True, samesite="strict")

    def form_token(self, session: str) -> str:
        """Give the token that each form of this session carries; `session` is its text."""
        return self._sign("form", session)

    def check_form(self, session: str, token: str) -> None:
        """Raise `Forbidden` unless a form came from one of our own pages of this session."""
        if not self._fits("form", session, token):
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
    """Give the path under which a page is mounted; empty at the site's root."""
    return str(request.scope.get("root_path", ""))


def path_of(request: Request) -> str:
    """Give the path below that."""
    return request.url.path.removeprefix(root_of(request)) or "/"
