"""How often and how much one connection, and all of one address, may say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many a second in the long run, and so many at once after a silence."""

    a_second: float
    at_once: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the sockets of one server take. Sizes are in bytes; an address may hold many players, as offices do."""

    message_size: int = 4096
    messages: Rate = Rate(a_second=20, at_once=60)
    mistakes: int = 10
    connects: Rate = Rate(a_second=20, at_once=200)
    address_messages: Rate = Rate(a_second=2000, at_once=4000)
    address_sockets: int = 1000
    sockets: int = 5000
    waiting_messages: int = 1000
    waiting_size: int = 256 * 1024
    waiting_seconds: float = 5.0
    """How long one for whom so much waits that signals are dropped may take nothing at all, before it is closed."""


class Bucket:
    """Counts what comes against a rate. `now` is in seconds, and never goes back."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._left, self._at = rate, rate.at_once, now

    def take(self, now: float) -> bool:
        """Take one; False if there is none."""
        left = self._left + (now - self._at) * self._rate.a_second
        left = min(left, self._rate.at_once)
        self._at, self._left = now, left - 1 if left >= 1 else left
        return left >= 1

    def give_back(self) -> None:
        """Take what was taken last as not taken: it is counted elsewhere."""
        self._left += 1

    def is_full(self, now: float) -> bool:
        """Tell whether it stands as if nothing had ever been taken."""
        return self._left + (now - self._at) * self._rate.a_second >= self._rate.at_once


class TooManySockets(Exception):  # noqa: N818  it says what is so
    """No more sockets are taken; the message says of whom."""


class Flooding(Exception):  # noqa: N818  it says what is so
    """One address asks for too much."""


class Addresses:
    """The sockets of this server and what each address does with them."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits, self._now = limits, now
        self._open: Counter[str] = Counter()
        self._connects: dict[str, Bucket] = {}
        self._messages: dict[str, Bucket] = {}

    def may_connect(self, address: str) -> bool:
        """Count one try to connect, or one request of a client that polls."""
        return self._bucket(self._connects, address, self._limits.connects).take(self._now())

    def messages(self, address: str) -> Bucket:
        """Give the count of an address's messages, which all of its connections share."""
        return self._bucket(self._messages, address, self._limits.address_messages)

    @contextmanager
    def open(self, address: str) -> Iterator[None]:
        """Count a socket while the body runs. Raises `TooManySockets` and `Flooding`."""
        if self._open.total() >= self._limits.sockets:
            raise TooManySockets("this server has as many sockets as it takes: try another one, or later")
        if self._open[address] >= self._limits.address_sockets:
            raise Flooding("your address has as many sockets here as it may: close some")
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def _bucket(self, buckets: dict[str, Bucket], address: str, rate: Rate) -> Bucket:
        if address not in buckets:
            if len(buckets) >= MOST_ADDRESSES:
                self._forget(buckets)
            buckets[address] = Bucket(rate, self._now())
        return buckets[address]

    def _forget(self, buckets: dict[str, Bucket]) -> None:
        """Drop those that stand as new ones would; if none does, the oldest: memory is bounded, whoever floods."""
        now = self._now()
        idle = [address for address, bucket in buckets.items() if bucket.is_full(now)]
        for address in idle or list(buckets)[: MOST_ADDRESSES // 10]:
            del buckets[address]
