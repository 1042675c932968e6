"""How the service is: whether the store answers, whether this process hears, and whether somebody does each thing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tenure import TenureError, seconds
from tenure.matching.lifecycle import Matchmaker
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Instance, Seat
from tenure.services.battles.matchmaking import queue_of
from tenure.services.battles.service import BattlesService

SILENT_FOR = seconds(20)
"""How long nobody may do a thing before that is a trouble: a lease, and time for another to take over."""

LONGEST_ANSWER_SECONDS = 1.5
"""Less than what the platform waits for us, so that it gets an answer when the store is away too."""

MOST_SHOWN = 200
Counts = dict[str, dict[str, int]]


class Details(msgspec.Struct, frozen=True, rename="camel"):
    """Figures of the whole service; of all its instances, not of this one alone."""

    redis_connection: bool
    matchmaking_data: int = 0
    active_game_states: int = 0
    active_socket_mappings: int = 0
    active_rooms: int = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was seen. `reasons` is empty if all is well; `redis` stands for the store, whichever engine keeps it.

    `hears` tells whether what this process signals to itself comes back. `sockets` and `battles` are those of this
    instance.
    """

    redis: bool
    matchmaking: bool
    game_states: bool
    socket_mappings: bool
    details: Details
    status: str
    reasons: tuple[str, ...]
    hears: bool
    instance: str | None
    sockets: int
    battles: int


class InstanceSeen(msgspec.Struct, frozen=True):
    """One instance."""

    id: str
    state: str
    host: str
    pid: int
    beaten_at: datetime
    here: bool


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Everything counted by state, and the first 200 instances."""

    counts: Counts
    instances: tuple[InstanceSeen, ...]


class Watching:
    """Looks at the service. What is silent before the first look counts from that look on."""

    def __init__(self, service: BattlesService) -> None:
        self._service, self._store = service, service.store
        self._since: datetime | None = None

    async def look(self) -> Seen:
        """Look at everything now. Without the store nothing is well, and that is said instead of raised."""
        try:
            async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                return await self._look()
        except (TenureError, OSError, TimeoutError) as error:
            away = f"the store can't be reached ({type(error).__name__})"
            return self._seen(Details(redis_connection=False), [away], matching=False, battles=False, present=False)

    async def stats(self) -> Stats:
        """Count everything by state."""
        instances = await self._store.find(Instance.present, limit=MOST_SHOWN)
        own = self._service.presence.instance
        shown = [InstanceSeen(i.id, i.state.name, i.host, i.pid, i.beaten_at, i.id == own) for i in instances]
        return Stats(counts=await self._counts(), instances=tuple(shown))

    # ------------------------------------------------------------------------------------ inside

    async def _look(self) -> Seen:
        now = await self._store.now()
        self._since = self._since or now
        counts = await self._counts()
        battles = counts["battles"]
        unmatched, unrun, absent = await self._unmatched(now), await self._unrun(now), await self._absent(now)
        details = Details(
            redis_connection=True,
            matchmaking_data=_sum(counts["tickets"], BattleTicket.live.names),
            active_game_states=_sum(battles, Battle.live.names),
            active_socket_mappings=_sum(counts["connections"], Connection.open.names),
            active_rooms=_sum(battles, Battle.played.names),
        )
        reasons = [*unmatched, *unrun, *absent, *([self._service.trouble] if self._service.trouble else [])]
        return self._seen(details, reasons, matching=not unmatched, battles=not unrun, present=not absent)

    def _seen(self, details: Details, reasons: Sequence[str], *, matching: bool, battles: bool, present: bool) -> Seen:
        service = self._service
        return Seen(
            redis=details.redis_connection and not service.echo.deaf,
            matchmaking=matching,
            game_states=battles,
            socket_mappings=present,
            details=details,
            status="failing" if reasons else "ok",
            reasons=tuple(reasons),
            hears=not service.echo.deaf,
            instance=service.presence.instance,
            sockets=service.sockets.sessions,
            battles=service.running_battles.battles,
        )

    async def _counts(self) -> Counts:
        kinds: dict[str, Any] = {
            "instances": Instance,
            "connections": Connection,
            "tickets": BattleTicket,
            "battles": Battle,
            "seats": Seat,
        }
        return {name: dict(await self._store.count(kind)) for name, kind in kinds.items()}

    async def _unmatched(self, now: datetime) -> list[str]:
        """Say which modes nobody matches."""
        makers = await self._store.get_many(Matchmaker, [queue_of(mode) for mode in self._service.rules])
        found = []
        for mode in self._service.rules:
            maker = makers.get(queue_of(mode))
            idle = maker is None or maker.state != Matchmaker.matching
            if idle and self._silent(maker.changed_at if maker else None, now):
                found.append(f"nobody matches the mode {mode}")
        return found

    async def _unrun(self, now: datetime) -> list[str]:
        """Say whether battles wait for an instance that runs them."""
        ready = await self._store.find(Battle.ready, limit=1)
        if not ready or not self._silent(ready[0].entered_at, now):
            return []
        return ["battles wait, and no instance runs them"]

    async def _absent(self, now: datetime) -> list[str]:
        """Say whether nobody can connect here; one that is about to stop is no trouble."""
        service = self._service
        if service.presence.instance is not None or service.closing.is_set() or not self._silent(None, now):
            return []
        return ["this process has no lease as an instance: nobody can connect here"]

    def _silent(self, last: datetime | None, now: datetime) -> bool:
        begun = self._since or now
        return now - (max(last, begun) if last else begun) > SILENT_FOR


def _sum(counts: dict[str, int], states: Sequence[str]) -> int:
    return sum(counts.get(state, 0) for state in states)
