"""What must type-check, and to which types: `assert_type` fails in the checker, not when it runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_type

from tenure import (
    CLAIMANT,
    HOLDER,
    NEXT,
    SWEEPER,
    Applied,
    Change,
    Claim,
    Delivery,
    Effect,
    End,
    Event,
    Lifecycle,
    Limit,
    LimitReached,
    Noted,
    NotUnder,
    State,
    StateOf,
    Store,
    Transaction,
    days,
    end_of,
    field,
    lease,
    minutes,
    parent,
    seconds,
    serial,
)


class Venue(Lifecycle):
    """A parent with a cap, and a window that closes at an instant."""

    seats: int = field(default=2)
    closes_at: datetime = field()
    pause: timedelta = field(default=minutes(1))
    tags: tuple[str, ...] = ()

    open = State(initial=True)
    shut = State()
    gone = End(keep=days(1))

    close = open.to(shut, after=closes_at)
    reopen = shut.to(open, after=pause)
    leave = (open | shut).to(gone)

    @open.stay()
    def grow(self, seats: int) -> None: ...


class Guest(Lifecycle, history=days(7)):
    """A child with every kind of transition."""

    number: int = serial()
    venue: str = parent(Venue)
    sponsor: str | None = parent(Venue, default=None, was="patron")
    score: int = field(default=0)
    board: dict[str, int] = field(default={})
    reason: str | None = field(default=None)

    waiting = State(initial=True, rank=score, per=venue)
    seated = State(was="placed")
    left = End(keep=days(1))
    thrown_out = End(has=reason)

    here = waiting | seated

    take = waiting.to(seated, by=CLAIMANT)
    retake = seated.stay(by=CLAIMANT)
    finish = seated.to(left, by=HOLDER)

    @seated.stay(by=HOLDER)
    def play(self, board: dict[str, int], score: int) -> None: ...

    @seated.stay(tell=HOLDER)
    def ask(self, what: Noted[str], loudly: Noted[int] = 0) -> None: ...

    @here.to(thrown_out, by=SWEEPER, after=lease(seconds=30))
    def expire(self, reason: str = "gone quiet") -> None: ...

    @here.to(thrown_out)
    def throw_out(self, reason: str) -> None: ...

    follow = waiting.to(left, after=end_of(venue))

    @thrown_out.stay(erase=True)
    def redact(self, reason: str) -> None: ...

    room = Limit(at_most=Venue.seats, per=venue, over=here)
    once = Limit(at_most=1, per=(venue, score))

    welcome = Effect(seated)
    goodbye = Effect(left, thrown_out)
    every = Effect()


def seat(venue: Venue, one: Guest, two: Guest) -> Transaction:
    """A transaction of several kinds is a plain sequence."""
    return [Venue.grow(venue, seats=venue.seats + 2), Guest.take(one), Guest.take(two)]


async def use(store: Store) -> None:
    assert_type(Guest.create("g", venue="v"), Change[Guest])
    assert_type(Guest.create(NEXT, venue="v", score=3, board={"a": 1}), Change[Guest])
    guest = await store.apply(Guest.create("g", venue="v"), op="1", why="asked")
    assert_type(guest, Guest)
    venue, taken = await store.apply(Venue.close("v"), Guest.take(guest))
    assert_type(venue, Venue)
    assert_type(taken, Guest)
    one, two, three = await store.apply(Venue.reopen(venue), Guest.retake(taken), Guest.retake(taken))
    assert_type((one, two, three), tuple[Venue, Guest, Guest])
    assert_type(taken.claim, Claim[Guest])
    played = await store.apply(Guest.play(taken.claim, board={"a": 2}, score=4))
    await store.apply(Guest.ask("g", what="tea"), Guest.ask("g", what="tea", loudly=1))
    await store.apply(Guest.finish(played.claim))
    assert_type(guest.state, StateOf[Guest])
    assert_type((guest.score, guest.reason, guest.board), tuple[int, str | None, dict[str, int]])
    assert_type(guest.number, int)
    assert_type(venue.closes_at, datetime)
    if guest.state == Guest.waiting or guest.state in Guest.here:
        assert_type(await store.find(Guest.here, under=venue), list[Guest])
    assert_type(await store.find(Guest.waiting, per="v", limit=3, newest_first=True), list[Guest])
    assert_type(await store.get(Venue, "v"), Venue)
    assert_type(await store.get_many(Venue, ["v"]), dict[str, Venue])
    assert_type(await store.history(Guest, "g"), list[Event[Guest]])
    assert_type(await store.beat(taken.claim, seen=3), list[Event[Guest]])
    assert_type(Guest.beat(taken.claim), Change[Guest])
    assert_type(await store.apply(Guest.beat(taken.claim), Venue.close("v")), tuple[Guest, Venue])


async def listen(store: Store, claim: Claim[Guest]) -> None:
    async with store.hold(claim) as held:
        async for command in held.commands():
            match command.transition:
                case Guest.ask:
                    assert_type(command, Event[Guest])
                case _:
                    pass
    async for event in store.watch(Guest, "g", after=1):
        assert_type(event, Event[Guest])
    async for turn in store.every(seconds(30), "poll"):
        assert_type(turn.number, int)
    async for guest in store.claims(Guest.take):
        assert_type(guest, Guest)


async def handle(delivery: Delivery[Guest]) -> None:
    assert_type(delivery.record.score, int)


async def deliver(store: Store) -> None:
    await store.deliver(Guest.welcome, handle)
    await store.deliver_once(Guest.goodbye, handle)


async def refusals(store: Store) -> str:
    try:
        await store.apply(Guest.create("g", venue="v"))
    except LimitReached as refusal:
        return ", ".join(refusal.holders)
    except NotUnder as refusal:
        return str(refusal.overdue)
    verdicts = await store.submit(
        [[Venue.close("v")], seat(await store.get(Venue, "v"), *await store.find(Guest.waiting))]
    )
    return str(sum(isinstance(verdict, Applied) for verdict in verdicts))
