"""The command `games plan`: how many players an API key can track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from tenure.cli.games.acting import acting
from tenure.cli.looking import InSession
from tenure.cli.output import Output, print_list
from tenure.cli.session import Session, UsageError, check_exists
from tenure.core.durations import seconds
from tenure.core.errors import Unavailable
from tenure.pacing.rates import Rate, parse_rates
from tenure.services.games.planner import DEVELOPMENT, Habits, Plan, plan, shortest_interval
from tenure.services.games.players import platform_of, titles_of
from tenure.services.games.present import Present, present_limits, rates_told

PRESENT = ("host", "of", "rates", "allowed_a_minute", "needed_a_minute", "taken_a_minute", "blocked_until")
COLUMNS = ("host", "limit", "allowed_a_minute", "needed_a_minute", "players")
DAY = 86_400


async def plan_players(
    *,
    limits: str = "",
    platforms: str = "na1",
    titles: str = "lol",
    interval_seconds: int = 30,
    games_a_day: float = 3.0,
    players: int = 0,
    session: InSession,
) -> None:
    """Say how many players an API key can track, and what bounds it: the tightest limit first.

    Parameters
    ----------
    limits
        The limits of the application, as Riot's page shows them: REQUESTS:SECONDS, several with commas; else those
        that Riot told the servers of this store, or, before it answered to one, those of a new key: 20:1,100:120.
    platforms
        Over which platforms the players are spread evenly, such as na1,euw1.
    titles
        What is tracked: lol, tft, or lol,tft.
    interval_seconds
        How often each player is looked at: DETECTION_INTERVAL_SECONDS.
    games_a_day
        How many games each of them plays.
    players
        Say instead how often so many players can be looked at.
    """
    if not 1 <= interval_seconds <= DAY or not 0 <= games_a_day <= DAY or players < 0:
        raise UsageError("--interval-seconds is from 1 to 86400, --games-a-day and --players are not below 0")
    named = tuple(dict.fromkeys(platform_of(each) for each in platforms.split(",")))
    habits = Habits(
        detection_interval=seconds(interval_seconds),
        titles=titles_of([title.strip() for title in titles.split(",")]),
        games_a_day=games_a_day,
    )
    found = Found(_parsed(limits), {}, None) if limits else await _found(session, habits)
    if players:
        _print_interval(
            session.output, players, shortest_interval(players, found.application, found.methods, habits, named)
        )
        return
    _print(session.output, plan(found.application, found.methods, habits, named), found.present, interval_seconds)


class Found(NamedTuple):
    """The limits to plan with, and how the present key does, if that is known."""

    application: Sequence[Rate]
    methods: Mapping[str, Sequence[Rate]]
    present: Present | None


async def _found(session: Session, habits: Habits) -> Found:
    """Look at what the store's servers were told; without a store there is nothing to be looked at."""
    try:
        check_exists(session.url)
    except Unavailable:
        return Found(DEVELOPMENT, {}, None)
    async with acting(session) as (store, _):
        present = await present_limits(store, interval=habits.detection_interval)
        return Found(*await rates_told(store), present)


def _parsed(limits: str) -> Sequence[Rate]:
    try:
        rates: Sequence[Rate] = parse_rates(limits)
    except ValueError:
        rates = ()
    if not rates or any(rate.most < 1 for rate in rates):
        raise UsageError(f"--limits {limits!r} is not understood: it is such as 20:1,100:120")
    return rates


TOO_MANY = "so many players are too many for this key, however seldom they are looked at"


def _print_interval(output: Output, players: int, interval: timedelta | None) -> None:
    found = None if interval is None else interval.total_seconds()
    if output.as_json:
        output.json({"players": players, "shortest_interval_seconds": found})
    else:
        output.say(TOO_MANY if found is None else f"{players} players can be looked at every {found:.0f} seconds")


def _print(output: Output, made: Plan, present: Present | None, interval_seconds: int) -> None:
    bounds = [
        {
            "host": bound.host, "limit": bound.of, "allowed_a_minute": round(60 * bound.allowed, 1),
            "needed_a_minute": round(60 * bound.per_player, 3), "players": bound.players,
        }
        for bound in made.bounds
    ]  # fmt: skip
    now = msgspec.to_builtins(present, str_keys=True)
    if output.as_json:
        output.json({"players": made.players, "by_platform": made.by_platform, "bounds": bounds, "present": now})
        return
    output.say(f"{made.players} players, one look every {interval_seconds} seconds", "bold")
    print_list(output, bounds, COLUMNS)
    if now is not None:
        output.say(f"The present key, with the {now['players']} players who are tracked", "bold")
        print_list(output, now["limits"], PRESENT)
