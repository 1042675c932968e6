"""A record and an event as plain data: what engines store."""

from __future__ import annotations

import msgspec

from tenure.core.fields import Plain


class Row(msgspec.Struct, frozen=True, gc=False):
    """One record. Instants are microseconds; `rest` is a JSON object of the opaque fields.

    `told` is the version of the last command to the holder, `seen` the last that it acknowledged.
    """

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
    fields: dict[str, Plain]
    rest: bytes


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event. `position` orders all events of a space; `note` is a JSON object of the parameters.

    `unread` says between which versions commands died with the record: after the first, up to the second.
    """

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
    note: bytes
    unread: tuple[int, ...] = ()
