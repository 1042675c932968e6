"""Rate limits of a key: of everything that it asks of a host, and of each endpoint there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tenure.services.games.riot.stand_in.endpoints import ACCOUNT, ACCOUNT_OF, ACTIVE, MATCH, MATCH_IDS

Rates = tuple[tuple[int, int], ...]
"""So many requests in so many seconds, as often as there are such limits."""
Headers = dict[str, str]

PERSONAL: Rates = ((20, 1), (100, 120))
PRODUCTION: Rates = ((500, 10), (30_000, 600))
METHODS: Mapping[str, Rates] = {
    ACCOUNT: ((1_000, 60),),
    ACCOUNT_OF: ((1_000, 60),),
    ACTIVE["lol"]: ((20_000, 10), (1_200_000, 600)),
    ACTIVE["tft"]: ((20_000, 10), (1_200_000, 600)),
    MATCH["lol"]: ((2_000, 10),),
    MATCH["tft"]: ((250, 10),),
    MATCH_IDS["lol"]: ((2_000, 10),),
    MATCH_IDS["tft"]: ((600, 10),),
}
"""Riot gives its own in headers and may change them any time; these are of the size that is seen in practice."""


def rates(text: str) -> Rates:
    """Read limits as the headers have them: `20:1,100:120`. Raises `ValueError`."""
    pairs = tuple((int(most), int(seconds)) for most, _, seconds in (one.partition(":") for one in text.split(",")))
    if any(most < 1 or seconds < 1 for most, seconds in pairs):
        raise ValueError("a limit is REQUESTS:SECONDS, both at least 1")
    return pairs


class TooMany(Exception):  # noqa: N818  an answer
    """More than a limit allows: what to wait for in whole seconds, of what, and what the headers say."""

    def __init__(self, retry_after: int, of: str, headers: Headers) -> None:
        super().__init__(f"too much was asked for by {of}")
        self.retry_after, self.of, self.headers = retry_after, of, headers


class _Window:
    """How many requests were made since it began; it begins with a request."""

    __slots__ = ("ends_at", "most", "seconds", "used")

    def __init__(self, most: int, seconds: int) -> None:
        self.most, self.seconds, self.used, self.ends_at = most, seconds, 0, 0.0

    def left(self, now: float) -> int:
        if now >= self.ends_at:
            self.used, self.ends_at = 0, now + self.seconds
        return self.most - self.used


class _Bucket:
    """The windows of one limit."""

    def __init__(self, rates: Rates) -> None:
        self.windows = [_Window(most, seconds) for most, seconds in rates]
        self.said = ",".join(f"{most}:{seconds}" for most, seconds in rates)

    def wait(self, now: float) -> float:
        """Give for how long nothing may be asked; zero if something may."""
        return max((window.ends_at - now for window in self.windows if window.left(now) < 1), default=0.0)

    def take(self) -> None:
        for window in self.windows:
            window.used += 1

    def counted(self) -> str:
        return ",".join([f"{window.used}:{window.seconds}" for window in self.windows])


class Limited(NamedTuple):
    """The limits of one key at one host and endpoint."""

    application: _Bucket
    method: _Bucket

    def headers(self) -> Headers:
        """Say what the limits are and how much of them was used."""
        return {
            "X-App-Rate-Limit": self.application.said,
            "X-App-Rate-Limit-Count": self.application.counted(),
            "X-Method-Rate-Limit": self.method.said,
            "X-Method-Rate-Limit-Count": self.method.counted(),
        }


@dataclass(slots=True)
class Limits:
    """All of it. Without `application` everything passes and no headers are sent."""

    now: Callable[[], float]
    application: Rates = ()
    methods: Mapping[str, Rates] = field(default_factory=lambda: METHODS)
    refused: Counter[str] = field(default_factory=Counter)
    """How often too much was asked for, by type."""
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def take(self, key: str, host: str, endpoint: str) -> Headers:
        """Count one request; give the headers. Raises `TooMany`, which is not counted."""
        if not self.application:
            return {}
        limited = Limited(
            self._bucket((key, host), self.application), self._bucket((key, host, endpoint), self.methods[endpoint])
        )
        now = self.now()
        for of, bucket in zip(limited._fields, limited, strict=True):
            if (wait := bucket.wait(now)) > 0:
                self.refused[of] += 1
                raise TooMany(math.ceil(wait), of, limited.headers())
        for bucket in limited:
            bucket.take()
        return limited.headers()

    def change(self, application: Rates, methods: Mapping[str, Rates] | None = None) -> None:
        """Let other limits hold from now on. What was used is forgotten."""
        self.application, self.methods = application, {**METHODS, **(methods or {})}
        self._buckets.clear()

    def _bucket(self, name: tuple[str, ...], rates: Rates) -> _Bucket:
        found = self._buckets.get(name)
        if found is None:
            found = self._buckets[name] = _Bucket(rates)
        return found
