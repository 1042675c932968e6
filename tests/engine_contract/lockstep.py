"""The engines side by side: the same steps on all of them, and after each one all that can be read is equal.

Two things may differ. Positions rise from event to event, and so do fences and the tokens of messages, but an engine
may leave gaps, such as for what it refused. So each engine's are numbered anew, in their order, before they are
compared: equal up to a renaming that keeps the order. And of what was due at one instant a sweep makes first what it
finds first, which depends on when it is to look: so that is compared in one order, whatever the engine's was.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from copy import copy
from typing import Any, ClassVar, TypeAlias, TypeVar

import msgspec
import uvloop
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.engine_contract.drawing import BEGIN, Room, Seat, draw_transaction
from tests.engine_contract.machine import ALIVE_FOR, OPS_KEPT, SECOND, plain
from tests.places import Place

from tenure import Change, Effect, End, Lifecycle, State, minutes, seconds
from tenure.core.decide import Transaction
from tenure.core.engine import Applied, Engine, Message, Query, Settled
from tenure.core.kinds import Kinds, Slot, holdings
from tenure.core.row import Entry, Row
from tenure.core.sweeping import SWEEPER
from tenure.opening import open_engine

T = TypeVar("T")
Call: TypeAlias = "Callable[[Engine, Numbering], Awaitable[T]]"
SPACE, ALL = "lockstep", 100_000
LEASE = 30 * SECOND


class Bell(Lifecycle):
    """Has effects, which the machine's other kinds have not."""

    quiet = State(initial=True)
    ringing = State()
    broken = End(keep=minutes(1))

    ring = quiet.to(ringing)
    hush = ringing.to(quiet, after=seconds(40))
    drop = (quiet | ringing).to(broken)

    rung = Effect(ringing)
    gone = Effect(broken, quiet)


def itself(found: T) -> object:
    """Give what was found, as it is."""
    return found


KINDS = (Room, Seat, Bell)
BELLS = st.sampled_from(["b0", "b1"])
TABLES = Kinds(kind._table for kind in KINDS)
QUERIES = (
    Query("Seat", ("waiting",), ranked=True, most=ALL),
    Query("Seat", ("waiting",), ranked=True, per='["eu"]', newest_first=True, most=ALL),
    Query("Seat", ("idle", "waiting", "playing", "done", "lost"), most=ALL),
    Query("Seat", ("waiting", "playing"), parent=("Room", "r2"), most=ALL),
    Query("Room", ("open", "shut", "over"), newest_first=True, most=ALL),
    Query("Bell", ("quiet", "ringing", "broken"), most=2),
)


class Numbering:
    """One engine's positions, fences and tokens, numbered in their order. What it has not given out stays as it is."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._given: list[int] = []
        self._places: dict[int, int] = {}
        self.is_behind = False

    @property
    def last(self) -> int:
        """The latest value that is known."""
        return self._given[-1] if self._given else 0

    def learn(self, entries: Sequence[Entry], messages: Sequence[Message] = ()) -> None:
        """Number what is new; it is later than all that is known."""
        self.is_behind = False
        self._places |= {
            entry.position: place.position for entry, place in zip(in_order(entries), entries, strict=True)
        }
        found = {*(entry.position for entry in entries), *(message.token for message in messages)} - {0}
        for value in sorted(found - self._numbers.keys()):
            assert value > self.last, f"{value} came after {self.last}"
            self._given.append(value)
            self._numbers[value] = len(self._given)

    def numbered(self, found: Any) -> Any:
        """Give the same with the engine's values replaced by their numbers."""
        if isinstance(found, list | tuple):
            return [self.numbered(one) for one in found]
        if isinstance(found, dict):
            return {name: self.numbered(one) for name, one in found.items()}
        if not isinstance(found, msgspec.Struct):
            return found
        named = {name: self.numbered(getattr(found, name)) for name in found.__struct_fields__}
        for name in named.keys() & {"position", "fence", "token"}:
            named[name] = self.number_of(named[name])
        return named

    def number_of(self, value: int) -> int:
        """Give the number of one of the engine's values; the next one for what a check would have given out."""
        if value <= self.last:
            return self._numbers.get(self._places.get(value, value), value)
        self.is_behind = True
        return len(self._given) + 1

    def given(self, number: int) -> int:
        """Give the engine's value for a number."""
        return self._given[number - 1] if 0 < number <= len(self._given) else number


