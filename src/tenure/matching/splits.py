"""Dividing those of one match into teams: parties stay together, and the teams' mean ratings are as near as can be.

Two teams are divided exactly: all sums that each half of the entrants can make, sorted, and the pair of sums nearest
to the middle, so that sixteen players take 384 sums and not 6,435 divisions. Of more teams one is taken after the
other, nearest to the mean first, as long as that may still beat the best found. Matches of more entrants than
`EXACTLY` are drafted instead, and mended by swaps: near, but not proved to be nearest.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from tenure.matching.entrants import Entrant

EXACTLY = 20
"""The most entrants of two teams that are divided exactly."""
EXACTLY_MANY = 12
"""The same for more teams than two: they can be divided in many more ways."""

Team = tuple[Entrant, ...]
_Item = tuple[float, int]
"""An entrant while it is divided: how far its players' ratings sum up from the mean of all, and how many they are."""


def split(entrants: Sequence[Entrant], teams: int, team_size: int) -> tuple[tuple[Team, ...], float] | None:
    """Give the teams of a match, and how far apart their mean ratings are at most. None if its parties don't fit.

    The strongest team comes first, and so does the strongest of each team. The same entrants give the same teams, in
    whatever order they come.
    """
    ordered = sorted(entrants, key=_strongest)
    sizes = [len(entrant.players) for entrant in ordered]
    middle = math.fsum(e.rating * size for e, size in zip(ordered, sizes, strict=True)) / (teams * team_size)
    items = [((e.rating - middle) * size, size) for e, size in zip(ordered, sizes, strict=True)]
    numbers = _divided(items, teams, team_size)
    if numbers is None:
        return None
    made = [tuple(ordered[number] for number in team) for team in numbers]
    means = [mean_rating(team) for team in made]
    order = sorted(range(teams), key=lambda number: (-means[number], _strongest(made[number][0])))
    return tuple(made[number] for number in order), max(means) - min(means)


def mean_rating(team: Sequence[Entrant]) -> float:
    """Give the mean rating of a team's players; a party counts with its mean, once for each of its players."""
    return math.fsum(e.rating * len(e.players) for e in team) / sum(len(e.players) for e in team)


def fits(sizes: Sequence[int], teams: int, team_size: int) -> bool:
    """Tell whether parties of these sizes can be put into the teams, each in one. Single players always can."""
    return _packed(tuple(sorted((size for size in sizes if size > 1), reverse=True)), teams, team_size) is not None


def _strongest(entrant: Entrant) -> tuple[float, str]:
    return -entrant.rating, entrant.key


def _divided(items: list[_Item], teams: int, team_size: int) -> list[list[int]] | None:
    """Give the numbers of the items of each team."""
    if team_size == 1:
        return [[number] for number in range(teams)]
    packed = _packed(tuple(sorted((size for _, size in items if size > 1), reverse=True)), teams, team_size)
    if packed is None:
        return None
    if len(items) > (EXACTLY if teams == 2 else EXACTLY_MANY):  # noqa: PLR2004  halves
        return _mended(items, _drafted(items, packed, teams, team_size))
    search = _Search(items, team_size)
    search.go_on(list(range(len(items))), teams, [])
    return search.best


# ---------------------------------------------------------------------------------------------- exact


class _Search:
    """Takes one team after the other from the items, and keeps the division with the least gap of sums."""

    def __init__(self, items: list[_Item], team_size: int) -> None:
        self._items, self._team_size = items, team_size
        self.best: list[list[int]] | None = None
        self._gap = math.inf

    def go_on(self, left: list[int], teams: int, made: list[tuple[float, list[int]]]) -> None:
        """Divide what is left into so many more teams."""
        if teams == 2:  # noqa: PLR2004  halves
            if halves := _halved([self._items[number] for number in left], self._team_size):
                self._keep([*made, *self._both(left, halves)])
            return
        for bound, total, places in sorted(self._candidates(left, teams, made)):
            if bound >= self._gap:
                return
            team = [number for place, number in enumerate(left) if places >> place & 1]
            rest = [number for place, number in enumerate(left) if not places >> place & 1]
            self.go_on(rest, teams - 1, [*made, (total, team)])

    def _candidates(
        self, left: list[int], teams: int, made: list[tuple[float, list[int]]]
    ) -> list[tuple[float, float, int]]:
        """Give the teams of the first that is left, each with the least gap that any division with it can have."""
        low, high = min((total for total, _ in made), default=0.0), max((total for total, _ in made), default=0.0)
        over = -math.fsum(total for total, _ in made)
        found = []
        for total, places in _sums([self._items[number] for number in left], self._team_size, first=True).get(
            self._team_size, ()
        ):
            others = (over - total) / (teams - 1)
            ends = (total, others, low, high) if made else (total, others)
            found.append((max(ends) - min(ends), total, places))
        return found

    def _both(self, left: list[int], places: int) -> list[tuple[float, list[int]]]:
        chosen = [number for place, number in enumerate(left) if places >> place & 1]
        others = [number for place, number in enumerate(left) if not places >> place & 1]
        return [(math.fsum(self._items[number][0] for number in team), team) for team in (chosen, others)]

    def _keep(self, made: list[tuple[float, list[int]]]) -> None:
        gap = max(total for total, _ in made) - min(total for total, _ in made)
        if gap < self._gap:
            self._gap, self.best = gap, [team for _, team in made]


