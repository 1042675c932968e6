"""How instances, queues and battles stand, as operators look at them. Every read is bounded, whatever there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from tenure import Event, StateOf, Store
from tenure.matching.lifecycle import Matchmaker
from tenure.services.battles.cleaning import LEASE
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Instance, Seat
from tenure.services.battles.matchmaking import queue_of
from tenure.services.battles.telling import told

MOST_INSTANCES = 50
MOST_OF_AN_INSTANCE = 500
MOST_WAITING = 1000


class Number(NamedTuple):
    """How many there are; with `more`, at least so many."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number:,}{' or more' if self.more else ''}"


class InstanceRow(NamedTuple):
    """One instance, until when its lease is, and what it has."""

    record: Instance
    lease_until: datetime
    sockets: Number
    battles: Number


class Level(msgspec.Struct, frozen=True):
    """Who waits at one level, and since when the first of them."""

    level: int
    players: int
    since: datetime


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of one mode. With `more`, only the first 1,000 tickets, from the lowest level on, were looked at."""

    mode: str
    waiting: int
    more: bool
    since: datetime | None
    levels: tuple[Level, ...]
    matcher: str | None
    matched_since: datetime | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a battle, as anybody may know it: never its board."""

    version: int
    at: datetime
    name: str
    state: str
    by: str
    why: str
    instance: str | None
    fields: dict[str, Any]


def step(event: Event[Battle]) -> Step:
    """Give an event as its players are told of it, and who did it, for whom."""
    return Step(
        version=event.version,
        at=event.at,
        name=event.name,
        state=event.target.name,
        by=event.by,
        why=event.why,
        instance=event.fields["instance"] if event.name == "take" else None,
        fields=told(event).fields,
    )


class Survey:
    """Looks at a store."""

    def __init__(self, store: Store, modes: Iterable[str]) -> None:
        self._store, self._modes = store, tuple(modes)

    # ------------------------------------------------------------------------------------ instances

    async def instances(self, after: str | None = None, limit: int = MOST_INSTANCES) -> list[InstanceRow]:
        """List those that live, in the order in which they began."""
        return [await self.of(each) for each in await self._store.find(Instance.present, limit=limit, after=after)]

    async def of(self, instance: Instance) -> InstanceRow:
        """Look at one of them."""
        sockets = await self._number(Connection.open, instance)
        return InstanceRow(instance, instance.beaten_at + LEASE, sockets, await self._number(Battle.running, instance))

    async def _number(self, state: StateOf[Any], instance: Instance) -> Number:
        found = await self._store.find(state, under=instance, limit=MOST_OF_AN_INSTANCE + 1)
        return Number(min(len(found), MOST_OF_AN_INSTANCE), len(found) > MOST_OF_AN_INSTANCE)

    # ------------------------------------------------------------------------------------ queues

    async def queues(self) -> list[Queue]:
        """Give the queue of each mode, by level."""
        makers = await self._store.get_many(Matchmaker, [queue_of(mode) for mode in self._modes])
        return [await self._queue(mode, makers.get(queue_of(mode))) for mode in self._modes]

    async def _queue(self, mode: str, maker: Matchmaker | None) -> Queue:
        tickets = await self._store.find(BattleTicket.waiting, per=mode, limit=MOST_WAITING + 1)
        levels = _levels(tickets[:MOST_WAITING])
        matches = maker is not None and maker.state == Matchmaker.matching
        return Queue(
            mode=mode,
            waiting=min(len(tickets), MOST_WAITING),
            more=len(tickets) > MOST_WAITING,
            since=min((level.since for level in levels), default=None),
            levels=levels,
            matcher=maker.holder if maker is not None and matches else None,
            matched_since=maker.entered_at if maker is not None and matches else None,
        )

    # ------------------------------------------------------------------------------------ one battle

    async def steps(self, battle: str, *, after: int = 0, limit: int = 1000) -> list[Step]:
        """Give what happened in a battle, the oldest first."""
        return [step(event) for event in await self._store.history(Battle, battle, after=after, limit=limit)]

    async def seats(self, battle: Battle) -> list[Seat]:
        """Give the seats of a battle in the order of its players; before its start there are none."""
        found = await self._store.get_many(Seat, [f"{battle.id}/{player}" for player in battle.players])
        return [found[id] for player in battle.players if (id := f"{battle.id}/{player}") in found]


def _levels(tickets: Sequence[BattleTicket]) -> tuple[Level, ...]:
    """Group tickets, which come in the order of their levels."""
    found: dict[int, list[datetime]] = {}
    for ticket in tickets:
        found.setdefault(ticket.level, []).append(ticket.queued_at)
    return tuple(Level(level, len(since), min(since)) for level, since in found.items())