class Lockstep(RuleBasedStateMachine):
    """Takes each step on every engine, and compares."""

    places: ClassVar[dict[str, Place]]
    look_each: ClassVar[int] = 1
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = uvloop.new_event_loop()
        self.engines: dict[str, Engine] = {}
        self.numberings = {name: Numbering() for name in self.places}
        for name, place in self.places.items():
            place.clear()
            self.engines[name] = self.run(open_engine(place.fresh(), KINDS))
        self.now = BEGIN
        self.rows: list[Row] = []
        self.seen: list[Row] = []
        self.sent: list[Transaction] = []
        self.taken: list[dict[str, Message]] = []
        self.keys: set[tuple[str, str]] = set()
        self.slots: set[Slot] = set()

    @property
    def first(self) -> str:
        """The engine with which the others are compared."""
        return next(iter(self.engines))

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Run something of the engines to its end."""
        return self.loop.run_until_complete(what)

    def teardown(self) -> None:
        """Let go of the engines."""
        for engine in self.engines.values():
            self.run(engine.close())
        self.loop.close()

    def same(self, call: Call[T], as_told: Callable[[T], object] = itself) -> dict[str, T]:
        """Do or read the same on all engines, assert that they answer alike, and give the answers."""
        answers = self._ask(call)
        told = self._told(answers, as_told)
        if any(numbering.is_behind for numbering in self.numberings.values()):
            self._learn()
            told = self._told(answers, as_told)
        first, *others = told
        for other in others:
            assert told[other] == told[first], f"{other} says\n{told[other]}\nand {first}\n{told[first]}"
        return answers

    def _ask(self, call: Call[T]) -> dict[str, T]:
        async def all_at_once() -> list[T]:
            calls = (call(engine, self.numberings[name]) for name, engine in self.engines.items())
            return list(await asyncio.gather(*calls))

        return dict(zip(self.engines, self.run(all_at_once()), strict=True))

    def _told(self, answers: dict[str, T], as_told: Callable[[T], object]) -> dict[str, object]:
        return {name: self.numberings[name].numbered(as_told(answer)) for name, answer in answers.items()}

    def _learn(self) -> None:
        async def given(engine: Engine, numbering: Numbering) -> tuple[Sequence[Entry], Sequence[Message]]:
            return await engine.feed(SPACE, [], numbering.last, ALL), await engine.messages(SPACE, None, None, ALL)

        for name, (entries, messages) in self._ask(given).items():
            self.numberings[name].learn(entries, messages)

    @invariant()
    def count(self) -> None:
        """Count the steps."""
        type(self).steps += 1

    @initialize()
    def begin(self) -> None:
        """Let a sweeper be at work, and somebody be there."""
        self.sweep(100)
        changes: Sequence[Change[Any]] = (
            *(Room.create(f"r{number}", cap=number) for number in (1, 2)),
            *(Seat.create(f"s{number}", pool="eu") for number in range(3)),
            *(Seat.enter(f"s{number}", room="r2") for number in range(2)),
            Seat.play("s0"),
            Bell.create("b0"),
        )
        self._write([Transaction((change,), "ann") for change in changes])

    @rule(data=st.data(), number=st.sampled_from([1, 1, 2, 3, 5]))
    def write(self, data: st.DataObject, number: int) -> None:
        """Apply transactions in one batch, with shared keys and repeated op ids."""
        ops = f"op {self.now // OPS_KEPT}"
        sent = [transaction for transaction in self.sent if transaction.op.startswith(f"{ops}/")]
        seats = [row for row in self.rows if row.kind != "Bell"]
        self._write([draw_transaction(data.draw, seats, self.seen, ops, sent) for _ in range(number)])

    @rule(id=BELLS, name=st.sampled_from(["create", "ring", "ring", "hush", "drop"]))
    def ring(self, id: str, name: str) -> None:
        """Change a bell, which sends messages."""
        self._write([Transaction((getattr(Bell, name)(id),), "ann")])

    def _write(self, transactions: list[Transaction]) -> None:
        self.sent += [transaction for transaction in transactions if transaction.op]
        answers = self.same(
            lambda engine, numbering: engine.write(
                SPACE, [self._as_of(one, numbering) for one in transactions], self.now
            ),
            lambda found: [plain(one) for one in found],
        )
        for outcome in answers[self.first]:
            if isinstance(outcome, Applied):
                self.keys |= {(row.kind, row.id) for row in outcome.rows}
        self.look()

    def _as_of(self, transaction: Transaction, numbering: Numbering) -> Transaction:
        """Give a transaction as another engine is asked for it: claims with the fences that it gave out."""
        changes = [copy(change) for change in transaction.changes]
        for change in changes:
            if isinstance(change, Change) and change.fence is not None:
                change.fence = numbering.given(self.numberings[self.first].number_of(change.fence))
        return msgspec.structs.replace(transaction, changes=tuple(changes))

    @rule(data=st.data())
    def check(self, data: st.DataObject) -> None:
        """Ask for a verdict, which writes nothing."""
        seats = [row for row in self.rows if row.kind != "Bell"]
        transaction = draw_transaction(data.draw, seats, self.seen, "check", [])
        self.same(lambda engine, numbering: engine.check(SPACE, self._as_of(transaction, numbering), self.now), plain)

    @rule(seconds=st.sampled_from([1, 9, 20, 31, 55, 300]), swept=st.booleans())
    def pass_time(self, seconds: int, swept: bool) -> None:  # noqa: FBT001
        """Let time pass, with a sweeper at its end or without."""
        self.now += seconds * SECOND
        if swept:
            self.sweep(100)

    @rule(most=st.sampled_from([1, 2, 5, 100]))
    def sweep(self, most: int) -> None:
        """Make what is due, in steps of this size."""

        async def all_of_it(engine: Engine, _: Numbering) -> int:
            made, more = 0, True
            while more:
                swept = await engine.sweep(SPACE, most, ALIVE_FOR, self.now)
                made, more = made + swept.made, swept.more
            return made

        self.same(all_of_it)
        self.same(lambda engine, _: engine.time(SPACE, self.now))
        self.look()

    @rule(effect=st.sampled_from(["rung", "gone"]), most=st.sampled_from([1, 2, 10]))
    def take(self, effect: str, most: int) -> None:
        """Take messages for delivery."""
        taken = self.same(lambda engine, _: engine.take(SPACE, "Bell", effect, most, LEASE, self.now), list)
        self.taken += [dict(zip(taken, alike, strict=True)) for alike in zip(*taken.values(), strict=True)]
        self.look()

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), how=st.sampled_from(["done", "done", "again", "given up"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        """Say what became of a message, perhaps too late."""
        taken = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        of = {id(engine): taken[name] for name, engine in self.engines.items()}

        def settled(one: Message) -> Settled:
            return Settled(
                one.effect, one.entry.kind, one.entry.id, one.entry.version, one.token, how == "done",
                self.now + 5 * SECOND if how == "again" else None, "" if how == "done" else "it failed",
            )  # fmt: skip

        self.same(lambda engine, _: engine.settle(SPACE, [settled(of[id(engine)])], self.now))
        self.look()

    @rule(id=BELLS, effect=st.sampled_from(["rung", "gone"]))
    def resend(self, id: str, effect: str) -> None:
        """Let what was given up be tried again."""
        self.same(lambda engine, _: engine.resend(SPACE, "Bell", id, effect, self.now))
        self.look()

    def look(self) -> None:
        """Read the records, and where it is time to, everything that can be read; compare."""
        keys = sorted(self.keys)
        found = self.same(lambda engine, _: engine.rows(SPACE, keys), list)[self.first]
        self.rows = [row for row in found if row is not None]
        self.seen = [*self.seen, *(row for row in self.rows if row.kind != "Bell" and row not in self.seen)][-60:]
        self.slots |= {slot for row in self.rows for slot in holdings(TABLES[row.kind], row).slots}
        if self.steps % self.look_each == 0:
            self.look_at_everything()

    def look_at_everything(self) -> None:
        """Read everything else, and compare."""
        feeds = self.same(lambda engine, _: engine.feed(SPACE, [], 0, ALL), in_order)
        for name, engine in self.engines.items():
            last = max((entry.position for entry in feeds[name]), default=0)
            assert self.run(engine.last_position(SPACE)) >= last
        cuts = [n for n, entry in enumerate(feeds[self.first]) if entry.by != SWEEPER]
        middle = cuts[len(cuts) // 2] if cuts else 0
        after = {id(self.engines[name]): entries[middle].position if cuts else 0 for name, entries in feeds.items()}
        seats = self.same(lambda engine, _: engine.feed(SPACE, ["Seat"], after[id(engine)], ALL), in_order)
        for name, engine in self.engines.items():
            few = self.run(engine.feed(SPACE, ["Seat"], after[id(engine)], 5))
            assert list(few) == list(seats[name][:5])
        self.same(lambda engine, _: engine.counts(SPACE), without_nothing)
        self.same(lambda engine, _: engine.messages(SPACE, None, None, ALL), by_event)
        self.compare_looks()
        for slot in sorted(self.slots, key=str):
            self.same(lambda engine, _, slot=slot: engine.holders(SPACE, slot, ALL), sorted)  # type: ignore[misc]
        for query in QUERIES:
            self.same(lambda engine, _, query=query: engine.find(SPACE, query), list)  # type: ignore[misc]
        for key in sorted(self.keys):
            self.same(lambda engine, _, key=key: engine.history(SPACE, *key, 0, ALL), list)  # type: ignore[misc]

    def compare_looks(self) -> None:
        """Assert that the same records are to be looked at, and at the same instants.

        SQLite settles looks ahead of their time, at which nothing will be due: of it the audit says that none is late.
        """
        looks = self.same(lambda engine, _: engine.due(SPACE, ALL), whose)
        exact = [sorted(found) for name, found in looks.items() if not name.startswith("sqlite")]
        assert all(found == exact[0] for found in exact)
        late = self.run(self.engines[self.first].audit(SPACE, repair=False, now=self.now))
        assert not late, late


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """Put what sweeps made at one instant, with nothing between, into the order of the records."""
    ordered: list[Entry] = []
    for (by, _), run in itertools.groupby(entries, lambda entry: (entry.by, entry.at)):
        made = list(run)
        ordered += sorted(made, key=of_record) if by == SWEEPER else made
    return ordered


def of_record(entry: Entry) -> tuple[str, str, int]:
    """Give which event of which record it is."""
    return (entry.kind, entry.id, entry.version)


def by_event(messages: Sequence[Message]) -> list[Message]:
    """Put messages into the order of instants and records."""
    return sorted(messages, key=lambda message: (message.entry.at, *of_record(message.entry), message.effect))


def whose(looks: Sequence[tuple[int, str, str]]) -> list[tuple[str, str]]:
    """Give which records are to be looked at."""
    return sorted((kind, id) for _, kind, id in looks)


def without_nothing(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Leave out what nothing is in."""
    kept = {kind: {state: n for state, n in states.items() if n} for kind, states in counts.items()}
    return {kind: states for kind, states in kept.items() if states}