def _halved(items: list[_Item], team_size: int) -> int | None:
    """Give the places of the first team, as bits, whose sum is nearest to half of all; None if none has its size."""
    half = math.fsum(value for value, _ in items) / 2
    cut = (len(items) + 1) // 2
    lower, upper = _sums(items[:cut], team_size, first=True), _sums(items[cut:], team_size)
    best, chosen = math.inf, None
    for players, sums in lower.items():
        others = upper.get(team_size - players)
        if others is None:
            continue
        for value, places in sums:
            at = bisect_left(others, (half - value,))
            for other, more in others[max(at - 1, 0) : at + 1]:
                if (off := abs(value + other - half)) < best:
                    best, chosen = off, places | more << cut
    return chosen


def _sums(items: list[_Item], most: int, *, first: bool = False) -> dict[int, list[tuple[float, int]]]:
    """Give all sums of some of the items, sorted, with their places as bits, by their number of players."""
    start = [(0.0, 0, 0)]
    if first:
        start = [(items[0][0], items[0][1], 1)]
    for place, (value, size) in enumerate(items):
        if not (first and place == 0):
            bit = 1 << place
            start += [(v + value, players + size, bits | bit) for v, players, bits in start if players + size <= most]
    found: dict[int, list[tuple[float, int]]] = {}
    for value, players, bits in sorted(start):
        found.setdefault(players, []).append((value, bits))
    return found


# ---------------------------------------------------------------------------------------------- large


@lru_cache(maxsize=4096)
def _packed(sizes: tuple[int, ...], teams: int, team_size: int) -> tuple[int, ...] | None:
    """Give the team of each party, largest party first; None if they can't all be placed."""
    dead: set[tuple[int, tuple[int, ...]]] = set()

    def place(number: int, room: list[int]) -> tuple[int, ...] | None:
        if number == len(sizes):
            return ()
        state = number, tuple(sorted(room))
        if state in dead:
            return None
        tried = set()
        for team in sorted(range(teams), key=room.__getitem__):
            if room[team] >= sizes[number] and room[team] not in tried:
                tried.add(room[team])
                rest = place(number + 1, [*room[:team], room[team] - sizes[number], *room[team + 1 :]])
                if rest is not None:
                    return team, *rest
        dead.add(state)
        return None

    return place(0, [team_size] * teams)


def _drafted(items: list[_Item], packed: tuple[int, ...], teams: int, team_size: int) -> list[list[int]]:
    """Put the parties where they fit, then each next player into the weakest team that has room."""
    made: list[list[int]] = [[] for _ in range(teams)]
    sums, room = [0.0] * teams, [team_size] * teams

    def put(number: int, team: int) -> None:
        made[team].append(number)
        sums[team] += items[number][0]
        room[team] -= items[number][1]

    parties = sorted((n for n, item in enumerate(items) if item[1] > 1), key=lambda number: -items[number][1])
    for number, team in zip(parties, packed, strict=True):
        put(number, team)
    for number, (_, size) in enumerate(items):
        if size == 1:
            put(number, min((team for team in range(teams) if room[team]), key=sums.__getitem__))
    return made


def _mended(items: list[_Item], made: list[list[int]]) -> list[list[int]]:
    """Swap two of equal size between the strongest and the weakest team, for as long as that brings these nearer."""

    def total(team: list[int]) -> float:
        return math.fsum(items[number][0] for number in team)

    while True:
        strong, weak = max(made, key=total), min(made, key=total)
        apart = total(strong) - total(weak)
        swaps = [
            (abs(apart - 2 * (items[one][0] - items[two][0])), one, two)
            for one in strong
            for two in weak
            if items[one][1] == items[two][1]
        ]
        off, one, two = min(swaps, default=(math.inf, 0, 0))
        if not off < apart - LEAST:
            return [sorted(team) for team in made]
        strong[strong.index(one)], weak[weak.index(two)] = two, one


LEAST = 1e-6
"""A swap that brings two teams nearer by less than this many points is none: so mending ends."""
