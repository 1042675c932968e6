"""Who does what in the service, and whether anybody does: the fleet's manager, each pool's matcher, the game."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tenure import Poller
from tenure.matching.lifecycle import Matchmaker
from tenure.services.bots.fleet import POLLER
from tenure.services.bots.lifecycle import Bot, Pool
from tenure.services.bots.matchmaking import queue_of
from tenure.services.bots.service import BotsService

MOST_SHOWN = 200
SILENT_FOR = timedelta(seconds=40)
"""How long nobody may do a thing before that is a trouble: a lease, and time for another to take over."""


class Manages(msgspec.Struct, frozen=True):
    """Who manages the fleet: `here` tells whether it is this process."""

    here: bool
    by: str | None
    last_turn_at: datetime | None


class Matches(msgspec.Struct, frozen=True):
    """One pool: who matches its queue, how many bots are out of those that are wanted, who waits."""

    pool: str
    state: str
    here: bool
    by: str | None
    deployed: int
    wanted: int
    waiting: int
    playing: int


class Played(msgspec.Struct, frozen=True):
    """The user's game, or the local one: how the breaker of its calls stands."""

    breaker: str
    local: bool


class Seen(msgspec.Struct, frozen=True):
    """What was seen. `reasons` is empty if all is well."""

    status: str
    reasons: tuple[str, ...]
    manager: Manages
    game: Played
    pools: tuple[Matches, ...]


class Watching:
    """Looks at the service. What is silent before the first look counts from that look on."""

    def __init__(self, service: BotsService) -> None:
        self._service, self._store = service, service.store
        self._since: datetime | None = None

    async def look(self) -> Seen:
        """Look at everything now."""
        now = await self._store.now()
        self._since = self._since or now
        manager = await self._manager()
        pools = await self._store.find(Pool.present, limit=MOST_SHOWN)
        makers = await self._store.get_many(Matchmaker, [queue_of(pool.id) for pool in pools])
        counts = await self._service.census.counts()
        reasons = [self._service.trouble] if self._service.trouble else []
        reasons += self._silent("nobody manages the fleet", manager.last_turn_at, now)
        for pool in pools:
            if pool.state == Pool.open:
                reasons += self._unmatched(pool, makers.get(queue_of(pool.id)), now)
        return Seen(
            "failing" if reasons else "ok",
            tuple(reasons),
            manager,
            Played(self._service.game.breaker, self._service.settings.stands_in),
            tuple(self._matches(pool, makers.get(queue_of(pool.id)), counts.get(pool.id, {})) for pool in pools),
        )

    async def _manager(self) -> Manages:
        poller = (await self._store.get_many(Poller, [POLLER])).get(POLLER)
        if poller is None:
            return Manages(self._service.fleet.leads, None, None)
        # A turn is begun and ended, so the one who began the last is in one of the last two events.
        last = await self._store.history(Poller, POLLER, after=max(poller.version - 2, 0), limit=2)
        by = next((event.by for event in reversed(last) if event.name == "begin"), None)
        return Manages(self._service.fleet.leads, by, poller.began_at)

    def _unmatched(self, pool: Pool, maker: Matchmaker | None, now: datetime) -> list[str]:
        if maker is not None and maker.state == Matchmaker.matching:
            return []
        return self._silent(f"nobody matches the pool {pool.id}", (maker or pool).changed_at, now)

    def _silent(self, what: str, last: datetime | None, now: datetime) -> list[str]:
        begun = self._since or now
        since = max(last, begun) if last else begun
        return [what] if now - since > SILENT_FOR else []

    def _matches(self, pool: Pool, maker: Matchmaker | None, counts: dict[str, dict[str, int]]) -> Matches:
        bots, tickets = counts.get("bots", {}), counts.get("tickets", {})
        return Matches(
            pool=pool.id,
            state=pool.state.name,
            here=self._service.matchmaking.leads.get(pool.id, False),
            by=maker.holder if maker else None,
            deployed=sum(bots.get(state, 0) for state in Bot.out.names),
            wanted=pool.max_deployed,
            waiting=tickets.get("queued", 0),
            playing=counts.get("matches", {}).get("playing", 0),
        )
