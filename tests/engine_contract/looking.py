"""What tests look at: everything that a space holds, and what must agree in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TypeVar

from tenure import Event, Lifecycle, Store, seconds
from tenure.core.durations import to_microseconds
from tenure.core.row import Entry, Row
from tenure.store.timing import ManualClock

T = TypeVar("T")
ALL = 1_000_000


async def entries_of(store: Store) -> list[Entry]:
    """Read every event of the space."""
    return list(await store.engine.feed(store.space_name, [], 0, ALL))


async def rows_of(store: Store) -> list[Row]:
    """Read every record of the space that has events."""
    keys = sorted({(entry.kind, entry.id) for entry in await entries_of(store)})
    return [row for row in await store.engine.rows(store.space_name, keys) if row is not None]


async def everything(store: Store) -> object:
    """Read all that a refusal must leave as it is."""
    space, engine = store.space_name, store.engine
    counts = await engine.counts(space)
    messages = await engine.messages(space, None, None, ALL)
    return await rows_of(store), await entries_of(store), counts, messages, await engine.due(space, ALL)


async def names(store: Store, record: Lifecycle) -> list[str]:
    """Read the names of a record's events."""
    return [event.name for event in await store.history(type(record), record.id)]


async def assert_one_event_per_version(store: Store) -> None:
    """Each record's events are its versions 1, 2, … up to the last, each with a position of its own."""
    entries = await entries_of(store)
    assert [e.position for e in entries] == sorted({e.position for e in entries})
    for row in await rows_of(store):
        events = await store.engine.history(store.space_name, row.kind, row.id, 0, ALL)
        assert [event.version for event in events] == list(range(1, row.version + 1))
        assert events[-1].target == row.state
        assert events[-1].at == row.changed_at


async def first(events: AsyncIterator[T], number: int) -> list[T]:
    """Take so many of an endless stream, and end it."""
    taken: list[T] = []
    async for event in events:
        taken.append(event)
        if len(taken) == number:
            break
    await events.aclose()  # type: ignore[attr-defined]
    return taken


def told(events: list[Event[Lifecycle]]) -> list[tuple[str, int]]:
    """Give each event's name and version."""
    return [(event.name, event.version) for event in events]


def pass_unswept(store: Store, by: timedelta) -> None:
    """Let time pass with no sweeper at work."""
    assert isinstance(store.clock, ManualClock)
    store.clock.move_to(store.clock.now + to_microseconds(by))


async def pass_swept(store: Store, by: timedelta) -> None:
    """Let time pass with a sweeper at work that gives a sign of life every five seconds, as the real one does."""
    for _ in range(by // seconds(5)):
        pass_unswept(store, seconds(5))
        await store.sweep()
