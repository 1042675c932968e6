"""Matches that stand-ins fill up, for people whose human stage is over: as many people as can play, and the rest.

People come first: matches of people alone are taken before, and of those who are left a match gathers neighbours for
as long as there are enough stand-ins for the rest. So there are any number of stand-ins in a match, but no more than
are needed, and at least one person. Each person and each stand-in accept the distance between them; two stand-ins
need not accept one another, for they are there for the people. They keep apart only if one avoids the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tenure.matching.entrants import Rules
from tenure.matching.lineups import Window, accepts_from, apart_until, teams_accepted_from
from tenure.matching.splits import fits, split
from tenure.matching.standing import Place, Standing


def filled(low: Place, stand_ins: Standing, rules: Rules, now: float) -> tuple[Window | None, float]:
    """Give the match with the most people, the lowest being this one, that can be filled up now.

    With it comes when to look again if there is none: a lower bound, infinity while nothing changes.
    """
    stage = low.since + rules.stand_ins_after_seconds
    if stage > now:
        return None, stage
    near = list(stand_ins.between(low.rating - rules.tolerance_at_most, low.rating + rules.tolerance_at_most))
    later = math.inf
    for people, missing in reversed(list(_companies(low, rules)) if near else []):
        if missing <= len(near):
            window, at = _filled_up(people, missing, near, rules, now)
            if window:
                return window, now
            later = min(later, at)
    return None, later


def _companies(low: Place, rules: Rules) -> Iterator[tuple[list[Place], int]]:
    """Give those from somebody upwards who might be in one match, one more each time, and how many are missing."""
    missing = rules.teams * rules.team_size
    people: list[Place] = []
    place: Place | None = low
    while place is not None and place.size < missing and place.rating - low.rating <= rules.tolerance_at_most:
        missing -= place.size
        people.append(place)
        if fits([one.size for one in people], rules.teams, rules.team_size):
            yield people.copy(), missing
        place = place.above


def _filled_up(
    people: list[Place], missing: int, near: list[Place], rules: Rules, now: float
) -> tuple[Window | None, float]:
    """Give a match of these people and the nearest stand-ins, or when to try again."""
    low, high = people[0].rating, people[-1].rating
    ready = max(max(accepts_from(place, low, high, rules), apart_until(place, people, rules)) for place in people)
    if ready > now:
        return None, ready
    chosen, moments = _nearest(people, missing, near, rules, now)
    if len(chosen) < missing:
        return None, min(moments, default=math.inf)
    count = rules.teams * rules.team_size - missing
    if count == len(people):
        return Window(ready=now, places=people, people=count, stand_ins=chosen), now
    teams = split([place.entrant for place in (*people, *chosen)], rules.teams, rules.team_size)
    accepted = teams_accepted_from(teams[0], rules) if teams else math.inf
    if accepted > now:
        return None, min([accepted, *moments])
    return Window(ready=now, places=people, people=count, stand_ins=chosen, teams=teams), now


def _nearest(
    people: list[Place], missing: int, near: list[Place], rules: Rules, now: float
) -> tuple[list[Place], list[float]]:
    """Give the nearest stand-ins that may play with all of them now, and from when nearer ones may."""
    middle = (people[0].rating + people[-1].rating) / 2
    chosen: list[Place] = []
    moments: list[float] = []
    for stand_in in sorted(near, key=lambda one: (abs(one.rating - middle), one.order)):
        at = max(rules.meet_at(place.entrant, stand_in.entrant) for place in people)
        if at > now:
            moments.append(at)
        elif not any(_avoid(stand_in, other) for other in chosen):
            chosen.append(stand_in)
            if len(chosen) == missing:
                break
    return chosen, moments


def _avoid(one: Place, two: Place) -> bool:
    return not (one.entrant.avoid.isdisjoint(two.entrant.players) and two.entrant.avoid.isdisjoint(one.entrant.players))


class Short:
    """Those for whom stand-ins were looked for, by parts of the line: so a new stand-in finds them."""

    def __init__(self, width: float) -> None:
        self._width = max(width, 1.0)
        self._parts: dict[int, dict[Place, None]] = {}
        self._all: set[Place] = set()

    def __contains__(self, place: Place) -> bool:
        return place in self._all

    def add(self, place: Place) -> None:
        """Note somebody, also again."""
        self._all.add(place)
        self._parts.setdefault(self._part(place), {})[place] = None

    def discard(self, place: Place) -> None:
        """Forget somebody, if they were noted."""
        if place in self._all:
            self._all.remove(place)
            part = self._parts[self._part(place)]
            del part[place]
            if not part:
                del self._parts[self._part(place)]

    def near(self, place: Place) -> list[Place]:
        """Give all who are no further than the width from a place, and some who are."""
        middle = self._part(place)
        return [one for part in range(middle - 1, middle + 2) for one in self._parts.get(part, ())]

    def _part(self, place: Place) -> int:
        return math.floor(place.rating / self._width)
