"""How many players a key can track: the plan, and whether it can be kept."""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import timedelta

import pytest

from tenure import Store, minutes, seconds, testing
from tenure.pacing.budgets import Budgets
from tenure.pacing.pacer import UNTIL_KNOWN, Pacer
from tenure.pacing.rates import Rate, level_of, parse_rates
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.planner import DEVELOPMENT, Habits, Plan, needs, plan, shortest_interval
from tenure.services.games.present import present_limits
from tenure.services.games.results import Title
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


# ---------------------------------------------------------------------------------------- what is needed


def test_what_players_need_at_each_host_is_what_the_plan_allows_so_many_of_them() -> None:
    habits, made = Habits(), plan(PRODUCTION, METHODS, platforms=("na1",))
    needed = needs({("na1", ("lol",)): made.players}, habits)
    for bound in made.bounds:
        assert needed[bound.host, bound.of] == pytest.approx(bound.per_player * made.players)
        assert needed[bound.host, bound.of] <= bound.allowed
    tightest = made.bounds[0]
    more = needs({("na1", ("lol",)): made.players + 1}, habits)
    assert more[tightest.host, tightest.of] > tightest.allowed


def test_platforms_of_one_region_need_its_host_together_and_accounts_are_asked_where_they_are_known() -> None:
    needed = needs({("euw1", ("lol",)): 10, ("ru", ("lol", "tft")): 10, ("oc1", ("tft",)): 10})
    assert needed["euw1", "application"] == pytest.approx(10 / 30)
    assert needed["ru", "application"] == pytest.approx(20 / 30)
    assert needed["europe", "match-v5-ids"] == pytest.approx(2 * needed["europe", "tft-match-v1-ids"], rel=0.02)
    assert {of for host, of in needed if host == "sea"} == {"tft-match-v1", "tft-match-v1-ids", "application"}
    assert ("asia", "account-v1") in needed
    assert needs({}) == {}


# ---------------------------------------------------------------------------------------- the present key


class Asked:
    """A key of a store: what it asks, and what it is told."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.pacer, self.name = store, Pacer(store), f"riot/{key}"

    async def asks(self, host: str, method: str, times: int = 1) -> None:
        names = (f"{self.name}/{host}", f"{self.name}/{host}/{method}")
        taken = await Budgets(self.store, UNTIL_KNOWN).take(names, times, patient=False)
        assert taken.number == times

    async def learns(self, host: str, method: str, application: str, limit: str) -> None:
        await self.pacer.learn(f"{self.name}/{host}", parse_rates(application))
        await self.pacer.learn(f"{self.name}/{host}/{method}", parse_rates(limit) if limit else ())


async def players_of(store: Store, platform: str, number: int, titles: tuple[Title, ...] = ("lol",)) -> None:
    """Let so many players be tracked."""
    now = await store.now()
    for index in range(number):
        id = f"{platform}-{index}"
        await testing.a(
            store, TrackedPlayer.tracked, id, game_name=id, tag_line="X", riot_id=f"{id}#x", platform=platform,
            titles=titles, lot=1, due_at=now, named_at=now, puuid=f"p{id}", key_mark="k",
        )  # fmt: skip


async def test_nothing_is_known_of_a_key_before_riot_has_answered_to_it() -> None:
    async with testing.store(*kinds) as store:
        assert await present_limits(store) is None
        key = Asked(store, "ab12")
        await key.asks("na1", "spectator-v5")
        assert await present_limits(store) is None, "what is assumed is not what Riot said"
        await key.learns("na1", "spectator-v5", "500:10,30000:600", "20000:10")
        seen = await present_limits(store)
        assert seen is not None
        assert {(each.host, each.of): each.rates for each in seen.limits} == {
            ("na1", "application"): "500:10,30000:600", ("na1", "spectator-v5"): "20000:10",
        }  # fmt: skip
        assert (seen.players, seen.platforms) == (0, ("na1",))


async def test_the_present_key_tells_what_is_needed_and_what_was_taken_in_the_last_minute() -> None:
    async with testing.store(*kinds) as store:
        key = Asked(store, "ab12")
        await key.learns("na1", "spectator-v5", "500:10,30000:600", "20000:10")
        await key.learns("americas", "match-v5", "500:10,30000:600", "")
        await players_of(store, "na1", 6)
        await store.advance(minutes(5))
        await key.asks("na1", "spectator-v5", 9)
        await store.advance(minutes(2))
        await key.asks("na1", "spectator-v5", 7)
        seen = await present_limits(store)
        assert seen is not None
        limits = {(each.host, each.of): each for each in seen.limits}
        assert limits["na1", "application"].taken_a_minute == 7
        assert limits["americas", "application"].taken_a_minute == 0
        assert limits["na1", "spectator-v5"].needed_a_minute == 12
        assert limits["americas", "match-v5"].allowed_a_minute is None
        assert seen.limits[0].of == "application", "the tightest first"
        assert (seen.players, seen.shortest_interval_seconds) == (6, 1.0)
        assert seen.possible[30] == plan(PRODUCTION, {"spectator-v5": parse_rates("20000:10")}).players
        assert sorted(seen.possible) == [15, 30, 60, 120, 300]
        assert seen.possible[15] < seen.possible[30] < seen.possible[300]


async def test_of_two_keys_the_last_one_counts_and_a_blocked_limit_says_until_when() -> None:
    async with testing.store(*kinds) as store:
        old, new = Asked(store, "aa"), Asked(store, "bb")
        await old.learns("na1", "spectator-v5", "500:10,30000:600", "20000:10")
        await store.advance(minutes(1))
        await new.learns("kr", "spectator-v5", "100:120", "50:10")
        await new.pacer.block("riot/bb/kr", 60)
        seen = await present_limits(store)
        assert seen is not None
        assert {each.host for each in seen.limits} == {"kr"}
        (application,) = [each for each in seen.limits if each.of == "application"]
        assert application.blocked_until == await store.now() + minutes(1)
        await store.advance(seconds(1))
        await old.asks("na1", "spectator-v5")
        again = await present_limits(store)
        assert again is not None
        assert {each.host for each in again.limits} == {"na1"}


async def test_more_players_than_a_key_is_enough_for_are_said_to_be_too_many() -> None:
    async with testing.store(*kinds) as store:
        await Asked(store, "aa").learns("kr", "spectator-v5", "1:3600", "")
        await players_of(store, "kr", 20, ("lol", "tft"))
        seen = await present_limits(store)
        assert seen is not None
        assert seen.shortest_interval_seconds is None
        assert seen.possible[30] == 0
