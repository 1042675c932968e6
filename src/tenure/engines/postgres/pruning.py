"""Forgetting what was kept long enough, in bounded steps, by one process at a time."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from tenure.core.clock import wall_time
from tenure.core.errors import Unavailable
from tenure.core.kinds import Kinds
from tenure.engines.postgres.connection import Pool, Transaction
from tenure.engines.postgres.days import DAY, PRUNING, Days
from tenure.engines.postgres.statements import Statements

OPS_KEPT = 10 * 60 * 1_000_000
PRUNED_EVERY = 30 * 1_000_000
AT_ONCE = 10_000
ASKED_EVERY = 60 * 1_000_000


class Kept(msgspec.Struct):
    """What is asked of a kind's table, whichever build wrote it."""

    history: int = 0


class Pruner:
    """Prunes for one engine."""

    def __init__(self, sql: Statements, pool: Pool, kinds: Kinds, days: Days) -> None:
        self._sql, self._pool, self._days = sql, pool, days
        self._lengths: dict[int, list[str]] = {}
        for table in kinds.tables.values():
            self._lengths.setdefault(table.history, []).append(table.kind)
        self._pruned_at = -PRUNED_EVERY
        self._asked_at = self._longest = 0
        self._looked_at: dict[int, int] = {}

    def is_due(self, now: int) -> bool:
        """Tell whether this engine pruned last long enough ago."""
        return now - self._pruned_at >= PRUNED_EVERY

    async def prune(self, space: int, now: int) -> None:
        """Forget op ids and events that are old enough."""
        self._pruned_at = now
        async with self._pool.transaction() as transaction:
            transaction.keep = await self._days.only_one(transaction, PRUNING, wait=False)
            if not transaction.keep:
                return
            await transaction.run(self._sql["prune_ops"], now - OPS_KEPT, AT_ONCE)
            longest = await self._longest_history(transaction)
            for length, names in self._lengths.items():
                if length < longest:
                    await self._prune_events(transaction, space, length, names, now)
            await self._prune_kept(transaction, space, now)
        for day in sorted(self._days.known):
            if (day + 1) * DAY + longest < now:
                with suppress(Unavailable):  # somebody reads it: the next time will do
                    await self._days.drop(day)

    async def _longest_history(self, transaction: Transaction) -> int:
        """Give how long events are kept at most, over all kinds that any program has opened the store with."""
        if wall_time() - self._asked_at > ASKED_EVERY:
            declared = await transaction.rows(self._sql["read_kinds"])
            self._longest = max(msgspec.json.decode(table, type=Kept).history for _, table, _ in declared)
            self._days.known = await self._days.read(transaction)
            self._asked_at = wall_time()
        return self._longest

    async def _prune_kept(self, transaction: Transaction, space: int, now: int) -> None:
        """Remove some of what outlived its day and need not stay any more; each turn goes on with others."""
        upto = {kind: now - length for length, kinds in self._lengths.items() for kind in kinds}
        values = (space, self._looked_at.get(space, 0), list(upto), list(upto.values()), AT_ONCE)
        last, number = (await transaction.rows(self._sql["prune_kept"], *values))[0]
        self._looked_at[space] = last if number == AT_ONCE else 0

    async def _prune_events(
        self, transaction: Transaction, space: int, length: int, names: list[str], now: int
    ) -> None:
        """Remove events of kinds whose history is shorter than others': they share their days with those."""
        done, upto = (await transaction.rows(self._sql["read_pruned"], space, length, now - length, AT_ONCE))[0]
        if upto is not None:
            await transaction.run(self._sql["prune_events"], space, done, upto, names)
            await transaction.run(self._sql["write_pruned"], space, length, upto)
