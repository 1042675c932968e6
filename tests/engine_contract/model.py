"""What every engine must do: `Batch` and `decide` over a dict, in one place and one thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tenure.core.batch import Batch, Key
from tenure.core.clock import Time
from tenure.core.deadlines import due
from tenure.core.decide import Answer, Refusal, Replay, Transaction, Writes
from tenure.core.engine import Applied, Outcome
from tenure.core.kinds import Kinds, Slot, holdings
from tenure.core.row import Entry, Row
from tenure.core.transitions import TimedChange


class Model:
    """A space as plain dicts. It is the `Source` of its own batches."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self.rows: dict[Key, Row] = {}
        self.entries: list[Entry] = []
        self.answers: dict[str, Answer] = {}
        self.serials: dict[tuple[str, str], int] = {}
        self.time, self.sequence = Time(0), 0

    def write(self, transactions: Sequence[Transaction], now: int) -> list[Outcome]:
        """Apply transactions in order."""
        self.time = Time(now, self.time.swept_at, self.time.alive_until, self.time.outages)
        batch = self._batch()
        outcomes: list[Outcome] = []
        for transaction in transactions:
            decision = batch.run(transaction)
            if isinstance(decision, Refusal):
                outcomes.append(decision)
            else:
                outcomes.append(Applied(decision.rows, isinstance(decision, Replay)))
        self._take_over(batch)
        return outcomes

    def sweep(self, time: Time) -> int:
        """Make all that is due, and give how many transitions that was."""
        self.time, made = time, 0
        while True:
            batch = self._batch()
            for row in list(self.rows.values()):
                next_due = due(batch, row)
                if next_due is None or next_due[0] > time.now:
                    continue
                change = TimedChange(row.kind, row.id, self.kinds[row.kind].edges[next_due[1]])
                made += isinstance(batch.run(Transaction((change,), "sweeper", timed=True)), Writes)
            if not batch.entries:
                return made
            self._take_over(batch)

    def due(self, row: Row) -> int | None:
        """Give when the record's next timed transition happens."""
        next_due = due(self._batch(), row)
        return None if next_due is None else next_due[0]

    def removable(self, row: Row, now: int) -> bool:
        """Tell whether a record was kept long enough and no living record belongs to it."""
        state = self.kinds[row.kind].states[row.state]
        kept = state.final and state.keep is not None and row.entered_at + state.keep <= now
        return kept and not any(self._lives(child) for child in self._below(row))

    def remove(self, key: Key) -> None:
        """Take a record away."""
        del self.rows[key]

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the records by kind and state."""
        found: dict[str, Counter[str]] = {}
        for row in self.rows.values():
            found.setdefault(row.kind, Counter())[row.state] += 1
        return {kind: dict(counter) for kind, counter in found.items()}

    def slots(self) -> dict[Slot, list[str]]:
        """Give who holds each slot."""
        found: dict[Slot, list[str]] = {}
        for row in self.rows.values():
            for slot in holdings(self.kinds[row.kind], row).slots:
                found.setdefault(slot, []).append(row.id)
        return found

    def ranked(self, kind: str, state: str) -> list[tuple[str, float, str]]:
        """Give the order of a state's records: key, value and id."""
        ranks = ((holdings(self.kinds[kind], row).rank, row) for row in self.rows.values() if row.kind == kind)
        return sorted((rank.per, rank.value, row.id) for rank, row in ranks if rank is not None and rank.state == state)

    def _batch(self) -> Batch:
        return Batch(self.kinds, self.time, self.sequence, self)

    def _take_over(self, batch: Batch) -> None:
        self.rows.update((key, after) for key, _, after in batch.touched())
        self.entries += batch.entries
        self.answers.update(batch.answers)
        self.serials.update(batch.serials)
        self.sequence = batch.sequence

    def _below(self, row: Row) -> Iterator[Row]:
        for child in self.rows.values():
            if (row.kind, row.id) in holdings(self.kinds[child.kind], child).parents:
                yield child
                yield from self._below(child)

    def _lives(self, row: Row) -> bool:
        return not self.kinds[row.kind].states[row.state].final

    # ------------------------------------------------------------------------------------ as a source

    def row(self, kind: str, id: str) -> Row | None:
        return self.rows.get((kind, id))

    def held(self, slot: Slot) -> int:
        return len(self.slots().get(slot, ()))

    def holders(self, slot: Slot, most: int) -> Sequence[str]:
        return self.slots().get(slot, [])[:most]

    def serial(self, kind: str, field: str) -> int:
        return self.serials.get((kind, field), 0)

    def answer(self, op: str) -> Answer | None:
        return self.answers.get(op)
