"""Taking a space to pieces and putting it together again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from tenure.core.clock import Outage
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
from tenure.engines.valkey.encoding import StoredEntry, StoredRow, decoder, encode, to_entry, to_row
from tenure.engines.valkey.tables import lines

Ask = Callable[[str, bytes], Awaitable[bytes]]
"""Calls a function of the space with a body."""

SORTS = ("clock", "serials", "records", "removed", "events", "messages", "answers")
_DECODE: dict[str, Callable[[bytes], tuple[Any, list[Any]]]] = {
    sort: decoder(tuple[Any, list[of]])  # type: ignore[valid-type]
    for sort, of in {
        "clock": tuple[int, int, int, int, list[tuple[int, int]]],
        "serials": tuple[str, int],
        "records": tuple[str, StoredRow],
        "removed": tuple[str, str, int | None],
        "events": tuple[str, StoredEntry],
        "messages": tuple[str, str, str, str, int, int | None, int, int, int, bool, str],
        "answers": tuple[str, str, list[StoredRow]],
    }.items()
}


def _to_clock(sequence: int, read_at: int, swept_at: int, alive_until: int, outages: list[tuple[int, int]]) -> Piece:
    return ClockPiece(sequence, read_at, swept_at, alive_until, tuple(Outage(*outage) for outage in outages))


def _to_serial(name: str, last: int) -> Piece:
    kind, _, field = name.partition(":")
    return SerialPiece(kind, field, last)


def _to_removed(number: str, key: str, kept_until: int | None) -> Piece:
    kind, _, id = key.partition(":")
    return RecordPiece(kind, id, int(number), None, kept_until)


def _to_message(number: str, kind: str, id: str, *more: Any) -> Piece:
    return MessagePiece(kind, id, int(number), *more)


_PIECE: dict[str, Callable[..., Piece]] = {
    "clock": _to_clock,
    "serials": _to_serial,
    "records": lambda number, row: RecordPiece(row.kind, row.id, int(number), to_row(row)),
    "removed": _to_removed,
    "events": lambda number, entry: EventPiece(int(number), to_entry(entry)),
    "messages": _to_message,
    "answers": lambda op, digest, rows: AnswerPiece(op, bytes.fromhex(digest), tuple(to_row(row) for row in rows)),
}


class Dump:
    """Reads a space part by part. A mark is JSON: the sort that comes, where to go on in it, how much to leave out."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._last: tuple[str, Any, list[Piece]] = ("", None, [])
        """What was read last, and where it goes on: answers come in pages whose size is the server's to say."""

    async def part(self, after: str, most: int) -> Part:
        """Read the part after a mark."""
        sort, from_, given = json.loads(after) if after else (SORTS[0], None, 0)
        onward, pieces = await self._read(sort, from_, most)
        left = pieces[given : given + most]
        if given + most < len(pieces):
            return Part(tuple(left), json.dumps((sort, from_, given + most)))
        if onward is not None:
            return Part(tuple(left), json.dumps((sort, onward, 0)))
        following = SORTS[SORTS.index(sort) + 1 :]
        return Part(tuple(left), json.dumps((following[0], None, 0)) if following else None)

    async def _read(self, sort: str, from_: Any, most: int) -> tuple[Any, list[Piece]]:
        where = json.dumps((sort, from_))
        if self._last[0] != where:
            onward, found = _DECODE[sort](await self._ask("dump", encode((sort, from_, most))))
            self._last = (where, onward, [_PIECE[sort](*one) for one in found])
        _, onward, pieces = self._last
        if sort != "answers":
            self._last = ("", None, [])
        return onward, pieces


# ------------------------------------------------------------------------------------------ together


def to_load(pieces: Sequence[Piece], generation: str) -> bytes:
    """Lay out pieces as the library loads them."""
    clock: list[Any] = []
    by_sort: dict[str, list[Any]] = {sort: [] for sort in SORTS[1:]}
    for piece in pieces:
        match piece:
            case ClockPiece(sequence, read_at, swept_at, alive_until, outages):
                clock = [sequence, read_at, swept_at, alive_until, [(o.began, o.ended) for o in outages]]
            case SerialPiece(kind, field, last):
                by_sort["serials"].append((f"{kind}:{field}", last))
            case RecordPiece(kind, id, born, None, kept_until):
                by_sort["removed"].append((_number(born), f"{kind}:{id}", kept_until))
            case RecordPiece(kind, id, born, row) if row is not None:
                by_sort["records"].append((_number(born), f"{kind}:{id}", _row(row)))
            case EventPiece(born, entry):
                by_sort["events"].append((_number(born), _entry(entry)))
            case MessagePiece(kind, id, born, effect, position, next_at, tries, token, created_at, given_up, error):
                by_sort["messages"].append(
                    (_number(born), kind, id, effect, position, next_at, tries, token, created_at, given_up, error)
                )
            case AnswerPiece(op, digest, rows):
                by_sort["answers"].append((op, digest.hex(), [_row(row) for row in rows]))
    return encode((generation, clock or None, *by_sort.values()))


def _number(born: int) -> str:
    return f"{born:016d}"


def _row(r: Row) -> tuple[Any, ...]:
    rest = msgspec.json.decode(r.rest, type=dict[str, msgspec.Raw])
    return (
        r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
        r.told, r.seen, lines(r.fields), lines(rest),
    )  # fmt: skip


def _entry(e: Entry) -> tuple[Any, ...]:
    return (
        e.position, e.kind, e.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op,
        e.note.decode(), *(e.unread or (None, None)),
    )  # fmt: skip
