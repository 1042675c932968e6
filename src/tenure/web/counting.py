"""Counting what the store does, for metrics: refusals on their way back, transitions as they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from tenure.core.decide import Refusal, Transaction
from tenure.core.engine import Engine, Outcome
from tenure.core.lifecycle import Lifecycle
from tenure.core.row import Entry
from tenure.opening import open_engine
from tenure.store.shared import Shared
from tenure.store.store import Store


class Counts:
    """What was counted since the process began, by labels."""

    def __init__(self) -> None:
        self.transitions: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[tuple[str, str, str]] = Counter()
        self.replays = 0

    def heard(self, space: str, entries: Sequence[Entry]) -> None:  # noqa: ARG002  a listener's form
        """Count the events of one write, by whichever process."""
        self.transitions.update((entry.kind, entry.name) for entry in entries)

    def answered(self, outcomes: Sequence[Outcome]) -> None:
        """Count the refusals and replays of one batch of this process."""
        for outcome in outcomes:
            if isinstance(outcome, Refusal):
                self.refusals[outcome.kind, outcome.name, outcome.reason] += 1
            elif outcome.replayed:
                self.replays += 1


class CountingEngine:
    """An engine that counts; all else is the engine's own."""

    def __init__(self, engine: Engine, counts: Counts) -> None:
        self._engine, self._counts = engine, counts
        engine.listen(counts.heard)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def write(self, space: str, transactions: Sequence[Transaction], now: int | None = None) -> Sequence[Outcome]:
        """Write as the engine does, and count what came of it."""
        outcomes = await self._engine.write(space, transactions, now)
        self._counts.answered(outcomes)
        return outcomes


@asynccontextmanager
async def open_counting(
    url: str, kinds: Sequence[type[Lifecycle]], *, space: str, actor: str
) -> AsyncIterator[tuple[Store, Counts]]:
    """Open a store as `tenure.open` does, with one that counts what it does."""
    counts = Counts()
    engine = cast("Engine", CountingEngine(await open_engine(url, kinds), counts))
    store = Store(Shared(engine, kinds, None), space, actor)
    try:
        yield store, counts
    finally:
        await store.close()
