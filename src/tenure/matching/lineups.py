"""Windows of those who wait, by rating: who of one would play, and from when.

A window is a stretch of the line with as many players as a match has, and a few more who are left out. Its two ends
play. Everybody in it accepts two distances by its own wait: to the one of the match who is furthest from it, and from
its team to the team that is furthest from it. Nobody avoids anybody in it, on either side; who has just met waits.
Of those between the ends just these are left out with whom the match would be later: a party that does not fit, one
whom somebody avoids, a newcomer who does not accept the distance yet. So they hold up nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

from tenure.matching.entrants import Rules
from tenure.matching.splits import Team, fits, mean_rating, split
from tenure.matching.standing import Place


class Window(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who may play from `ready` on, from the lowest rating to the highest."""

    ready: float
    places: Sequence[Place]
    people: int
    """How many players they are, stand-ins not counted."""
    teams: tuple[tuple[Team, ...], float] | None = None
    """The teams and their gap, where `ready` depends on them."""
    stand_ins: Sequence[Place] = ()
    """Who fills it up."""

    @property
    def spread(self) -> float:
        """How far the ends are apart."""
        return self.places[-1].rating - self.places[0].rating


def left_out(players: int) -> int:
    """Give how many a window may leave out: the more, the smaller a match is, so that all ways are looked at."""
    return 3 if players <= 12 else 2 if players <= 24 else 1  # noqa: PLR2004


def windows(low: Place, rules: Rules) -> Iterator[Window]:
    """Give each window with this lowest end, nearest first, with those who are ready earliest."""
    players = rules.teams * rules.team_size
    skips = left_out(players)
    run: list[Place] = []
    total, odd = 0, False
    place: Place | None = low
    while place is not None and len(run) < players + skips and place.rating - low.rating <= rules.tolerance_at_most:
        if place.size > 1 or place.apart:
            odd = odd or place.size > 1 or not place.apart.keys().isdisjoint(run)
        run.append(place)
        total += place.size
        over = total - players
        if over > skips * rules.team_size:
            return
        if over >= 0:
            window = _Search(run, rules).found(over, skips) if odd else _plain_window(run, over, rules)
            if window:
                yield window
        place = place.above


def _plain_window(run: list[Place], over: int, rules: Rules) -> Window | None:
    """Leave out who accept last. In teams of single players nobody's team is further off than somebody in it."""
    low, high = run[0].rating, run[-1].rating
    if over == 0 and high - low <= rules.tolerance:
        return Window(ready=max([place.since for place in run]), places=run.copy(), people=len(run))
    accepted = [(accepts_from(place, low, high, rules), number) for number, place in enumerate(run)]
    out = {number for _, number in sorted(accepted[1:-1], reverse=True)[:over]}
    ready = max(at for at, number in accepted if number not in out)
    if ready == math.inf:
        return None
    return Window(ready=ready, places=[p for n, p in enumerate(run) if n not in out], people=len(run) - over)


def accepts_from(place: Place, low: float, high: float, rules: Rules) -> float:
    """Give from when somebody plays with both a lowest and a highest rating."""
    return place.since + rules.accepts_at(max(place.rating - low, high - place.rating))


class _Search:
    """Tries all ways to leave out as many players as are too many, those first who accept last."""

    def __init__(self, run: list[Place], rules: Rules) -> None:
        low, high = run[0].rating, run[-1].rating
        self._rules = rules
        self._accepted = {place: accepts_from(place, low, high, rules) for place in run}
        self._ends = [run[0], run[-1]]
        self._between = sorted(run[1:-1], key=lambda place: (self._accepted[place], place.order), reverse=True)
        self._best: Window | None = None
        self._ready = math.inf

    def found(self, over: int, skips: int) -> Window | None:
        """Give the window that is ready first."""
        self._leave_out(0, *self._kept([], -math.inf, self._ends), over, skips)
        return self._best

    def _leave_out(self, number: int, kept: list[Place], at: float, over: int, skips: int) -> None:
        if at >= self._ready:
            return
        if over == 0:
            self._take(*self._kept(kept, at, self._between[number:]))
        elif skips > 0 and number < len(self._between):
            place = self._between[number]
            if place.size <= over:
                self._leave_out(number + 1, kept, at, over - place.size, skips - 1)
            self._leave_out(number + 1, *self._kept(kept, at, [place]), over, skips)

    def _kept(self, kept: list[Place], at: float, more: list[Place]) -> tuple[list[Place], float]:
        """Give who plays if these do too, and from when."""
        kept = kept.copy()
        for place in more:
            at = max(at, self._accepted[place], apart_until(place, kept, self._rules))
            kept.append(place)
        return kept, at

    def _take(self, places: list[Place], at: float) -> None:
        """Take these for the best so far, if they are ready before it."""
        rules, players = self._rules, self._rules.teams * self._rules.team_size
        if at >= self._ready or not fits([place.size for place in places], rules.teams, rules.team_size):
            return
        places, teams = sorted(places, key=lambda place: place.order), None
        widest = rules.accepts_at(places[-1].rating - places[0].rating)
        # Teams are never further apart than the ends are, nor than half of that if all are single players.
        if len(places) < players and max(place.since for place in places) + widest > at:
            teams = split([place.entrant for place in places], rules.teams, rules.team_size)
            at = max(at, teams_accepted_from(teams[0], rules)) if teams else math.inf
        if at < self._ready:
            self._best, self._ready = Window(ready=at, places=places, people=players, teams=teams), at


def apart_until(place: Place, others: Sequence[Place], rules: Rules) -> float:
    """Give until when somebody must not meet any of some: for ever, or until they may meet again."""
    until = -math.inf
    if place.apart:
        for other in others:
            for_ever = place.apart.get(other)
            if for_ever is not None:
                again = max(place.since, other.since) + rules.rematch_after_seconds
                until = max(until, math.inf if for_ever else again)
    return until


def teams_accepted_from(teams: Sequence[Team], rules: Rules) -> float:
    """Give from when everybody but stand-ins accepts how far its team is from the furthest one."""
    means = [mean_rating(team) for team in teams]
    low, high = min(means), max(means)
    return max(
        entrant.since + rules.accepts_at(max(mean - low, high - mean))
        for mean, team in zip(means, teams, strict=True)
        for entrant in team
        if not entrant.stands_in
    )
