"""What stands beside the records of a space compared with what the records say, and what mends it.

The engine reads all that there is into a `Proof`; `differences` tells what differs, and lays out what mends it on
the way, by the statements with which batches are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from tenure.core.deadlines import Known
from tenure.core.engine import Difference
from tenure.core.kinds import holdings
from tenure.core.row import Row
from tenure.core.sheet import Sheet, next_look
from tenure.core.sweeping import LOOK_AGAIN
from tenure.core.table import StateRow

Cells = tuple[Any, ...]

SETS = {
    "tenure_ranks": ("kind", "state", "per", "value", "record"),
    "tenure_holders": ("kind", "name", "key", "record"),
    "tenure_children": ("kind", "id", "record"),
}
"""The tables of which each line is about one record, with their columns."""


class Present(msgspec.Struct, frozen=True):
    """What stands beside the records: lines by table, numbers by kind and state or key, looks by record."""

    sets: Mapping[str, Iterable[Cells]]
    counts: Mapping[Cells, int]
    slots: Mapping[Cells, int]
    looks: Iterable[tuple[int, int]]


class Look(NamedTuple):
    """When a record is looked at, and when it must be at the latest; and the version of its last event."""

    row: Row
    at: int | None
    wanted: int | None
    last: int | None


class Proof:
    """What ought to stand beside the records of a space; of some kinds. `sheet` is what mends the rest."""

    def __init__(self, known: Known, only: frozenset[str]) -> None:
        self._known, self._kinds, self._only = known, known.kinds, only
        self._ids: dict[int, tuple[str, str]] = {}
        self._looks: dict[int, Look] = {}
        self._waiting_for: set[tuple[str, str]] = set()
        self._ended: set[tuple[str, str]] = set()
        """Those that ended and are to be looked at, which ends their followers."""
        self._expected: dict[str, set[Cells]] = {}
        self._counts: Counter[Cells] = Counter()
        self._slots: Counter[Cells] = Counter()
        self.sheet = Sheet()

    def expect(self, number: int, look_at: int | None, last: int | None, row: Row) -> None:
        """Take in one record: its number, when it is looked at, and the version of its last event."""
        self._ids[number] = (row.kind, row.id)
        if row.kind not in self._only:
            return
        table = self._kinds[row.kind]
        self._counts[row.kind, row.state] += 1
        self._looks[number] = Look(row, look_at, next_look(self._known, row), last)
        state = table.states.get(row.state)
        if look_at is not None and state is not None and state.final:
            self._ended.add((row.kind, row.id))
        has = holdings(table, row)
        self._expect("tenure_states", row.kind, row.state, number)
        if has.rank is not None:
            self._expect("tenure_ranks", row.kind, has.rank.state, has.rank.per, float(has.rank.value), number)
        for slot in has.slots:
            self._expect("tenure_holders", slot.kind, slot.limit, slot.key, number)
            self._slots[slot.kind, slot.limit, slot.key] += 1
        for parent in has.parents:
            self._expect("tenure_children", *parent, number)
            if any(f.kind == row.kind and row.state in f.states for f in self._kinds.followers.get(parent[0], ())):
                self._waiting_for.add(parent)

    def _expect(self, table: str, *cells: object) -> None:
        self._expected.setdefault(table, set()).add(cells)

    # --------------------------------------------------------------------------------- what differs

    def differences(self, present: Present) -> Iterator[Difference]:
        """Tell what differs; what mends it is laid out along."""
        for table, lines in present.sets.items():
            yield from self._set(table, {tuple(cells) for cells in lines if self._is_ours(tuple(cells))})
        yield from self._sums(present)
        yield from self._dues(present)
        for look in self._looks.values():
            if look.row.version != look.last:  # nothing can mend that
                found, expected = f"last event {look.last}", f"version {look.row.version}"
                yield Difference("tenure_events", look.row.kind, look.row.id, found, expected)

    def _set(self, table: str, present: set[Cells]) -> Iterator[Difference]:
        name, expected = table.removeprefix("tenure_"), self._expected.get(table, set())
        for cells in present - expected:
            yield self._difference(table, cells[-1], str(cells[:-1]), "nothing")
            self.sheet.add(f"drop_{name}", *cells)
        for cells in expected - present:
            yield self._difference(table, cells[-1], "nothing", str(cells[:-1]))
            self.sheet.add(f"write_{name}", *cells)

    def _is_ours(self, cells: Cells) -> bool:
        kind = self._ids.get(cells[-1], ("", ""))[0]
        return kind in self._only or (cells[-1] not in self._ids and cells[0] in self._only)

    def _sums(self, present: Present) -> Iterator[Difference]:
        for key, found, wanted in self._apart(present.counts, self._counts):
            yield Difference("tenure_counts", key[0], str(key[1:]), str(found), str(wanted))
            self.sheet.add("write_counts", *key, wanted - found)
        for key, found, wanted in self._apart(present.slots, self._slots):
            yield Difference("tenure_slots", key[0], str(key[1:]), str(found), str(wanted))
            if wanted:
                self.sheet.add("write_slots", *key, wanted)
            else:
                self.sheet.add("drop_slots", *key)

    def _apart(self, present: Mapping[Cells, int], expected: Counter[Cells]) -> Iterator[tuple[Cells, int, int]]:
        for key in {key for key in present if key[0] in self._only} | set(expected):
            if present.get(key, 0) != expected[key]:
                yield key, present.get(key, 0), expected[key]

    def _dues(self, present: Present) -> Iterator[Difference]:
        """A look must be written, and be no later than the deadline."""
        at_of: dict[int, list[int]] = {}
        for number, at in present.looks:
            at_of.setdefault(number, []).append(at)
        for number, look in self._looks.items():
            found = at_of.get(number, [])
            if found != ([] if look.at is None else [look.at]) or self._is_late(look):
                yield self._difference("tenure_due", number, f"{look.at}, {found}", f"at most {look.wanted}")
                for at in found:
                    self.sheet.add("drop_due", at, number)
                if look.wanted is not None:
                    self.sheet.add("write_due", look.wanted, number)
                self.sheet.add("write_looks", number, look.wanted)

    def _is_late(self, look: Look) -> bool:
        """Tell whether a look comes too late. An ended record may wait for its children and messages."""
        state = self._kinds[look.row.kind].states.get(look.row.state)
        if state is None or look.wanted is None:
            return False
        if not state.final:
            return comes_late(look.at, look.wanted, self._known.time.now) and not self._is_followed(look.row, state)
        needed = state.keep is not None or (look.row.kind, look.row.id) in self._waiting_for
        return needed and look.at is None

    def _is_followed(self, row: Row, state: StateRow) -> bool:
        """Tell whether a look at an ended parent ends this record too."""
        return any((t.parent, row.fields.get(t.field)) in self._ended for t in state.timers if t.since == "end")

    def _difference(self, what: str, number: int, found: str, expected: str) -> Difference:
        kind, id = self._ids.get(number, ("", f"record {number}, which is gone"))
        return Difference(what, kind, id, found, expected)


def comes_late(look: int | None, wanted: int, now: int) -> bool:
    """Tell whether a look comes after the deadline.

    What was due and was refused is tried again a minute later; `now` may be older than that look by as much.
    """
    return look is None or look > (wanted if wanted > now else now + 2 * LOOK_AGAIN)
