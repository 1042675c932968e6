"""Reading rows and events, and being the `Source` of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec

from tenure.core.clock import Outage, Time
from tenure.core.decide import Answer, Transaction
from tenure.core.kinds import Slot
from tenure.core.row import Entry, Row
from tenure.engines.sqlite.statements import SQL

Cells = tuple[Any, ...]

decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
decode_answer = msgspec.json.Decoder(tuple[Row, ...]).decode
decode_outages = msgspec.json.Decoder(tuple[Outage, ...]).decode


class Place:
    """Where a record lies: its number, and when it is looked at next."""

    __slots__ = ("look_at", "number")

    def __init__(self, number: int, look_at: int | None) -> None:
        self.number, self.look_at = number, look_at


def to_json(value: object) -> str:
    """Give the JSON text that a statement takes."""
    return msgspec.json.encode(value).decode()


def to_row(cells: Cells) -> Row:
    """Read a row from kind, id, state … rest."""
    (
        kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen, fields, rest
    ) = cells  # fmt: skip
    return Row(
        kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen,
        decode_fields(fields), rest.encode(),
    )  # fmt: skip


def to_entry(cells: Cells) -> Entry:
    """Read an event from position, kind, id … note, unread."""
    position, kind, id, version, at, by, name, source, target, fence, why, op, note, unread = cells
    return Entry(
        position, kind, id, version, at, by, name, source, target, fence, why, op, note.encode(),
        tuple(msgspec.json.decode(unread)) if unread else (),
    )  # fmt: skip


class Files:
    """What lies in the tables of one space, read through one connection; the `Source` of a batch."""

    def __init__(self, connection: apsw.Connection, space: int) -> None:
        self._connection, self._space = connection, space
        self.places: dict[tuple[str, str], Place] = {}
        self._rows: dict[tuple[str, str], Row | None] = {}
        self._answers: dict[str, Answer | None] = {}

    def load(self, transactions: Sequence[Transaction]) -> None:
        """Read at once what the transactions name; what they turn out to need beyond is read one by one."""
        self._load_rows({(c.kind, str(c.id)) for t in transactions for c in t.changes})
        ops = [t.op for t in transactions if t.op]
        if ops:
            self._answers = dict.fromkeys(ops)
            for op, digest, answer in self._connection.execute(SQL["read_ops"], (self._space, to_json(ops))):
                self._answers[op] = Answer(bytes.fromhex(digest), decode_answer(answer))

    def take(self, cells: Cells) -> Row | None:
        """Take over a record that another statement read: record, look_at, kind, id, state …."""
        row = to_row(cells[2:]) if cells[4] is not None else None
        key = (cells[2], cells[3])
        self.places[key], self._rows[key] = Place(cells[0], cells[1]), row
        return row

    def row(self, kind: str, id: str) -> Row | None:
        """Read a record."""
        if (kind, id) not in self._rows:
            self._load_rows({(kind, id)})
        return self._rows[kind, id]

    def held(self, slot: Slot) -> int:
        """Read how many hold a slot."""
        sql = "SELECT held FROM tenure_slots WHERE space = ? AND kind = ? AND name = ? AND key = ?"
        return first(self._connection.execute(sql, (self._space, slot.kind, slot.limit, slot.key)), 0)

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        """Read who holds one."""
        return holders(self._connection, self._space, slot, most)

    def serial(self, kind: str, field: str) -> int:
        """Read the last number given out."""
        sql = "SELECT last FROM tenure_serials WHERE space = ? AND kind = ? AND field = ?"
        return first(self._connection.execute(sql, (self._space, kind, field)), 0)

    def answer(self, op: str) -> Answer | None:
        """Read the first answer to an op id."""
        return self._answers.get(op)

    def _load_rows(self, keys: set[tuple[str, str]]) -> None:
        self._rows.update(dict.fromkeys(keys))
        for cells in self._connection.execute(SQL["read_rows"], (self._space, to_json(list(keys)))):
            self.take(cells)


def first(rows: Iterable[Cells], otherwise: int) -> int:
    """Give the first cell of the first row, if there is one and it is not NULL."""
    return next((int(cells[0]) for cells in rows if cells[0] is not None), otherwise)


def read_time(connection: apsw.Connection, space: int, now: int) -> Time:
    """Read the clock, which never goes back, and what is credited."""
    read_at = first(connection.execute("SELECT read_at FROM tenure_clock"), 0)
    sql = "SELECT swept_at, alive_until, outages FROM tenure_spaces WHERE space = ?"
    for swept_at, alive_until, outages in connection.execute(sql, (space,)):
        return Time(max(now, read_at), swept_at, alive_until, decode_outages(outages))
    return Time(max(now, read_at))


def holders(connection: apsw.Connection, space: int, slot: Slot, most: int) -> Sequence[str]:
    """Read the ids of those that hold a slot."""
    sql = """SELECT r.id FROM tenure_holders AS h CROSS JOIN tenure_records AS r ON r.record = h.record
             WHERE h.space = ? AND h.kind = ? AND h.name = ? AND h.key = ? ORDER BY h.record LIMIT ?"""
    return [cells[0] for cells in connection.execute(sql, (space, slot.kind, slot.limit, slot.key, most))]


ROW = """r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
         r.told, r.seen, r.fields, r.rest"""
