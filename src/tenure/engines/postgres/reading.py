"""Reading rows and events, and being the `Source` of a decision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec

from tenure.core.batch import Key
from tenure.core.clock import Outage, Time
from tenure.core.decide import Answer
from tenure.core.kinds import Slot
from tenure.core.row import Entry, Row
from tenure.core.sheet import Place
from tenure.engines.postgres.connection import Cells, Transaction
from tenure.engines.postgres.statements import Statements

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


def columns(lines: Iterable[Sequence[Any]], number: int) -> list[list[Any]]:
    """Turn lines into so many columns, as statements take them."""
    return [list(column) for column in zip(*lines, strict=True)] or [[] for _ in range(number)]


class Missing(Exception):  # noqa: N818  it never leaves this engine
    """The decision asks for something that was not read yet: a record, a slot, who holds one, or a serial."""

    def __init__(
        self, *, key: Key | None = None, slot: Slot | None = None, holders: int = 0, serial: Key | None = None
    ) -> None:
        super().__init__(key or slot or serial)
        self.key, self.slot, self.holders, self.serial = key, slot, holders, serial


class Files:
    """What lies in the tables of one space, as far as it was read in one transaction."""

    def __init__(self, transaction: Transaction, sql: Statements, space: int) -> None:
        self.transaction, self.sql, self.space = transaction, sql, space
        self.drawn: Callable[[int, int], None] | None = None
        """Told of the first position that was drawn, and of how many."""
        self.places: dict[Key, Place] = {}
        self.rows: dict[Key, Row | None] = {}
        self.slots: dict[Slot, int] = {}
        self.serials: dict[Key, int] = {}
        self._last = 0
        self._answers: dict[str, Answer] = {}
        self._holders: dict[Slot, tuple[int, list[str]]] = {}

    # ------------------------------------------------------------------------------------- as a source

    def row(self, kind: str, id: str) -> Row | None:
        """Give a record that was read."""
        if (kind, id) not in self.rows:
            raise Missing(key=(kind, id))
        return self.rows[kind, id]

    def held(self, slot: Slot) -> int:
        """Give how many hold a slot."""
        if slot not in self.slots:
            raise Missing(slot=slot)
        return self.slots[slot]

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        """Give who holds one."""
        asked, found = self._holders.get(slot, (0, []))
        if len(found) >= asked and asked < most:
            raise Missing(slot=slot, holders=most)
        return found[:most]

    def serial(self, kind: str, field: str) -> int:
        """Give the last number given out."""
        if (kind, field) not in self.serials:
            raise Missing(serial=(kind, field))
        return self.serials[kind, field]

    def answer(self, op: str) -> Answer | None:
        """Give the first answer to an op id."""
        return self._answers.get(op)

    # ----------------------------------------------------------------------------------------- reading

    async def begin(self, number: int, now: int | None, ops: Sequence[str]) -> tuple[Time, int]:
        """Read the clock, what is credited and what op ids gave; give the time, and the position before the first."""
        found = await self.transaction.rows(self.sql["begin_batch"], self.space, number, now, ops)
        time, before = self._begun(found)
        self._last = before + number
        if self.drawn is not None and number:
            self.drawn(before + 1, number)
        return time, before

    async def give_back(self, last_used: int) -> None:
        """Give back the positions that were drawn last and not used."""
        if last_used < self._last:
            await self.transaction.rows(self.sql["give_back"], self._last, last_used)

    async def begin_check(self, now: int | None, ops: Sequence[str]) -> tuple[Time, int]:
        """The same, but nothing is drawn."""
        return self._begun(await self.transaction.rows(self.sql["begin_check"], self.space, now, ops))

    def _begun(self, found: Sequence[Cells]) -> tuple[Time, int]:
        for *_, op, digest, answer in found:
            if op is not None:
                self._answers[op] = Answer(bytes.fromhex(digest), decode_answer(answer))
        at, first, swept_at, alive_until, outages = tuple(found[0])[:5]
        return Time(at, swept_at, alive_until, decode_outages(outages)), first - 1

    async def select(self, statement: str, *values: object) -> Sequence[Cells]:
        """Read the rows of a statement that begins with the space."""
        return await self.transaction.rows(self.sql[statement], self.space, *values)

    async def read_horizon(self) -> tuple[int, int]:
        """Read the last position drawn, and up to which all is decided."""
        last, horizon = (await self.transaction.rows(self.sql["read_horizon"]))[0]
        return last, horizon

    async def read(self, statement: str, keys: Collection[Key]) -> None:
        """Read records with one of the statements that do."""
        if not keys:
            return
        self.rows.update(dict.fromkeys(keys))
        for cells in await self.transaction.rows(self.sql[statement], self.space, *columns(keys, 2)):
            row = to_row(cells[2:])
            key = (row.kind, row.id)
            self.places[key], self.rows[key] = Place(cells[0], cells[1]), row

    async def read_holders(self, slots: Collection[Slot], most: int) -> None:
        """Read who holds slots, so many of each."""
        found: dict[Slot, list[str]] = {slot: [] for slot in slots}
        values = columns(((s.kind, s.limit, s.key) for s in slots), 3)
        for kind, limit, key, id in await self.transaction.rows(self.sql["read_holders"], self.space, *values, most):
            found[Slot(kind, limit, key)].append(id)
        self._holders.update({slot: (most, ids) for slot, ids in found.items()})

    async def fetch(self, missing: Missing) -> None:
        """Read what was asked for."""
        if missing.key is not None:
            await self.read("read_rows", [missing.key])
        elif missing.serial is not None:
            await self._read_serials("read_serials", [missing.serial])
        elif missing.slot is not None and missing.holders:
            await self.read_holders([missing.slot], missing.holders)
        elif missing.slot is not None:
            await self._read_slots("read_slots", [missing.slot])
            self.slots.setdefault(missing.slot, 0)

    async def _read_slots(self, statement: str, slots: Iterable[Slot]) -> None:
        values = columns(((slot.kind, slot.limit, slot.key) for slot in slots), 3)
        for kind, limit, key, held in await self.transaction.rows(self.sql[statement], self.space, *values):
            self.slots[Slot(kind, limit, key)] = held

    async def _read_serials(self, statement: str, serials: Collection[Key]) -> None:
        for kind, field, last in await self.transaction.rows(self.sql[statement], self.space, *columns(serials, 2)):
            self.serials[kind, field] = last
        for serial in serials:
            self.serials.setdefault(serial, 0)
