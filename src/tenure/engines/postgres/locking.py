"""Locking what a batch touches before anything is decided.

Invariant: all batches lock in one order: records by the level of their kind, kind and id, then serials, then slots.
So two of them never wait for each other in a circle. Only later statements read what stands beside the records, and
write. The tempting wrong version is one clever statement: it waits for a lock, and goes on with what it had read
before the wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from tenure.core.batch import Key
from tenure.core.decide import Asked
from tenure.core.decide import Transaction as Asking
from tenure.core.kinds import Slot
from tenure.core.row import Row
from tenure.core.transitions import NEXT
from tenure.engines.postgres.connection import Transaction
from tenure.engines.postgres.needs import Needs
from tenure.engines.postgres.reading import Files, Missing, columns
from tenure.engines.postgres.statements import Statements

HOLDERS_READ = 40
"""How many holders of a full limit are read beforehand; a refusal names 20 that still hold it."""

Wanted = dict[Key, bool]
"""Records to lock, and whether they are to be changed, or only decide what becomes of others."""


class Locked(Files):
    """What lies in the tables, locked until the transaction ends."""

    def __init__(self, transaction: Transaction, sql: Statements, space: int, needs: Needs) -> None:
        super().__init__(transaction, sql, space)
        self._needs = needs
        self.made: set[Slot] = set()
        """Slots that had no row. Those that nobody holds at the end keep none."""
        self._touched: set[Slot] = set()
        self._entered: Counter[Slot] = Counter()
        self._caps: dict[Slot, Row] = {}

    async def lock(self, asking: Sequence[Asking], also: Collection[Key]) -> None:
        """Lock and read what transactions will touch, as far as that can be foretold, and what else is known."""
        changes = [change for transaction in asking for change in transaction.changes]
        await self._lock_records(changes, also)
        await self._lock_numbers(changes)
        await self.lock_slots(self._touched)
        full = [slot for slot, number in self._entered.items() if self.slots[slot] + number > self._at_most(slot)]
        if full:
            await self.read_holders(full, HOLDERS_READ + len(changes))

    async def fetch(self, missing: Missing) -> None:
        """Lock or read what was asked for; a record would be locked out of order, so the batch begins anew with it."""
        if missing.key is not None:
            raise missing
        if missing.serial is not None:
            await self.lock_serials([missing.serial])
        elif missing.slot is not None and not missing.holders:
            await self.lock_slots([missing.slot])
        else:
            await super().fetch(missing)

    # ----------------------------------------------------------------------------------------- records

    async def _lock_records(self, changes: Iterable[Asked], also: Collection[Key]) -> None:
        levels = self._needs.levels
        wanted: dict[int, Wanted] = {}
        deciding: dict[int, list[Asked]] = {}
        for change in changes:
            level = levels[change.kind]
            if change.id is not NEXT:
                wanted.setdefault(level, {})[change.kind, str(change.id)] = True
            if change.kind not in self._needs.simple:
                deciding.setdefault(level, []).append(change)
        for key in also:
            wanted.setdefault(levels.get(key[0], 0), {}).setdefault(key, False)
        for level in range(max(levels.values(), default=0) + 1):
            await self._lock_level(wanted.get(level, {}))
            for key in self._parents(wanted.get(level, {}), deciding.get(level, ())):
                if key not in self.rows:
                    wanted.setdefault(levels.get(key[0], 0), {}).setdefault(key, False)

    async def _lock_level(self, wanted: Wanted) -> None:
        """Lock the records of one level. A kind of which some are changed is locked whole, so that the order holds."""
        changed = {kind for (kind, _), changes in wanted.items() if changes}
        await self.read("lock_rows", sorted(key for key in wanted if key[0] in changed))
        await self.read("share_rows", sorted(key for key in wanted if key[0] not in changed))

    def _parents(self, wanted: Wanted, changes: Iterable[Asked]) -> list[Key]:
        """Give the parents that decide: on records that decide themselves, and on those that are changed."""
        found: list[Key] = []
        for key, changed in wanted.items():
            row = self.rows[key]
            if row is not None and not changed:
                found += self._needs.while_in(row)
        now: dict[Key, Row | None] = {}
        for change in changes:
            key = (change.kind, str(change.id))
            before = now[key] if key in now else self.rows.get(key)
            after = self._needs.after(before, change)
            found += self.foretell(before, after)
            if after is not None and change.id is not NEXT:
                now[key] = after
        return found

    def foretell(self, before: Row | None, after: Row | None) -> list[Key]:
        """Give the parents that decide on a change that is perhaps made, and note the slots that it moves."""
        found = [] if before is None else list(self._needs.while_in(before))
        if after is not None:
            found += self._needs.on_entering(after)
            taken, left = self._needs.slots(before, after)
            self._touched.update(taken, left)
            for slot in taken:
                self._entered[slot] += 1
                self._caps[slot] = after
        return found

    def _at_most(self, slot: Slot) -> int:
        """Give how many a limit allows, as far as is known now."""
        table = self._needs.kinds[slot.kind]
        limit = next(limit for limit in table.limits if limit.name == slot.limit)
        if not limit.cap_field:
            return limit.at_most
        key = self._needs.parent(self._caps[slot], limit.per[0], limit.parent)
        up = None if key is None else self.rows.get(key)
        return (limit.cap_default if up is None else up.fields.get(limit.cap_field, limit.cap_default)) or 0

    # ----------------------------------------------------------------------------- serials and slots

    async def _lock_numbers(self, changes: Iterable[Asked]) -> None:
        """Lock the serials that creates count with, and the records that have the next numbers as ids already."""
        kinds = self._needs.kinds
        creates = Counter(c.kind for c in changes if c.name == "create" and kinds[c.kind].serials)
        if not creates:
            return
        await self.lock_serials([(kind, field) for kind in creates for field in kinds[kind].serials])
        keys: list[Key] = []
        for kind, number in creates.items():
            last = self.serials[kind, kinds[kind].serials[0]]
            keys += [(kind, str(n)) for n in range(last + 1, last + number + 1)]
        await self.read("lock_rows", sorted(key for key in keys if key not in self.rows))

    async def lock_serials(self, serials: Collection[Key]) -> None:
        """Lock serials; each gets a row where it has none."""
        ordered = sorted(serials)
        await self.transaction.run(self.sql["add_serials"], self.space, *columns(ordered, 2))
        await self._read_serials("lock_serials", ordered)

    async def lock_slots(self, slots: Iterable[Slot]) -> None:
        """Lock slots; each gets a row where it has none, also where another batch has just dropped it."""
        left = {slot for slot in slots if slot not in self.slots}
        while left:
            ordered = sorted(left, key=lambda slot: (slot.kind, slot.limit, slot.key))
            await self._read_slots("lock_slots", ordered)
            left.difference_update(self.slots)
            if left:
                values = columns(((s.kind, s.limit, s.key) for s in ordered if s in left), 3)
                await self.transaction.run(self.sql["add_slots"], self.space, *values)
                self.made |= left
