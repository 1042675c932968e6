"""A simulated time of many players, with flaps, storms, kills and new keys: no game is lost, and none comes twice."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.services.games.outcome import Seen
from tests.services.games.simulating import Simulation, Trouble
from tests.services.games.straight import go_straight
from tests.services.games.tracking import START, a_world

from tenure import days, hours, minutes, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.riot.stand_in.delays import REALISTIC, Delays
from tenure.services.games.riot.stand_in.traffic import Habits
from tenure.store.timing import ManualClock

USUAL = Habits(game_seconds=(900, 2400), pause_seconds=(60, 4 * 3600), tft_share=0.1)
EAGER = Habits(game_seconds=(300, 1200), pause_seconds=(5, 600), together_share=0.4, tft_share=0.1)
HARSH = replace(REALISTIC, hidden_share=0.2, absent_share=0.3, shown_again_share=0.2, lost_share=0.02)


async def simulated(players: int, length: timedelta, trouble: Trouble, delays: Delays, habits: Habits) -> Seen:
    """Let players play so long in a world of these delays, with so much trouble, and look on until all is settled."""
    clock = ManualClock(round(START.timestamp() * 1e6))
    # A tracker that is cut off between two writes has made changes in vain.
    async with testing.store(*kinds, space="games", clock=clock, every_change_applied=False) as store:
        go_straight(store)
        simulation = Simulation(store, a_world(clock, delays, seed=players), habits, trouble, seed=players)
        await simulation.begin(players)
        cpu, wall = time.process_time(), time.monotonic()

        def tell(passed: timedelta, seen: Seen) -> None:
            cost = f"{time.process_time() - cpu:.0f} s of a core, {time.monotonic() - wall:.0f} s"
            print(f"{passed}: {seen.so_far()}; {cost}", flush=True)  # noqa: T201  the figures of a long run

        seen = await simulation.run(length, trouble.late[1] * 3, tell, length / 28)
        tell(length, seen)
        print(seen.lines())  # noqa: T201
        assert list(await store.engine.audit("games", repair=False)) == []
    return seen


def check(seen: Seen) -> None:
    assert seen.lost == []
    assert seen.twice == []
    assert seen.completed + seen.without_result == seen.records > 0
    assert seen.events == seen.completed
    assert seen.corrected == seen.abandoned > 0
    assert (seen.cut_short > 0, seen.keys > 1) == (True, True)
    assert seen.found_by["matches"] > 0
    assert len(seen.platforms) > 1


@pytest.mark.timeout(180)
async def test_in_a_few_hours_of_some_players_no_game_is_lost_and_none_comes_twice() -> None:
    trouble = Trouble(
        kill_every=minutes(7),
        key_every=hours(1),
        storm_every=minutes(25),
        late_share=0.1,
        late=(minutes(60), minutes(100)),
    )
    seen = await simulated(20, hours(2), trouble, HARSH, EAGER)
    check(seen)


@pytest.mark.soak
@pytest.mark.timeout(3 * 3600)
async def test_in_a_week_of_a_thousand_players_no_game_is_lost_and_none_comes_twice() -> None:
    trouble = Trouble(kill_every=minutes(20), key_every=days(1), storm_every=hours(1), late_share=0.005)
    seen = await simulated(1000, days(7), trouble, REALISTIC, USUAL)
    check(seen)
    assert seen.soon / seen.records > 0.95
    assert all(seen.faults[kind] > 0 for kind in ("limit", "status", "malformed", "not_found", "cut"))
