"""A duel of the local game: who takes part, what was chosen, who leads. It ends with its match."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime

import msgspec

from tenure import SWEEPER, Effect, End, Lifecycle, State, end_of, field, hours, parent
from tenure.services.bots.lifecycle import Match


class Choice(msgspec.Struct, frozen=True):
    """What a seat chose in a round."""

    seat: str
    number: int


class Round(msgspec.Struct, frozen=True):
    """A round that is over: who chose what, and which team got the point, if one did."""

    choices: tuple[Choice, ...]
    winner: int | None


class Duel(Lifecycle, history=hours(2)):
    """A room of the local game; its id is the match's."""

    match: str = parent(Match)
    round_ends_at: datetime = field()
    seats: tuple[tuple[str, ...], ...]
    """The seats of each team, as `Ticket/ID` or `Bot/ID`."""
    report_to: str
    chosen: tuple[Choice, ...] = ()
    """What was chosen in this round so far."""
    rounds: tuple[Round, ...] = ()
    places: tuple[int, ...] | None = None

    playing = State(initial=True, under=Match.playing)
    late = State()
    decided = State()
    closed = End(keep=hours(1))

    open = playing | late | decided

    @playing.stay()
    def choose(self, chosen: tuple[Choice, ...]) -> None: ...

    @playing.stay()
    def score(self, chosen: tuple[Choice, ...], rounds: tuple[Round, ...], round_ends_at: datetime) -> None: ...

    # Past the end of its round a duel takes no choice; who has made none counts as having chosen 0.
    run_out = playing.to(late, by=SWEEPER, after=round_ends_at)

    @late.to(playing)
    def go_on(self, chosen: tuple[Choice, ...], rounds: tuple[Round, ...], round_ends_at: datetime) -> None: ...

    @(playing | late).to(decided)
    def decide(self, chosen: tuple[Choice, ...], rounds: tuple[Round, ...], places: tuple[int, ...]) -> None: ...

    break_off = open.to(closed)
    end = open.to(closed, by=SWEEPER, after=end_of(match))

    close_round = Effect(late)
    report = Effect(decided)


kinds = (Duel,)
