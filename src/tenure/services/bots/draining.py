"""Emptying a pool that lets nobody in any more, in bounded steps; whoever has the turn goes on where one broke off."""

from __future__ import annotations

from tenure import Claim, Poller, Store
from tenure.services.bots.fencing import apply_under
from tenure.services.bots.lifecycle import Bot, Player, Pool, Ticket
from tenure.services.bots.queueing import leaving

AT_A_TIME = 100


class Draining:
    """Withdraws the tickets of draining pools, and closes those that are to be closed. Bots are the fleet's matter."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def step(self, pool: Pool, turn: Claim[Poller]) -> bool:
        """Withdraw some of those who wait, or close the pool if nobody is left; tell whether anything was done.

        What plays is left alone: its seats come free by themselves when the match ends.
        """
        waiting = await self._store.find(Ticket.queued, per=pool.id, limit=AT_A_TIME)
        if waiting:
            groups = await leaving(self._store, waiting, "drained")
            return bool(await apply_under(self._store, turn, groups, why=f"pool {pool.id} is drained"))
        if not pool.closing or not await self._is_empty(pool):
            return False
        resting = await self._store.find(Bot.idle, per=pool.id, limit=AT_A_TIME)
        retired = [[Bot.retire(bot), Player.forget(bot.id)] for bot in resting]
        why = f"pool {pool.id} is closed"
        return bool(await apply_under(self._store, turn, retired or [[Pool.close(pool)]], why=why))

    async def _is_empty(self, pool: Pool) -> bool:
        """Tell whether nobody waits or plays: the limits' own slots say so."""
        tickets = await self._store.holding(Ticket.waiting_room, pool.id, most=1)
        return not tickets and not await self._store.holding(Bot.fleet, pool.id, most=1)
