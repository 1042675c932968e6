"""A matcher for each open pool, also for those that are made later. Of all processes one matches a pool at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tenure import Change, OutcomeUnknown, Store, Unavailable
from tenure.matching.choosing import matching_for
from tenure.matching.entrants import Proposal
from tenure.matching.matcher import Matcher, Round, Source
from tenure.services.bots.lifecycle import Bot, Pool, Ticket
from tenure.services.bots.offers import entrant_of, offer
from tenure.services.bots.pools import Pools
from tenure.store.keeping import Keeper

LOOK_AGAIN_SECONDS = 5.0
SOURCES = (Source(Ticket.queued, entrant_of), Source(Bot.queued, entrant_of))


def queue_of(pool: str) -> str:
    """Give the id of the record that says who matches a pool's queue."""
    return f"bots/{pool}"


def new_id() -> str:
    """Make the id of a match."""
    return secrets.token_hex(8)


class Matchmaking:
    """Runs the matchers. `leads` and `conflicts` are for those who look on."""

    def __init__(
        self,
        store: Store,
        pools: Pools,
        keeper: Keeper,
        *,
        make_id: Callable[[], str] = new_id,
        may_match: Callable[[], bool] = lambda: True,
        conflicted: Callable[[str, int], None] = lambda _, __: None,
    ) -> None:
        self._store = store.acting(f"matcher@{store.actor}")
        self._pools, self._keeper, self._make_id, self._conflicted = pools, keeper, make_id, conflicted
        self._may_match = may_match
        self._open: dict[str, Pool] = {}
        self._matchers: dict[str, tuple[Matcher, asyncio.Task[None]]] = {}
        self.conflicts: Counter[str] = Counter()
        """By pool, how many matches were refused because somebody in them had changed."""
        self.matches: Counter[str] = Counter()
        """By pool, how many matches this process has made."""
        self.commit_seconds: defaultdict[str, float] = defaultdict(float)
        """By pool, how long it took to write them."""

    @property
    def leads(self) -> dict[str, bool]:
        """Whether this process matches a pool's queue, for each open pool."""
        return {id: matcher.leads for id, (matcher, _) in self._matchers.items()}

    def matcher(self, pool: Pool) -> Matcher:
        """Give a matcher of a pool's queue: people and bots wait in one."""
        self._open[pool.id] = pool
        return Matcher(
            self._store,
            queue_of(pool.id),
            per=pool.id,
            rules=pool.rules,
            sources=SOURCES,
            offer=lambda proposal, records, now: self._offer(pool.id, proposal, records, now),
            make=matching_for,
            told=lambda ran: self._told(pool.id, ran),
        )

    async def run(self) -> None:
        """Keep a matcher going for each open pool, for ever."""
        try:
            with self._store.bell(Pool) as bell:
                while True:
                    try:
                        await self.look()
                    except (Unavailable, OutcomeUnknown) as error:
                        self._store.log.warning("pools_not_read", error=str(error))
                    await self._store.clock.wait(bell, LOOK_AGAIN_SECONDS)
        finally:
            await self._stop(list(self._matchers))

    async def look(self) -> None:
        """Begin the matchers of new pools, end those of pools that are open no more, and tell all the present rules.

        While this process can't reach the game it matches nobody: another one may, and who waits goes on waiting.
        """
        there = {pool.id: pool async for pool in self._pools.all() if pool.state == Pool.open and self._may_match()}
        await self._stop([id for id in self._matchers if id not in there])
        for id, pool in there.items():
            self._open[id] = pool
            if id not in self._matchers:
                matcher = self.matcher(pool)
                keeping = self._keeper.keep(_name(id), matcher.run)
                self._matchers[id] = matcher, asyncio.create_task(keeping, name=_name(id))
            self._matchers[id][0].use(pool.rules)

    async def _stop(self, ids: Sequence[str]) -> None:
        tasks = [self._matchers.pop(id)[1] for id in ids]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for id in ids:
            self._open.pop(id, None)
            self.conflicts.pop(id, None)
            self.matches.pop(id, None)
            self.commit_seconds.pop(id, None)
            self._keeper.troubles.pop(_name(id), None)

    def _offer(self, pool: str, proposal: Proposal, records: Mapping[str, Any], now: datetime) -> list[Change[Any]]:
        return offer(self._make_id(), self._open[pool], proposal, records, now)

    def _told(self, pool: str, ran: Round) -> None:
        self.conflicts[pool] += ran.conflicts
        if ran.conflicts:
            self._conflicted(pool, ran.conflicts)
        self.matches[pool] += len(ran.matches)
        self.commit_seconds[pool] += sum(ran.commits)


def _name(pool: str) -> str:
    return f"matcher of {pool}"
