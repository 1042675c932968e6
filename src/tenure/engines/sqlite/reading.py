"""Reading rows and events, and being the `Source` of a batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from tenure.core.batch import Batch
from tenure.core.clock import Outage, Time
from tenure.core.decide import Answer, Transaction
from tenure.core.kinds import Slot
from tenure.core.row import Entry, Row
from tenure.core.sheet import Place, to_json
from tenure.engines.sqlite.statements import SQL

Cells = tuple[Any, ...]

Read = tuple[int, int | None, str, str, str, int, int, str | None, int, int, int, int, int, int, dict[str, Any], str]

decode_read = msgspec.json.Decoder(list[Read]).decode
decode_ops = msgspec.json.Decoder(list[tuple[str, str, str]]).decode
decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
decode_answer = msgspec.json.Decoder(tuple[Row, ...]).decode
decode_outages = msgspec.json.Decoder(tuple[Outage, ...]).decode


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


class Spaces:
    """The numbers of spaces by name, for all connections of a store. Which one a transaction makes may not last."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, connection: apsw.Connection, name: str) -> int:
        """Give a space's number; 0, where nothing lies, if nobody has written to it."""
        number = self._numbers.get(name)
        if number is None:
            number = first(connection.execute("SELECT space FROM tenure_spaces WHERE name = ?", (name,)), 0)
            if number and not connection.in_transaction:
                self._numbers[name] = number
        return number

    def made(self, connection: apsw.Connection, name: str) -> int:
        """Give a space's number, and make it if nobody has written to it."""
        number = self.number(connection, name)
        if not number:
            connection.execute("INSERT INTO tenure_spaces (name) VALUES (?)", (name,))
            number = connection.last_insert_rowid()
        return number


class Files:
    """What lies in the tables of one space, read through one connection; the `Source` of a batch."""

    def __init__(self, connection: apsw.Connection, space: int) -> None:
        self._connection, self._space = connection, space
        self.places: dict[tuple[str, str], Place] = {}
        self._rows: dict[tuple[str, str], Row | None] = {}
        self._held: dict[Slot, int] = {}
        self._serials: dict[tuple[str, str], int] = {}
        self._answers: dict[str, Answer | None] = {}
        self.flying: Sequence[Batch] = ()
        """Batches that are on their way into the tables."""

    def take_over(self, batch: Batch) -> None:
        """Take what a batch leaves for what lies in the tables."""
        self._rows.update(batch.rows)
        self._held.update(batch.slots)
        self._serials.update(batch.serials)

    def load(self, transactions: Sequence[Transaction]) -> None:
        """Read at once what the transactions name; what they turn out to need beyond is read one by one."""
        self._load_rows({(c.kind, str(c.id)) for t in transactions for c in t.changes}.difference(self._rows))
        ops = [t.op for t in transactions if t.op]
        self._answers = dict.fromkeys(ops)
        if ops:
            for (text,) in self._connection.execute(SQL["read_ops"], (self._space, to_json(ops))):
                for op, digest, answer in decode_ops(text):
                    self._answers[op] = Answer(bytes.fromhex(digest), decode_answer(answer))

    def row(self, kind: str, id: str) -> Row | None:
        """Read a record."""
        if (kind, id) not in self._rows:
            self._load_rows({(kind, id)})
        return self._rows[kind, id]

    def held(self, slot: Slot) -> int:
        """Read how many hold a slot."""
        if slot in self._held:
            return self._held[slot]
        sql = "SELECT held FROM tenure_slots WHERE space = ? AND kind = ? AND name = ? AND key = ?"
        return first(self._connection.execute(sql, (self._space, slot.kind, slot.limit, slot.key)), 0)

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        """Read who holds one."""
        moved = [batch.moved(slot) for batch in self.flying]
        found = list(holders(self._connection, self._space, slot, most + sum(map(len, moved))))
        for ids in moved:
            found = [*(id for id in found if id not in ids), *(id for id, holds in ids.items() if holds)]
        return found[:most]

    def serial(self, kind: str, field: str) -> int:
        """Read the last number given out."""
        if (kind, field) in self._serials:
            return self._serials[kind, field]
        sql = "SELECT last FROM tenure_serials WHERE space = ? AND kind = ? AND field = ?"
        return first(self._connection.execute(sql, (self._space, kind, field)), 0)

    def answer(self, op: str) -> Answer | None:
        """Read the first answer to an op id."""
        for batch in self.flying:
            if op in batch.answers:
                return batch.answers[op]
        return self._answers.get(op)

    def _load_rows(self, keys: set[tuple[str, str]]) -> None:
        if not keys:
            return
        self._rows.update(dict.fromkeys(keys))
        for number, look_at, row in read_rows(self._connection, self._space, keys):
            key = (row.kind, row.id)
            self.places[key], self._rows[key] = Place(number, look_at), row


def read_rows(
    connection: apsw.Connection, space: int, keys: Collection[tuple[str, str]]
) -> Iterator[tuple[int, int | None, Row]]:
    """Read the records of these kinds and ids that are there, each with its number and when it is looked at."""
    for (text,) in connection.execute(SQL["read_rows"], (space, to_json(keys))):
        for cells in decode_read(text):
            yield cells[0], cells[1], Row(*cells[2:15], cells[15].encode())


def first(rows: Iterable[Cells], otherwise: int) -> int:
    """Give the first cell of the first row, if there is one and it is not NULL."""
    return next((int(cells[0]) for cells in rows if cells[0] is not None), otherwise)


class Ground(NamedTuple):
    """What a batch begins with: the stamp of the last write, the sequence, the last instant read, the last record."""

    stamp: int
    sequence: int
    read_at: int
    last: int


def read_ground(connection: apsw.Connection, space: int, now: int) -> tuple[Ground, Time]:
    """Read what a batch begins with, and the clock, which never goes back, with what is credited."""
    ((stamp, sequence, read_at, last, swept_at, alive_until, outages),) = connection.execute(
        SQL["read_ground"], (space,)
    )
    time = Time(max(now, read_at), swept_at, alive_until, decode_outages(outages))
    return Ground(stamp, sequence, read_at, last), time


def read_time(connection: apsw.Connection, space: int, now: int) -> Time:
    """Read the clock, which never goes back, and what is credited."""
    return read_ground(connection, space, now)[1]


def holders(connection: apsw.Connection, space: int, slot: Slot, most: int) -> Sequence[str]:
    """Read the ids of those that hold a slot."""
    sql = """SELECT r.id FROM tenure_holders AS h CROSS JOIN tenure_records AS r ON r.record = h.record
             WHERE h.space = ? AND h.kind = ? AND h.name = ? AND h.key = ? ORDER BY h.record LIMIT ?"""
    return [cells[0] for cells in connection.execute(sql, (space, slot.kind, slot.limit, slot.key, most))]


ROW = """r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
         r.told, r.seen, r.fields, r.rest"""
