"""A space in pieces: all that an engine holds of it, as plain data that every other engine can take.

What stands beside the records (ranks, slots, looks, counts) is no piece: it follows from them, and is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from tenure.core.clock import Outage
from tenure.core.row import Entry, Row


class ClockPiece(msgspec.Struct, frozen=True, tag="clock"):
    """The space's sequence, the last instant that was read, and what is known of its sweepers."""

    sequence: int
    read_at: int
    swept_at: int
    alive_until: int
    outages: tuple[Outage, ...]


class SerialPiece(msgspec.Struct, frozen=True, tag="serial"):
    """The last number that was given out."""

    kind: str
    field: str
    last: int


class RecordPiece(msgspec.Struct, frozen=True, tag="record"):
    """One record. A removed one has no row: only its history is left, until `kept_until`.

    `born` is the position of its first event. It tells records apart that had the same id one after the other.
    """

    kind: str
    id: str
    born: int
    row: Row | None
    kept_until: int | None = None


class EventPiece(msgspec.Struct, frozen=True, tag="event"):
    """One event of the record that was born at this position."""

    born: int
    entry: Entry


class MessagePiece(msgspec.Struct, frozen=True, tag="message"):
    """One effect that waits or was given up, for the event at this position."""

    kind: str
    id: str
    born: int
    effect: str
    position: int
    next_at: int | None
    tries: int
    token: int
    created_at: int
    given_up: bool
    error: str


class AnswerPiece(msgspec.Struct, frozen=True, tag="answer"):
    """What an op id's first application gave."""

    op: str
    digest: bytes
    rows: tuple[Row, ...]

    @property
    def given_at(self) -> int:
        """When it was given, or shortly before."""
        return max((row.changed_at for row in self.rows), default=0)


Piece = ClockPiece | SerialPiece | RecordPiece | EventPiece | MessagePiece | AnswerPiece


class Part(msgspec.Struct, frozen=True):
    """Some pieces of a space, and the mark after which the next part begins; None with the last one."""

    pieces: tuple[Piece, ...]
    mark: str | None


class Tally(msgspec.Struct):
    """How many pieces of one sort were counted, and the sum of their digests, in whatever order they came."""

    number: int = 0
    total: int = 0

    @property
    def digest(self) -> str:
        """The sum as text."""
        return f"{self.total:032x}"


class Tallies:
    """Counts pieces by sort: records and events by their kind, the rest together."""

    def __init__(self) -> None:
        self.by_sort: dict[str, Tally] = {}

    def add(self, pieces: Iterable[Piece]) -> None:
        """Count these too."""
        for piece in pieces:
            tally = self.by_sort.setdefault(sort_of(piece), Tally())
            tally.number += 1
            tally.total = (tally.total + _digest(piece)) % 2**128

    @property
    def number(self) -> int:
        """How many there are."""
        return sum(tally.number for tally in self.by_sort.values())

    def differences(self, other: Tallies) -> list[str]:
        """Say which sorts are not the same here and there."""
        found = []
        for sort in sorted({*self.by_sort, *other.by_sort}):
            here, there = self.by_sort.get(sort, Tally()), other.by_sort.get(sort, Tally())
            if here.number != there.number:
                found.append(f"{sort}: {here.number} here, {there.number} there")
            elif here.total != there.total:
                found.append(f"{sort}: as many, but not the same")
        return found


def sort_of(piece: Piece) -> str:
    """Name the sort of a piece."""
    match piece:
        case ClockPiece():
            return "clock"
        case SerialPiece():
            return "serials"
        case RecordPiece():
            return f"{piece.kind} records" if piece.row is not None else f"{piece.kind} removed records"
        case EventPiece():
            return f"{piece.entry.kind} events"
        case MessagePiece():
            return f"{piece.kind} messages"
        case AnswerPiece():
            return "op ids"


def _digest(piece: Piece) -> int:
    if isinstance(piece, RecordPiece):
        # When a removed record's history goes is the engine's own to say, at the end of its declared time.
        piece = msgspec.structs.replace(piece, kept_until=None)
    elif isinstance(piece, ClockPiece):
        # These may be those of several spaces, where others are written meanwhile; a copy's are never less.
        piece = msgspec.structs.replace(piece, sequence=0, read_at=0)
    encoded = msgspec.msgpack.encode(piece, order="deterministic")
    return int.from_bytes(blake2b(encoded, digest_size=16).digest())
