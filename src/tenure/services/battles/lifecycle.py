"""Instances, connections, tickets, battles and seats. All times and rules are those of the contract."""

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
    Noted,
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


class Instance(Lifecycle, history=days(1)):
    """One server process. Its id is new at each start, so no later one is taken for it.

    Its lease is the only one: connections and battles end with the instance, so that a sign of life costs one beat,
    however many sockets there are.
    """

    host: str = ""
    pid: int = 0

    up = State(initial=True, by=CLAIMANT)
    draining = State()
    gone = End(keep=hours(1))

    present = up | draining

    # New players go elsewhere; what is played here is handed over. Itself, at its end, or an operator.
    drain = up.to(draining)
    leave = present.to(gone, by=HOLDER)
    lose = present.to(gone, by=SWEEPER, after=lease(seconds=10))


class Connection(Lifecycle, history=days(1)):
    """A player's socket at an instance. A player has one: a newer one replaces it, in one transaction."""

    instance: str = parent(Instance)
    player: str = field()
    transport: str = "websocket"

    open = State(initial=True, under=Instance.up)
    closed = End(keep=minutes(5))

    @open.to(closed)
    def close(self, reason: Noted[str]) -> None: ...

    @open.to(closed, by=SWEEPER, after=end_of(instance))
    def lose(self, reason: Noted[str] = "instance_lost") -> None: ...

    one_per_player = Limit(at_most=1, per=player, over=open)


class Battle(Lifecycle, history=days(1)):
    """A game in a room. Its events are the room's log, and the record is the log's snapshot at its version.

    One instance runs it, under a fence. What players do are commands to whoever that is: they are kept while nobody
    runs it, and whoever takes it over gets them.
    """

    instance: str | None = parent(Instance, default=None)
    accept_for: timedelta = field(default=seconds(20))
    ends_by: datetime = field()
    """When it is broken off, however it stands."""
    mode: str
    level: int
    players: tuple[str, ...]
    board: msgspec.Raw = msgspec.Raw(b"null")
    """The rules' own state, which nobody else reads."""
    turn: int = 0
    acts: tuple[str, ...] = ()
    """Who is to act now."""
    turn_ends_at: datetime | None = None
    places: tuple[int, ...] | None = None
    """The place that each player won, from 1; equal places are a draw."""
    reason: str | None = None

    offered = State(initial=True)
    ready = State()
    running = State(has=instance, under=Instance.up)
    over = End(keep=days(1))
    void = End(keep=days(1))

    played = ready | running
    live = offered | played

    # In one transaction with a ticket's own `confirm`. It is the record's version by which of two who confirm at once
    # the later one finds that it is the last.
    @offered.stay()
    def confirm(self, player: Noted[str]) -> None: ...

    # In one transaction with the last ticket's `confirm`, and with each one's `seat`.
    @offered.to(ready)
    def start(self, board: msgspec.Raw, acts: tuple[str, ...], turn_ends_at: datetime | None) -> None: ...

    @offered.to(void)
    def call_off(self, reason: str) -> None: ...

    @offered.to(void, by=SWEEPER, after=accept_for)
    def expire(self, reason: str = "not_confirmed_in_time") -> None: ...

    # ---- who runs it

    @ready.to(running, by=CLAIMANT)
    def take(self, instance: str) -> None: ...

    hand_over = running.to(ready, by=HOLDER)
    orphan = running.to(ready, by=SWEEPER, after=end_of(instance))

    @ready.to(void, by=SWEEPER, after=minutes(2))
    def give_up(self, reason: str = "nobody_runs_it") -> None: ...

    @played.to(void, by=SWEEPER, after=ends_by)
    def overrun(self, reason: str = "took_too_long") -> None: ...

    @played.to(void)
    def break_off(self, reason: str) -> None: ...

    # ---- what players do. Its op id is the player's own number of it, so a repeat counts once.

    @played.stay(tell=HOLDER)
    def act(self, player: Noted[str], move: Noted[msgspec.Raw]) -> None: ...

    @played.stay(tell=HOLDER)
    def concede(self, player: Noted[str], cause: Noted[str]) -> None: ...

    @played.stay()
    def say(self, player: Noted[str], text: Noted[str]) -> None: ...

    # ---- what the rules make of it. Each stands in one transaction with a beat that acknowledges the command which it
    # answers, so that whoever takes over in the middle repeats nothing. A turn whose time is over answers to none.

    @running.stay(by=HOLDER)
    def advance(
        self,
        board: msgspec.Raw,
        turn: int,
        acts: tuple[str, ...],
        turn_ends_at: datetime | None,
        shown: Noted[msgspec.Raw],
        answer_to: Noted[int | None],
    ) -> None: ...

    # The turn stood still while the store was away: it gets the time that was left of it.
    @running.stay(by=HOLDER)
    def prolong(self, turn_ends_at: datetime) -> None: ...

    # It was against the rules, or not their turn: only they are told.
    @running.stay(by=HOLDER)
    def refuse(self, player: Noted[str], number: Noted[str], answer_to: Noted[int], advice: Noted[str]) -> None: ...

    @running.to(over, by=HOLDER)
    def finish(
        self,
        board: msgspec.Raw,
        turn: int,
        places: tuple[int, ...],
        reason: str,
        shown: Noted[msgspec.Raw],
        answer_to: Noted[int | None],
    ) -> None: ...

    result = Effect(over)


