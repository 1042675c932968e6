"""Which server a key lies on: one server, the primary that sentinels name, or the primaries of a cluster.

Nothing is retried here. A redirection has done nothing, so that the caller may ask the right node; a redirection for
one question only (ASK: its slot is moving key by key) is not followed, since half of a space would be elsewhere.
"""

from __future__ import annotations

import asyncio
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Literal

from tenure.engines.valkey.link import Link, Lost, NotReached, ServerError
from tenure.engines.valkey.location import Address, Location, Login

Purpose = Literal["write", "read", "listen"]
SLOTS = 16384


class Node:
    """One server, with a connection for each purpose: who waits for a replica holds up no reading."""

    def __init__(self, address: Address, login: Login) -> None:
        self.address, self._login = address, login
        self._links: dict[Purpose, Link] = {}
        self._locks: dict[Purpose, asyncio.Lock] = {}
        self._closed = False

    async def link(self, purpose: Purpose, pushed: Callable[[Any], None] | None = None) -> Link:
        """Give an open connection. Raises `NotReached` or `ServerError`."""
        link = self._links.get(purpose)
        if link is not None and link.is_open:
            return link
        async with self._locks.setdefault(purpose, asyncio.Lock()):
            link = self._links.get(purpose)
            if self._closed:
                raise NotReached("the store is closed")
            if link is None or not link.is_open:
                link = self._links[purpose] = await Link.open(self.address, self._login, pushed)
        return link

    async def ask(self, *parts: bytes | str | int) -> Any:
        """Send a command that changes nothing, and give its reply."""
        link = await self.link("read")
        async with asyncio.timeout(self._login.timeout):
            return await link.send(*parts)

    async def close(self) -> None:
        """Drop all connections, and make none any more."""
        self._closed = True
        for link in self._links.values():
            await link.close()


class Nodes:
    """The primaries of a store."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._nodes: dict[Address, Node] = {}
        self._slots: dict[int, Node] = {}
        self._primary: Node | None = None
        self._lock = asyncio.Lock()
        self.clustered = location.layout == "cluster"
        self.timeout = location.login.timeout

    async def find(self, key: str) -> Node:
        """Give the node on which a key lies. Raises `NotReached`."""
        if not self.clustered:
            return self._primary or await self._look_up_primary()
        slot = slot_of(key)
        if slot not in self._slots:
            await self.refresh()
        if slot not in self._slots:
            raise NotReached(f"no node of the cluster has slot {slot}: the cluster is not whole")
        return self._slots[slot]

    async def all(self) -> list[Node]:
        """Give all primaries."""
        if not self.clustered:
            return [self._primary or await self._look_up_primary()]
        if not self._slots:
            await self.refresh()
        return list(dict.fromkeys(self._slots.values()))

    async def refresh(self) -> None:
        """Ask anew who is where: after a redirection, or when a primary is gone."""
        if not self.clustered:
            if self._location.layout == "sentinel":
                self._primary = None
            return
        async with self._lock:
            known = [*self._nodes, *self._location.addresses]
            for address in dict.fromkeys(known):
                try:
                    slots = await self._node(address).ask("CLUSTER", "SLOTS")
                except (NotReached, Lost, TimeoutError, ServerError):
                    continue
                self._slots = dict(self._read_slots(slots, address))
                return
        raise NotReached(f"no node of the cluster answers ({', '.join(f'{h}:{p}' for h, p in known)})")

    async def close(self) -> None:
        """Drop all connections."""
        for node in self._nodes.values():
            await node.close()

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = Node(address, self._location.login)
        return self._nodes[address]

    def _read_slots(self, slots: list[Any], asked: Address) -> Iterable[tuple[int, Node]]:
        for first, last, primary, *_ in slots:
            host = primary[0].decode() if primary[0] else asked[0]
            node = self._node((host or asked[0], int(primary[1])))
            for slot in range(first, last + 1):
                yield slot, node

    async def _look_up_primary(self) -> Node:
        if self._location.layout != "sentinel":
            self._primary = self._node(self._location.addresses[0])
            return self._primary
        login = self._location.login._replace(user="", password="", database=0)  # sentinels have users of their own
        for address in self._location.addresses:
            sentinel = Node(address, login)
            try:
                found = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._location.service)
            except (NotReached, Lost, TimeoutError, ServerError):
                continue
            finally:
                await sentinel.close()
            if found:
                self._primary = self._node((found[0].decode(), int(found[1])))
                return self._primary
        raise NotReached(
            f"no sentinel knows {self._location.service!r} "
            f"({', '.join(f'{h}:{p}' for h, p in self._location.addresses)})"
        )


def slot_of(key: str) -> int:
    """Give a key's slot: that of what stands in its braces."""
    raw = key.encode()
    start = raw.find(b"{")
    stop = raw.find(b"}", start + 1)
    tag = raw[start + 1 : stop] if start >= 0 and stop > start + 1 else raw
    return binascii.crc_hqx(tag, 0) % SLOTS
