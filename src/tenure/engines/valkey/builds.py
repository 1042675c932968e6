"""Builds of a program beside one another: what each declares, and who still runs.

This stands once for the whole store, apart from the spaces: in a cluster it lies on a node of its own.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator

import msgspec

from tenure.core.errors import StoreReplaced, Unavailable
from tenure.core.kinds import Kinds
from tenure.core.table import Table
from tenure.engines.valkey.calling import REPLACED, Caller
from tenure.engines.valkey.location import Location

GONE_AFTER = 60 * 60 * 1_000_000
"""A build that has shown no sign of life for so long counts as gone."""
ANNOUNCED_EVERY_SECONDS = 600.0
FORMAT = 1

Reindex = Callable[[frozenset[str]], Awaitable[None]]


class Declared(msgspec.Struct):
    """A kind's table as it was last opened, and what stands beside its records."""

    declaration: bytes
    indexed: list[str]


class Running(msgspec.Struct):
    """A build that runs: what it makes stand beside a kind's records, and when it was last seen."""

    kind: str
    indexed: list[str]
    seen_at: int


class Registry:
    """What is one for the whole store: its generation, its spaces, its kinds and builds."""

    def __init__(self, location: Location, caller: Caller, kinds: Kinds) -> None:
        self._location, self._caller, self._kinds = location, caller, kinds
        self.generation = ""
        self._announce_at, self._now = 0.0, 0
        self._seen: list[bytes] = []

    async def open(self) -> None:
        """Note that the store is there. Raises `Unavailable` if a newer build has changed its format."""
        key = self._location.registry("store")
        await self._caller.ask(key, "HSETNX", key, "generation", secrets.token_hex(8))
        await self._caller.ask(key, "HSETNX", key, "format", FORMAT)
        generation, known = await self._caller.ask(key, "HMGET", key, "generation", "format")
        if int(known) > FORMAT:
            raise Unavailable(f"the store has format {int(known)}, and this build knows {FORMAT}: upgrade this program")
        self.generation = generation.decode()

    async def register(self, space: str) -> None:
        """Note a space before it is first written to. Raises `StoreReplaced` if the store is not the one we opened."""
        store, key = self._location.registry("store"), self._location.registry("spaces")
        generation = await self._caller.ask(store, "HGET", store, "generation")
        if generation is None or generation.decode() != self.generation:
            raise StoreReplaced(REPLACED.format("the store was emptied or begun anew"))
        await self._caller.ask(key, "ZADD", key, "NX", await self._read_clock(), space)

    async def spaces(self) -> list[str]:
        """Read the names of all spaces, in the order in which they came to be."""
        key = self._location.registry("spaces")
        return [name.decode() for name in await self._caller.ask(key, "ZRANGE", key, 0, -1)]

    async def declarations(self) -> dict[str, bytes]:
        """Read the tables under which each kind was last opened."""
        return {kind: declared.declaration for kind, declared in (await self._declared()).items()}

    async def declare(self, reindex: Reindex) -> None:
        """Note the tables, and index what they newly say of the records that are there."""
        known, key = await self._declared(), self._location.registry("kinds")
        fresh = [t.kind for t in self._kinds.tables.values() if t.kind in known and _says_more(t, known[t.kind])]
        for table in self._kinds.tables.values():
            if table.kind not in known or known[table.kind].declaration != table.plain:
                declared = msgspec.msgpack.encode(Declared(table.plain, sorted(table.indexed)))
                await self._caller.ask(key, "HSET", key, table.kind, declared)
        if fresh:
            await reindex(frozenset(fresh))

    async def announce(self) -> None:
        """Say that this build runs, and find the kinds of which another that runs declares more."""
        key = self._location.registry("builds")
        if time.monotonic() >= self._announce_at:
            self._now = await self._read_clock()
            await self._caller.ask(key, "HSET", key, *self._running())
            self._announce_at = time.monotonic() + ANNOUNCED_EVERY_SECONDS
        found = await self._caller.ask(key, "HGETALL", key)
        if found == self._seen:
            return
        running = {field: _decode_running(value) for field, value in zip(found[::2], found[1::2], strict=True)}
        for field, build in running.items():
            if build.seen_at < self._now - GONE_AFTER:
                await self._caller.ask(key, "HDEL", key, field)
        living = [build for build in running.values() if build.seen_at >= self._now - GONE_AFTER]
        kinds = [build for build in living if build.kind in self._kinds]
        self._kinds.outgrown = frozenset(b.kind for b in kinds if not self._kinds[b.kind].indexed.issuperset(b.indexed))
        self._seen = found

    def _running(self) -> Iterator[str | bytes]:
        for table in self._kinds.tables.values():
            indexed = sorted(table.indexed)
            yield f"{table.kind}:{hashlib.sha256(msgspec.json.encode(indexed)).hexdigest()[:16]}"
            yield msgspec.msgpack.encode(Running(table.kind, indexed, self._now))

    async def _declared(self) -> dict[str, Declared]:
        key = self._location.registry("kinds")
        found = await self._caller.ask(key, "HGETALL", key)
        return {k.decode(): _decode_declared(v) for k, v in zip(found[::2], found[1::2], strict=True)}

    async def _read_clock(self) -> int:
        seconds, microseconds = await self._caller.ask(self._location.registry("store"), "TIME")
        return int(seconds) * 1_000_000 + int(microseconds)


_decode_declared = msgspec.msgpack.Decoder(Declared).decode
_decode_running = msgspec.msgpack.Decoder(Running).decode


def _says_more(table: Table, known: Declared) -> bool:
    return bool(table.indexed.difference(known.indexed))
