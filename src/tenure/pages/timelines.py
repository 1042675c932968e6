"""What happened to a record, in plain words, the newest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tenure import Event, Lifecycle, Store

K = TypeVar("K", bound=Lifecycle)
MOST_EVENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event. `state` is where it led, if that is another state; `about` an id of something else that it names."""

    at: datetime
    state: str | None
    what: str
    who: str
    why: str = ""
    about: str | None = None


def happened(event: Event[Any], what: str, why: str = "", about: str | None = None) -> Happened:
    """Give an event as it is shown. What of its fields is told is the caller's to say."""
    state = None if event.source == event.target else event.target.name
    return Happened(at=event.at, state=state, what=what, who=who(event.by), why=why, about=about)


async def timeline(store: Store, record: K, tell: Callable[[Event[K]], Happened]) -> list[Happened]:
    """Give the last hundred events of a record."""
    first = max(record.version - MOST_EVENTS, 0)
    events = await store.history(type(record), record.id, after=first, limit=MOST_EVENTS)
    return [tell(event) for event in reversed(events)]


def who(by: str) -> str:
    """Say who did something."""
    return {"sweeper": "the server, by itself", "": "the server"}.get(by, by)
