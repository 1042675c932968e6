"""Proving the indexes: each is computed again from the records, and what differs is told, or mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import apsw

from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.engine import Difference
from tenure.core.kinds import Kinds, holdings
from tenure.core.row import Row
from tenure.core.sheet import next_look
from tenure.core.table import StateRow
from tenure.engines.sqlite.reading import ROW, Cells, Files, to_row

Key = tuple[Any, ...]


class Look(NamedTuple):
    """When a record is looked at, and when it must be at the latest."""

    row: Row
    at: int | None
    wanted: int | None


class Audit:
    """What stands beside the records of a space, and what should; of all kinds, or of some."""

    def __init__(
        self, connection: apsw.Connection, space: int, kinds: Kinds, time: Time, only: Collection[str] | None = None
    ) -> None:
        self._connection, self._space, self._kinds = connection, space, kinds
        self._only = frozenset(kinds.tables if only is None else only) - kinds.outgrown
        self._batch = Batch(kinds, time, 0, Files(connection, space))
        self._ids: dict[int, tuple[str, str]] = {}
        self._looks: dict[int, Look] = {}
        self._waiting_for: set[tuple[str, str]] = set()
        self._ended: set[tuple[str, str]] = set()
        """Those that ended and are to be looked at, which ends their followers."""
        self._expected: dict[str, set[Key]] = {name: set() for name in SETS}
        self._counts: Counter[Key] = Counter()
        self._slots: Counter[Key] = Counter()

    def run(self, *, repair: bool) -> list[Difference]:
        """Compare, and mend if asked. Kinds that this build does not know are left alone."""
        self._read()
        return [*self._sets(repair=repair), *self._numbers(repair=repair), *self._due(repair=repair), *self._versions()]

    def _read(self) -> None:
        sql = f"SELECT r.record, r.look_at, {ROW} FROM tenure_records AS r WHERE r.space = ? AND r.removed = 0"
        for number, look_at, *cells in self._connection.execute(sql, (self._space,)):
            row = to_row(tuple(cells))
            self._ids[number] = (row.kind, row.id)
            if row.kind not in self._only:
                continue
            self._counts[row.kind, row.state] += 1
            self._looks[number] = Look(row, look_at, next_look(self._batch, row))
            state = self._kinds[row.kind].states.get(row.state)
            if look_at is not None and state is not None and state.final:
                self._ended.add((row.kind, row.id))
            self._expect(number, row)

    def _expect(self, number: int, row: Row) -> None:
        has = holdings(self._kinds[row.kind], row)
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

    def _sets(self, *, repair: bool) -> Iterator[Difference]:
        for table, columns in SETS.items():
            sql = f"SELECT {', '.join(columns)} FROM {table} WHERE space = ?"
            present = {cells for cells in self._connection.execute(sql, (self._space,)) if self._ours(cells)}
            for cells in present - self._expected[table]:
                yield self._difference(table, cells[-1], str(cells[:-1]), "nothing")
                if repair:
                    marks = ", ".join("?" for _ in columns)
                    sql = f"DELETE FROM {table} WHERE space = ? AND ({', '.join(columns)}) = ({marks})"
                    self._connection.execute(sql, (self._space, *cells))
            for cells in self._expected[table] - present:
                yield self._difference(table, cells[-1], "nothing", str(cells[:-1]))
                if repair:
                    marks = ", ".join("?" for _ in columns)
                    sql = f"INSERT INTO {table} (space, {', '.join(columns)}) VALUES (?, {marks})"
                    self._connection.execute(sql, (self._space, *cells))

    def _ours(self, cells: Cells) -> bool:
        kind = self._ids.get(cells[-1], ("", ""))[0]
        return kind in self._only or (cells[-1] not in self._ids and cells[0] in self._only)

    def _numbers(self, *, repair: bool) -> Iterator[Difference]:
        for table, keys, column, expected in (
            ("tenure_counts", ("kind", "state"), "number", self._counts),
            ("tenure_slots", ("kind", "name", "key"), "held", self._slots),
        ):
            sql = f"SELECT {', '.join(keys)}, {column} FROM {table} WHERE space = ? AND {column} <> 0"
            present = {cells[:-1]: cells[-1] for cells in self._connection.execute(sql, (self._space,))}
            for key in {k for k in present if k[0] in self._only} | {k for k, n in expected.items() if n}:
                if present.get(key, 0) != expected[key]:
                    yield Difference(table, key[0], str(key[1:]), str(present.get(key, 0)), str(expected[key]))
                    if repair:
                        marks = ", ".join("?" for _ in keys)
                        sql = f"""INSERT INTO {table} (space, {", ".join(keys)}, {column}) VALUES (?, {marks}, ?)
                                  ON CONFLICT DO UPDATE SET {column} = excluded.{column}"""
                        self._connection.execute(sql, (self._space, *key, expected[key]))

    def _due(self, *, repair: bool) -> Iterator[Difference]:
        """A look must be written, and be no later than the deadline."""
        present: dict[int, list[int]] = {}
        for number, at in self._connection.execute("SELECT record, at FROM tenure_due WHERE space = ?", (self._space,)):
            present.setdefault(number, []).append(at)
        for number, look in self._looks.items():
            found = present.get(number, [])
            if found != ([] if look.at is None else [look.at]) or self._late(look):
                yield self._difference("tenure_due", number, f"{look.at}, {found}", f"at most {look.wanted}")
                if repair:
                    self._look_at(number, look.wanted)

    def _late(self, look: Look) -> bool:
        """Tell whether a look comes too late. An ended record may wait for its children and messages."""
        state = self._kinds[look.row.kind].states.get(look.row.state)
        if state is None or look.wanted is None:
            return False
        if not state.final:
            return (look.at is None or look.at > look.wanted) and not self._followed(look.row, state)
        needed = state.keep is not None or (look.row.kind, look.row.id) in self._waiting_for
        return needed and look.at is None

    def _followed(self, row: Row, state: StateRow) -> bool:
        """Tell whether a look at an ended parent ends this record too."""
        return any((t.parent, row.fields.get(t.field)) in self._ended for t in state.timers if t.since == "end")

    def _look_at(self, number: int, at: int | None) -> None:
        self._connection.execute("DELETE FROM tenure_due WHERE space = ? AND record = ?", (self._space, number))
        self._connection.execute("UPDATE tenure_records SET look_at = ? WHERE record = ?", (at, number))
        if at is not None:
            self._connection.execute("INSERT INTO tenure_due VALUES (?, ?, ?)", (self._space, at, number))

    def _versions(self) -> Iterable[Difference]:
        """Each record's last event must be of its version. Nothing can mend that: it is told."""
        sql = """SELECT r.kind, r.id, r.version, (SELECT max(e.version) FROM tenure_events AS e
                 WHERE e.record = r.record) FROM tenure_records AS r
                 WHERE r.space = ? AND r.removed = 0"""
        for kind, id, version, last in self._connection.execute(sql, (self._space,)):
            if version != last:
                yield Difference("tenure_events", kind, id, f"last event {last}", f"version {version}")

    def _difference(self, what: str, number: int, found: str, expected: str) -> Difference:
        kind, id = self._ids.get(number, ("", f"record {number}, which is gone"))
        return Difference(what, kind, id, found, expected)


SETS = {
    "tenure_ranks": ("kind", "state", "per", "value", "record"),
    "tenure_holders": ("kind", "name", "key", "record"),
    "tenure_children": ("kind", "id", "record"),
}
