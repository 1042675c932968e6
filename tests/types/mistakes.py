"""Mistakes that an author or a caller makes; each line's comment says who must find it.

`mypy` and `pyright`: the type checkers, on this line. Functions called `import_…` fail when a module with such a
class is imported, those called `testing_…` in a test. This file is never imported but by its test.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Claim,
    Delivery,
    Effect,
    End,
    Lifecycle,
    Limit,
    State,
    Store,
    field,
    parent,
    seconds,
)


class Desk(Lifecycle):
    label: str = field()
    hidden: int = 0

    free = State(initial=True)
    closed = End()

    close = free.to(closed)

    @free.stay()
    def rename(self, label: str) -> None: ...


class Loan(Lifecycle):
    desk: str = parent(Desk)
    days: int = field(default=7)
    note: str | None = field(default=None)

    asked = State(initial=True, under=Desk.free)
    lent = State()
    over = End(has=note)

    lend = asked.to(lent, by=CLAIMANT)

    @lent.to(over, by=HOLDER)
    def hand_back(self, note: str) -> None: ...

    @lent.to(over, by=SWEEPER, after=seconds(9))
    def expire(self, note: str = "late") -> None: ...

    @(asked | lent).to(over)
    def cancel(self, note: str) -> None: ...

    lent_out = Effect(lent)


if TYPE_CHECKING:

    class Wrong(Lifecycle):
        label: str = field()
        window: timedelta = field()

        a = State(initial=True)
        b = State(rank=labl)  # 1 an unknown name: mypy pyright
        c = End()
        d = State(by=SWEEPER)  # 2 the sweeper holds nothing: mypy pyright
        e = State(rank=label)  # 3 a rank by text: mypy pyright

        f = a.to(nowhere)  # 4 an unknown state: mypy pyright
        g = c.to(a)  # 5 a way out of an end: mypy pyright
        h = a.to(b, after=label)  # 6 a time that is a text: mypy pyright
        i = b.to(c, by=SWEEPER)  # 7 the sweeper without a time: mypy pyright
        j = a.to(b, by="holder")  # 8 who, as a text: mypy pyright
        k = a.stay(after=seconds(1))  # 9 a stay that happens by itself: mypy pyright
        m = Limit(at_most=label, per=label)  # 10 a cap that is a text: mypy pyright
        n = Limit(at_most=1)  # 11 a limit per nothing: mypy pyright
        o = Limit(at_most=1, per=label, over=a | c)  # 12 a limit over an end: mypy pyright

    async def use(store: Store) -> None:
        await store.apply(Desk.create("d"))  # 13 label is missing: mypy pyright
        await store.apply(Desk.create("d", label="x", labl="y"))  # 14 an unknown field: mypy pyright
        await store.apply(Desk.create("d", label=3))  # 15 the wrong type: mypy pyright
        await store.apply(Desk.create(3, label="x"))  # 16 an id that is a number: mypy pyright
        await store.apply(Desk.rename("d"))  # 17 a parameter is missing: mypy pyright
        await store.apply(Desk.rename("d", label=None))  # 18 it may not be None: mypy pyright
        await store.apply(Loan.hand_back("l", note="x"))  # 19 an id is no claim: mypy pyright
        await store.apply(Loan.expire("l"))  # 20 the sweeper's alone: mypy pyright
        desk = await store.get(Desk, "d")
        await store.apply(Loan.cancel(desk, note="x"))  # 21 the record of another kind: mypy pyright
        await store.apply(Loan.hand_back(desk.claim, note="x"))  # 22 the claim of another kind: mypy pyright
        desk.label = "y"  # 23 records are read-only: mypy pyright
        desk.lable  # 24 an unknown field: mypy pyright
        loan, other = await store.apply(Loan.lend("l"), Desk.close("d"))
        loan.label  # 25 it is a loan: mypy pyright
        other.days  # 26 it is a desk: mypy pyright
        await store.find(Desk.nowhere)  # 27 an unknown state: mypy pyright
        await store.find(Desk.rename)  # 28 a transition is no state: mypy pyright
        await store.find("free")  # 29 nor is a text: mypy pyright
        await store.apply(desk)  # 30 a record is no change: mypy pyright
        await store.beat(loan)  # 31 a record is no claim: mypy pyright
        await store.get("Desk", "d")  # 32 a kind by its name: mypy pyright
        if desk.state == Loan.lent:  # 33 never equal: mypy
            return
        store.apply(Desk.close("d"))  # 34 not awaited: mypy pyright

        async def handle(delivery: Delivery[Desk]) -> None: ...

        await store.deliver(Loan.lent_out, handle)  # 35 the handler of another kind: mypy pyright
        async for claimed in store.claims(Loan.lend, days=3):  # 36 it takes no such parameter: mypy pyright
            claimed.label  # 37 it is a loan: mypy pyright
        claim: Claim[Desk] = loan.claim  # 38 the claim of another kind: mypy pyright
        async with store.hold(claim) as held:
            held.claim = claim
            async for command in held.commands():
                command.field  # 39 an unknown attribute: mypy pyright


def import_a_state_that_is_never_left() -> None:
    class _(Lifecycle):
        a = State(initial=True)
        b = State()
        go = a.to(b)


def import_a_state_that_only_a_dead_holder_leaves() -> None:
    class _(Lifecycle):
        a = State(initial=True, by=CLAIMANT)
        b = End()
        go = a.to(b, by=HOLDER)


def import_a_needed_field_that_nobody_gives() -> None:
    class _(Lifecycle):
        m: str | None = field(default=None)
        a = State(initial=True)
        b = End(has=m)
        go = a.to(b)


def import_a_parameter_that_is_no_field() -> None:
    class _(Lifecycle):
        a = State(initial=True)
        b = End()

        @a.to(b)
        def go(self, nothing: str) -> None: ...


def import_a_hidden_field_in_a_limit() -> None:
    class _(Lifecycle):
        m: str = ""
        a = State(initial=True)
        b = End()
        go = a.to(b)
        once = Limit(at_most=1, per=m)


async def testing_a_change_that_nobody_applies(store: Store) -> None:
    Desk.create("d", label="x")


async def testing_a_change_that_is_kept_and_forgotten(store: Store) -> None:
    changes = [Desk.create("d", label="x"), Desk.close("d")]
    await store.apply(changes[0])
