"""Proving the indexes: each is computed again from the records, and what differs is told, or mended.

The server is asked for bounded pieces, so that others go on meanwhile. What looks wrong in pieces that were read one
after the other is looked at once more, in one instant; only what is wrong then is told, and mended if the record is
still the same. Whether a look comes too late is told by other records too: those are read in that instant as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any

from tenure.core.clock import Time
from tenure.core.engine import Difference
from tenure.core.kinds import Kinds, holdings
from tenure.core.sheet import next_look
from tenure.engines.valkey.audited import NUMBER, Found, Records, found_in
from tenure.engines.valkey.encoding import decoder, encode

PIECE = 500
AT_ONCE = 100

Spot = tuple[str, str]
"""One member of one sorted set."""
Suspect = tuple[str, set[Spot]]
"""A record beside which something looks wrong, and what stands or should stand there."""
Ask = Callable[[str, bytes], Awaitable[bytes]]
"""Calls a function of the space with a body."""


class Audit:
    """What stands beside the records of a space, and what should; of all kinds, or of some."""

    def __init__(
        self, ask: Ask, kinds: Kinds, time: Time, only: Collection[str] | None = None, *, sealed: bool = False
    ) -> None:
        self._ask, self._kinds, self._sealed = ask, kinds, sealed
        self._only = frozenset(kinds.tables if only is None else only) - kinds.outgrown
        self._records = Records(kinds, time)
        self._without_event: list[Found] = []
        self._present: dict[Spot, float] = {}
        self._due: dict[str, int] = {}
        """When each record is looked at, by its number and key."""

    async def run(self, *, repair: bool) -> list[Difference]:
        """Compare, and mend if asked. Kinds that this build does not know are left alone."""
        await self._read()
        suspects = self._suspects()
        differences: list[Difference] = []
        for start in range(0, len(suspects), AT_ONCE):
            differences += await self._examine(suspects[start : start + AT_ONCE], repair=repair)
        return [*differences, *self._versions()]

    # ------------------------------------------------------------------------------------- reading

    async def _read(self) -> None:
        cursor = "0"
        while True:
            cursor, stored, has_event = _decode_scan(await self._ask("scan", encode((cursor, PIECE))))
            for one, has in zip(stored, has_event, strict=True):
                found = found_in(one)
                self._records.add(found)
                if not has:
                    self._without_event.append(found)
            if cursor == "0":
                break
        async for name, _ in self._members("indexes"):
            if name.startswith("outbox:"):
                continue
            async for member, score in self._members(name):
                self._present[name, member] = score
        async for name, at in self._members("due"):
            self._due[name] = int(at)

    async def _members(self, name: str) -> AsyncIterator[tuple[str, float]]:
        cursor = "0"
        while True:
            cursor, pairs = _decode_members(await self._ask("scan_index", encode((name, cursor, PIECE))))
            for member, score in zip(pairs[::2], pairs[1::2], strict=True):
                yield member, float(score)
            if cursor == "0":
                return

    # ------------------------------------------------------------------------------------ comparing

    def _suspects(self) -> list[Suspect]:
        """Give what looks wrong. An outbox is no index: nothing says again what is in it."""
        expected = {spot: (key, score) for key, found in self._ours() for spot, score in self._expected(found)}
        suspects: dict[str, set[Spot]] = {}
        for spot, (key, score) in expected.items():
            if self._present.get(spot) != score:
                suspects.setdefault(key, set()).add(spot)
        for spot in self._present.keys() - expected.keys():
            key = _key_of(spot)
            known = self._records.found.get(key)
            if (known.row.kind if known is not None else key.partition(":")[0]) in self._only:
                suspects.setdefault(key, set()).add(spot)
        for key, found in self._ours():
            if self._due.get(found.number + key) != found.look or self._records.is_late(found):
                suspects.setdefault(key, set())
        return sorted(suspects.items())

    def _ours(self) -> Iterator[tuple[str, Found]]:
        return ((key, found) for key, found in self._records.found.items() if found.row.kind in self._only)

    def _expected(self, found: Found) -> Iterator[tuple[Spot, float]]:
        row, number = found.row, float(found.number)
        has = holdings(self._kinds[row.kind], row)
        yield (f"state:{row.kind}:{row.state}", row.id), number
        if has.rank is not None:
            name = f"rank:{row.kind}:{has.rank.state}:{has.rank.per}"
            yield (name, found.number + row.id), float(has.rank.value)
        for slot in has.slots:
            yield (f"slot:{slot.kind}:{slot.limit}:{slot.key}", row.id), number
        for kind, id in has.parents:
            yield (f"child:{kind}:{id}", found.key), number

    async def _examine(self, suspects: Sequence[Suspect], *, repair: bool) -> list[Difference]:
        """Look at some records once more, in one instant, and mend what is wrong if asked."""
        asked = [(key, sorted(spots)) for key, spots in suspects]
        reply = _decode_examined(await self._ask("examine", encode(asked)))
        there = [found_in(stored) if stored is not None else None for stored, _, _ in reply]
        late = await self._late([now for now in there if now is not None])
        told: list[Difference] = []
        mends: list[tuple[Any, ...]] = []
        for (key, spots), now, (stored, at, scores) in zip(asked, there, reply, strict=True):
            expected = dict(self._expected(now)) if now is not None and now.row.kind in self._kinds else {}
            found = {spot: float(s) for spot, s in zip(spots, scores, strict=True) if s is not None}
            wrong = [spot for spot in spots if found.get(spot) != expected.get(spot)]
            differences = [self._difference(spot, key, found, expected) for spot in wrong]
            found_at = None if at is None else int(float(at))
            look = self._look(key, now, found_at, differences, late=key in late)
            told += differences
            drops = [spot for spot in wrong if spot not in expected]
            adds = [(*spot, expected[spot]) for spot in wrong if spot in expected]
            if differences:
                mends.append((key, "" if stored is None else stored.hex(), drops, adds, look))
        if repair and mends:
            await self._ask("mend", encode((self._sealed, mends)))
        return told

    async def _late(self, found: Sequence[Found]) -> set[str]:
        """Name those that are looked at too late, by all that tells it as of one instant.

        The tempting wrong version asks what was read before: then the parent of one that moved meanwhile is not
        known, and counts as ended.
        """
        late = [one for one in found if one.row.kind in self._only and self._records.is_late(one)]
        if late and not self._sealed:  # nobody writes to a sealed space
            keys = {key for one in late for key in (one.key, *self._records.parents(one))}
            keys |= {key for one in late for key in await self._children(one)}
            asked = sorted(keys)
            reply = _decode_examined(await self._ask("examine", encode([(key, ()) for key in asked])))
            fresh = {key: found_in(stored) for key, (stored, _, _) in zip(asked, reply, strict=True) if stored}
            self._records.renew(late, asked, fresh)
            late = [one for one in late if fresh.get(one.key) == one and self._records.is_late(one)]
        return {one.key for one in late}

    async def _children(self, found: Found) -> list[str]:
        """Name the records for whose sake an ended one is looked at, if they are why."""
        if not self._records.waits_for_children(found):
            return []
        return [member async for member, _ in self._members(f"child:{found.key}")]

    def _look(self, key: str, now: Found | None, at: int | None, told: list[Difference], *, late: bool) -> int | None:
        """Compare when a record is looked at; give the look to be set, 0 for none, or None where it is right."""
        look = now.look if now is not None else None
        if at == look and not late:
            return None
        wanted = next_look(self._records, now.row) if now is not None else None
        kind, _, id = key.partition(":")
        told.append(Difference("due", kind, id, f"{look}, {at}", f"at most {wanted}"))
        return wanted or 0

    def _versions(self) -> Iterator[Difference]:
        """Each record's last event must be of its version. Nothing can mend that: it is told."""
        for found in sorted(self._without_event, key=lambda one: one.key):
            row = found.row
            yield Difference("events", row.kind, row.id, "no event of it", f"version {row.version}")

    def _difference(self, spot: Spot, key: str, found: dict[Spot, float], expected: dict[Spot, float]) -> Difference:
        kind, _, id = key.partition(":")
        what, _, of = spot[0].partition(":")
        return Difference(what, kind, id, _told(of, found.get(spot)), _told(of, expected.get(spot)))


def _told(of: str, score: float | None) -> str:
    return "nothing" if score is None else f"{of} at {score:g}"


def _key_of(spot: Spot) -> str:
    """Name the record of which one member of a sorted set speaks."""
    name, member = spot
    what, kind, *_ = name.split(":", 2)
    if what == "child":
        return member
    return f"{kind}:{member[NUMBER:] if what == 'rank' else member}"


_decode_scan: Callable[[bytes], tuple[str, list[bytes], list[bool]]] = decoder(tuple[str, list[bytes], list[bool]])
_decode_members: Callable[[bytes], tuple[str, list[str]]] = decoder(tuple[str, list[str]])
_Examined = list[tuple[bytes | None, str | None, list[str | None]]]
_decode_examined: Callable[[bytes], _Examined] = decoder(_Examined)
