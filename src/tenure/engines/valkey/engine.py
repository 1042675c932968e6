"""Valkey: a batch is one call of a function, which decides and writes on the server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tenure.core.clock import Outage, Time
from tenure.core.decide import Transaction
from tenure.core.engine import (
    Difference,
    Listener,
    Message,
    Outcome,
    Query,
    Settled,
    Swept,
)
from tenure.core.kinds import Kinds, Slot
from tenure.core.pieces import Part, Piece
from tenure.core.row import Entry, Row
from tenure.core.signals import Carrier
from tenure.core.views import Views
from tenure.engines.valkey.audit import Audit
from tenure.engines.valkey.builds import Registry
from tenure.engines.valkey.calling import Caller
from tenure.engines.valkey.checks import check_all
from tenure.engines.valkey.copying import Dump, to_load
from tenure.engines.valkey.encoding import (
    StoredEntry,
    StoredMessage,
    StoredOutcome,
    StoredRow,
    Sweeping,
    Written,
    decoder,
    encode,
    to_entry,
    to_message,
    to_outcome,
    to_row,
    to_rows,
    to_transactions,
)
from tenure.engines.valkey.listening import Ears, Home
from tenure.engines.valkey.location import Location
from tenure.engines.valkey.nodes import Nodes
from tenure.engines.valkey.signals import Signals
from tenure.engines.valkey.subscribing import Subscriptions
from tenure.engines.valkey.tables import build_of, to_json

ALL = 1 << 31
EVENTS_TOLD_AT_ONCE = 1000

decode_written = decoder(Written)
decode_sweeping = decoder(Sweeping)
decode_outcome = decoder(StoredOutcome)
decode_joined = decoder(tuple[str, int, str])
decode_time = decoder(tuple[int, int, int, list[tuple[int, int]]])
decode_rows = decoder(list[StoredRow | None])
decode_page = decoder(tuple[Any, list[StoredRow]])
decode_counts = decoder(list[tuple[str, int]])
decode_ids = decoder(list[str])
decode_entries = decoder(list[StoredEntry])
decode_feed = decoder(tuple[int | None, int, list[StoredEntry]])
decode_messages = decoder(list[StoredMessage])
decode_looks = decoder(list[tuple[int, str]])


class ValkeyEngine:
    """One server, a cluster, or a primary that sentinels name. Any number of processes may open the same store."""

    name = "valkey"
    lanes = 4
    enough: int | None = 100

    def __init__(self, location: Location, kinds: Kinds) -> None:
        self.kinds = kinds
        self._location, self._nodes, self._build = location, Nodes(location), build_of(kinds)
        self.caller = Caller(location, self._nodes, self._build)
        self._registry = Registry(location, self.caller, kinds)
        self._name = secrets.token_hex(4)
        self._subscriptions = Subscriptions(self._nodes)
        self._ears = Ears(self._subscriptions, self._read_on, self._name)
        self.carrier: Carrier = Signals(location, self._nodes, self._subscriptions)
        self._homes: dict[str, Home] = {}

    @classmethod
    async def open(cls, url: str, kinds: Kinds) -> ValkeyEngine:
        """Open what a URL names. Raises `Unavailable`, saying what to do, unless all is as it must be."""
        engine = cls(Location(url), kinds)
        try:
            await check_all(engine._location, engine._nodes)
            await engine._registry.open()
            await engine._registry.declare(engine._reindex)
            await engine._registry.announce()
        except BaseException:
            await engine.close()
            raise
        return engine

    # ------------------------------------------------------------------------------------- writing

    async def write(self, space: str, transactions: Sequence[Transaction], now: int | None = None) -> Sequence[Outcome]:
        """Apply transactions in order, each all or not at all, in one call."""
        home = await self._writable(space)
        body = self._body(*to_transactions(transactions))
        reply = await self._change(home, "write", now, body)
        written: Written = decode_written(reply)
        self._learn(home, written)
        return [to_outcome(stored, t) for stored, t in zip(written.outcomes, transactions, strict=True)]

    async def check(self, space: str, transaction: Transaction, now: int | None = None) -> Outcome:
        """Give the outcome that a transaction would have now; nothing is written."""
        home = await self._home(space)
        reply = await self._call(home, "check", encode(to_transactions([transaction])), now, self._build.hash)
        return to_outcome(decode_outcome(reply), transaction)

    async def sweep(self, space: str, most: int, alive_for: int, now: int | None = None) -> Swept:
        """Make at most so many due transitions, remove what was kept long enough, and give a sign of life."""
        home = await self._writable(space)
        await self._registry.announce()
        reply = await self._change(home, "sweep", now, self._body(most, alive_for, now is None))
        swept: Sweeping = decode_sweeping(reply)
        self._learn(home, swept)
        return Swept(swept.made, swept.removed, swept.next_due, swept.more)

    def _body(self, *more: object) -> bytes:
        return encode((self._name, secrets.token_hex(8), sorted(self.kinds.outgrown), *more))

    # ------------------------------------------------------------------------------------- messages

    async def take(
        self, space: str, kind: str, effect: str, most: int, lease: int, now: int | None = None
    ) -> Sequence[Message]:
        """Take messages that are due for delivery, the oldest of each record only, for a lease."""
        home = await self._home(space)
        reply = await self._call(home, "take", encode((kind, effect, most, lease)), now)
        return [to_message(one) for one in decode_messages(reply)]

    async def settle(self, space: str, settled: Sequence[Settled], now: int | None = None) -> None:
        """Say what became of taken messages; one whose token is no longer the last is left alone."""
        home = await self._home(space)
        body = [(s.effect, f"{s.kind}:{s.id}", s.token, s.done, s.again_at, s.error) for s in settled]
        await self._call(home, "settle", encode(body), now)

    async def resend(self, space: str, kind: str, id: str, effect: str, now: int | None = None) -> int:
        """Let a record's given up messages be tried again, and give how many there were."""
        home = await self._home(space)
        return int(await self._call(home, "resend", encode((f"{kind}:{id}", effect)), now))

    async def messages(self, space: str, kind: str | None, effect: str | None, most: int) -> Sequence[Message]:
        """Read the messages that wait, the oldest first."""
        reply = await self._call(await self._home(space), "messages", encode((kind, effect, most)))
        return [to_message(one) for one in decode_messages(reply)]

    # ------------------------------------------------------------------------------------- reading

    async def time(self, space: str, now: int | None = None) -> Time:
        """Read the clock and what is credited."""
        reply = await self._call(await self._home(space), "time", b"", now)
        read_at, swept_at, alive_until, outages = decode_time(reply)
        return Time(read_at, swept_at, alive_until, tuple(Outage(*outage) for outage in outages))

    async def rows(self, space: str, keys: Sequence[tuple[str, str]]) -> Sequence[Row | None]:
        """Read records by kind and id."""
        reply = await self._call(await self._home(space), "rows", encode([f"{kind}:{id}" for kind, id in keys]))
        return to_rows(decode_rows(reply))

    async def find(self, space: str, query: Query) -> Sequence[Row]:
        """Read the records that a query asks for."""
        home, found = await self._home(space), list[Row]()
        asked = _asked(query)
        while True:
            left, rows = decode_page(await self._call(home, "find", encode(asked)))
            if left is False:
                raise query.nowhere()
            found += [to_row(row) for row in rows]
            if left is None or len(found) >= query.most:
                return found
            asked |= {"from": left, "most": query.most - len(found)}

    async def counts(self, space: str) -> dict[str, dict[str, int]]:
        """Read how many records of each kind are in each state."""
        counts: dict[str, dict[str, int]] = {}
        for name, number in decode_counts(await self._call(await self._home(space), "counts")):
            kind, _, state = name.partition(":")
            counts.setdefault(kind, {})[state] = number
        return counts

    async def holders(self, space: str, slot: Slot, most: int) -> Sequence[str]:
        """Read the ids of those that hold a limit's slot."""
        body = encode((f"{slot.kind}:{slot.limit}:{slot.key}", most))
        ids: list[str] = decode_ids(await self._call(await self._home(space), "holders", body))
        return ids

    async def history(self, space: str, kind: str, id: str, after: int, most: int) -> Sequence[Entry]:
        """Read a record's events after a version, in order."""
        reply = await self._call(await self._home(space), "history", encode((f"{kind}:{id}", after, most)))
        return [to_entry(one) for one in decode_entries(reply)]

    async def feed(self, space: str, kinds: Sequence[str], after: int, most: int) -> Sequence[Entry]:
        """Read the events of some kinds (all, if none is named) after a position, in order."""
        home, found, more = await self._home(space), list[Entry](), True
        while more and len(found) < most:
            entries, after, more = await self._read_feed(home, kinds, after, most - len(found))
            found += entries
        return found

    async def last_position(self, space: str) -> int:
        """Read the position of the last event, or one that no event has passed yet."""
        return int(decode_joined(await self._call(await self._home(space), "join"))[1])

    async def due(self, space: str, most: int) -> Sequence[tuple[int, str, str]]:
        """Read what is looked at next: instant, kind and id."""
        reply = await self._call(await self._home(space), "due", str(most).encode())
        keys = ((at, *key.split(":", 1)) for at, key in decode_looks(reply))
        return [(at, kind, id) for at, kind, id in keys]

    async def _read_feed(
        self, home: Home, kinds: Sequence[str], after: int, most: int
    ) -> tuple[list[Entry], int, bool]:
        """Read some of the feed; gives it, how far that was, and whether there may be more."""
        reply = await self._call(home, "feed", encode((list(kinds), after, most)))
        upto, last, stored = decode_feed(reply)
        entries = [to_entry(one) for one in stored]
        if len(entries) >= most:
            return entries, entries[-1].position, True
        return entries, last if upto is None else upto, upto is not None

    async def _read_on(self, home: Home, after: int) -> tuple[list[Entry], int, bool]:
        return await self._read_feed(home, (), after, EVENTS_TOLD_AT_ONCE)

    # ------------------------------------------------------------------------------------- the whole

    async def audit(self, space: str, *, repair: bool, now: int | None = None) -> Sequence[Difference]:
        """Compare every index with what the records say, and mend it if asked."""
        return await self._audit(space, repair=repair, now=now)

    async def spaces(self) -> Sequence[str]:
        """Read the names of all spaces."""
        return await self._registry.spaces()

    async def declarations(self) -> dict[str, bytes]:
        """Read the tables under which each kind was last opened, as JSON."""
        return await self._registry.declarations()

    # ------------------------------------------------------------------------------------- copying

    async def dump(self, space: str, after: str, most: int) -> Part:
        """Read a part of all that a space holds, after the mark of the part before."""
        home = await self._home(space)
        if home.dump is None:
            home.dump = Dump(partial(self._call, home))
        return await home.dump.part(after, most)

    async def load(self, space: str, pieces: Sequence[Piece]) -> None:
        """Put pieces into a space as they are, without what stands beside the records."""
        home = await self._writable(space)
        await self._call(home, "load", to_load(pieces, secrets.token_hex(8)))
        await self._recognize(home)

    async def index(self, space: str, now: int | None = None) -> None:
        """Make what stands beside the records of a loaded space."""
        await self._audit(space, repair=True, now=now, sealed=True)

    async def erase(self, space: str) -> None:
        """Remove all that a space holds, in bounded steps."""
        home = await self._home(space)
        while await self._call(home, "erase"):
            pass

    async def seal(self, space: str, reason: str) -> None:
        """Refuse all writes of a space with this reason, those of other processes too; without one, allow them."""
        home = await self._writable(space)
        await self._call(home, "seal", encode((reason, secrets.token_hex(8))))
        await self._recognize(home)

    async def sealed(self, space: str) -> str:
        """Read why a space may not be written; the empty text if it may."""
        return str(decode_joined(await self._call(await self._home(space), "join"))[2])

    async def offer(self, views: Views, space: str) -> str | None:  # noqa: ARG002
        """Make nothing: there is no SQL."""
        return None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each write from now on; gives the function that ends it."""
        self._ears.listeners.append(listener)
        return lambda: self._ears.listeners.remove(listener)

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        await self.carrier.close()
        await self._ears.close()
        await self._subscriptions.close()
        await self._nodes.close()

    async def _audit(
        self,
        space: str,
        *,
        repair: bool,
        now: int | None = None,
        only: frozenset[str] | None = None,
        sealed: bool = False,
    ) -> list[Difference]:
        ask, time = partial(self._call, await self._home(space)), await self.time(space, now)
        return await Audit(ask, self.kinds, time, only, sealed=sealed).run(repair=repair)

    async def _reindex(self, kinds: frozenset[str]) -> None:
        """Index what tables newly say of the records that are there."""
        for space in await self._registry.spaces():
            await self._audit(space, repair=True, only=kinds)

    # -------------------------------------------------------------------------------------- one call

    async def _home(self, space: str) -> Home:
        """Give a space as we know it; the first time, begin to hear of it."""
        home = self._homes.get(space)
        if home is None:
            home = self._homes[space] = Home(space, self._location.key)
        if not home.joined:
            async with home.lock:
                if not home.joined:
                    await self._ears.subscribe(home)
                    home.generation, home.told, _ = decode_joined(await self._call(home, "join"))
                    home.joined = True
        return home

    async def _writable(self, space: str) -> Home:
        """Give a space that may be written to: one that nobody has written to is noted first."""
        home = await self._home(space)
        if not home.generation and not home.registered:
            async with home.lock:
                if not home.registered:
                    await self._registry.register(space)
                    home.registered = True
        return home

    async def _call(
        self, home: Home, operation: str, body: bytes = b"", now: int | None = None, build: bytes = b""
    ) -> bytes:
        instant = b"" if now is None else str(now).encode()
        clustered = b"1" if self._nodes.clustered else b""
        return await self.caller.call(operation, home.meta, build, home.generation, instant, body, clustered)

    async def _change(self, home: Home, operation: str, now: int | None, body: bytes) -> bytes:
        try:
            return await self._call(home, operation, body, now, self._build.hash)
        except BaseException:
            self._ears.look(home, home.told + 1)  # it may be written, though its reply did not come
            raise

    async def _recognize(self, home: Home) -> None:
        if not home.generation:
            home.generation = decode_joined(await self._call(home, "join"))[0]

    def _learn(self, home: Home, reply: Written | Sweeping) -> None:
        if not home.generation:
            home.generation = reply.generation
        self._ears.wrote(home, reply.before, reply.after, reply.events)


def _asked(query: Query) -> dict[str, Any]:
    """Lay out a query as the library reads it."""
    asked: dict[str, Any] = {
        "kind": query.kind,
        "states": query.states,
        "most": query.most,
        "newest": query.newest_first,
        "ranked": query.ranked,
    }
    if query.after is not None:
        asked["after"] = query.after
    if query.parent is not None:
        asked["parent"] = f"{query.parent[0]}:{query.parent[1]}"
    if query.per is not None:
        asked["per"] = query.per
    if query.after_rank is not None:
        asked["rank"] = (query.after_rank.per, to_json(query.after_rank.value))
    return asked
