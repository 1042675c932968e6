"""How many players a key can track: the plan, and whether it can be kept."""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import timedelta

import pytest

from tenure import minutes, seconds
from tenure.pacing.rates import Rate, level_of, parse_rates
from tenure.services.games.planner import DEVELOPMENT, Habits, Plan, plan, shortest_interval
from tenure.services.games.riot.routing import PLATFORMS, UnknownPlatform

PRODUCTION = parse_rates("500:10,30000:600")
METHODS = {"spectator-v5": parse_rates("20000:10,1200000:600"), "tft-match-v1": parse_rates("250:10")}


def longest_wait(players: int, rates: tuple[Rate, ...], interval: timedelta) -> float:
    """Look at so many players each interval for five intervals, and give how late the latest look was."""
    every = interval.total_seconds()
    looks = [(number * every / players, number) for number in range(players)]
    level, now, latest = level_of(rates, 0.0), 0.0, 0.0
    while looks[0][0] < every * 5:
        wanted_at, _ = heapq.heapreplace(looks, (looks[0][0] + every, looks[0][1]))
        now = max(now, wanted_at)
        now += level.wait_seconds(1, now)
        level, latest = level.without(1, now), max(latest, now - wanted_at)
    return latest


@pytest.mark.parametrize("rates", [DEVELOPMENT, PRODUCTION])
@pytest.mark.parametrize("interval", [seconds(30), minutes(2)])
def test_as_many_as_are_planned_are_looked_at_in_time_and_half_as_many_more_are_not(
    rates: tuple[Rate, ...], interval: timedelta
) -> None:
    players = plan(rates, habits=Habits(detection_interval=interval)).players
    assert longest_wait(players, rates, interval) < 2
    assert longest_wait(players * 3 // 2, rates, interval) > interval.total_seconds()


def test_what_a_key_can_do() -> None:
    assert plan().players == 20
    assert plan(habits=Habits(detection_interval=minutes(2))).players == 80
    assert plan(PRODUCTION, METHODS).players == 1130
    assert plan(PRODUCTION, METHODS, platforms=PLATFORMS).players > 10_000


def test_the_tightest_limit_is_named_first() -> None:
    assert (plan().bounds[0].host, plan().bounds[0].of) == ("na1", "application")
    often = Habits(titles=("tft",), listing_interval=seconds(5), detection_interval=minutes(5))
    bounds = plan(PRODUCTION, {**METHODS, "tft-match-v1-ids": parse_rates("60:60")}, often).bounds
    assert (bounds[0].host, bounds[0].of) == ("americas", "tft-match-v1-ids")


def test_platforms_of_a_region_share_its_host_and_nothing_else() -> None:
    looks_seldom = Habits(detection_interval=minutes(60))
    alone, both = (plan(habits=looks_seldom, platforms=names) for names in (("na1",), ("na1", "br1")))
    assert alone.bounds[0].host == both.bounds[0].host == "americas"
    assert both.players == pytest.approx(alone.players, abs=1)
    assert plan(platforms=("na1", "kr")).players == 2 * plan().players


def test_each_title_is_asked_for_by_itself() -> None:
    assert plan(habits=Habits(titles=("lol", "tft"))).players == pytest.approx(plan().players / 2, abs=1)


@pytest.mark.parametrize("rates", [DEVELOPMENT, PRODUCTION])
@pytest.mark.parametrize("players", [10, 100])
def test_the_shortest_interval_is_one_at_which_the_plan_has_so_many(rates: tuple[Rate, ...], players: int) -> None:
    platforms = ("na1", "euw1")
    interval = shortest_interval(players, rates, METHODS, platforms=platforms)
    assert interval is not None

    def planned(looked_at: timedelta) -> Plan:
        return plan(rates, METHODS, replace(Habits(), detection_interval=looked_at), platforms)

    assert planned(interval).players >= players
    assert interval == seconds(1) or planned(interval - seconds(1)).players < players


def test_of_too_many_players_not_even_the_results_can_be_fetched() -> None:
    assert shortest_interval(100_000) is None


def test_a_platform_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownPlatform, match="it is one of br1"):
        plan(platforms=("moon",))