class BattleTicket(Lifecycle, history=days(1)):
    """A player's wish for a battle at a level. It ends with the player's connection."""

    connection: str = parent(Connection)
    battle: str | None = parent(Battle, default=None)
    player: str = field()
    mode: str = field()
    level: int = field()
    queued_at: datetime
    reason: str | None = None

    waiting = State(initial=True, rank=level, per=mode)
    matched = State(has=battle, under=Battle.offered)
    confirmed = State(has=battle, under=Battle.offered)
    seated = End(keep=minutes(5), has=battle)
    left = End(keep=minutes(5))

    reserved = matched | confirmed
    live = waiting | reserved

    @waiting.to(left)
    def leave(self, reason: str = "withdrawn") -> None: ...

    @waiting.to(matched)
    def reserve(self, battle: str) -> None: ...

    confirm = matched.to(confirmed)

    # Also by who has confirmed: whoever goes, goes.
    @reserved.to(left)
    def decline(self, reason: str = "declined") -> None: ...

    # Another one declined, or left: this one goes back to where it was, with the time at which it began to wait.
    release = reserved.to(waiting)
    requeue = confirmed.to(waiting, by=SWEEPER, after=end_of(battle))

    @matched.to(left, by=SWEEPER, after=end_of(battle))
    def lapse(self, reason: str = "not_confirmed_in_time") -> None: ...

    # Also by its player who joins again by another connection, and need not wait for the sweeper.
    @live.to(left, after=end_of(connection))
    def lose(self, reason: str = "connection_lost") -> None: ...

    @confirmed.to(seated)
    def seat(self, battle: str) -> None: ...

    one_per_player = Limit(at_most=1, per=player, over=live)


class Seat(Lifecycle, history=days(1)):
    """A player's place in a battle that has started; its id is `BATTLE/PLAYER`.

    Whoever loses the connection keeps it for a while, and comes back through any instance.
    """

    battle: str = parent(Battle)
    connection: str | None = parent(Connection, default=None)
    player: str = field()
    grace: timedelta = field(default=minutes(1))

    present = State(initial=True, has=connection, under=Connection.open)
    away = State()
    forfeited = End(keep=minutes(5))
    released = End(keep=minutes(5))

    taken = present | away

    drop = present.to(away, by=SWEEPER, after=end_of(connection))

    # In one transaction with the connection's end, and before it: after it only the sweeper may.
    step_out = present.to(away)

    # It enters its state anew: the connection of before is another one.
    @taken.to(present)
    def come_back(self, connection: str) -> None: ...

    forfeit = away.to(forfeited, by=SWEEPER, after=grace)

    # Also by its player who joins the queue again.
    release = taken.to(released, after=end_of(battle))

    lost = Effect(forfeited)

    one_per_player = Limit(at_most=1, per=player, over=taken)


kinds = (Instance, Connection, Battle, BattleTicket, Seat)
