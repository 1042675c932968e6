"""Channels that this process hears, by one connection to each node: made anew when it is lost, or a slot has moved."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from tenure.core.errors import Unavailable
from tenure.engines.valkey.link import Link, Lost, NotReached, ServerError
from tenure.engines.valkey.nodes import Nodes, slot_of

PING_SECONDS = 2.0
RETRY_SECONDS = 0.5
CHANNELS_AT_ONCE = 500


class Hearer(NamedTuple):
    """What is called for a channel: with each message, and when messages may have been missed."""

    heard: Callable[[bytes], None]
    renewed: Callable[[], None] | None = None


class Asked:
    """Channels that a node was asked for, until all of them are confirmed."""

    def __init__(self, channels: Sequence[str]) -> None:
        self.left = set(channels)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def confirm(self, channel: str) -> None:
        """Note that a channel is subscribed to."""
        self.left.discard(channel)
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that it was refused."""
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # it counts as seen: whoever asked may be gone


class Subscriptions:
    """The subscriptions of one process."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._hearers: dict[str, Hearer] = {}
        self._links: set[Link] = set()
        self._on: dict[str, Link] = {}
        """By which connection each channel was asked for last."""
        self._asked: dict[str, list[Asked]] = {}
        self._left: Counter[str] = Counter()
        """Channels that we left, as often as the server has not said so yet: all else that it ends has moved."""
        self._moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watch: asyncio.Task[None] | None = None

    async def add(self, channel: str, hearer: Hearer) -> None:
        """Hear a channel from now on. Raises `Unavailable`."""
        self._hearers[channel] = hearer
        await self._subscribe([channel])
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep(), name="listens to the server")

    def remove(self, channel: str) -> None:
        """Hear a channel no more."""
        self._hearers.pop(channel, None)
        link = self._on.pop(channel, None)
        if link is not None and link.is_open:
            self._left[channel] += 1
            link.push("SUNSUBSCRIBE", channel)

    def renew(self) -> None:
        """Drop all connections, so that others are made and all channels asked for by them."""
        for link in self._links:
            link.abort()

    async def close(self) -> None:
        """Hear nothing more."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    # ------------------------------------------------------------------------------------------ asking

    async def _subscribe(self, channels: Sequence[str]) -> None:
        """Subscribe to channels of one slot."""
        try:
            async with asyncio.timeout(self._nodes.timeout):
                try:
                    await self._ask_for(channels)
                except ServerError as error:
                    if error.code != "MOVED":
                        raise
                    await self._nodes.refresh()
                    await self._ask_for(channels)
        except (NotReached, Lost, ServerError, TimeoutError) as error:
            with suppress(NotReached):
                await self._nodes.refresh()
            raise Unavailable(f"the server can't be listened to ({error}); nothing was changed, try again") from None

    async def _ask_for(self, channels: Sequence[str]) -> None:
        """Ask for channels, and wait until they are confirmed."""
        link = await (await self._nodes.find(channels[0])).link("listen", self._pushed)
        self._links.add(link)
        wanted = [channel for channel in channels if channel in self._hearers]  # perhaps some were left meanwhile
        if not wanted:
            return
        asked = Asked(wanted)
        for channel in wanted:
            self._on[channel] = link
            self._asked.setdefault(channel, []).append(asked)
        try:
            link.push("SSUBSCRIBE", *wanted)
            await asyncio.wait({asked.done, link.closed}, return_when=asyncio.FIRST_COMPLETED)
            link.check()
            asked.done.result()
        finally:
            for channel in wanted:
                self._asked[channel].remove(asked)
                if not self._asked[channel]:
                    del self._asked[channel]

    # ----------------------------------------------------------------------------------------- hearing

    def _pushed(self, message: Any) -> None:
        if not isinstance(message, list):
            self._failed(message)
            return
        what, channel = message[0], message[1].decode()
        if what == b"smessage":
            if channel in self._hearers:
                self._hearers[channel].heard(message[2])
        elif what == b"ssubscribe":
            for asked in self._asked.get(channel, ()):
                asked.confirm(channel)
        elif what == b"sunsubscribe":
            self._ended(channel)

    def _ended(self, channel: str) -> None:
        if self._left[channel] > 1:
            self._left[channel] -= 1
        elif not self._left.pop(channel, 0) and channel in self._hearers and not self._moved.done():
            self._moved.set_result(None)  # its slot is on another node now

    def _failed(self, error: Any) -> None:
        """A subscription was refused, and the server does not say which: all that wait ask again."""
        if isinstance(error, ServerError):
            for asked in {one for several in self._asked.values() for one in several}:
                asked.fail(error)

    # ------------------------------------------------------------------------------- staying subscribed

    async def _keep(self) -> None:
        """Ask each connection whether it lives; make those anew that do not."""
        while True:
            heard = {link: link.received for link in self._links}
            for link in heard:
                with suppress(NotReached):
                    link.push("PING")
            gone = {self._moved, *(link.closed for link in heard)}
            ended, _ = await asyncio.wait(gone, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for link, received in heard.items():
                if not ended and link.received == received:
                    link.abort()  # it is open, and dead
            if self._moved.done() or not all(link.is_open for link in self._links):
                while not await self._begin_again():  # noqa: ASYNC110  nothing tells when a server is back
                    await asyncio.sleep(RETRY_SECONDS)

    async def _begin_again(self) -> bool:
        """Subscribe to all channels anew; tell whether that was done."""
        self._links.clear()
        self._left.clear()
        self._moved = asyncio.get_running_loop().create_future()
        try:
            for channels in self._parts():
                await self._subscribe(channels)
                for renewed in [self._hearers[c].renewed for c in channels if c in self._hearers]:
                    if renewed is not None:
                        renewed()
        except Unavailable:
            return False
        return True

    def _parts(self) -> Iterable[Sequence[str]]:
        """Give all channels in parts that one command may name: those of one slot."""
        slots: dict[int, list[str]] = {}
        for channel in self._hearers:
            slots.setdefault(slot_of(channel) if self._nodes.clustered else 0, []).append(channel)
        for channels in slots.values():
            for start in range(0, len(channels), CHANNELS_AT_ONCE):
                yield channels[start : start + CHANNELS_AT_ONCE]
