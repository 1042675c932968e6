"""Who waits, by which rules they are paired, and what a pairing is. Ratings in points, times in seconds."""

from __future__ import annotations

import math
from typing import Protocol

import msgspec


class Entrant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One who waits: a player, a party that stays together, or a stand-in that only fills in."""

    key: str
    rating: float
    since: float
    """When it began to wait, in seconds since 1970; kept when a match that it had accepted comes to nothing."""
    players: tuple[str, ...]
    avoid: frozenset[str] = frozenset()
    """Players that it is never matched with, on either side."""
    met: frozenset[str] = frozenset()
    """Players that it has just played; it meets them again only after a while."""
    stands_in: bool = False
    """It plays only with somebody who does not stand in, and only after that one's human stage."""


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may be matched with whom, and when: both sides must agree, each by its own wait."""

    teams: int = 2
    team_size: int = 1
    tolerance: float = 50.0
    tolerance_per_second: float = 10.0
    tolerance_at_most: float = 400.0
    stand_ins_after_seconds: float = 7.0
    rematch_after_seconds: float = 60.0

    def accepts(self, entrant: Entrant, now: float) -> float:
        """Give the rating gap that somebody accepts by now."""
        waited = max(now - entrant.since, 0.0)
        return min(self.tolerance + self.tolerance_per_second * waited, self.tolerance_at_most)

    def accepts_at(self, gap: float) -> float:
        """Give after how long a wait a gap is accepted; infinity for never."""
        if gap <= self.tolerance:
            return 0.0
        if gap > self.tolerance_at_most or self.tolerance_per_second <= 0:
            return math.inf
        return (gap - self.tolerance) / self.tolerance_per_second

    def agree_at(self, one: Entrant, two: Entrant) -> float:
        """Give the moment from which both accept the gap, whoever they are; a stand-in only after the human stage."""
        at = max(one.since, two.since) + self.accepts_at(abs(one.rating - two.rating))
        if not (one.stands_in or two.stands_in):
            return at
        if one.stands_in and two.stands_in:
            return math.inf
        return max(at, (two if one.stands_in else one).since + self.stand_ins_after_seconds)

    def meet_at(self, one: Entrant, two: Entrant) -> float:
        """Give the moment from which two may be opponents: both accept the gap, and nothing keeps them apart."""
        at = self.agree_at(one, two)
        if not set(one.players).isdisjoint(two.players):
            return math.inf
        if not (one.avoid.isdisjoint(two.players) and two.avoid.isdisjoint(one.players)):
            return math.inf
        if not (one.met.isdisjoint(two.players) and two.met.isdisjoint(one.players)):
            at = max(at, max(one.since, two.since) + self.rematch_after_seconds)
        return at


class Proposal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Teams that may play one another from now on."""

    teams: tuple[tuple[Entrant, ...], ...]
    gap: float
    """How far the teams' ratings are apart, at most, in points; between two players, that of their ratings."""

    @property
    def entrants(self) -> list[Entrant]:
        """All of them, team after team."""
        return [entrant for team in self.teams for entrant in team]


class Matching(Protocol):
    """A queue that knows who may be matched when. Incremental: a change costs what it touches, not what waits."""

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait. One with the same key is replaced."""
        ...

    def remove(self, key: str) -> Entrant | None:
        """Let somebody go, and give them; None if they did not wait."""
        ...

    def take(self, now: float) -> list[Proposal]:
        """Take those out who are best matched now, and give their matches. Who must wait on is added again."""
        ...

    def next_at(self) -> float | None:
        """Give the moment at which there may be something to take; None while nobody waits for one."""
        ...

    def __len__(self) -> int: ...

    def __contains__(self, key: object) -> bool: ...
