"""The kinds that the contract's tests use: between them they use every word of the table."""

from __future__ import annotations

from datetime import datetime, timedelta

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Effect,
    End,
    Lifecycle,
    Limit,
    Noted,
    Secret,
    State,
    days,
    end_of,
    field,
    hours,
    lease,
    minutes,
    parent,
    seconds,
    serial,
)


class Match(Lifecycle):
    """Two bots that are reserved for one another."""

    first: str
    second: str

    offered = State(initial=True)
    running = State()
    over = End(keep=days(1))
    void = End(keep=days(1))

    start = offered.to(running)
    expire = offered.to(void, by=SWEEPER, after=seconds(15))
    settle = running.to(over)
    break_off = running.to(void, after=hours(1))


class Bot(Lifecycle):
    """Queues by rating, is reserved, plays under a fence, comes back."""

    pool: str = field()
    rating: int = field(default=1000)
    match: str | None = parent(Match, default=None)

    idle = State(initial=True)
    queued = State(rank=rating, per=pool)
    matched = State(has=match, under=Match.offered)
    playing = State(has=match, under=Match.running)
    retired = End(keep=hours(1))

    enqueue = idle.to(queued)
    withdraw = queued.to(idle, after=minutes(5))

    @queued.to(matched)
    def reserve(self, match: str) -> None: ...

    requeue = matched.to(queued, after=end_of(match))
    begin = matched.to(playing, by=CLAIMANT)

    @playing.to(idle, by=HOLDER)
    def finish(self, rating: int) -> None: ...

    abandon = playing.to(idle, by=SWEEPER, after=lease(seconds=30))
    retire = (idle | queued).to(retired)

    @(idle | queued).stay()
    def rate(self, rating: int) -> None: ...

    @(idle | queued).stay()
    def relocate(self, pool: str) -> None: ...

    ready = Limit(at_most=10, per=pool, over=queued | matched | playing)


class Owner(Lifecycle):
    """Whoever has jobs, and how many at once."""

    email: str
    most: int = field(default=2)

    enabled = State(initial=True)
    deleted = End(keep=hours(1))

    @enabled.stay()
    def allow(self, most: int) -> None: ...

    delete = enabled.to(deleted)


class Job(Lifecycle):
    """Work that somebody holds by a lease, and that takes commands."""

    owner: str = parent(Owner)
    place: str = field()
    note: str | None = None
    reason: str | None = field(default=None)

    waiting = State(initial=True, under=Owner.enabled)
    running = State()
    done = End(keep=days(1))
    failed = End(has=reason)

    live = waiting | running

    take = waiting.to(running, by=CLAIMANT)
    retake = running.stay(by=CLAIMANT)
    give_back = running.to(waiting, by=HOLDER)

    @running.stay(by=HOLDER)
    def report(self, note: str) -> None: ...

    @running.stay(tell=HOLDER)
    def steer(self, course: Noted[str]) -> None: ...

    finish = running.to(done, by=HOLDER)

    @running.to(failed, by=HOLDER)
    def crash(self, reason: str) -> None: ...

    @live.to(failed)
    def stop(self, reason: str) -> None: ...

    @running.to(failed, by=SWEEPER, after=lease(seconds=30))
    def expire(self, reason: str = "holder lost") -> None: ...

    @live.stay()
    def move(self, place: str) -> None: ...

    @failed.stay(erase=True)
    def redact(self, note: str | None, reason: str) -> None: ...

    slots = Limit(at_most=Owner.most, per=owner, over=live)
    once = Limit(at_most=1, per=(owner, place), over=live)

    begun = Effect(running)
    ended = Effect(done, failed)
    moved = Effect(move)


class Quiz(Lifecycle):
    """A question that is open until an instant."""

    closes_at: datetime = field()

    open = State(initial=True)
    closed = State()
    posted = End(keep=days(7))

    close = open.to(closed, after=closes_at)
    post = closed.to(posted)

    @open.stay()
    def extend(self, closes_at: datetime) -> None: ...


class Guess(Lifecycle):
    """One member's answer, given while the quiz is open."""

    quiz: str = parent(Quiz)
    choice: str

    given = End(initial=True, under=Quiz.open)

    @given.stay()
    def revise(self, choice: str) -> None: ...


class Kettle(Lifecycle):
    """Boils for as long as its own field says."""

    length: timedelta = field()

    heating = State(initial=True)
    boiled = End(keep=hours(1))

    boil = heating.to(boiled, after=length)

    @heating.stay()
    def turn(self, length: timedelta) -> None: ...


class Instance(Lifecycle):
    """A process; who creates it holds it."""

    up = State(initial=True, by=CLAIMANT)
    gone = End(keep=hours(1))

    leave = up.to(gone, by=HOLDER)
    lose = up.to(gone, by=SWEEPER, after=lease(seconds=10))


class Connection(Lifecycle):
    """A socket of an instance; it closes when that is gone."""

    instance: str = parent(Instance)

    open = State(initial=True, under=Instance.up)
    closed = End(keep=minutes(5))

    close = open.to(closed, after=end_of(instance))


class Ticket(Lifecycle, history=days(1)):
    """Numbered by the store."""

    number: int = serial()
    title: str

    open = State(initial=True)
    shut = End(keep=days(2))

    @open.stay()
    def rename(self, title: str) -> None: ...

    close = open.to(shut)


class Visit(Lifecycle):
    """Booked for an instant, or begun at once; the door's code is for the program only."""

    house: str = field()
    at: datetime | None = field(default=None)
    code: Secret[str | None] = None

    inside = State(initial=True)
    booked = State(initial=True)
    over = End(keep=days(1), rank=at, per=house)
    missed = End(initial=True, keep=days(1))

    enter = booked.to(inside, after=at)
    end = (inside | booked).to(over)

    @inside.stay()
    def lock(self, code: Secret[str | None]) -> None: ...

    @over.stay()
    def amend(self, house: str, at: datetime | None) -> None: ...

    one_in_a_house = Limit(at_most=1, per=house, over=inside)

    rung = Effect(inside)
    noted = Effect(booked, missed)


KINDS = (Match, Bot, Owner, Job, Quiz, Guess, Kettle, Instance, Connection, Ticket, Visit)
