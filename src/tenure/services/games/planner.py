"""How many players an API key can track, and how often it can look at them: pure, from its limits.

Whether somebody plays is asked of their platform; what came of it, of the platform's region, which several platforms
share. Each of these hosts has a limit for all that the key asks there, and one for each method. The tightest of them
says how many players there can be.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tenure.core.durations import minutes, seconds
from tenure.pacing.rates import Rate, parse_rates
from tenure.services.games.results import Title
from tenure.services.games.riot.client import ACCOUNT, ACTIVE, IDS, MATCH
from tenure.services.games.riot.routing import account_region, match_region

USED_SHARE = 0.9
"""How much of what the limits let through is planned for; the rest is for what goes wrong and is asked again."""
DAY_SECONDS = 86_400.0
APPLICATION = "application"
DEVELOPMENT = parse_rates("20:1,100:120")
"""The limits of a key as everybody gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often players are looked at, and how much they play: what has to be asked follows from it."""

    detection_interval: timedelta = seconds(30)
    listing_interval: timedelta = minutes(10)
    titles: tuple[Title, ...] = ("lol",)
    games_a_day: float = 3.0
    """Of each player, of all titles together."""
    tries_a_result: float = 3.0
    """How often a match is asked for until it is there."""
    lookups_a_day: float = 1.1
    """Each account is asked for its name once a day, and looked up anew with each new API key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What one limit lets through, against what each player of a host costs; both in requests per second."""

    host: str
    of: str
    """The method, or `application` for all of them together."""
    allowed: float
    per_player: float

    @property
    def players(self) -> int:
        """How many players the host can have."""
        return int(self.allowed / self.per_player) if self.per_player else 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many players there can be, evenly spread over the platforms that were asked for."""

    by_platform: Mapping[str, int]
    bounds: tuple[Bound, ...]
    """The tightest first."""

    @property
    def players(self) -> int:
        """How many there can be in all."""
        return sum(self.by_platform.values())


def plan(
    application: Sequence[Rate] = DEVELOPMENT,
    methods: Mapping[str, Sequence[Rate]] | None = None,
    habits: Habits = Habits(),
    platforms: Sequence[str] = ("na1",),
) -> Plan:
    """Say how many players can be tracked on these platforms.

    `application` are the key's limits, `methods` those of each method by the client's name for it, such as
    `spectator-v5`; what isn't given does not bind. Raises `UnknownPlatform`.
    """
    bounds = tuple(_bounds(application, methods or {}, habits, platforms))
    shares = _sharing(platforms)
    by_platform = {
        platform: min(bound.players // shares[bound.host] for bound in bounds if bound.host in _hosts(platform))
        for platform in platforms
    }
    return Plan(by_platform=by_platform, bounds=tuple(sorted(bounds, key=lambda b: b.players / shares[b.host])))


def shortest_interval(
    players: int,
    application: Sequence[Rate] = DEVELOPMENT,
    methods: Mapping[str, Sequence[Rate]] | None = None,
    habits: Habits = Habits(),
    platforms: Sequence[str] = ("na1",),
) -> timedelta | None:
    """Say how often so many players, evenly spread, can be looked at; None if the key is too small for them anyway."""
    each = math.ceil(players / len(platforms))
    shares, longest = _sharing(platforms), 1.0
    without = replace(habits, detection_interval=timedelta.max)
    for bound in _bounds(application, methods or {}, without, platforms):
        left = bound.allowed - bound.per_player * each * shares[bound.host]
        if left <= 0:
            return None
        looks = _looks(bound.of, habits) if bound.host in platforms else 0.0
        longest = max(longest, each * looks / left)
    return seconds(math.ceil(longest))


Players = Mapping[tuple[str, tuple[Title, ...]], float]
"""How many there are, by their platform and what is tracked of them."""


def needs(players: Players, habits: Habits = Habits()) -> dict[tuple[str, str], float]:
    """Say what so many players cost: requests per second by host and method, `application` for all of a host's.

    The titles of `habits` do not count. Raises `UnknownPlatform`.
    """
    needed: dict[tuple[str, str], float] = defaultdict(float)
    for (platform, titles), number in players.items():
        of_title = replace(habits, titles=titles)
        for host in _hosts(platform):
            for method, cost in _costs_at(host, (platform,), of_title).items():
                needed[host, method] += number * cost
                needed[host, APPLICATION] += number * cost
    return needed


def _bounds(
    application: Sequence[Rate], methods: Mapping[str, Sequence[Rate]], habits: Habits, platforms: Sequence[str]
) -> Iterator[Bound]:
    """Give each limit of each host that is asked."""
    for host in dict.fromkeys(host for platform in platforms for host in _hosts(platform)):
        costs = _costs_at(host, platforms, habits)
        limits = {APPLICATION: application, **{method: methods.get(method, ()) for method in costs}}
        costs[APPLICATION] = sum(costs.values())
        for of, rates in limits.items():
            if rates:
                allowed = USED_SHARE * min(1 / rate.gap_seconds for rate in rates)
                yield Bound(host=host, of=of, allowed=allowed, per_player=costs[of])


def _costs_at(host: str, platforms: Sequence[str], habits: Habits) -> dict[str, float]:
    """Give what each player of a host costs there, by method, in requests per second."""
    if host in platforms:
        return {ACTIVE[title].name: 1 / habits.detection_interval.total_seconds() for title in habits.titles}
    asked = {account_region(platform) for platform in platforms}
    costs = {ACCOUNT.name: habits.lookups_a_day / DAY_SECONDS} if host in asked else {}
    games = habits.games_a_day / len(habits.titles) / DAY_SECONDS
    for title in habits.titles if host in {match_region(platform) for platform in platforms} else ():
        costs[MATCH[title].name] = games * habits.tries_a_result
        # A list is read every so often, and once more after a game.
        costs[IDS[title].name] = 1 / habits.listing_interval.total_seconds() + games
    return costs


def _looks(of: str, habits: Habits) -> float:
    """Give how many requests of one look at a player a limit of their platform counts."""
    return float(len(habits.titles)) if of == APPLICATION else 1.0


def _hosts(platform: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((platform, match_region(platform), account_region(platform))))


def _sharing(platforms: Sequence[str]) -> Counter[str]:
    """Count the platforms that each host answers for."""
    return Counter(host for platform in platforms for host in _hosts(platform))
