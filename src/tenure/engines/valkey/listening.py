"""Hearing of what was written, by whichever process: a message says only "look", the events are read from the feed.

Of each space stands how far its listeners were told. What our own write made is told from its reply, without reading,
if nobody else wrote in between. A connection that was lost may have lost messages: after it is made anew, every space
is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import overload

import msgspec

from tenure.core.engine import Listener
from tenure.core.errors import TenureError
from tenure.core.row import Entry
from tenure.engines.valkey.copying import Dump
from tenure.engines.valkey.encoding import decode_entries, to_entry
from tenure.engines.valkey.subscribing import Hearer, Subscriptions


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
    """Those in one process who listen to what is written."""

    def __init__(self, subscriptions: Subscriptions, read: Read, name: str) -> None:
        self._subscriptions, self._read, self._name = subscriptions, read, name
        self.listeners: list[Listener] = []
        self._homes: set[Home] = set()
        self._closed = False

    async def subscribe(self, home: Home) -> None:
        """Hear of every write to a space from now on. Raises `Unavailable`."""
        self._homes.add(home)
        hearer = Hearer(partial(self._heard, home), lambda: self.look(home, home.told + 1))
        await self._subscriptions.add(home.channel, hearer)

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

    def _heard(self, home: Home, message: bytes) -> None:
        writer, position, generation = message.decode().split(" ")
        if writer != self._name and home.generation in ("", generation):
            self.look(home, int(position))

    async def close(self) -> None:
        """Look no more."""
        self._closed = True
        tasks = [home.look for home in self._homes if home.look is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
