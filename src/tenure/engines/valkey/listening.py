"""Hearing of what was written, by whichever process: a message says only "look", the events are read from the feed.

Of each space stands how far its listeners were told. What our own write made is told from its reply, without reading,
if nobody else wrote in between. A connection that was lost may have lost messages: after it is made anew, every space
is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, overload

import msgspec

from tenure.core.engine import Listener
from tenure.core.errors import TenureError, Unavailable
from tenure.core.row import Entry
from tenure.engines.valkey.copying import Dump
from tenure.engines.valkey.encoding import decode_entries, to_entry
from tenure.engines.valkey.link import Link, Lost, NotReached, ServerError
from tenure.engines.valkey.nodes import Nodes

PING_SECONDS = 2.0
RETRY_SECONDS = 0.5


class Home:
    """One space as this process knows it: its keys, its generation, and how far its listeners were told."""

    def __init__(self, name: str, key: Callable[[str, str], str]) -> None:
        self.name = name
        self.meta, self.channel = key(name, "meta"), key(name, "wrote")
        self.generation = ""
        self.joined = self.registered = False
        self.lock = asyncio.Lock()
        self.told = self.heard = 0
        self.dump: Dump | None = None
        self.look: asyncio.Task[None] | None = None


class Entries(Sequence[Entry]):
    """The events of a write, decoded when somebody asks for them."""

    def __init__(self, packed: msgspec.Raw, after: int) -> None:
        self._packed, self._after = packed, after
        self._entries: list[Entry] | None = None

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Entry]: ...
    def __getitem__(self, place: int | slice) -> Entry | Sequence[Entry]:
        return self._decoded()[place]

    def __len__(self) -> int:
        return len(self._decoded())

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._decoded())

    def _decoded(self) -> list[Entry]:
        if self._entries is None:
            found = [to_entry(one) for one in decode_entries(self._packed)]
            self._entries = [entry for entry in found if entry.position > self._after]
        return self._entries


Read = Callable[[Home, int], Awaitable[tuple[Sequence[Entry], int, bool]]]
"""Reads events of a space after a position; gives them, how far that was, and whether there are more."""


class Ears:
    """The subscriptions of one process, and those who listen."""

    def __init__(self, nodes: Nodes, read: Read, name: str) -> None:
        self._nodes, self._read, self._name = nodes, read, name
        self.listeners: list[Listener] = []
        self._homes: dict[str, Home] = {}
        self._links: set[Link] = set()
        self._moved = _a_future()
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    async def subscribe(self, home: Home) -> None:
        """Hear of every write to a space from now on. Raises `Unavailable`."""
        self._homes[home.channel] = home
        await self._subscribe(home)
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep(), name="listens to the server")

    async def _subscribe(self, home: Home) -> None:
        try:
            async with asyncio.timeout(self._nodes.timeout):
                try:
                    await self._ask_for(home)
                except ServerError as error:
                    if error.code != "MOVED":
                        raise
                    await self._nodes.refresh()
                    await self._ask_for(home)
        except (NotReached, Lost, ServerError, TimeoutError) as error:
            with suppress(NotReached):
                await self._nodes.refresh()
            raise Unavailable(f"the server can't be listened to ({error}); nothing was changed, try again") from None

    async def _ask_for(self, home: Home) -> None:
        """Ask for a space's messages, and wait until that is confirmed."""
        confirmed = self._confirmed[home.channel] = _a_future()
        try:
            link = await (await self._nodes.find(home.channel)).link("listen", self._pushed)
            self._links.add(link)
            link.push("SSUBSCRIBE", home.channel)
            await asyncio.wait({confirmed, link.closed}, return_when=asyncio.FIRST_COMPLETED)
            link.check()
            confirmed.result()
        finally:
            self._confirmed.pop(home.channel, None)

    # ------------------------------------------------------------------------------------- being told

    def wrote(self, home: Home, before: int, after: int, events: msgspec.Raw) -> None:
        """Tell of our own write, whose reply has come."""
        if after <= home.told:
            return
        if before > home.told:
            self.look(home, after)  # somebody else wrote in between: theirs come first
            return
        entries = Entries(events, home.told)
        home.told = after
        self._tell(home, entries)

    def look(self, home: Home, upto: int) -> None:
        """Read and tell what was written up to a position at least."""
        home.heard = max(home.heard, upto)
        if home.look is None and home.joined and not self._closed:
            home.look = asyncio.create_task(self._look(home), name=f"looks what was written to {home.name}")

    async def _look(self, home: Home) -> None:
        try:
            again = True
            while again:
                heard = home.heard
                entries, upto, again = await self._read(home, home.told)
                told = home.told  # perhaps further by now: our own writes are told from their replies
                home.told = max(told, upto)
                self._tell(home, [entry for entry in entries if entry.position > told])
                again = again or home.heard > max(heard, home.told)
        except TenureError:  # the next message, write or connection makes us look again
            home.heard = 0
        finally:
            home.look = None

    def _tell(self, home: Home, entries: Sequence[Entry]) -> None:
        for listener in list(self.listeners):
            listener(home.name, entries)

    def _pushed(self, message: Any) -> None:
        if not isinstance(message, list):
            self._failed(message)
            return
        what, channel = message[0], message[1].decode()
        if what == b"smessage" and channel in self._homes:
            home = self._homes[channel]
            writer, position, generation = message[2].decode().split(" ")
            if writer != self._name and home.generation in ("", generation):
                self.look(home, int(position))
        elif what == b"ssubscribe":
            confirmed = self._confirmed.get(channel)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        elif what == b"sunsubscribe" and not self._moved.done():  # its slot has moved to another node
            self._moved.set_result(None)

    def _failed(self, error: Any) -> None:
        """A subscription was refused, and the server does not say which: all that wait ask again."""
        for confirmed in self._confirmed.values():
            if isinstance(error, ServerError) and not confirmed.done():
                confirmed.set_exception(error)
                confirmed.exception()  # it counts as seen: whoever asked may be gone

    # ------------------------------------------------------------------------------- staying subscribed

    async def _keep(self) -> None:
        """Ask each connection whether it lives; make those anew that do not, and look what was missed."""
        while True:
            self._moved = _a_future()
            heard = {link: link.received for link in self._links}
            for link in heard:
                with suppress(NotReached):
                    link.push("PING")
            gone = {self._moved, *(link.closed for link in heard)}
            await asyncio.wait(gone, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for link, received in heard.items():
                if link.received == received:
                    link.abort()  # it is open, and dead
            if self._moved.done() or not all(link.is_open for link in self._links):
                while not await self._begin_again():  # noqa: ASYNC110  nothing tells when a server is back
                    await asyncio.sleep(RETRY_SECONDS)

    async def _begin_again(self) -> bool:
        """Subscribe to all spaces anew, and look at each; tell whether that was done."""
        self._links.clear()
        try:
            for home in list(self._homes.values()):
                await self._subscribe(home)
                self.look(home, home.told + 1)
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        """Listen no more."""
        self._closed = True
        tasks = [task for task in (self._watch, *(home.look for home in self._homes.values())) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _a_future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()
