"""Deciding the next batch while SQLite still writes the last one.

Both take about as long, and SQLite needs no interpreter, so they overlap: what a batch leaves is known before it is
on the disk, and the next one begins with it. Each says how often anything had been written when it was decided, and
is refused by the file, and decided anew, if that is not so any more: another process wrote, or an earlier one failed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import apsw

from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.decide import Refusal, Replay, Transaction
from tenure.core.engine import Applied, Outcome
from tenure.core.kinds import Kinds
from tenure.core.sheet import Sheet, lay_out
from tenure.engines.sqlite.reading import Files, Ground, read_ground
from tenure.engines.sqlite.writing import number_new, values_of


def decide_all(batch: Batch, transactions: Sequence[Transaction]) -> list[Outcome]:
    """Decide transactions in order, each seeing the earlier ones."""
    outcomes: list[Outcome] = []
    for transaction in transactions:
        decision = batch.run(transaction)
        if isinstance(decision, Refusal):
            outcomes.append(decision)
        else:
            outcomes.append(Applied(decision.rows, isinstance(decision, Replay)))
    return outcomes


class Flight:
    """A batch on its way into the file. `values` are None if it writes nothing: then it only must still hold."""

    def __init__(self, space: int, ground: Ground, batch: Batch, files: Files, outcomes: list[Outcome]) -> None:
        self.space, self.ground, self.batch, self.files, self.outcomes = space, ground, batch, files, outcomes
        self.values: tuple[Any, ...] | None = None
        self.leaves = ground
        self.landed = threading.Event()
        self.failed = False
        if batch.changed:
            last, sheet = number_new(batch, files, ground.last), Sheet()
            lay_out(sheet, batch, files.places)
            self.values = values_of(space, sheet, batch, ground.writes)
            self.leaves = Ground(ground.writes + 1, batch.sequence, batch.time.now, last)

    def land(self, *, failed: bool = False) -> None:
        """Note that it is in the file, or that it never will be."""
        self.failed = failed
        self.landed.set()


class Ahead:
    """Decides batches on a thread and a connection of its own, which only reads."""

    def __init__(self, connection: apsw.Connection, kinds: Kinds) -> None:
        self._connection, self._kinds = connection, kinds
        self._flights: deque[Flight] = deque()

    def decide(self, space: int, transactions: Sequence[Transaction], now: int) -> Flight:
        """Decide a batch on what the tables hold and what those before it leave."""
        self._forget_landed()
        ground, time = read_ground(self._connection, space, now)
        if self._flights:
            ground = self._flights[-1].leaves
            time = Time(max(now, ground.read_at), time.swept_at, time.alive_until, time.outages)
        files = Files(self._connection, space)
        for flight in self._flights:
            if flight.space == space:
                files.begin_with(flight.batch, flight.files)
        files.load(transactions)
        batch = Batch(self._kinds, time, ground.sequence, files)
        flight = Flight(space, ground, batch, files, decide_all(batch, transactions))
        self._flights.append(flight)
        return flight

    def _forget_landed(self) -> None:
        """Forget those that are in the file. If one failed, all that were decided on it will: begin with the file."""
        if any(flight.failed for flight in self._flights):
            for flight in self._flights:
                flight.landed.wait()
            self._flights.clear()
        while self._flights and self._flights[0].landed.is_set():
            self._flights.popleft()
