"""What goes to the function library and what comes back, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tenure.core.decide import Asked, Reason, Refusal, Transaction
from tenure.core.engine import Applied, Message, Outcome
from tenure.core.row import Entry, Row
from tenure.core.transitions import NEXT
from tenure.engines.valkey.tables import lines

encode = msgspec.msgpack.Encoder().encode
decode_json = msgspec.json.Decoder(dict[str, Any]).decode

NO_FIELDS = ""
NO_REST = b"{}"


class StoredRow(msgspec.Struct, array_like=True):
    """A row as it is stored: fields and rest are lines."""

    kind: str
    id: str
    state: str
    version: int
    fence: int
    holder: str | None
    created_at: int
    entered_at: int
    changed_at: int
    beaten_at: int
    told: int
    seen: int
    fields: str
    rest: str


class StoredEntry(msgspec.Struct, array_like=True):
    """An event as it is stored."""

    position: int
    kind: str
    id: str
    version: int
    at: int
    by: str
    name: str
    source: str
    target: str
    fence: int
    why: str
    op: str
    note: str
    unread_after: int | None
    unread_upto: int | None


class Made(msgspec.Struct, array_like=True, tag=0):
    """A transaction applied."""

    rows: list[StoredRow]


class Replayed(msgspec.Struct, array_like=True, tag=1):
    """A transaction applied before."""

    rows: list[StoredRow]


class Refused(msgspec.Struct, array_like=True, tag=2):
    """A transaction refused; the record's kind, id and change are those that were asked for."""

    reason: Reason
    change: int
    row: StoredRow | None
    state: str
    deadline: int | None
    field: str
    parent_kind: str
    parent_id: str | None
    parent: StoredRow | None
    overdue: bool
    limit: str
    key: str
    at_most: int
    holders: tuple[str, ...]


StoredOutcome = Made | Replayed | Refused


class Written(msgspec.Struct, array_like=True):
    """The reply of a write; its events are decoded only for those who listen."""

    before: int
    after: int
    generation: str
    outcomes: list[StoredOutcome]
    events: msgspec.Raw


class Sweeping(msgspec.Struct, array_like=True):
    """The reply of a sweep."""

    before: int
    after: int
    generation: str
    made: int
    removed: int
    next_due: int | None
    more: bool
    events: msgspec.Raw


class StoredMessage(msgspec.Struct, array_like=True):
    """A message with its event and its record."""

    effect: str
    entry: StoredEntry
    row: StoredRow
    tries: int
    token: int
    created_at: int
    next_at: int | None
    error: str


def decoder(of: Any) -> Callable[[bytes], Any]:
    """Give a function that decodes a reply."""
    return msgspec.msgpack.Decoder(of).decode


decode_entries = decoder(list[StoredEntry])
decode_row = decoder(StoredRow)


def to_transactions(transactions: Sequence[Transaction]) -> list[Any]:
    """Lay out transactions as the library reads them: one flat list, with `False` for what is not there."""
    laid: list[Any] = []
    for t in transactions:
        laid += (t.by, t.op, t.why, t.digest.hex(), len(t.changes))
        for change in t.changes:
            laid += to_change(change)
    return laid


def to_change(change: Asked) -> tuple[Any, ...]:
    """Lay out one change."""
    c = change
    return (
        c.kind,
        c.id is not NEXT and f"{c.kind}:{c.id}",
        c.name,
        c.version is not None and c.version,
        c.fence is not None and c.fence,
        c.seen,
        lines(c.fields) if c.fields else "",
        lines(c.rest) if c.rest else "",
        c.note.decode(),
        c.state,
    )


def to_row(s: StoredRow) -> Row:
    """Give a stored row as the core knows it."""
    return Row(
        s.kind, s.id, s.state, s.version, s.fence, s.holder, s.created_at, s.entered_at, s.changed_at, s.beaten_at,
        s.told, s.seen, decode_json(_object(s.fields)) if s.fields else {},
        _object(s.rest).encode() if s.rest else NO_REST,
    )  # fmt: skip


def to_rows(stored: Sequence[StoredRow | None]) -> list[Row | None]:
    """Give stored rows as the core knows them."""
    return [None if one is None else to_row(one) for one in stored]


def to_entry(s: StoredEntry) -> Entry:
    """Give a stored event as the core knows it."""
    unread = () if s.unread_after is None or s.unread_upto is None else (s.unread_after, s.unread_upto)
    return Entry(
        s.position, s.kind, s.id, s.version, s.at, s.by, s.name, s.source, s.target, s.fence, s.why, s.op,
        s.note.encode(), unread,
    )  # fmt: skip


def to_message(s: StoredMessage) -> Message:
    """Give a stored message as the contract knows it."""
    return Message(s.effect, to_entry(s.entry), to_row(s.row), s.tries, s.token, s.created_at, s.next_at, s.error)


def to_outcome(stored: StoredOutcome, transaction: Transaction) -> Outcome:
    """Give what became of a transaction."""
    if not isinstance(stored, Refused):
        return Applied(tuple([to_row(row) for row in stored.rows]), isinstance(stored, Replayed))
    s, asked = stored, transaction.changes[stored.change]
    row = None if s.row is None else to_row(s.row)
    parent = None if s.parent is None else to_row(s.parent)
    return Refusal(
        s.reason, s.change, asked.kind, str(asked.id), asked.name, row, s.state, s.deadline, s.field, s.parent_kind,
        s.parent_id, parent, s.overdue, s.limit, s.key, s.at_most, s.holders,
    )  # fmt: skip


def _object(text: str) -> str:
    """Give lines as a JSON object."""
    return "{" + text[1:].replace("\n", ",") + "}"
