"""One state machine for all engines: what the engine holds must be what the model holds, after every step."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.engine_contract.drawing import BEGIN, KINDS, Room, Seat, draw_transaction
from tests.engine_contract.model import Model
from tests.places import Place

from tenure.core.decide import Refusal, Transaction
from tenure.core.durations import seconds as length
from tenure.core.durations import to_microseconds
from tenure.core.engine import Applied, Engine, Outcome, Query
from tenure.core.kinds import Kinds
from tenure.core.row import Entry, Row
from tenure.core.transitions import Change
from tenure.opening import open_engine

T = TypeVar("T")
SPACE = "machine"
SECOND = to_microseconds(length(1))
ALIVE_FOR = 60 * SECOND
LOOKED_AT_AGAIN = 61 * SECOND
OPS_KEPT = 300 * SECOND


class Machine(RuleBasedStateMachine):
    """Draws writes, beats, sweeps and time, and compares."""

    place: ClassVar[Place]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.place.clear()
        self.engine: Engine = self.run(open_engine(self.place.fresh(), KINDS))
        self.model = Model(Kinds(kind._table for kind in KINDS))
        self.now = BEGIN
        self.seen: list[Row] = []
        self.sent: list[Transaction] = []
        self.removable_since: dict[tuple[str, str], int] = {}

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Run something of the engine to its end."""
        return self.loop.run_until_complete(what)

    def teardown(self) -> None:
        """Let go of the engine."""
        self.run(self.engine.close())
        self.loop.close()

    @initialize()
    def begin(self) -> None:
        """Let a sweeper be at work, and somebody be there."""
        self.sweep(100)
        changes = (
            *(Room.create(f"r{number}", cap=number) for number in (1, 2)),
            *(Seat.create(f"s{number}", pool="eu") for number in range(3)),
            *(Seat.enter(f"s{number}", room="r2") for number in range(2)),
            Seat.play("s0"),
        )
        transactions = [Transaction((change,), "ann") for change in changes]
        assert self.model.write(transactions, self.now) == list(
            self.run(self.engine.write(SPACE, transactions, self.now))
        )

    @property
    def rows(self) -> list[Row]:
        """The records as they are."""
        return [self.model.rows[key] for key in sorted(self.model.rows)]

    @rule(data=st.data(), number=st.sampled_from([1, 1, 2, 3, 5]))
    def write(self, data: st.DataObject, number: int) -> None:
        """Apply transactions in one batch, with shared keys and repeated op ids."""
        ops = f"op {self.now // OPS_KEPT}"
        transactions = [draw_transaction(data.draw, self.rows, self.seen, ops, self._sent(ops)) for _ in range(number)]
        self.sent += [transaction for transaction in transactions if transaction.op]
        expected = self.model.write(transactions, self.now)
        found = self.run(self.engine.write(SPACE, transactions, self.now))
        assert [plain(o) for o in found] == [plain(o) for o in expected], describe(transactions, found, expected)
        self.look()

    def _sent(self, ops: str) -> list[Transaction]:
        """Give what was sent under an op id that is surely kept."""
        return [transaction for transaction in self.sent if transaction.op.startswith(f"{ops}/")]

    @rule(data=st.data())
    def check(self, data: st.DataObject) -> None:
        """Ask for a verdict, which writes nothing."""
        transaction = draw_transaction(data.draw, self.rows, self.seen, "check", [])
        found = self.run(self.engine.check(SPACE, transaction, self.now))
        before = dict(self.model.__dict__)
        copies = {name: value.copy() for name, value in before.items() if isinstance(value, dict | list)}
        expected = self.model.write([transaction], self.now)[0]
        self.model.__dict__.update(before | copies)
        assert plain(found) == plain(expected)
        self.look()

    @rule(seconds=st.sampled_from([1, 9, 20, 31, 55]))
    def pass_swept(self, seconds: int) -> None:
        """Let time pass, with a sweeper at its end."""
        self.now += seconds * SECOND
        self.sweep(100)

    @rule(seconds=st.sampled_from([1, 20, 30, 60, 300]))
    def pass_unswept(self, seconds: int) -> None:
        """Let time pass with no sweeper."""
        self.now += seconds * SECOND

    @rule(most=st.sampled_from([1, 2, 5, 100]))
    def sweep(self, most: int) -> None:
        """Make what is due, in steps of this size."""
        made, swept = 0, None
        while swept is None or swept.more:
            swept = self.run(self.engine.sweep(SPACE, most, ALIVE_FOR, self.now))
            made += swept.made
        time = self.run(self.engine.time(SPACE, self.now))
        assert time.now == self.now
        assert not time.in_outage
        assert made == self.model.sweep(time)
        self.look(swept=True)

    def look(self, *, swept: bool = False) -> None:
        """Compare everything."""
        self._follow_removals(swept=swept)
        keys = sorted(self.model.rows)
        rows = self.run(self.engine.rows(SPACE, keys))
        assert dict(zip(keys, rows, strict=True)) == self.model.rows
        self.seen = [*self.seen, *(row for row in self.model.rows.values() if row not in self.seen)][-60:]
        self._compare_indexes()
        self._compare_events()
        assert self.run(self.engine.audit(SPACE, repair=False)) == []

    def _follow_removals(self, *, swept: bool) -> None:
        """An engine may take a while to remove; the model follows it, and says what may go and what must."""
        keys = sorted(self.model.rows)
        rows = self.run(self.engine.rows(SPACE, keys))
        gone = [key for key, row in zip(keys, rows, strict=True) if row is None]
        may_go = {key for key, row in self.model.rows.items() if self.model.removable(row, self.now)}
        for kind, id in gone:
            row = self.model.rows[kind, id]
            parents = {("Room", str(row.fields.get("room")))} if kind == "Seat" else set()
            assert (kind, id) in may_go or (parents & set(gone) and not self.model.due(row)), f"{row} was removed"
        for key in gone:
            self.model.remove(key)
        if swept:
            since = {key: self.removable_since.get(key, self.now) for key in may_go - set(gone)}
            self.removable_since = since
            assert all(self.now - at < LOOKED_AT_AGAIN for at in since.values()), f"{since} ought to be gone"

    def _compare_indexes(self) -> None:
        counts = self.run(self.engine.counts(SPACE))
        known = {kind: {state: n for state, n in states.items() if n} for kind, states in counts.items()}
        assert {kind: states for kind, states in known.items() if states} == self.model.counts()
        for slot, holders in self.model.slots().items():
            assert sorted(self.run(self.engine.holders(SPACE, slot, 100))) == sorted(holders)
        query = Query("Seat", ("waiting",), ranked=True)
        found = [(row.fields["pool"], row.fields["rating"]) for row in self.run(self.engine.find(SPACE, query))]
        expected = self.model.ranked("Seat", Seat._table.states["waiting"].name)
        assert found == [(per[2:-2], rating) for per, rating, _ in expected]
        due: dict[tuple[str, str], int] = {}
        for at, kind, id in self.run(self.engine.due(SPACE, 1000)):
            assert (kind, id) not in due
            due[kind, id] = at
        for key, row in self.model.rows.items():
            deadline = self.model.due(row)
            if deadline is None or (row.kind == "Seat" and deadline <= self.now):
                continue  # a child whose parent has ended is found by that
            assert due.get(key, deadline + 1) <= deadline, f"{row} is looked at too late"

    def _compare_events(self) -> None:
        entries = self.run(self.engine.feed(SPACE, [], 0, 100_000))
        assert [e.position for e in entries] == sorted({e.position for e in entries})
        assert sorted(map(told, entries)) == sorted(map(told, self.model.entries))
        for row in self.model.rows.values():
            history = self.run(self.engine.history(SPACE, row.kind, row.id, 0, 1000))
            assert [e.version for e in history] == list(range(1, row.version + 1))


def told(entry: Entry) -> tuple[object, ...]:
    """Give what an event tells, without its place: those of one sweep may be made in any order."""
    e = entry
    return (e.kind, e.id, e.at, e.version, e.by, e.name, e.source, e.target, e.fence, e.op, e.note, e.unread)


def plain(outcome: Outcome) -> object:
    """Give an outcome so that two that mean the same are equal."""
    if isinstance(outcome, Applied):
        return outcome
    named = {name: getattr(outcome, name) for name in Refusal.__struct_fields__}
    return named | {"holders": sorted(outcome.holders)}


def describe(transactions: Sequence[Any], found: Sequence[Outcome], expected: Sequence[Outcome]) -> str:
    """Say which transaction was answered otherwise."""
    lines = []
    for transaction, one, other in zip(transactions, found, expected, strict=True):
        if plain(one) != plain(other):
            changes: Sequence[Change[Any]] = transaction.changes
            lines.append(f"{list(changes)} op={transaction.op!r}: {one}, and not {other}")
    return "\n".join(lines)
