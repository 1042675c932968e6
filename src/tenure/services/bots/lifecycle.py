"""Pools, bots, tickets of people, matches, players and their ratings. All times and rules are those of the contract."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Effect,
    End,
    Lifecycle,
    Limit,
    State,
    days,
    end_of,
    field,
    hours,
    lease,
    minutes,
    parent,
    seconds,
)
from tenure.matching.entrants import Rules


class Pool(Lifecycle):
    """Who may meet whom: one mode in one region, with the bots that are kept ready for it."""

    mode: str = field()
    region: str = field()
    max_deployed: int = field(default=0)
    places: int = field(default=100_000)
    rules: Rules = Rules()
    rating_system: str = "glicko2"
    """What rates its players: `elo`, `glicko2` or `openskill`. Set for ever: ratings of two systems don't compare."""
    accept_seconds: float = 15.0
    cool_seconds: float = 30.0
    patience_seconds: float = 600.0
    longest_seconds: float = 3600.0
    rotate_seconds: float = 1800.0
    closing: bool = False
    """Whether it is closed for good once it is empty; else it stays drained, and may be opened again."""

    open = State(initial=True)
    draining = State()
    closed = End(keep=hours(1))

    present = open | draining

    @open.stay()
    def edit(
        self,
        max_deployed: int,
        places: int,
        rules: Rules,
        accept_seconds: float,
        cool_seconds: float,
        patience_seconds: float,
        longest_seconds: float,
        rotate_seconds: float,
    ) -> None: ...

    # What is there plays to its end; the limits let nobody in any more.
    @open.to(draining)
    def drain(self, closing: bool, max_deployed: int = 0, places: int = 0) -> None: ...  # noqa: FBT001  a field

    @draining.stay()
    def close_when_empty(self, closing: bool = True) -> None: ...  # noqa: FBT001, FBT002  a field

    @draining.to(open)
    def reopen(self, max_deployed: int, places: int, closing: bool = False) -> None: ...  # noqa: FBT001, FBT002  a field

    close = draining.to(closed)


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket or bot in a match, as it was when it was matched. Times in seconds."""

    kind: str
    id: str
    players: tuple[str, ...]
    rating: float
    waited: float


class Match(Lifecycle):
    """Teams that were offered to one another: reserved all or nothing, played once every seat has accepted."""

    pool: str = parent(Pool)
    accept_for: timedelta = field(default=seconds(15))
    longest: timedelta = field(default=hours(1))
    mode: str
    teams: tuple[tuple[Seat, ...], ...]
    gap: float
    expected: tuple[float, ...]
    """Each team's expected share of the win, by the ratings at that time; they add up to 1."""
    room: str | None = None
    places: tuple[int, ...] | None = None
    """The place that each team won, from 1; equal places are a draw."""
    reason: str | None = None

    offered = State(initial=True)
    playing = State()
    over = End(keep=days(7))
    void = End(keep=days(1))

    live = offered | playing

    # In one transaction with each seat's `begin`, which only who has accepted may make.
    start = offered.to(playing)

    @offered.to(void)
    def call_off(self, reason: str) -> None: ...

    @offered.to(void, by=SWEEPER, after=accept_for)
    def expire(self, reason: str = "not_accepted_in_time") -> None: ...

    @playing.stay()
    def open_at(self, room: str) -> None: ...

    @playing.to(over)
    def settle(self, places: tuple[int, ...]) -> None: ...

    @playing.to(void)
    def break_off(self, reason: str) -> None: ...

    @playing.to(void, by=SWEEPER, after=longest)
    def overrun(self, reason: str = "took_too_long") -> None: ...

    open_room = Effect(playing)
    close_room = Effect(void)


