"""Taking a space to pieces and putting it together again, and sealing it meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tenure.core.pieces import AnswerPiece, ClockPiece, EventPiece, MessagePiece, Part, Piece, RecordPiece, SerialPiece
from tenure.core.row import Entry, Row
from tenure.core.sheet import to_json
from tenure.engines.postgres.connection import Cells, Transaction
from tenure.engines.postgres.reading import Files, columns, decode_answer, decode_outages, to_entry, to_row
from tenure.engines.postgres.statements import Statements

# ------------------------------------------------------------------------------------------ to pieces

SORTS = ("clock", "serials", "records", "events", "messages", "answers")
WHOLE = frozenset(("clock", "serials"))
"""What is read at once: there is little of it."""

BEGIN: dict[str, list[object]] = {
    "clock": [], "serials": [], "records": [0], "events": [0], "messages": [0, "", 0], "answers": [""]
}  # fmt: skip


async def dump(files: Files, after: str, most: int) -> Part:
    """Read a part of a space. A mark is JSON: the sort of piece that comes next, and the key after which it goes on."""
    sort, key = json.loads(after) if after else ("clock", [])
    values = [] if sort in WHOLE else [*key, most]
    cells = await files.select(f"copy_{sort}", *values)
    pieces = tuple(_PIECE[sort](row) for row in cells)
    if len(cells) == most and sort not in WHOLE:
        return Part(pieces, to_json((sort, _KEY[sort](cells[-1]))))
    following = SORTS[SORTS.index(sort) + 1 :]
    return Part(pieces, to_json((following[0], BEGIN[following[0]])) if following else None)


def _to_record(cells: Cells) -> RecordPiece:
    born, removed, look_at = cells[1:4]
    if removed:
        return RecordPiece(cells[4], cells[5], born, None, look_at)
    return RecordPiece(cells[4], cells[5], born, to_row(cells[4:]))


def _to_message(cells: Cells) -> MessagePiece:
    effect, position, kind, id, born, *rest = cells[1:]
    return MessagePiece(kind, id, born, effect, position, *rest)


_PIECE: dict[str, Callable[[Cells], Piece]] = {
    "clock": lambda cells: ClockPiece(cells[0], cells[1], cells[2], cells[3], decode_outages(cells[4])),
    "serials": lambda cells: SerialPiece(*cells),
    "records": _to_record,
    "events": lambda cells: EventPiece(cells[0], to_entry(cells[1:])),
    "messages": _to_message,
    "answers": lambda cells: AnswerPiece(cells[0], bytes.fromhex(cells[1]), decode_answer(cells[2])),
}
_KEY: dict[str, Callable[[Cells], list[Any]]] = {
    "records": lambda cells: [cells[0]],
    "events": lambda cells: [cells[1]],
    "messages": lambda cells: list(cells[:3]),
    "answers": lambda cells: [cells[0]],
}

# ------------------------------------------------------------------------------------------ together


async def load(files: Files, pieces: Sequence[Piece], days: set[int]) -> None:
    """Put pieces into a space as they are: a record before its events, these before its messages.

    Records get numbers of this store's own, in their order: another space may have those that they had.
    """
    transaction, sql, space = files.transaction, files.sql, files.space
    records = [piece for piece in pieces if isinstance(piece, RecordPiece)]
    numbers = await _numbers(transaction, sql, len(records))
    lines: dict[str, list[Cells]] = {
        "load_serials": [(p.kind, p.field, p.last) for p in pieces if isinstance(p, SerialPiece)],
        "load_records": [_of_record(number, p) for number, p in zip(numbers, records, strict=True)],
        "load_messages": [_of_message(p) for p in pieces if isinstance(p, MessagePiece)],
        "load_answers": [_of_answer(p) for p in pieces if isinstance(p, AnswerPiece)],
    }
    events = [_of_event(p.born, p.entry) for p in pieces if isinstance(p, EventPiece)]
    for piece in pieces:
        if isinstance(piece, ClockPiece):
            await transaction.rows(sql["advance"], piece.sequence, piece.read_at)
            values = (piece.swept_at, piece.alive_until, to_json(piece.outages))
            await transaction.run(sql["load_clock"], space, *values)
    if lines["load_records"]:
        await transaction.run(sql["load_records"], space, *columns(lines.pop("load_records"), 0))
    if events:
        await transaction.run(sql["load_events"], space, sorted(days), *columns(events, 0))
    for statement, cells in lines.items():
        if cells:
            await transaction.run(sql[statement], space, *columns(cells, 0))


async def _numbers(transaction: Transaction, sql: Statements, number: int) -> range:
    """Draw numbers for records, at an instant that is long past: the clock stays as it is."""
    if not number:
        return range(0)
    first: int = (await transaction.rows(sql["draw"], number, 0))[0][0]
    return range(first, first + number)


def _of_record(number: int, piece: RecordPiece) -> Cells:
    row = piece.row or Row(piece.kind, piece.id, "", 0, 0, None, 0, 0, 0, 0, 0, 0, {}, b"{}")
    return (
        number, piece.born, piece.row is None, piece.kept_until, row.kind, row.id, row.state or None, row.version,
        row.fence, row.holder, row.created_at, row.entered_at, row.changed_at, row.beaten_at, row.told, row.seen,
        to_json(row.fields), row.rest.decode(),
    )  # fmt: skip


def _of_event(born: int, e: Entry) -> Cells:
    return (
        born, e.kind, e.id, e.position, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op,
        e.note.decode(), to_json(e.unread) if e.unread else None,
    )  # fmt: skip


def _of_message(m: MessagePiece) -> Cells:
    return (
        m.born, m.kind, m.id, m.effect, m.position, m.next_at, m.tries, m.token, m.created_at, m.given_up, m.error
    )  # fmt: skip


def _of_answer(a: AnswerPiece) -> Cells:
    return a.op, a.digest.hex(), to_json(a.rows), a.given_at


async def erase(files: Files, most: int) -> bool:
    """Remove at most so much of all that a space holds, of each sort, and tell whether there is more."""
    more = False
    for table in ERASED:
        # By place, not by key: the places of one statement's own view do not change while it runs.
        statement = files.sql.qualified(
            f"WITH found AS (SELECT tableoid AS part, ctid AS place FROM {table} WHERE space = $1 LIMIT $2) "
            f"DELETE FROM {table} AS t USING found WHERE t.tableoid = found.part AND t.ctid = found.place"
        )
        more |= await files.transaction.run(statement, files.space, most) == most
    await files.transaction.run(files.sql["load_clock"], files.space, 0, 0, "[]")
    return more


ERASED = (
    "tenure_messages",
    "tenure_events",
    "tenure_due",
    "tenure_states",
    "tenure_ranks",
    "tenure_holders",
    "tenure_children",
    "tenure_ops",
    "tenure_slots",
    "tenure_counts",
    "tenure_serials",
    "tenure_pruned",
    "tenure_records",
)

# ------------------------------------------------------------------------------------------- sealing


async def seal(files: Files, reason: str) -> None:
    """Refuse all writes of a space, once those under way are done, or allow them again if no reason is given."""
    await files.select("close_space")
    await files.transaction.run(files.sql["write_seal"], files.space, reason)


async def sealed(files: Files) -> str:
    """Give why nothing may be written; the empty text if it may."""
    found = await files.select("read_seal")
    return str(found[0][0]) if found else ""
