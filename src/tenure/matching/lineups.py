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
        run.append(place)
        total += place.size
        if place.size > 1 or place.apart:
            odd = odd or place.size > 1 or _apart_from_some(place, low)
        over = total - players
        if over > skips * rules.team_size:
            return
        if over >= 0:
            window = _odd_window(run, over, skips, rules) if odd else _plain_window(run, over, rules)
            if window:
                yield window
        place = place.above


def _apart_from_some(place: Place, low: Place) -> bool:
    """Tell whether somebody stands between two whom the upper one is to be kept apart from."""
    return any(low.order <= other.order < place.order for other in place.apart)


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


def _odd_window(run: list[Place], over: int, skips: int, rules: Rules) -> Window | None:
    """Try all ways to leave out as many players as are too many, those first who accept last."""
    low, high = run[0].rating, run[-1].rating
    accepted = {place: accepts_from(place, low, high, rules) for place in run}
    ends = [run[0], run[-1]] if len(run) > 1 else [run[0]]
    between = sorted(run[1:-1], key=lambda place: (accepted[place], place.order), reverse=True)
    best: Window | None = None

    def leave_out(number: int, kept: list[Place], over: int, skips: int) -> None:
        nonlocal best
        if over == 0:
            chosen = [*kept, *between[number:]]
            at = max(accepted[place] for place in chosen)
            if at < (best.ready if best else math.inf):
                best = _sooner(sorted(chosen, key=lambda place: place.order), at, rules, best)
        elif skips > 0 and number < len(between):
            place = between[number]
            if place.size <= over:
                leave_out(number + 1, kept, over - place.size, skips - 1)
            if accepted[place] < (best.ready if best else math.inf):
                leave_out(number + 1, [*kept, place], over, skips)

    leave_out(0, ends, over, skips)
    return best


def _sooner(places: list[Place], at: float, rules: Rules, best: Window | None) -> Window | None:
    """Give the window of these places if it is ready before the best so far; else the best."""
    at, players = max(at, apart_until(places, rules)), rules.teams * rules.team_size
    limit = best.ready if best else math.inf
    if at >= limit or not fits([place.size for place in places], rules.teams, rules.team_size):
        return best
    widest = rules.accepts_at(places[-1].rating - places[0].rating)
    if max(place.since for place in places) + widest <= at or all(place.size == 1 for place in places):
        # Teams are never further apart than the ends are, nor than half of that if all are single players.
        return Window(ready=at, places=places, people=players)
    teams = split([place.entrant for place in places], rules.teams, rules.team_size)
    if teams is None:
        return best
    at = max(at, teams_accepted_from(teams[0], rules))
    return Window(ready=at, places=places, people=players, teams=teams) if at < limit else best


def apart_until(places: Sequence[Place], rules: Rules) -> float:
    """Give until when some of them must not meet: for ever where one avoids another, else until they may meet again."""
    until = -math.inf
    for place in places:
        for other in place.apart:
            if other in places:
                until = max(until, _pair_apart_until(place, other, rules))
    return until


def _pair_apart_until(one: Place, two: Place, rules: Rules) -> float:
    if not (one.entrant.avoid.isdisjoint(two.entrant.players) and two.entrant.avoid.isdisjoint(one.entrant.players)):
        return math.inf
    return max(one.since, two.since) + rules.rematch_after_seconds


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
