"""A simulated time of many players, with flaps, storms, kills and new keys: no game is lost, and none comes twice."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import pytest
from tests.services.games.simulating import Seen, Simulation
from tests.services.games.tracking import START, a_world

from tenure import days, hours, minutes, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.riot.stand_in.delays import REALISTIC, Delays
from tenure.services.games.riot.stand_in.traffic import Habits
from tenure.store.timing import ManualClock

USUAL = Habits(game_seconds=(900, 2400), pause_seconds=(60, 4 * 3600))
EAGER = Habits(game_seconds=(300, 1200), pause_seconds=(5, 600), together_share=0.4)
HARSH = replace(REALISTIC, hidden_share=0.2, absent_share=0.3, shown_again_share=0.2)


@dataclass(frozen=True)
class Trouble:
    """How often what goes wrong."""

    kill_every: timedelta
    key_every: timedelta
    storm_every: timedelta


async def simulated(
    players: int, length: timedelta, settling: timedelta, trouble: Trouble, delays: Delays, habits: Habits
) -> Seen:
    """Let players play so long in a world of these delays, with so much trouble, and look on until all is settled."""
    clock = ManualClock(round(START.timestamp() * 1e6))
    async with testing.store(*kinds, space="games", clock=clock) as store:
        simulation = Simulation(store, a_world(clock, delays, seed=players), habits, seed=players)
        await simulation.begin(players)
        seen = await simulation.run(length, **asdict(trouble), settling=settling)
        assert list(await store.engine.audit("games", repair=False)) == []
    return seen


def check(seen: Seen) -> None:
    assert seen.lost == []
    assert seen.twice == []
    assert seen.completed == seen.records > 0
    assert seen.kills > 0
    assert seen.keys > 1
    assert seen.found_by["matches"] > 0


async def test_in_a_few_hours_of_some_players_no_game_is_lost_and_none_comes_twice() -> None:
    trouble = Trouble(kill_every=minutes(7), key_every=hours(1), storm_every=minutes(25))
    seen = await simulated(20, hours(2), hours(1.5), trouble, HARSH, EAGER)
    check(seen)


@pytest.mark.soak
async def test_in_a_week_of_a_thousand_players_no_game_is_lost_and_none_comes_twice() -> None:
    trouble = Trouble(kill_every=minutes(20), key_every=days(1), storm_every=hours(1))
    seen = await simulated(1000, days(7), hours(16), trouble, REALISTIC, USUAL)
    print(seen)  # noqa: T201  the figures of a long run
    check(seen)
    assert seen.within_five_minutes / seen.records > 0.95
    assert all(seen.faults[kind] > 0 for kind in ("limit", "status", "malformed", "not_found", "cut"))
