"""Proving the indexes: each is computed again from the records, and what differs is told, or mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from tenure.core.batch import Batch
from tenure.core.engine import Difference
from tenure.core.kinds import Kinds, holdings
from tenure.core.row import Row
from tenure.core.sheet import Sheet, next_look
from tenure.core.table import StateRow
from tenure.engines.postgres.reading import Files, to_row
from tenure.engines.postgres.writing import run

Key = tuple[Any, ...]

SETS = {
    "tenure_states": ("kind", "state", "record"),
    "tenure_ranks": ("kind", "state", "per", "value", "record"),
    "tenure_holders": ("kind", "name", "key", "record"),
    "tenure_children": ("kind", "id", "record"),
}


class Look(NamedTuple):
    """When a record is looked at, and when it must be at the latest."""

    row: Row
    at: int | None
    wanted: int | None


async def audit(
    files: Files, kinds: Kinds, now: int | None, *, only: Collection[str] | None = None, repair: bool
) -> list[Difference]:
    """Compare what stands beside the records of a space with what should, and mend it if asked.

    To mend, all writers are kept out until the transaction ends. Kinds that this build does not know are left alone.
    """
    if repair:
        await files.transaction.run(files.sql.qualified("LOCK TABLE tenure_records IN EXCLUSIVE MODE"))
    proof = Audit(kinds, frozenset(kinds.tables if only is None else only) - kinds.outgrown)
    await proof.read(files, now)
    found = list(proof.differences())
    if repair:
        await proof.mend(files)
    return found


class Audit:
    """What stands beside the records of a space, and what should; of some kinds."""

    def __init__(self, kinds: Kinds, only: frozenset[str]) -> None:
        self._kinds, self._only = kinds, only
        self._ids: dict[int, tuple[str, str]] = {}
        self._looks: dict[int, Look] = {}
        self._waiting_for: set[tuple[str, str]] = set()
        self._ended: set[tuple[str, str]] = set()
        """Those that ended and are to be looked at, which ends their followers."""
        self._expected: dict[str, set[Key]] = {name: set() for name in SETS}
        self._counts: Counter[Key] = Counter()
        self._slots: Counter[Key] = Counter()
        self._found: dict[str, set[Key]] = {}
        self._numbers: dict[str, dict[Key, int]] = {}
        self._due: dict[int, list[int]] = {}
        self._last: dict[int, int] = {}
        self._sheet = Sheet()

    async def read(self, files: Files, now: int | None) -> None:
        """Read all that there is, and say what ought to be."""
        transaction, sql, space = files.transaction, files.sql, files.space
        time, _ = await files.begin_check(now, [])
        batch = Batch(self._kinds, time, 0, files)
        records = await transaction.rows(sql["read_all"], space)
        for _number, _look_at, _last, *cells in records:
            row = to_row(cells)
            files.rows[row.kind, row.id] = row
        present = dict.fromkeys(key for row in files.rows.values() if row for key in self._parents(row))
        files.rows |= {key: None for key in present if key not in files.rows}
        for number, look_at, last, kind, id, *_ in records:
            self._ids[number], self._last[number] = (kind, id), last
            row_found = files.rows[kind, id]
            if kind in self._only and row_found is not None:
                self._expect(number, look_at, row_found, batch)
        for table, columns in SETS.items():
            statement = sql.qualified(f"SELECT {', '.join(columns)} FROM {table} WHERE space = $1")
            self._found[table] = {tuple(cells) for cells in await transaction.rows(statement, space)}
        counts = await transaction.rows(sql["read_counts"], space)
        slots = await transaction.rows(
            sql.qualified("SELECT kind, name, key, held FROM tenure_slots WHERE space = $1 AND held <> 0"), space
        )
        self._numbers = {
            "tenure_counts": {tuple(cells[:-1]): cells[-1] for cells in counts},
            "tenure_slots": {tuple(cells[:-1]): cells[-1] for cells in slots},
        }
        due = await transaction.rows(sql.qualified("SELECT record, at FROM tenure_due WHERE space = $1"), space)
        for number, at in due:
            self._due.setdefault(number, []).append(at)

    def _parents(self, row: Row) -> tuple[tuple[str, str], ...]:
        return holdings(self._kinds[row.kind], row).parents if row.kind in self._kinds else ()

    def _expect(self, number: int, look_at: int | None, row: Row, batch: Batch) -> None:
        table = self._kinds[row.kind]
        self._counts[row.kind, row.state] += 1
        self._looks[number] = Look(row, look_at, next_look(batch, row))
        state = table.states.get(row.state)
        if look_at is not None and state is not None and state.final:
            self._ended.add((row.kind, row.id))
        has = holdings(table, row)
        self._expected["tenure_states"].add((row.kind, row.state, number))
        if has.rank is not None:
            rank = has.rank
            self._expected["tenure_ranks"].add((row.kind, rank.state, rank.per, float(rank.value), number))
        for slot in has.slots:
            self._expected["tenure_holders"].add((slot.kind, slot.limit, slot.key, number))
            self._slots[slot.kind, slot.limit, slot.key] += 1
        for parent in has.parents:
            self._expected["tenure_children"].add((*parent, number))
            if any(f.kind == row.kind and row.state in f.states for f in self._kinds.followers.get(parent[0], ())):
                self._waiting_for.add(parent)

    # --------------------------------------------------------------------------------- what differs

    def differences(self) -> Iterator[Difference]:
        """Tell what differs; what mends it is noted along."""
        yield from self._sets()
        yield from self._sums()
        yield from self._dues()
        for number, (kind, id) in self._ids.items():
            look = self._looks.get(number)
            if look is not None and look.row.version != self._last[number]:
                yield Difference(
                    "tenure_events", kind, id, f"last event {self._last[number]}", f"version {look.row.version}"
                )

    def _sets(self) -> Iterator[Difference]:
        for table in SETS:
            name = table.removeprefix("tenure_")
            present = {cells for cells in self._found[table] if self._is_ours(cells)}
            for cells in present - self._expected[table]:
                yield self._difference(table, cells[-1], str(cells[:-1]), "nothing")
                self._sheet.add(f"drop_{name}", *cells)
            for cells in self._expected[table] - present:
                yield self._difference(table, cells[-1], "nothing", str(cells[:-1]))
                self._sheet.add(f"write_{name}", *cells)

    def _is_ours(self, cells: Key) -> bool:
        kind = self._ids.get(cells[-1], ("", ""))[0]
        return kind in self._only or (cells[-1] not in self._ids and cells[0] in self._only)

    def _sums(self) -> Iterator[Difference]:
        for table, expected in (("tenure_counts", self._counts), ("tenure_slots", self._slots)):
            present = self._numbers[table]
            for key in {k for k in present if k[0] in self._only} | {k for k, n in expected.items() if n}:
                found, wanted = present.get(key, 0), expected[key]
                if found != wanted:
                    yield Difference(table, key[0], str(key[1:]), str(found), str(wanted))
                    if table == "tenure_counts":
                        self._sheet.add("write_counts", *key, wanted - found)
                    elif wanted:
                        self._sheet.add("write_slots", *key, wanted)
                    else:
                        self._sheet.add("drop_slots", *key)

    def _dues(self) -> Iterator[Difference]:
        """A look must be written, and be no later than the deadline."""
        for number, look in self._looks.items():
            found = self._due.get(number, [])
            if found != ([] if look.at is None else [look.at]) or self._is_late(look):
                yield self._difference("tenure_due", number, f"{look.at}, {found}", f"at most {look.wanted}")
                for at in found:
                    self._sheet.add("drop_due", at, number)
                if look.wanted is not None:
                    self._sheet.add("write_due", look.wanted, number)
                self._sheet.add("write_looks", number, look.wanted)

    def _is_late(self, look: Look) -> bool:
        """Tell whether a look comes too late. An ended record may wait for its children and messages."""
        state = self._kinds[look.row.kind].states.get(look.row.state)
        if state is None or look.wanted is None:
            return False
        if not state.final:
            return (look.at is None or look.at > look.wanted) and not self._is_followed(look.row, state)
        needed = state.keep is not None or (look.row.kind, look.row.id) in self._waiting_for
        return needed and look.at is None

    def _is_followed(self, row: Row, state: StateRow) -> bool:
        """Tell whether a look at an ended parent ends this record too."""
        return any((t.parent, row.fields.get(t.field)) in self._ended for t in state.timers if t.since == "end")

    def _difference(self, what: str, number: int, found: str, expected: str) -> Difference:
        kind, id = self._ids.get(number, ("", f"record {number}, which is gone"))
        return Difference(what, kind, id, found, expected)

    async def mend(self, files: Files) -> None:
        """Write what the records say over what differs."""
        slots = [line[:3] for line in self._sheet.lines.get("write_slots", ())]
        if slots:
            values = [list(column) for column in zip(*sorted(slots), strict=True)]
            await files.transaction.run(files.sql["add_slots"], files.space, *values)
        await run(files.transaction, files.sql, files.space, self._sheet)
