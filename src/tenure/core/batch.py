"""Several transactions decided one after the other, each seeing what the earlier ones wrote.

An engine that decides in Python gives a `Source` that reads what lies in the store; the batch keeps what was read
and what is to be written, so that a record changed three times is written once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from tenure.core.clock import Time
from tenure.core.decide import Answer, Decision, Transaction, Writes, decide
from tenure.core.kinds import Kinds, Slot
from tenure.core.row import Entry, Row

Key = tuple[str, str]


class Source(Protocol):
    """What lies in the store before the batch."""

    def row(self, kind: str, id: str) -> Row | None:
        """Read a record."""
        ...

    def held(self, slot: Slot) -> int:
        """Read how many hold a slot."""
        ...

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        """Read who holds one."""
        ...

    def serial(self, kind: str, field: str) -> int:
        """Read the last number given out."""
        ...

    def answer(self, op: str) -> Answer | None:
        """Read the first answer to an op id."""
        ...


class Batch:
    """What a batch has read and will write; it is the `View` that `decide` reads."""

    def __init__(self, kinds: Kinds, time: Time, sequence: int, source: Source) -> None:
        self.kinds, self.time, self.sequence, self._source = kinds, time, sequence, source
        self.found: dict[Key, Row | None] = {}
        self.rows: dict[Key, Row | None] = {}
        self.slots: dict[Slot, int] = {}
        self.serials: dict[tuple[str, str], int] = {}
        self.answers: dict[str, Answer] = {}
        self.entries: list[Entry] = []
        self._moved: dict[Slot, dict[str, bool]] = {}
        self._numbered: set[tuple[str, str]] = set()

    def run(self, transaction: Transaction) -> Decision:
        """Decide a transaction, and take over what it writes."""
        decision = decide(self, transaction)
        if isinstance(decision, Writes):
            self._accept(transaction, decision)
        return decision

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.entries) or any(row is not self.found[key] for key, row in self.rows.items())

    def touched(self) -> Iterator[tuple[Key, Row | None, Row]]:
        """Give the key of each changed record, how it was found, and how it is to be."""
        for key, row in list(self.rows.items()):  # deciding what to look at may read a parent
            found = self.found[key]
            if row is not None and row is not found:
                yield key, found, row

    def changed_slots(self) -> Iterator[tuple[Slot, int]]:
        """Give each limit's key that was taken or freed, with how many hold it now."""
        return ((slot, self.slots[slot]) for slot in self._moved)

    def changed_serials(self) -> Iterator[tuple[tuple[str, str], int]]:
        """Give the last number given out of each serial that was used."""
        return ((key, self.serials[key]) for key in self._numbered)

    def moved(self, slot: Slot) -> dict[str, bool]:
        """Give who took a slot (True) or left it, and is not back where it was."""
        return self._moved.get(slot, {})

    def _accept(self, transaction: Transaction, decision: Writes) -> None:
        self.sequence = decision.sequence
        for write in decision.writes:
            self.rows[write.after.kind, write.after.id] = write.after
            if write.entry is not None:
                self.entries.append(write.entry)
        if decision.serials:
            self.serials.update(decision.serials)
            self._numbered.update(decision.serials)
        self.slots.update(decision.held)
        for slot, id, holds in decision.moved:
            moved = self._moved.setdefault(slot, {})
            if moved.pop(id, None) is None:  # else it is where it was before the batch
                moved[id] = holds
        if transaction.op:
            self.answers[transaction.op] = Answer(transaction.digest, decision.rows)

    # ------------------------------------------------------------------------------------ as a view

    def row(self, kind: str, id: str) -> Row | None:
        """Give a record as the batch has it."""
        key = (kind, id)
        if key in self.rows:
            return self.rows[key]
        row = self.found[key] = self.rows[key] = self._source.row(kind, id)
        return row

    def held(self, slot: Slot) -> int:
        """Give how many hold a slot now."""
        if slot not in self.slots:
            self.slots[slot] = self._source.held(slot)
        return self.slots[slot]

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        """Give who holds one now."""
        moved = self.moved(slot)
        before = self._source.holders(slot, most + len(moved))
        return [*(i for i in before if i not in moved), *(i for i, holds in moved.items() if holds)][:most]

    def serial(self, kind: str, field: str) -> int:
        """Give the last number given out."""
        key = (kind, field)
        if key not in self.serials:
            self.serials[key] = self._source.serial(kind, field)
        return self.serials[key]

    def answer(self, op: str) -> Answer | None:
        """Give the first answer to an op id, also if it is of this batch."""
        return self.answers.get(op) or self._source.answer(op)
