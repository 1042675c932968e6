"""Taking a space to pieces and putting it together again, and sealing it meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from tenure.core.clock import Time
from tenure.core.errors import Unavailable
from tenure.core.kinds import Kinds
from tenure.core.pieces import (
    AnswerPiece,
    ClockPiece,
    EventPiece,
    MessagePiece,
    Part,
    Piece,
    RecordPiece,
    SerialPiece,
)
from tenure.core.row import Entry, Row
from tenure.core.sheet import to_json
from tenure.engines.sqlite.audit import audit
from tenure.engines.sqlite.reading import (
    Cells,
    decode_answer,
    decode_outages,
    first,
    to_entry,
    to_row,
)
from tenure.engines.sqlite.statements import SQL

# ------------------------------------------------------------------------------------------ to pieces


def dump(connection: apsw.Connection, space: int, after: str, most: int) -> Part:
    """Read a part of a space. A mark is JSON: the sort of piece that comes next, and the key after which it goes on."""
    sort, key = json.loads(after) if after else ("clock", 0)
    cells = list(_READ[sort](connection, space, key, most))
    pieces = tuple(_PIECE[sort](row) for row in cells)
    if len(cells) == most and sort in _KEY:
        return Part(pieces, to_json((sort, _KEY[sort](cells[-1]))))
    following = SORTS[SORTS.index(sort) + 1 :]
    return Part(pieces, to_json((following[0], _BEGIN[following[0]])) if following else None)


SORTS = ("clock", "serials", "records", "events", "messages", "answers")


def _clock(connection: apsw.Connection, space: int, after: Any, most: int) -> list[Cells]:
    del after, most
    sql = """SELECT c.sequence, c.read_at, s.swept_at, s.alive_until, s.outages
             FROM tenure_clock AS c JOIN tenure_spaces AS s ON s.space = ?"""
    return list(connection.execute(sql, (space,)))[:1]


def _serials(connection: apsw.Connection, space: int, after: Any, most: int) -> list[Cells]:
    del after, most  # a kind has one or two
    sql = "SELECT kind, field, last FROM tenure_serials WHERE space = ?"
    return list(connection.execute(sql, (space,)))


def _reader(statement: str) -> Callable[[apsw.Connection, int, Any, int], list[Cells]]:
    def read(connection: apsw.Connection, space: int, after: Any, most: int) -> list[Cells]:
        key = after if isinstance(after, int | str) else to_json(after)
        return list(connection.execute(SQL[statement], (space, key, most)))

    return read


def _to_record(cells: Cells) -> RecordPiece:
    _, born, removed, look_at, *row = cells
    if removed:
        return RecordPiece(row[0], row[1], born, None, look_at)
    return RecordPiece(row[0], row[1], born, to_row(tuple(row)))


def _to_message(cells: Cells) -> MessagePiece:
    _, effect, position, kind, id, born, next_at, tries, token, created_at, given_up, error = cells
    return MessagePiece(
        kind, id, born, effect, position, next_at, tries, token, created_at, bool(given_up), error
    )  # fmt: skip


_READ: dict[str, Callable[[apsw.Connection, int, Any, int], list[Cells]]] = {
    "clock": _clock,
    "serials": _serials,
    "records": _reader("copy_records"),
    "events": _reader("copy_events"),
    "messages": _reader("copy_messages"),
    "answers": _reader("copy_answers"),
}
_PIECE: dict[str, Callable[[Cells], Piece]] = {
    "clock": lambda cells: ClockPiece(cells[0], cells[1], cells[2], cells[3], decode_outages(cells[4])),
    "serials": lambda cells: SerialPiece(*cells),
    "records": _to_record,
    "events": lambda cells: EventPiece(cells[0], to_entry(cells[1:])),
    "messages": _to_message,
    "answers": lambda cells: AnswerPiece(cells[0], bytes.fromhex(cells[1]), decode_answer(cells[2])),
}
_KEY: dict[str, Callable[[Cells], object]] = {
    "records": lambda cells: cells[0],
    "events": lambda cells: cells[1],
    "messages": lambda cells: cells[:3],
    "answers": lambda cells: cells[0],
}
_BEGIN: dict[str, object] = {"serials": 0, "records": 0, "events": 0, "messages": (0, "", 0), "answers": ""}


# ------------------------------------------------------------------------------------------ together


def load(connection: apsw.Connection, space: int, pieces: Sequence[Piece]) -> None:
    """Put pieces into a space as they are: a record before its events, these before its messages."""
    last = first(connection.execute("SELECT max(record) FROM tenure_records"), 0)
    records = [_of_record(piece) for piece in pieces if isinstance(piece, RecordPiece)]
    events = [_of_event(piece.born, piece.entry) for piece in pieces if isinstance(piece, EventPiece)]
    messages = [_of_message(piece) for piece in pieces if isinstance(piece, MessagePiece)]
    with _unsealed(connection, space):
        for piece in pieces:
            if isinstance(piece, ClockPiece):
                _load_clock(connection, space, piece)
            elif isinstance(piece, SerialPiece):
                connection.execute(
                    "INSERT INTO tenure_serials VALUES (?, ?, ?, ?)", (space, piece.kind, piece.field, piece.last)
                )
            elif isinstance(piece, AnswerPiece):
                _load_answer(connection, space, piece)
        if records:
            connection.execute(SQL["load_records"], (space, to_json(records)))
            connection.execute(SQL["load_looks"], (space, last))
        if events:
            _load_events(connection, space, events)
        if messages:
            connection.execute(SQL["load_messages"], (space, to_json(messages)))


def index(connection: apsw.Connection, space: int, kinds: Kinds, time: Time) -> None:
    """Make what stands beside the records."""
    with _unsealed(connection, space):
        audit(connection, space, kinds, time, repair=True)


def _load_events(connection: apsw.Connection, space: int, events: list[Cells]) -> None:
    try:
        connection.execute(SQL["load_events"], (space, to_json(events)))
    except apsw.ConstraintError:
        raise Unavailable(
            "another space of this file has events at the same positions, which are one sequence for the whole file: "
            "copy this space into a file of its own"
        ) from None


def _load_clock(connection: apsw.Connection, space: int, piece: ClockPiece) -> None:
    connection.execute(
        "UPDATE tenure_clock SET sequence = max(sequence, ?), read_at = max(read_at, ?)",
        (piece.sequence, piece.read_at),
    )
    # Events that are older than every answer need not be looked through again for op ids to forget.
    connection.execute(
        "UPDATE tenure_spaces SET swept_at = ?, alive_until = ?, outages = ?, ops_pruned = ? WHERE space = ?",
        (piece.swept_at, piece.alive_until, to_json(piece.outages), piece.read_at, space),
    )


def _load_answer(connection: apsw.Connection, space: int, piece: AnswerPiece) -> None:
    values = (space, piece.op, piece.digest.hex(), to_json(piece.rows))
    connection.execute("INSERT INTO tenure_ops VALUES (?, ?, ?, ?)", values)
    sql = "UPDATE tenure_spaces SET ops_pruned = min(ops_pruned, ?) WHERE space = ?"
    connection.execute(sql, (piece.given_at - 1, space))


def _of_record(piece: RecordPiece) -> Cells:
    row = piece.row or Row(piece.kind, piece.id, "", 0, 0, None, 0, 0, 0, 0, 0, 0, {}, b"{}")
    return (
        piece.born, int(piece.row is None), piece.kept_until, row.kind, row.id, row.state or None, row.version,
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
        m.born, m.kind, m.id, m.effect, m.position, m.next_at, m.tries, m.token, m.created_at, int(m.given_up),
        m.error,
    )  # fmt: skip


def erase(connection: apsw.Connection, space: int, most: int) -> bool:
    """Remove at most so much of all that a space holds, of each sort, and tell whether there is more."""
    with _unsealed(connection, space):
        more = False
        for table, key in _ERASED.items():
            sql = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE space = ? LIMIT ?)"
            connection.execute(sql, (space, most))
            more |= connection.changes() == most
        sql = "UPDATE tenure_spaces SET swept_at = 0, alive_until = 0, outages = '[]', ops_pruned = 0 WHERE space = ?"
        connection.execute(sql, (space,))
    return more


_ERASED = {
    "tenure_messages": "record, effect, position",
    "tenure_events": "position",
    "tenure_due": "space, at, record",
    "tenure_ranks": "space, kind, state, per, value, record",
    "tenure_holders": "space, kind, name, key, record",
    "tenure_children": "space, kind, id, record",
    "tenure_ops": "space, op",
    "tenure_slots": "space, kind, name, key",
    "tenure_counts": "space, kind, state",
    "tenure_serials": "space, kind, field",
    "tenure_pruned": "space, history",
    "tenure_records": "record",
}


# ------------------------------------------------------------------------------------------- sealing


def seal(connection: apsw.Connection, space: int, reason: str) -> None:
    """Refuse all writes of a space, or allow them again if no reason is given."""
    _break_seal(connection, space)
    connection.execute("DELETE FROM tenure_seals WHERE space = ?", (space,))
    if reason:
        connection.execute("INSERT INTO tenure_seals VALUES (?, ?)", (space, reason))
        _set_seal(connection, space, reason)


def sealed(connection: apsw.Connection, space: int) -> str:
    """Give why nothing may be written; the empty text if it may."""
    rows = connection.execute("SELECT reason FROM tenure_seals WHERE space = ?", (space,))
    return next((str(cells[0]) for cells in rows), "")


@contextmanager
def _unsealed(connection: apsw.Connection, space: int) -> Generator[None]:
    """Let this transaction alone write to a sealed space."""
    reason = sealed(connection, space)
    _break_seal(connection, space)
    yield
    if reason:
        _set_seal(connection, space, reason)


# What every write of the engine touches: records, what is made of messages, a sweeper's sign of life.
_GUARDED = (
    ("tenure_records", "INSERT", "NEW"),
    ("tenure_records", "UPDATE", "NEW"),
    ("tenure_messages", "UPDATE", "NEW"),
    ("tenure_messages", "DELETE", "OLD"),
    ("tenure_spaces", "UPDATE", "NEW"),
)


def _set_seal(connection: apsw.Connection, space: int, reason: str) -> None:
    said = f"this space is sealed: {reason}".replace("'", "''")
    for table, what, row in _GUARDED:
        connection.execute(
            f"CREATE TRIGGER tenure_seal_{space}_{table}_{what} BEFORE {what} ON {table} "
            f"WHEN {row}.space = {space} BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )


def _break_seal(connection: apsw.Connection, space: int) -> None:
    for table, what, _ in _GUARDED:
        connection.execute(f"DROP TRIGGER IF EXISTS tenure_seal_{space}_{table}_{what}")
