"""One process's share of the budgets: it takes blocks of tokens of them, and gives out one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from tenure.core.durations import seconds
from tenure.pacing.rates import Rate
from tenure.store.store import Store

UNTIL_KNOWN = (Rate(20, 1.0), Rate(100, 120.0))


class SpentError(Exception):
    """There is no token for longer than one waits: `name` is the budget, `retry_after` the seconds until there is."""

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"the budget {name} is spent for {retry_after:.0f} s")
        self.name, self.retry_after = name, retry_after


class Pacer:
    """Gives tokens of the budgets of one store. All processes of the store share them; each needs one pacer."""

    def __init__(
        self,
        store: Store,
        *,
        until_known: Sequence[Rate] = UNTIL_KNOWN,
        patience: timedelta = seconds(20),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`until_known` are the rates of a budget that nobody said anything of yet; `patience`, how long one waits."""
        raise NotImplementedError

    async def take(self, *names: str) -> None:
        """Wait for a token of each of these budgets. Raises `SpentError`, also at once if it is known; `Unavailable`."""
        raise NotImplementedError

    async def learn(self, name: str, rates: Sequence[Rate]) -> None:
        """Let a budget have these rates from now on."""
        raise NotImplementedError

    async def block(self, name: str, for_seconds: float) -> None:
        """Give nobody a token of this budget for so long."""
        raise NotImplementedError
