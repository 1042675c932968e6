"""The present key's limits, as Riot's answers told them; what the players who are tracked need of them; what is used.

All processes of a store share one budget for each limit: what stands there was learned by whichever of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from tenure import Store, minutes, seconds
from tenure.pacing.lifecycle import Budget
from tenure.pacing.pacer import UNTIL_KNOWN
from tenure.pacing.rates import Rate
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.planner import APPLICATION, USED_SHARE, Habits, Players, needs, plan, shortest_interval
from tenure.services.games.players import titles_of
from tenure.services.games.settings import BACKFILL, DETECTION

NAME = re.compile(r"riot/([0-9a-f]+)/([a-z0-9]+)(?:/(.+))?")
MOST_BUDGETS, MOST_SAMPLED, MOST_TAKEN = 500, 2000, 400
RECENTLY = minutes(1)
INTERVALS = (seconds(15), seconds(30), minutes(1), minutes(2), minutes(5))


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of one host, in requests a minute: what is planned to be used of it, needed, and was taken lately."""

    host: str
    of: str
    """The method, or `application` for all of them together."""
    rates: str
    """As Riot says it: `20:1,100:120` is at most 20 in one second, and 100 in 120."""
    allowed_a_minute: float | None
    """None where there is no limit."""
    needed_a_minute: float
    taken_a_minute: float
    blocked_until: datetime | None


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """The limits, the tightest first, and how many players they are enough for, evenly spread over the platforms."""

    limits: tuple[Limit, ...]
    players: int
    """Who is tracked now."""
    platforms: tuple[str, ...]
    interval_seconds: float
    """How often they are looked at."""
    possible: Mapping[int, int]
    """How many there can be, by the seconds from one look to the next."""
    shortest_interval_seconds: float | None
    """How often those who are tracked could be looked at; None if they are too many anyway."""


async def present_limits(
    store: Store, *, interval: timedelta = DETECTION, listing_interval: timedelta = BACKFILL
) -> Present | None:
    """Look at the key that was used last; None before Riot has answered to it."""
    budgets = await _of_last_key(store)
    if all(budget.level.rates == UNTIL_KNOWN for budget in budgets.values()):
        return None
    players, number = await present_players(store)
    platforms = tuple(sorted({platform for platform, _ in players})) or ("na1",)
    titles = titles_of([title for _, of in players for title in of] or ["lol"])
    habits = Habits(detection_interval=interval, listing_interval=listing_interval, titles=titles)
    needed, now = needs(players, habits), await store.now()
    limits = [await _limit(store, at, budget, needed, now) for at, budget in budgets.items()]
    application, methods = known_rates(budgets)
    shortest = shortest_interval(max(number, 1), application, methods, habits, platforms)
    return Present(
        limits=tuple(sorted(limits, key=_tightness, reverse=True)),
        players=number,
        platforms=platforms,
        interval_seconds=interval.total_seconds(),
        possible={
            int(each.total_seconds()): plan(
                application, methods, replace(habits, detection_interval=each), platforms
            ).players
            for each in sorted({*INTERVALS, interval})
        },
        shortest_interval_seconds=None if shortest is None else shortest.total_seconds(),
    )


async def rates_told(store: Store) -> tuple[Sequence[Rate], dict[str, Sequence[Rate]]]:
    """Give the limits of the application and of each method as far as the last key's are known."""
    return known_rates(await _of_last_key(store))


async def present_players(store: Store) -> tuple[Players, int]:
    """Count who is tracked by platform and titles: of very many, as the last who were looked at are spread."""
    number = (await store.count(TrackedPlayer)).get(TrackedPlayer.tracked.name, 0)
    sample = await store.find(TrackedPlayer.tracked, limit=MOST_SAMPLED)
    found = Counter((player.platform, player.titles) for player in sample)
    return {each: number * share / len(sample) for each, share in found.items()}, number


Budgets = Mapping[tuple[str, str], Budget]
"""By host, and what of it."""


def known_rates(budgets: Budgets) -> tuple[Sequence[Rate], dict[str, Sequence[Rate]]]:
    """Give the limits of the application and of each method: of several hosts' the tightest one.

    What was not told yet does not bind, but where nothing else was: a new key's limits are the same ones.
    """
    found: dict[str, Sequence[Rate]] = {}
    for (_, of), budget in budgets.items():
        rates = budget.level.rates
        if rates and rates != UNTIL_KNOWN and (of not in found or _per_second(rates) < _per_second(found[of])):
            found[of] = rates
    return found.pop(APPLICATION, UNTIL_KNOWN), found


# ---------------------------------------------------------------------------------------- inside


async def _of_last_key(store: Store) -> Budgets:
    """Give the budgets of the key of which anything was taken last."""
    named = [
        (name, budget)
        for budget in await store.find(Budget.open, limit=MOST_BUDGETS)
        if (name := NAME.fullmatch(budget.id))
    ]
    last = max((budget.changed_at, name[1]) for name, budget in named)[1] if named else ""
    return {(name[2], name[3] or APPLICATION): budget for name, budget in named if name[1] == last}


async def _limit(
    store: Store, at: tuple[str, str], budget: Budget, needed: Mapping[tuple[str, str], float], now: datetime
) -> Limit:
    rates = budget.level.rates
    return Limit(
        host=at[0],
        of=at[1],
        rates=",".join(f"{rate.most}:{rate.seconds:g}" for rate in rates),
        allowed_a_minute=round(60 * USED_SHARE * _per_second(rates), 1) if rates else None,
        needed_a_minute=round(60 * needed.get(at, 0.0), 1),
        taken_a_minute=await _taken_lately(store, budget, now),
        blocked_until=budget.blocked_until if budget.blocked_until and budget.blocked_until > now else None,
    )


async def _taken_lately(store: Store, budget: Budget, now: datetime) -> int:
    """Count the tokens that were taken in the last minute: each event says up to when they were given away then."""
    after = max(budget.version - MOST_TAKEN, 0)
    events = await store.history(Budget, budget.id, after=after, limit=MOST_TAKEN)
    taken, before = 0.0, None
    for event in events:
        level = event.fields.get("level")
        if level is None:
            continue
        if event.name == "take" and before is not None and event.at > now - RECENTLY and level.rates:
            began = max(before.given_until[0], event.at.timestamp())
            taken += max(level.given_until[0] - began, 0.0) / level.rates[0].gap_seconds
        before = level
    return round(taken)


def _per_second(rates: Sequence[Rate]) -> float:
    return min(1 / rate.gap_seconds for rate in rates)


def _tightness(limit: Limit) -> float:
    return limit.needed_a_minute / limit.allowed_a_minute if limit.allowed_a_minute else 0.0
