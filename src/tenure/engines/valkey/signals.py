"""Signals on Valkey: a shard channel for each topic, and no reply is waited for.

What one turn of the event loop sends goes out together. A reply tells no more than that the server has read so far:
by that a connection is known to be dead, and not more is given to a server than it takes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from tenure.core.errors import Unavailable
from tenure.core.signals import Receive
from tenure.engines.valkey.link import Link, Lost, NotReached, ServerError
from tenure.engines.valkey.location import Location
from tenure.engines.valkey.nodes import Nodes
from tenure.engines.valkey.subscribing import Hearer, Subscriptions

MOST_BYTES_UNANSWERED = 1 << 20
CLOSE_SECONDS = 1.0
BYTES_OF_A_COMMAND = 100
"""What a signal counts for beside its payload."""


class Sent(NamedTuple):
    """What went out together: when, how many bytes, and the last of its replies."""

    at: float
    bytes: int
    answered: asyncio.Future[Any]


class Outlet:
    """What one connection was given to send."""

    def __init__(self, link: Link, timeout: float) -> None:
        self.link, self._timeout = link, timeout
        self.failed: BaseException | None = None
        """Why some of it did not arrive; the next one to send makes good for it, if it can."""
        self._loop = asyncio.get_running_loop()
        self._fresh: list[tuple[str, str, bytes]] = []
        self._fresh_bytes = self._bytes = 0
        self._sent: deque[Sent] = deque()

    @property
    def is_open(self) -> bool:
        """Whether the server has read what it was given, as far as we know."""
        late = self._sent and self._loop.time() - self._sent[0].at > self._timeout
        return self.link.is_open and not late

    @property
    def is_full(self) -> bool:
        """Whether the server has more to read than it should."""
        return self._bytes + self._fresh_bytes > MOST_BYTES_UNANSWERED

    async def room(self) -> None:
        """Wait until the server has read enough. Raises `Lost` if it does not."""
        while self.is_full:
            self.flush()
            await asyncio.wait({self._sent[0].answered}, timeout=self._timeout)
            if not self.is_open:
                raise Lost("the server does not take what it is sent")

    def put(self, channel: str, payload: bytes) -> None:
        """Send a signal with the others of this turn."""
        if not self._fresh:
            self._loop.call_soon(self.flush)
        self._fresh.append(("SPUBLISH", channel, payload))
        self._fresh_bytes += len(payload) + BYTES_OF_A_COMMAND

    def flush(self) -> None:
        """Send what was put."""
        if not self._fresh:
            return
        fresh, size = self._fresh, self._fresh_bytes
        self._fresh, self._fresh_bytes = [], 0
        try:
            futures = self.link.send_all(fresh)
        except NotReached as error:
            self.failed = error
            return
        self._bytes += size
        self._sent.append(Sent(self._loop.time(), size, futures[-1]))
        futures[-1].add_done_callback(lambda _: self._answered(futures))

    async def drain(self) -> None:
        """Send what was put, and wait a moment until it is read: a connection that is dropped before may lose it."""
        self.flush()
        if self._sent:
            await asyncio.wait({self._sent[-1].answered}, timeout=CLOSE_SECONDS)

    def _answered(self, futures: list[asyncio.Future[Any]]) -> None:
        self._bytes -= self._sent.popleft().bytes
        for error in filter(None, (future.exception() for future in futures)):
            self.failed = error


class Signals:
    """The signals of one process."""

    def __init__(self, location: Location, nodes: Nodes, subscriptions: Subscriptions) -> None:
        self._location, self._nodes, self._subscriptions = location, nodes, subscriptions
        self._outlets: dict[Link, Outlet] = {}

    async def send(self, space: str, topic: str, payload: bytes) -> None:
        """Hand a signal over; its reply is not waited for. Raises `Unavailable` where the server is out of reach."""
        channel = self._channel(space, topic)
        try:
            outlet = await self._outlet(channel)
            await outlet.room()
        except (NotReached, Lost, ServerError, TimeoutError) as error:
            with suppress(NotReached):
                await self._nodes.refresh()
            raise Unavailable(f"the signal was not sent ({error}); try again") from None
        outlet.put(channel, payload)

    def send_at_once(self, space: str, topic: str, payload: bytes) -> bool:
        """Hand a signal over; False where it must be looked up which connection is the right one, or that is full."""
        if self._nodes.clustered or len(self._outlets) != 1:
            return False
        (outlet,) = self._outlets.values()
        if outlet.failed is not None or not outlet.is_open or outlet.is_full:
            return False
        outlet.put(self._channel(space, topic), payload)
        return True

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        """Call this for each signal of a topic from now on."""
        await self._subscriptions.add(self._channel(space, topic), Hearer(heard))

    def unsubscribe(self, space: str, topic: str) -> None:
        """Hear no more of a topic."""
        self._subscriptions.remove(self._channel(space, topic))

    def renew(self) -> None:
        """Hear by other connections; what was written is heard by the same ones."""
        self._subscriptions.renew()

    async def close(self) -> None:
        """Send what was put, and wait a moment until the server has read it."""
        await asyncio.gather(*(outlet.drain() for outlet in self._outlets.values()))

    def _channel(self, space: str, topic: str) -> str:
        """Name a topic's channel. Channels are one for all databases of a server, unlike keys."""
        return self._location.key(space, f"signal:{self._location.login.database}:{topic}")

    async def _outlet(self, channel: str) -> Outlet:
        for outlet in [one for one in self._outlets.values() if one.failed is not None or not one.is_open]:
            await self._renew(outlet)
        link = await (await self._nodes.find(channel)).link("read")
        if link not in self._outlets:
            self._outlets[link] = Outlet(link, self._nodes.timeout)
        return self._outlets[link]

    async def _renew(self, outlet: Outlet) -> None:
        """Learn who is where: a slot has moved, or another server is the primary now."""
        outlet.failed = None
        if not outlet.is_open:
            outlet.link.abort()
            self._outlets.pop(outlet.link, None)
        await self._nodes.refresh()
