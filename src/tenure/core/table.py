"""A lifecycle as plain data: what `decide`, every engine and the drawings read.

The table is complete: nothing that it says is looked up anywhere else. Times are microseconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tenure.core.fields import Plain


class Timer(msgspec.Struct, frozen=True):
    """When a transition happens by itself.

    `since` names the clock: `entered` (a length after entering), `lease` (a length after the last beat), `field`
    (the instant in a field), `length` (the length in a field, after entering), `end` (when the parent in a field
    ends).
    """

    transition: str
    since: Literal["entered", "lease", "field", "length", "end"]
    length: int = 0
    field: str = ""
    parent: str = ""


class Under(msgspec.Struct, frozen=True):
    """The states that the parent, whose id is in `field`, must be in on entry."""

    field: str
    parent: str
    states: frozenset[str]


class StateRow(msgspec.Struct, frozen=True):
    """One state: `leased` says that somebody may hold records in it, `clears` what entering it resets.

    `created` are the effects of a create that begins here.
    """

    name: str
    final: bool = False
    initial: bool = False
    claims: bool = False
    leased: bool = False
    keep: int | None = None
    rank: str = ""
    per: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    clears: dict[str, Plain] = {}
    under: Under | None = None
    timers: tuple[Timer, ...] = ()
    created: tuple[str, ...] = ()


class EdgeRow(msgspec.Struct, frozen=True):
    """One transition; `target` is empty for a stay. The defaults are those that a timed transition brings."""

    name: str
    sources: frozenset[str]
    target: str
    by: Literal["anyone", "holder", "claimant", "sweeper"]
    tells: bool = False
    erases: bool = False
    takes: tuple[str, ...] = ()
    fields: dict[str, Plain] = {}
    rest: dict[str, msgspec.Raw] = {}
    note: bytes = b"{}"
    effects: tuple[str, ...] = ()


class LimitRow(msgspec.Struct, frozen=True):
    """At most so many records per key; `cap_field` is a field of the parent in the first field of `per`."""

    name: str
    per: tuple[str, ...]
    over: frozenset[str]
    at_most: int = 0
    cap_field: str = ""
    cap_default: Plain = None
    parent: str = ""


class FieldRow(msgspec.Struct, frozen=True):
    """One field: its type as text, whether engines see it, and its default as it travels; a secret is never shown."""

    name: str
    type: str
    visible: bool
    default: Plain = None
    parent: str = ""
    serial: bool = False
    secret: bool = False


class Table(msgspec.Struct, frozen=True):
    """One kind: its states, transitions, limits and fields, by their stored names.

    `effects` are all that it has, `history` how long events are kept; `initial` is where a create begins that names no
    other of the initial states.

    A name that was changed (`was=`) is stored as it was, so that older builds go on beside newer ones; `shown`
    says what the code calls it now.
    """

    kind: str
    fields: dict[str, FieldRow]
    states: dict[str, StateRow]
    edges: dict[str, EdgeRow]
    limits: tuple[LimitRow, ...] = ()
    effects: tuple[str, ...] = ()
    history: int = 0
    initial: str = ""
    defaults: dict[str, Plain] = {}
    serials: tuple[str, ...] = ()
    ranked: bool = False
    parents: tuple[tuple[str, str], ...] = ()
    shown: dict[str, str] = {}

    @property
    def indexed(self) -> frozenset[str]:
        """What stands beside the records because of this table: each limit, rank, timer, parent and keeping as text.

        A build whose set has more than the one before must index the records that are there.
        """
        found: list[object] = [*self.limits, *self.parents]
        for state in self.states.values():
            found += [(state.name, timer) for timer in state.timers]
            found += [(state.name, state.rank, state.per)] if state.rank else []
            found += [(state.name, state.keep)] if state.keep is not None else []
        return frozenset(msgspec.json.encode(one, order="deterministic").decode() for one in found)

    @property
    def plain(self) -> bytes:
        """The table as JSON, always the same bytes for the same table."""
        return msgspec.json.encode(self, order="deterministic")
