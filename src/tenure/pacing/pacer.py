"""One process's share of the budgets: it takes blocks of tokens of them, and gives out one at a time.

So what is asked costs no change of a record each time, and processes that ask little leave the tokens to the others.
A block is used within half a second or not at all: `rates` counts on that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from tenure.core.durations import seconds
from tenure.pacing.budgets import Budgets
from tenure.pacing.rates import HOLD_SECONDS, Rate
from tenure.store.store import Store

PATIENT_TRIES = 3
UNTIL_KNOWN = (Rate(20, 1.0), Rate(100, 120.0))


class SpentError(Exception):
    """There is no token for longer than one waits: `name` is the budget, `retry_after` the seconds until there is."""

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"the budget {name} is spent for {retry_after:.1f} s")
        self.name, self.retry_after = name, retry_after


class Pacer:
    """Gives tokens of the budgets of one store. All processes of the store share them; each has one pacer."""

    def __init__(
        self,
        store: Store,
        *,
        until_known: Sequence[Rate] = UNTIL_KNOWN,
        patience: timedelta = seconds(20),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`until_known` are the rates of a budget that nobody said anything of yet; `patience`, how long one waits.

        `clock` gives seconds of any beginning; it tells when a token is too old.
        """
        self._budgets = Budgets(store, tuple(until_known))
        self._patience_seconds, self._clock = patience.total_seconds(), clock
        self._lanes: dict[tuple[str, ...], _Lane] = {}

    async def take(self, *names: str) -> None:
        """Wait for a token of each of these budgets, the first of which the others belong to.

        Raises `SpentError`, at once where that is clear from the beginning; `Unavailable`, `OutcomeUnknown`.
        """
        lane = self._lanes.get(names)
        if lane is None:
            lane = self._lanes[names] = _Lane(self._budgets, names, self._patience_seconds, self._clock)
        await lane.take()

    async def learn(self, name: str, rates: Sequence[Rate]) -> None:
        """Let a budget have these rates from now on; with none, all is given. Nothing is written where it has them."""
        await self._budgets.learn(name, tuple(rates))

    async def block(self, name: str, for_seconds: float) -> None:
        """Give nobody a token of this budget for so long; what other processes hold is used up first."""
        for names, lane in self._lanes.items():
            if name in names:
                lane.drop()
        await self._budgets.block(name, for_seconds)


class _Lane:
    """Who waits for a token of the same budgets, and the block that is in use."""

    def __init__(
        self, budgets: Budgets, names: tuple[str, ...], patience_seconds: float, clock: Callable[[], float]
    ) -> None:
        self._budgets, self._names, self._clock = budgets, names, clock
        self._patience_seconds = patience_seconds
        self._turn = asyncio.Lock()  # whoever has it takes the next block; the others come after, in order
        self._left, self._void_at, self._used, self._waiting = 0, 0.0, 0, 0

    async def take(self) -> None:
        if not self._turn.locked() and self._spend():
            return
        clear_seconds = self._budgets.clear_seconds(self._names, self._waiting + 1)
        if clear_seconds > self._patience_seconds:
            raise SpentError(self._names[-1], clear_seconds)
        until = self._clock() + self._patience_seconds
        self._waiting += 1
        try:
            async with self._turn:
                tries = 0
                while not self._spend():
                    # Who has waited takes what there is: others, who want little, would always be faster.
                    await self._fill(until, patient=tries < PATIENT_TRIES)
                    tries += 1
        finally:
            self._waiting -= 1

    def drop(self) -> None:
        self._left = 0

    def _spend(self) -> bool:
        if self._left == 0 or self._clock() >= self._void_at:
            return False
        self._left -= 1
        self._used += 1
        return True

    async def _fill(self, until: float, *, patient: bool) -> None:
        """Take a block, or wait until there is something to take. Raises `SpentError` if that is too late."""
        began = self._clock()
        # What was used of the last block will be wanted again soon, unless that is long past.
        ahead = self._used if began < self._void_at + HOLD_SECONDS else 0
        taken = await self._budgets.take(self._names, self._waiting + ahead, patient=patient)
        if taken.number:
            self._left, self._used, self._void_at = taken.number, 0, began + HOLD_SECONDS
            return
        if self._clock() + taken.wait_seconds > until:
            raise SpentError(taken.of, taken.wait_seconds)
        await self._budgets.sleep(taken.wait_seconds)
