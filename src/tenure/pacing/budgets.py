"""The records of all budgets as one process saw them last, and every change of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tenure.core.durations import days, seconds
from tenure.core.errors import Exists, NotFound, Refused, Stale
from tenure.core.transitions import Change
from tenure.pacing.lifecycle import Budget
from tenure.pacing.rates import Rate, level_of
from tenure.store.store import Store

KEPT = days(2)
"""How long a budget is kept of which nobody takes."""
PAUSE_SECONDS = 1.0
"""Until a budget that is just being forgotten is asked for again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an attempt to take a block: so many tokens, or how long it is until there is one, and why."""

    number: int
    wait_seconds: float = 0.0
    of: str = ""


class Budgets:
    """Takes of budgets by their names; one that nobody knows yet has the rates `until_known`."""

    def __init__(self, store: Store, until_known: tuple[Rate, ...]) -> None:
        self._store, self._until_known = store, until_known
        self._known: dict[str, Budget] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def sleep(self, for_seconds: float) -> None:
        """Wait so long, by the store's clock."""
        await self._store.clock.sleep(for_seconds)

    async def take(self, names: Sequence[str], wanted: int, *, patient: bool) -> Taken:
        """Take as many tokens of all of these as there are, at most so many as wanted; none of few, if `patient`."""
        # Within a process those with the same first budget would only refuse one another.
        async with self._turns.setdefault(names[0], asyncio.Lock()):
            while True:
                budgets = [await self._budget(name) for name in names]
                now = await self._store.now()
                block = _block(budgets, wanted, now, patient=patient)
                if not block.number or await self._made(*(_taking(b, block.number, now) for b in budgets)):
                    return block

    def clear_seconds(self, names: Sequence[str], number: int) -> float:
        """Give how long it takes at least until so many have got a token, as far as is known."""
        return max(self._known[name].level.clear_seconds(number) if name in self._known else 0.0 for name in names)

    async def learn(self, name: str, rates: tuple[Rate, ...]) -> None:
        """Let a budget have these rates from now on."""
        while (budget := await self._budget(name)).level.rates != rates:
            level = budget.level.at(rates, (await self._store.now()).timestamp())
            if await self._made(Budget.learn(budget, level=level)):
                return

    async def block(self, name: str, for_seconds: float) -> None:
        """Give nobody a token of this budget for so long, or longer if that was said before."""
        until = await self._store.now() + seconds(for_seconds)
        while _blocked_until(budget := await self._budget(name)) < until:
            if await self._made(Budget.block(budget, blocked_until=until)):
                return

    async def _budget(self, name: str) -> Budget:
        """Give a budget as it was seen last; there is one as soon as it is asked for."""
        budget = self._known.get(name)
        while budget is None:
            now = await self._store.now()
            level = level_of(self._until_known, now.timestamp())
            await self._made(Budget.create(name, level=level, forgotten_at=now + KEPT))
            budget = self._known.get(name)
        return budget

    async def _made(self, *changes: Change[Budget]) -> bool:
        """Make changes of budgets, all or none, and tell whether that went well; else what is known of them is new."""
        (verdict,) = await self._store.submit([changes])
        if isinstance(verdict, Refused):
            await self._look_again(verdict)
            return False
        self._known.update((record.id, record) for record in verdict.records)
        return True

    async def _look_again(self, refusal: Refused) -> None:
        if isinstance(refusal, Stale | Exists) and refusal.record.state == Budget.open:
            self._known[refusal.id] = refusal.record
            return
        self._known.pop(refusal.id, None)
        if not isinstance(refusal, NotFound):
            await self.sleep(PAUSE_SECONDS)  # it is about to be forgotten, and begins anew


def _block(budgets: Sequence[Budget], wanted: int, now: datetime, *, patient: bool) -> Taken:
    """Say how much of all these may be taken together."""
    at = now.timestamp()
    least = min(b.level.least(wanted) for b in budgets) if patient else 1
    waits = ((max(b.level.wait_seconds(least, at), (_blocked_until(b) - now).total_seconds()), b.id) for b in budgets)
    wait_seconds, of = max(waits)
    if wait_seconds > 0:
        return Taken(0, wait_seconds=wait_seconds, of=of)
    return Taken(min(wanted, *(b.level.available(at) for b in budgets)))


def _taking(budget: Budget, number: int, now: datetime) -> Change[Budget]:
    # What comes first is changed rarely: an instant by which the store looks at a record costs more to change.
    kept = budget.forgotten_at if budget.forgotten_at - now > KEPT / 2 else now + KEPT
    return Budget.take(budget, level=budget.level.without(number, now.timestamp()), forgotten_at=kept)


def _blocked_until(budget: Budget) -> datetime:
    return budget.blocked_until or budget.entered_at
