"""Who may look: the admin's key, by header for programs and by a signed cookie for browsers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from tenure.web.problems import Problem

COOKIE = "tenure_session"
HEADER = "X-Admin-API-Key"
SESSION_SECONDS = 12 * 3600


class Access:
    """Checks keys, cookies and form tokens. Nothing is kept: another admin key ends all sessions."""

    def __init__(self, admin_key: str, now: Callable[[], float] = time.time) -> None:
        self._digest = _hash(admin_key)
        self._secret = hmac.digest(admin_key.encode(), b"tenure dashboard session", "sha256")
        self._now = now

    def is_admin(self, key: str) -> bool:
        """Tell whether this is the admin's key, in a time that tells nothing about it."""
        return hmac.compare_digest(_hash(key), self._digest)

    def check_program(self, request: Request) -> None:
        """Raise a `Problem` unless the admin's key came in the header."""
        if not self.is_admin(request.headers.get(HEADER, "")):
            raise Problem(401, f"this needs the admin's key in the header {HEADER}")

    # ------------------------------------------------------------------------------------ browsers

    def session(self, connection: HTTPConnection) -> str | None:
        """Give the session of a browser that has logged in; None if it has not, or its time is over."""
        parts = connection.cookies.get(COOKIE, "").split(".")
        if len(parts) != 3:  # noqa: PLR2004  until, nonce, signature
            return None
        session = f"{parts[0]}.{parts[1]}"
        if not hmac.compare_digest(self._sign("session", session).encode(), parts[2].encode()):
            return None
        return session if int(parts[0]) > self._now() else None

    def log_in(self, request: Request, response: Response) -> None:
        """Give a browser a session."""
        session = f"{int(self._now()) + SESSION_SECONDS}.{secrets.token_hex(16)}"
        response.set_cookie(
            COOKIE,
            f"{session}.{self._sign('session', session)}",
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def log_out(self, response: Response) -> None:
        """Let a browser forget its session."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def form_token(self, session: str) -> str:
        """Give the token that each form of this session carries."""
        return self._sign("form", session)

    def check_form(self, session: str, token: str) -> None:
        """Raise a `Problem` unless a form came from one of our own pages of this session."""
        if not hmac.compare_digest(self.form_token(session).encode(), token.encode()):
            raise Problem(403, "this form is too old, or is not ours: load the page again")

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