class Bot(Lifecycle):
    """A bot of the fleet: deployed by the fleet manager, held by a runner from the moment that it queues."""

    pool: str = parent(Pool)
    rating: float = field(default=1500.0)
    match: str | None = parent(Match, default=None)
    rested_at: datetime = field()
    cool_for: timedelta = field(default=seconds(30))
    deployed_at: datetime | None = None
    queued_at: datetime | None = None
    met: tuple[str, ...] = ()
    """Whom it played last; with them it meets again only after a while."""
    played: int = 0

    idle = State(initial=True, rank=rested_at, per=pool)
    deployed = State()
    queued = State(rank=rating, per=pool)
    matched = State(has=match, under=Match.offered)
    accepted = State(has=match, under=Match.offered)
    playing = State(has=match, under=Match.playing)
    stranded = State(has=match)
    cooling = State()
    retired = End(keep=hours(1))

    reserved = matched | accepted
    in_match = playing | stranded
    spare = deployed | queued | cooling
    out = spare | reserved | in_match
    live = idle | out

    @idle.to(deployed)
    def deploy(self, deployed_at: datetime) -> None: ...

    # The runner takes it: from here on it beats, until the bot is deployed again.
    @deployed.to(queued, by=CLAIMANT)
    def enqueue(self, rating: float, queued_at: datetime) -> None: ...

    # A runner that ends in good order gives its bots back, so that another need not wait for the lease.
    dequeue = queued.to(deployed, by=HOLDER)
    lose = queued.to(deployed, by=SWEEPER, after=lease(seconds=15))

    @queued.to(matched, tell=HOLDER)
    def reserve(self, match: str) -> None: ...

    accept = matched.to(accepted, by=HOLDER)
    decline = matched.to(cooling, by=HOLDER)
    begin = accepted.to(playing, tell=HOLDER)

    # Another seat declined: this one goes back to where it was, with the time at which it queued.
    release = reserved.to(queued, tell=HOLDER)
    requeue = accepted.to(queued, by=SWEEPER, after=end_of(match), tell=HOLDER)
    cool = matched.to(cooling, by=SWEEPER, after=end_of(match))
    warm = cooling.to(deployed, by=SWEEPER, after=cool_for)

    # Its runner died: the seat stays its own till the match ends, so it is in no second one; another may play on.
    strand = (reserved | playing).to(stranded, by=SWEEPER, after=lease(seconds=15))
    resume = stranded.to(playing, by=CLAIMANT)

    # A runner that can't wait for the match's end hands it over, so that another plays on at once.
    hand_over = playing.to(stranded, by=HOLDER)

    @in_match.to(deployed)
    def finish(self, met: tuple[str, ...], played: int) -> None: ...

    free = in_match.to(deployed, by=SWEEPER, after=end_of(match))

    @spare.to(idle, tell=HOLDER)
    def recall(self, rested_at: datetime) -> None: ...

    retire = (idle | deployed).to(retired)

    fleet = Limit(at_most=Pool.max_deployed, per=pool, over=out)


class Ticket(Lifecycle):
    """One person's, or one party's, wish for a match. Who plays it, waits for it or cools down has no second one."""

    pool: str = parent(Pool)
    rating: float = field()
    match: str | None = parent(Match, default=None)
    patience: timedelta = field(default=minutes(10))
    cool_for: timedelta = field(default=seconds(30))
    queued_at: datetime
    players: tuple[str, ...]
    avoid: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    reason: str | None = None

    queued = State(initial=True, rank=rating, per=pool)
    matched = State(has=match, under=Match.offered)
    accepted = State(has=match, under=Match.offered)
    playing = State(has=match, under=Match.playing)
    cooling = State()
    played = End(keep=days(1))
    left = End(keep=days(1))

    reserved = matched | accepted
    live = queued | reserved | playing | cooling

    @queued.to(left)
    def leave(self, reason: str = "withdrawn") -> None: ...

    @queued.to(left, by=SWEEPER, after=patience)
    def give_up(self, reason: str = "out_of_patience") -> None: ...

    @queued.to(matched)
    def reserve(self, match: str) -> None: ...

    accept = matched.to(accepted)

    @matched.to(cooling)
    def decline(self, reason: str = "declined") -> None: ...

    begin = accepted.to(playing)

    release = reserved.to(queued)
    requeue = accepted.to(queued, by=SWEEPER, after=end_of(match))

    @matched.to(cooling, by=SWEEPER, after=end_of(match))
    def cool(self, reason: str = "not_accepted_in_time") -> None: ...

    warm = cooling.to(left, by=SWEEPER, after=cool_for)

    finish = playing.to(played)

    @playing.to(played, by=SWEEPER, after=end_of(match))
    def free(self, reason: str = "match_ended") -> None: ...

    waiting_room = Limit(at_most=Pool.places, per=pool, over=live)


class Player(Lifecycle):
    """Somebody who plays, a person or a bot; a person has at most one ticket."""

    ticket: str | None = parent(Ticket, default=None)
    blocked: tuple[str, ...] = ()
    met: tuple[str, ...] = ()

    free = State(initial=True)
    engaged = State(has=ticket, under=Ticket.live)
    forgotten = End(keep=timedelta(0))

    known = free | engaged

    @free.to(engaged)
    def engage(self, ticket: str) -> None: ...

    release = engaged.to(free, by=SWEEPER, after=end_of(ticket))

    # In one transaction with the ticket's end, and before it: then the player may join again at once.
    @engaged.to(free)
    def part(self, met: tuple[str, ...]) -> None: ...

    @known.stay()
    def block(self, blocked: tuple[str, ...]) -> None: ...

    @known.stay()
    def meet(self, met: tuple[str, ...]) -> None: ...

    forget = free.to(forgotten)


class Rating(Lifecycle):
    """How well a player plays one mode; its id is `PLAYER/MODE`. Each match changes it once."""

    player: str = parent(Player)
    mode: str = field()
    value: float = field(default=1500.0)
    deviation: float = 350.0
    volatility: float = 0.06
    played: int = 0
    won: int = 0

    kept = End(initial=True, rank=value, per=mode)

    @kept.stay()
    def rate(self, value: float, deviation: float, volatility: float, played: int, won: int) -> None: ...


kinds = (Pool, Match, Bot, Ticket, Player, Rating)
