"""Records as an audit reads them, and what must be known of others to say when each is to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tenure.core.auditing import comes_late
from tenure.core.clock import Time
from tenure.core.kinds import Kinds, holdings
from tenure.core.row import Row
from tenure.core.sheet import next_look
from tenure.core.table import StateRow
from tenure.engines.valkey.encoding import decode_row, to_row

NUMBER, PLACE = 16, 24
"""A stored record begins with its number, and goes on with its look up to this place."""


class Found(NamedTuple):
    """One record as it is stored."""

    row: Row
    number: str
    look: int | None
    stored: bytes

    @property
    def key(self) -> str:
        """Its name among all records."""
        return f"{self.row.kind}:{self.row.id}"


def found_in(stored: bytes) -> Found:
    """Read a record as it is stored: its number, its look, its row."""
    look = int.from_bytes(stored[NUMBER:PLACE])
    return Found(to_row(decode_row(b"\x9e" + stored[PLACE:])), stored[:NUMBER].decode(), look or None, stored)


class Records:
    """The records of a space as they were read, and which of them are looked at for the sake of others."""

    def __init__(self, kinds: Kinds, time: Time) -> None:
        self.kinds, self.time = kinds, time
        self.found: dict[str, Found] = {}
        self._waiting_for: set[tuple[str, str]] = set()
        self._ended: set[tuple[str, str]] = set()
        """Those that ended and are to be looked at, which ends their followers."""

    def row(self, kind: str, id: str) -> Row | None:
        """Give a record."""
        found = self.found.get(f"{kind}:{id}")
        return found and found.row

    def add(self, found: Found) -> None:
        """Take a record in, and note who waits for whom: an ended parent is looked at for its followers' sake."""
        self.found[found.key] = found
        row = found.row
        if row.kind not in self.kinds:
            return
        if found.look is not None and self._is_final(row):
            self._ended.add((row.kind, row.id))
        for parent in holdings(self.kinds[row.kind], row).parents:
            if any(f.kind == row.kind and row.state in f.states for f in self.kinds.followers.get(parent[0], ())):
                self._waiting_for.add(parent)

    def renew(self, doubted: Iterable[Found], keys: Iterable[str], fresh: Mapping[str, Found]) -> None:
        """Take in anew, as they are now, some records whose looks are doubted, and those of which these depend."""
        for row in (found.row for found in doubted):
            self._waiting_for.discard((row.kind, row.id))
        for key in keys:
            self.found.pop(key, None)
            kind, _, id = key.partition(":")
            self._ended.discard((kind, id))
        for found in fresh.values():
            self.add(found)

    def parents(self, found: Found) -> list[str]:
        """Name the parents of a record."""
        return [f"{kind}:{id}" for kind, id in holdings(self.kinds[found.row.kind], found.row).parents]

    def waits_for_children(self, found: Found) -> bool:
        """Tell whether an ended record, which is kept for ever, is looked at for the sake of its children only."""
        state = self.kinds[found.row.kind].states.get(found.row.state)
        return state is not None and state.final and state.keep is None

    def is_late(self, found: Found) -> bool:
        """Tell whether a look comes too late. An ended record may wait for its children and messages."""
        row, look = found.row, found.look
        state = self.kinds[row.kind].states.get(row.state)
        wanted = next_look(self, row)
        if state is None or wanted is None:
            return False
        if not state.final:
            return comes_late(look, wanted, self.time.now) and not self._is_followed(row, state)
        needed = state.keep is not None or (row.kind, row.id) in self._waiting_for
        return needed and look is None

    def _is_followed(self, row: Row, state: StateRow) -> bool:
        """Tell whether a look at an ended parent ends this record too."""
        return any((t.parent, row.fields.get(t.field)) in self._ended for t in state.timers if t.since == "end")

    def _is_final(self, row: Row) -> bool:
        state = self.kinds[row.kind].states.get(row.state) if row.kind in self.kinds else None
        return state is not None and state.final
