"""Rate limits: a bucket for each route and channel, and one for all requests of the bot."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tenure.services.trivia.discord.stand_in.refusals import Json

LIMITED = {"shared": "The resource is being rate limited."}


class Rate(NamedTuple):
    """So many requests in so many seconds."""

    most: int
    seconds: float


GLOBAL = Rate(50, 1.0)
DEFAULT = Rate(50, 1.0)
FOLLOW_UPS = "POST /webhooks/{application}/{token}"
"""Counted by channel, whoever is answered: many at once are best answered by their first response."""
BY_ROUTE = {
    "POST /channels/{channel}/messages": Rate(5, 5.0),
    "PATCH /channels/{channel}/messages/{message}": Rate(5, 5.0),
    "DELETE /channels/{channel}/messages/{message}": Rate(5, 1.0),
    "GET /channels/{channel}/messages": Rate(5, 5.0),
    FOLLOW_UPS: Rate(5, 5.0),
    "PATCH /webhooks/{application}/{token}/messages/{message}": Rate(5, 5.0),
    "PUT /applications/{application}/commands": Rate(2, 20.0),
}
"""Discord gives its own in headers and may change them any time; these are of the size that is seen in practice."""
WITHOUT_GLOBAL = ("POST /interactions/", "POST /webhooks/", "PATCH /webhooks/", "GET /webhooks/", "DELETE /webhooks/")
"""Answers to interactions do not count for all requests of the bot."""


class Limited(Exception):  # noqa: N818  an answer
    """Too many requests: 429, with what to wait for."""

    def __init__(self, retry_after: float, *, scope: str = "user", headers: dict[str, str] | None = None) -> None:
        message = LIMITED.get(scope, "You are being rate limited.")
        super().__init__(message)
        self.body: Json = {"message": message, "retry_after": round(retry_after, 3), "global": scope == "global"}
        self.headers = {**(headers or {}), "Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope}
        if scope == "global":
            self.headers["X-RateLimit-Global"] = "true"


@dataclass(slots=True)
class Bucket:
    """How many requests were made since the window began."""

    rate: Rate
    name: str
    ends_at: float = 0.0
    used: int = 0

    def take(self, now: float) -> bool:
        """Take one request, if there is one left."""
        if now >= self.ends_at:
            self.ends_at, self.used = now + self.rate.seconds, 0
        if self.used >= self.rate.most:
            return False
        self.used += 1
        return True

    def headers(self, now: float) -> dict[str, str]:
        """Say how much is left, as Discord does."""
        return {
            "X-RateLimit-Limit": str(self.rate.most),
            "X-RateLimit-Remaining": str(self.rate.most - self.used),
            "X-RateLimit-Reset": f"{self.ends_at:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, self.ends_at - now):.3f}",
            "X-RateLimit-Bucket": self.name,
        }


@dataclass(slots=True)
class Limits:
    """All buckets. `on=False` lets everything pass, and sends no headers."""

    now: Callable[[], float]
    on: bool = True
    routes: dict[str, Rate] = field(default_factory=lambda: dict(BY_ROUTE))
    whole: Rate = GLOBAL
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def take(self, route: str, major: str) -> dict[str, str]:
        """Count one request on a route, for a channel, guild or webhook; give the headers. Raises `Limited`."""
        if not self.on:
            return {}
        now = self.now()
        if not route.startswith(WITHOUT_GLOBAL):
            everything = self._bucket("", "", self.whole)
            if not everything.take(now):
                raise Limited(everything.ends_at - now, scope="global")
        bucket = self._bucket(route, major, self.routes.get(route, DEFAULT))
        if not bucket.take(now):
            scope = "shared" if route == FOLLOW_UPS else "user"
            raise Limited(bucket.ends_at - now, scope=scope, headers=bucket.headers(now))
        return bucket.headers(now)

    def reset(self) -> None:
        """Forget what was used."""
        self._buckets.clear()

    def _bucket(self, route: str, major: str, rate: Rate) -> Bucket:
        if (route, major) not in self._buckets:
            name = hashlib.sha256(route.encode()).hexdigest()[:32]
            self._buckets[route, major] = Bucket(rate, name)
        return self._buckets[route, major]


MOST_INVALID, INVALID_SECONDS = 10_000, 600.0


@dataclass(slots=True)
class Invalid:
    """Counts requests that should not have been made. Who makes too many of them is banned for a while."""

    now: Callable[[], float]
    count: int = 0
    _ends_at: float = 0.0

    def note(self, status: int, scope: str | None) -> None:
        """Note an answer."""
        if status in (401, 403) or (status == 429 and scope != "shared"):  # noqa: PLR2004
            if self.now() >= self._ends_at:
                self.count, self._ends_at = 0, self.now() + INVALID_SECONDS
            self.count += 1

    @property
    def banned_for(self) -> float:
        """For how many seconds nothing is answered any more; zero if they are not banned."""
        return max(0.0, self._ends_at - self.now()) if self.count >= MOST_INVALID else 0.0
