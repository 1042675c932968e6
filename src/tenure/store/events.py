"""Events, deliveries and turns, as services read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from tenure.core.durations import to_instant
from tenure.core.lifecycle import Lifecycle, declared_by, table_of
from tenure.core.row import Entry
from tenure.core.states import StateOf

if TYPE_CHECKING:
    from tenure.core.transitions import Transition

K = TypeVar("K", bound="Lifecycle")


class Event(Generic[K]):
    """The history entry of one version: who, which transition, from, to, when, why, and its parameters."""

    def __init__(self, kind: type[K], entry: Entry) -> None:
        self.kind, self._entry = kind, entry

    def __repr__(self) -> str:
        return f"<Event {self._entry.kind}/{self.id} v{self.version} {self.name}>"

    @property
    def id(self) -> str:
        """The record's id."""
        return self._entry.id

    @property
    def version(self) -> int:
        """The version that it made; the cursor for `watch`."""
        return self._entry.version

    @property
    def position(self) -> int:
        """Its place among all events of the space; the cursor for `feed`."""
        return self._entry.position

    @property
    def name(self) -> str:
        """The transition's name, or `create`."""
        return self._shown(self._entry.name)

    @property
    def transition(self) -> Transition[Any, K] | None:
        """The transition; None for a create, and for one that this build does not know."""
        return getattr(self.kind, self.name, None) if self._entry.name != "create" else None

    @property
    def source(self) -> StateOf[K] | None:
        """The state before; None for a create."""
        return StateOf(self.kind, (self._shown(self._entry.source),)) if self._entry.source else None

    @property
    def target(self) -> StateOf[K]:
        """The state after."""
        return StateOf(self.kind, (self._shown(self._entry.target),))

    @property
    def by(self) -> str:
        """Who made it; `sweeper` if it happened by itself."""
        return self._entry.by

    @property
    def at(self) -> datetime:
        """When, by the store's clock."""
        return to_instant(self._entry.at)

    @property
    def why(self) -> str:
        """The reason that was given, if one was."""
        return self._entry.why

    @property
    def fence(self) -> int:
        """The record's fence after it."""
        return self._entry.fence

    @property
    def cause(self) -> str:
        """The op id of the transaction that made it, if it had one."""
        return self._entry.op

    @property
    def op(self) -> str:
        """An op id for what is done about this event: the same at every try."""
        return f"{self._entry.kind}/{self.id}/{self.position}"

    @property
    def unread(self) -> tuple[int, int] | None:
        """The versions between which commands died unread with the record; None if there were none."""
        unread = self._entry.unread
        return (unread[0], unread[1]) if unread else None

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The parameters, by name, in their declared types."""
        given = msgspec.json.decode(self._entry.note, type=dict[str, msgspec.Raw])
        return {self._shown(name): self._decode(name, raw) for name, raw in given.items()}

    def _decode(self, name: str, raw: msgspec.Raw) -> Any:
        declared = declared_by(self.kind).fields.get(self._shown(name))
        if declared is None:
            return msgspec.json.decode(raw)
        return declared.decode(msgspec.json.decode(raw) if declared.visible else raw)

    def _shown(self, name: str) -> str:
        return table_of(self.kind).shown.get(name, name)


@dataclass(frozen=True, slots=True)
class Delivery(Generic[K]):
    """One effect for its handler: `id` never changes, however often it is tried; `tries` counts from 1."""

    id: str
    record: K
    event: Event[K]
    tries: int


@dataclass(slots=True)
class Turn:
    """One turn of a poller, under its fence."""

    number: int
    at: datetime
    fence: int
    next_at: datetime | None = None
    """Set this where the next turn shall not come by the period: later, to back off, or sooner."""
