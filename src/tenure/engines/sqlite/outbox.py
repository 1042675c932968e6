"""Taking messages for delivery, and noting what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from tenure.core.engine import Message, Settled
from tenure.core.row import Row
from tenure.engines.sqlite.reading import ROW, Cells, first, to_entry, to_row
from tenure.engines.sqlite.statements import SQL

ENTRY = """e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
           e.unread"""


def take(
    connection: apsw.Connection, space: int, kind: str, effect: str, most: int, lease: int, now: int
) -> list[Message]:
    """Take messages that are due, for a lease; a message's token is the next value of the sequence."""
    found = list(connection.execute(SQL["take_messages"], (space, kind, effect, now, most)))
    if not found:
        return []
    token = max(first(connection.execute("SELECT sequence FROM tenure_clock"), 0), now)
    taken: list[Message] = []
    for record, position, tries, created_at, error in found:
        token += 1
        connection.execute(
            "UPDATE tenure_messages SET tries = tries + 1, token = ?, next_at = ? "
            "WHERE (record, effect, position) = (?, ?, ?)",
            (token, now + lease, record, effect, position),
        )
        message = _message(connection, (effect, record, position, tries + 1, token, created_at, now + lease, error))
        if message is not None:
            taken.append(message)
    connection.execute("UPDATE tenure_clock SET sequence = ?", (token,))
    return taken


def settle(connection: apsw.Connection, space: int, settled: Settled, now: int) -> None:
    """Note what became of one message, unless its lease was lost and another has it."""
    where = """record = (SELECT record FROM tenure_records WHERE space = ? AND kind = ? AND id = ? AND removed = 0)
               AND effect = ? AND token = ?"""
    which = (space, settled.kind, settled.id, settled.effect, settled.token)
    found = list(connection.execute(f"SELECT record, position FROM tenure_messages WHERE {where}", which))
    if not found:
        return
    record, position = found[0]
    key = (record, settled.effect, position)
    if settled.done:
        connection.execute("DELETE FROM tenure_messages WHERE (record, effect, position) = (?, ?, ?)", key)
    else:
        connection.execute(
            "UPDATE tenure_messages SET next_at = ?, given_up = ?, error = ?, token = 0 "
            "WHERE (record, effect, position) = (?, ?, ?)",
            (settled.again_at, settled.again_at is None, settled.error, *key),
        )
    if settled.done or settled.again_at is None:
        _release(connection, record, settled.effect, now)


def resend(connection: apsw.Connection, space: int, kind: str, id: str, effect: str, now: int) -> int:
    """Let a record's given up messages be tried again, one after the other; give how many there were."""
    sql = "SELECT record FROM tenure_records WHERE space = ? AND kind = ? AND id = ? AND removed = 0"
    record = first(connection.execute(sql, (space, kind, id)), 0)
    connection.execute(
        "UPDATE tenure_messages SET given_up = 0, tries = 0, created_at = ?, next_at = NULL "
        "WHERE given_up = 1 AND record = ? AND effect = ?",
        (now, record, effect),
    )
    number = connection.changes()
    _release(connection, record, effect, now)
    return number


def _release(connection: apsw.Connection, record: int, effect: str, now: int) -> None:
    """Let the oldest of a record's messages that wait go out, if it does not already."""
    connection.execute(
        "UPDATE tenure_messages SET next_at = ? WHERE next_at IS NULL AND (record, effect, position) = ("
        "SELECT record, effect, min(position) FROM tenure_messages WHERE record = ? AND effect = ? AND given_up = 0"
        ")",
        (now, record, effect),
    )


def waiting(
    connection: apsw.Connection, space: int, kind: str | None, effect: str | None, most: int
) -> Sequence[Message]:
    """Read the messages that wait or were given up, the oldest first; those of a removed record are nobody's."""
    sql = """SELECT effect, record, position, tries, token, created_at, next_at, error FROM tenure_messages
             WHERE space = ?1 AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR effect = ?3)
               AND NOT (SELECT removed FROM tenure_records AS r WHERE r.record = tenure_messages.record)
             ORDER BY position LIMIT ?4"""
    found = list(connection.execute(sql, (space, kind, effect, most)))
    return [message for cells in found if (message := _message(connection, cells)) is not None]


def _message(connection: apsw.Connection, cells: Cells) -> Message | None:
    effect, _, position, tries, token, created_at, next_at, error = cells
    sql = f"""SELECT {ENTRY}, {ROW} FROM tenure_events AS e JOIN tenure_records AS r ON r.record = e.record
              WHERE e.position = ?"""
    for read in connection.execute(sql, (position,)):
        row: Row = to_row(read[14:])
        return Message(effect, to_entry(read[:14]), row, tries, token, created_at, next_at, error)
    return None
