"""Matches of any number of teams of any size, with parties: incremental, exact where it counts, in plain Python.

Who waits stands in a line by rating. For each, the window upwards from it that is ready first has a moment (see
`lineups`): a change touches the moments of the few whose windows reach it, and a look at what is due chooses among
the windows that are ready by weighted-interval scheduling: the most matches, then the least spread. The teams of each
match are as near as they can be (see `splits`). Who is left over when its human stage ends is matched with stand-ins
(see `fillings`).

Moments are lower bounds: a look may come early, never late.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from tenure.matching.agenda import Agenda
from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.fillings import Short, filled
from tenure.matching.lineups import Window, left_out, windows
from tenure.matching.splits import split
from tenure.matching.standing import Place, Standing

Look = Callable[[Place, float], tuple[Window | None, float]]
"""Gives somebody's window that is ready by a moment; if there is none, when to look again."""


class Squads:
    """Who waits for a match of several teams, or of more than one player each. It is a `Matching`."""

    def __init__(self, rules: Rules) -> None:
        if rules.teams < 2 or rules.team_size < 1:  # noqa: PLR2004  a match has an opponent
            raise ValueError(
                f"a match has two teams or more, of one player or more: not {rules.teams} of {rules.team_size}"
            )
        self._rules = rules
        self._players = rules.teams * rules.team_size
        self._skips = left_out(self._players)
        self._people, self._stand_ins = Standing(), Standing()
        self._windows: Agenda[Place] = Agenda()
        self._fillings: Agenda[Place] = Agenda()
        self._short = Short(rules.tolerance_at_most)

    def __len__(self) -> int:
        return len(self._people) + len(self._stand_ins)

    def __contains__(self, key: object) -> bool:
        return key in self._people or key in self._stand_ins

    # ------------------------------------------------------------------------------------ coming and going

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait. One with the same key is replaced.

        Raises:
            ValueError: a party larger than a team, or of nobody; a stand-in that is not one player.
        """
        most = 1 if entrant.stands_in else self._rules.team_size
        if not 1 <= len(entrant.players) <= most:
            whose = (
                "a stand-in is one player" if entrant.stands_in else f"a team has {most}, and a party stays together"
            )
            raise ValueError(f"{entrant.key} can't be matched with {len(entrant.players)} players: {whose}")
        self.remove(entrant.key)
        if entrant.stands_in:
            self._fill_with(self._stand_ins.add(entrant))
        else:
            self._came(self._people.add(entrant))

    def remove(self, key: str) -> Entrant | None:
        """Let somebody go, and give them; None if they did not wait."""
        if place := self._people.get(key):
            self._go([place])
            return place.entrant
        if place := self._stand_ins.get(key):
            self._stand_ins.remove(place)
            for low in self._short.near(place):
                self._fillings.doubt(low)
            return place.entrant
        return None

    # ------------------------------------------------------------------------------------ matching

    def take(self, now: float) -> list[Proposal]:
        """Take those out who are best matched now, and give their matches. Who must wait on is added again."""
        made: list[Proposal] = []
        while more := self._round(self._windows, self._ready, now) or self._round(self._fillings, self._filled, now):
            made += more
        return made

    def next_at(self) -> float | None:
        """Give the moment at which there is something to take; None while nobody waits for one."""
        moments = (self._first(self._windows, self._ready), self._first(self._fillings, self._filled))
        return min((at for at in moments if at is not None), default=None)

    def _round(self, agenda: Agenda[Place], look: Look, now: float) -> list[Proposal]:
        """Make the best of what is due; those whose window was not chosen are looked at again."""
        found: list[Window] = []
        for low in agenda.due(now):
            window, later = look(low, now)
            if window:
                found.append(window)
            else:
                agenda.put(low, later)
        # Two neighbours may have counted on the same stand-in: the second one looks again.
        made = [self._proposal(window) for window in _scheduled(found) if self._all_wait(window)]
        for window in found:
            if window.places[0].entrant.key in self._people:
                agenda.sooner(window.places[0], now)
        return made

    def _first(self, agenda: Agenda[Place], look: Look) -> float | None:
        """Give the first moment that holds: what is only a bound is looked at till it is known."""
        while first := agenda.first():
            at, low = first
            if agenda.knows(low):
                return at
            window, later = look(low, at)
            if window:
                agenda.settle(low)
            else:
                agenda.put(low, later)
        return None

    def _ready(self, low: Place, now: float) -> tuple[Window | None, float]:
        """Look at the windows upwards from somebody: the nearest one that is ready is the best."""
        later = math.inf
        for window in windows(low, self._rules):
            if window.ready <= now:
                return window, now
            later = min(later, window.ready)
        return None, later

    def _filled(self, low: Place, now: float) -> tuple[Window | None, float]:
        self._short.add(low)
        return filled(low, self._stand_ins, self._rules, now)

    def _all_wait(self, window: Window) -> bool:
        return all(place.entrant.key in self._stand_ins for place in window.stand_ins)

    def _proposal(self, window: Window) -> Proposal:
        """Take those of a window out, and give their teams."""
        self._go(window.places)
        for place in window.stand_ins:
            self.remove(place.entrant.key)
        everybody = [place.entrant for place in (*window.places, *window.stand_ins)]
        teams = window.teams or split(everybody, self._rules.teams, self._rules.team_size)
        if teams is None:
            raise AssertionError("a window was made of parties that don't fit")
        return Proposal(teams=teams[0], gap=teams[1])

    # ------------------------------------------------------------------------------------ what a change touches

    def _came(self, place: Place) -> None:
        """Bring forward the moments of those whose windows may have this one in them from now on."""
        accepts_at = self._rules.accepts_at
        self._fillings.put(place, place.since + self._rules.stand_ins_after_seconds)
        for low, high in self._lows(place, self._players):
            if high:
                apart = place.rating - low.rating
                lowest = low.since + accepts_at(max(high.rating - low.rating, apart))
                itself = place.since + accepts_at(max(high.rating - place.rating, apart))
                self._windows.sooner(low, max(lowest, itself))
            self._fill_sooner(low, place)

    def _fill_with(self, stand_in: Place) -> None:
        """Bring forward the moments of those who lacked a stand-in."""
        for low in self._short.near(stand_in):
            self._fillings.sooner(low, self._rules.meet_at(low.entrant, stand_in.entrant))

    def _go(self, places: Sequence[Place]) -> None:
        """Take some out, lowest first; who stood on either side of them are neighbours now."""
        gaps = list(_gaps(places))
        for place in places:
            self._people.remove(place)
            self._windows.drop(place)
            self._fillings.drop(place)
            self._short.discard(place)
        for below, above in gaps:
            for low, high in self._lows(below, self._players + self._skips):
                # A window that was not there before reaches one who was too far away until now.
                if high:
                    self._windows.sooner(low, low.since + self._rules.accepts_at(high.rating - low.rating))
                else:
                    self._windows.doubt(low)
                self._fill_sooner(low, above)

    def _fill_sooner(self, low: Place, high: Place | None) -> None:
        """Bring a look for stand-ins forward to when two may be in one match. Where there are none, the first will."""
        if not self._stand_ins or low not in self._short:
            return
        if high is None:
            self._fillings.doubt(low)
        else:
            accepted = self._rules.accepts_at(high.rating - low.rating)
            at = max(low.since, high.since) + max(accepted, self._rules.stand_ins_after_seconds)
            self._fillings.sooner(low, at)

    def _lows(self, place: Place, players: int) -> Iterator[tuple[Place, Place | None]]:
        """Give all whose windows may reach a place, itself first, and up to whom they have so many players."""
        high, total = place, place.size
        low = place
        for _ in range(self._players + self._skips):
            while total < players and high.above:
                high = high.above
                total += high.size
            while total - high.size >= players and high.below:
                total -= high.size
                high = high.below
            yield low, high if total >= players else None
            if low.below is None or place.rating - low.below.rating > self._rules.tolerance_at_most:
                return
            low = low.below
            total += low.size


def _gaps(places: Sequence[Place]) -> Iterator[tuple[Place, Place | None]]:
    """Give those who stay below somebody that goes, each with who then stands above it; lowest first."""
    going = set(places)
    below, went = places[0].below, False
    place: Place | None = places[0]
    while place is not None and (went or place.order <= places[-1].order):
        if place in going:
            went = True
        else:
            if went and below:
                yield below, place
            below, went = place, False
        place = place.above
    if went and below:
        yield below, None


def _scheduled(found: list[Window]) -> list[Window]:
    """Choose windows that don't overlap: the most players, in the fewest matches, with the least spread."""
    ordered = sorted(found, key=lambda window: window.places[0].order)
    lows = [window.places[0].order for window in ordered]
    after = [bisect_right(lows, window.places[-1].order) for window in ordered]
    best = [(0, 0, 0.0)] * (len(ordered) + 1)
    for number in range(len(ordered) - 1, -1, -1):
        window, (people, fewer, nearer) = ordered[number], best[after[number]]
        best[number] = max((people + window.people, fewer - 1, nearer - window.spread), best[number + 1])
    chosen, number = [], 0
    while number < len(ordered):
        if best[number] == best[number + 1]:
            number += 1
        else:
            chosen.append(ordered[number])
            number = after[number]
    return chosen
