"""Whose browser it is: a user's, by one of their keys, or the admin's."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request

from tenure.http.rejections import Unauthorized
from tenure.pages.sessions import Sessions
from tenure.services.meetings.accounts import Accounts, digest
from tenure.services.meetings.lifecycle import User

COOKIE = "tenure_meetings"
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
    """Knows viewers by their sessions. Another admin key, or another server key, ends all of these."""

    def __init__(self, accounts: Accounts, *, server_key: bytes, admin_key: str, now: Callable[[], float]) -> None:
        self._accounts = accounts
        secret = hmac.digest(server_key, b"meetings page " + digest(admin_key), "sha256")
        self.sessions = Sessions(COOKIE, secret, now)

    async def viewer(self, request: Request) -> Viewer | None:
        """Give who has logged in with this browser; None if nobody has, the time is over or the key was revoked."""
        session = self.sessions.find(request)
        if session is None or session.who == ADMIN:
            return None if session is None else Viewer(session.text)
        try:
            return Viewer(session.text, await self._accounts.still_holds(session.who), session.who)
        except Unauthorized:
            return None

    async def who_has(self, key: str) -> str | None:
        """Give the word for whose key it is: the number of a user's key, or the admin's."""
        with suppress(Unauthorized):
            self._accounts.check_admin(key)
            return ADMIN
        with suppress(Unauthorized):
            return (await self._accounts.holder_of(key))[0].id
        return None
