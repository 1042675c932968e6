"""Who may look: the admin's key, by header for programs and by a signed cookie for browsers."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from starlette.requests import Request

from tenure.http.keys import Key
from tenure.http.rejections import Unauthorized
from tenure.pages.sessions import Sessions

COOKIE = "tenure_session"
HEADER = "X-Admin-API-Key"
ADMIN = "admin"


class Access:
    """Checks keys. Nothing is kept: another admin key ends all `sessions`."""

    def __init__(self, admin_key: str, now: Callable[[], float] = time.time) -> None:
        self._key = Key(admin_key)
        secret = hmac.digest(admin_key.encode(), b"tenure dashboard session", "sha256")
        self.sessions = Sessions(COOKIE, secret, now)

    def is_admin(self, key: str) -> bool:
        """Tell whether this is the admin's key, in a time that tells nothing about it."""
        return self._key.fits(key)

    def check_program(self, request: Request) -> None:
        """Raise `Unauthorized` unless the admin's key came in the header."""
        if not self.is_admin(request.headers.get(HEADER, "")):
            raise Unauthorized(f"this needs the admin's key in the header {HEADER}")

    async def who_has(self, key: str) -> str | None:
        """Give the word for whose key it is: the admin's, or nobody's."""
        return ADMIN if self.is_admin(key) else None
