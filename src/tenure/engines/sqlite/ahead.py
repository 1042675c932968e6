"""Deciding the next batch while SQLite still writes the last one.

Both take about as long, and SQLite needs no interpreter, so they overlap: what a batch leaves is known before it is
on the disk, and the next one begins with it. Each names the write on which it was decided, by its stamp. If that is
not the last any more (another process wrote, or an earlier batch failed), the file refuses it, and it is decided anew.
"""

from __future__ import annotations

import secrets
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

    def __init__(self, space: int, ground: Ground, batch: Batch, outcomes: list[Outcome]) -> None:
        self.space, self.ground, self.batch, self.outcomes = space, ground, batch, outcomes
        self.values: tuple[Any, ...] | None = None
        self.leaves = ground
        self.landed = threading.Event()
        self.failed = False

    def lay_out(self, files: Files) -> None:
        """Lay out what it writes."""
        if self.batch.changed:
            last, sheet = number_new(self.batch, files, self.ground.last), Sheet()
            lay_out(sheet, self.batch, files.places)
            stamp = secrets.randbits(62)
            self.values = values_of(self.space, sheet, self.batch, self.ground.stamp, stamp)
            self.leaves = Ground(stamp, self.batch.sequence, self.batch.time.now, last)

    def land(self, *, failed: bool = False) -> None:
        """Note that it is in the file, or that it never will be."""
        self.failed = failed
        self.landed.set()


class Ahead:
    """Decides batches on a thread and a connection of its own, which only reads.

    What earlier batches read and left is kept: nothing else can have changed it, or the file refuses the next one.
    """

    def __init__(self, connection: apsw.Connection, kinds: Kinds) -> None:
        self._connection, self._kinds = connection, kinds
        self._flights: deque[Flight] = deque()
        self._files: dict[int, Files] = {}
        self._times: dict[int, Time] = {}
        self._leaves = Ground(-1, 0, 0, 0)

    def decide(self, space: int, transactions: Sequence[Transaction], now: int) -> Flight:
        """Decide a batch on what the tables hold and what those before it leave."""
        ground, time = self._begin(space, now)
        files = self._files_of(space)
        try:
            files.load(transactions)
            batch = Batch(self._kinds, time, ground.sequence, files)
            flight = Flight(space, ground, batch, decide_all(batch, transactions))
            flight.lay_out(files)
        except BaseException:
            self._begin_anew()
            raise
        files.take_over(batch)
        self._flights.append(flight)
        self._leaves = flight.leaves
        return flight

    def _begin(self, space: int, now: int) -> tuple[Ground, Time]:
        """Give what the last batch left, or, where none is on its way, what the file says."""
        if any(flight.failed for flight in self._flights):  # then all that were decided on it fail too
            self._begin_anew()
        while self._flights and self._flights[0].landed.is_set():
            self._flights.popleft()
        if not self._flights or space not in self._times:
            ground, time = read_ground(self._connection, space, now)
            if not self._flights and ground.stamp != self._leaves.stamp:
                self._files.clear()
                self._times.clear()
                self._leaves = ground
            self._times[space] = time
        known = self._times[space]
        time = Time(max(now, self._leaves.read_at), known.swept_at, known.alive_until, known.outages)
        return self._leaves, time

    def _begin_anew(self) -> None:
        """Wait until nothing is on its way, and forget all."""
        for flight in self._flights:
            flight.landed.wait()
        self._flights.clear()
        self._files.clear()
        self._times.clear()
        self._leaves = Ground(-1, 0, 0, 0)

    def _files_of(self, space: int) -> Files:
        """Give what is known of a space, without what is known for long if it is much."""
        flying = [flight.batch for flight in self._flights if flight.space == space]
        known = self._files.get(space)
        if known is None or len(known.places) > MOST_KEPT:
            fresh = self._files[space] = Files(self._connection, space)
            if known is not None:
                for batch in flying:
                    fresh.take_over(batch)
                    fresh.places.update((key, known.places[key]) for key in batch.rows if key in known.places)
            known = fresh
        known.flying = flying
        return known


MOST_KEPT = 16_384
