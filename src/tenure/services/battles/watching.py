"""How the service is: whether the store answers, whether this process hears, and whether somebody does each thing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from tenure import Lifecycle, Store, StoreReplaced, TenureError, seconds
from tenure.matching.lifecycle import Matchmaker
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Instance, Seat
from tenure.services.battles.matchmaking import queue_of
from tenure.services.battles.service import BattlesService

SILENT_FOR = seconds(20)
"""How long nobody may do a thing before that is a trouble: a lease, and time for another to take over."""

LONGEST_ANSWER_SECONDS = 1.5
"""Less than what the platform waits for us, so that it gets an answer when the store is away too."""

MOST_SHOWN = 200
EVER = datetime.min.replace(tzinfo=UTC)
Counts = dict[str, dict[str, int]]
COUNTED: dict[str, type[Lifecycle]] = {
    "instances": Instance, "connections": Connection, "tickets": BattleTicket, "battles": Battle, "seats": Seat,
}  # fmt: skip


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
    instance. `mode` is `clustered`, `isolated` or `rejoining`.
    """

    redis: bool
    matchmaking: bool
    game_states: bool
    socket_mappings: bool
    details: Details
    status: str
    reasons: tuple[str, ...]
    hears: bool
    mode: str
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


class Outlook:
    """Looks at what the store alone tells, as anybody may who can open it. What was before `since` is no trouble."""

    def __init__(self, store: Store, modes: Iterable[str]) -> None:
        self._store, self._modes = store, tuple(modes)

    async def reasons(self) -> list[str]:
        """Say what is wrong by now: nobody is there, matches, or runs what waits. Each is given its 20 seconds."""
        now = await self._store.now()
        there = await self._store.find(Instance.up, limit=1)
        absent = [] if there else ["no instance is up: start a server with this store"]
        return [*absent, *await self.unmatched(now), *await self.unrun(now)]

    async def unmatched(self, now: datetime, since: datetime = EVER) -> list[str]:
        """Say which modes nobody matches."""
        makers = await self._store.get_many(Matchmaker, [queue_of(mode) for mode in self._modes])
        found = []
        for mode in self._modes:
            maker = makers.get(queue_of(mode))
            idle = maker is None or maker.state != Matchmaker.matching
            if idle and _silent(maker.changed_at if maker else None, now, since):
                found.append(f"nobody matches the mode {mode}")
        return found

    async def unrun(self, now: datetime, since: datetime = EVER) -> list[str]:
        """Say whether battles wait for an instance that runs them."""
        ready = await self._store.find(Battle.ready, limit=1)
        if not ready or not _silent(ready[0].entered_at, now, since):
            return []
        return ["battles wait, and no instance runs them"]


class Watching:
    """Looks at the service. What is silent before the first look counts from that look on."""

    def __init__(self, service: BattlesService) -> None:
        self._service, self._store = service, service.store
        self._outlook = Outlook(service.store, service.rules)
        self._since: datetime | None = None

    async def look(self) -> Seen:
        """Look at everything now. Without the store nothing is well, and that is said instead of raised."""
        try:
            async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                return await self._look()
        except (TenureError, OSError, TimeoutError) as error:
            away = (
                str(error)
                if isinstance(error, StoreReplaced)
                else f"the store can't be reached ({type(error).__name__})"
            )
            return self._seen(Details(redis_connection=False), [away], matching=False, battles=False, present=False)

    async def stats(self) -> Stats:
        """Count everything by state."""
        instances = await self._store.find(Instance.present, limit=MOST_SHOWN)
        own = self._service.presence.instance
        shown = [InstanceSeen(i.id, i.state.name, i.host, i.pid, i.beaten_at, i.id == own) for i in instances]
        return Stats(counts=await count_all(self._store), instances=tuple(shown))

    # ------------------------------------------------------------------------------------ inside

    async def _look(self) -> Seen:
        now = await self._store.now()
        self._since = self._since or now
        counts = await count_all(self._store)
        battles = counts["battles"]
        unmatched, unrun = await self._outlook.unmatched(now, self._since), await self._outlook.unrun(now, self._since)
        absent = await self._absent(now)
        details = Details(
            redis_connection=True,
            matchmaking_data=_sum(counts["tickets"], BattleTicket.live.names),
            active_game_states=_sum(battles, Battle.live.names),
            active_socket_mappings=_sum(counts["connections"], Connection.open.names),
            active_rooms=_sum(battles, Battle.played.names),
        )
        trouble = [self._service.trouble] if self._service.trouble else []
        reasons = [*unmatched, *unrun, *absent, *self._alone(), *trouble]
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
            mode=service.isolation.mode,
            instance=service.presence.instance,
            sockets=service.sockets.sessions,
            battles=service.running_battles.battles,
        )

    def _alone(self) -> list[str]:
        """Say whether what happens here is not in the store yet."""
        mode = self._service.isolation.mode
        return [] if mode == "clustered" else [f"this process is {mode}: what happens here is not final yet"]

    async def _absent(self, now: datetime) -> list[str]:
        """Say whether nobody can connect here; one that is about to stop is no trouble."""
        service = self._service
        leaves = service.closing.is_set() or service.presence.draining
        if service.presence.instance is not None or leaves or not _silent(None, now, self._since or now):
            return []
        return ["this process has no lease as an instance: nobody can connect here"]


async def count_all(store: Store) -> Counts:
    """Count everything of the service by state."""
    return {name: dict(await store.count(kind)) for name, kind in COUNTED.items()}


def _silent(last: datetime | None, now: datetime, since: datetime) -> bool:
    return now - (max(last, since) if last else since) > SILENT_FOR


def _sum(counts: dict[str, int], states: Sequence[str]) -> int:
    return sum(counts.get(state, 0) for state in states)
