"""Trackers as real processes of one store: they are killed again and again, and no game is lost, and none comes twice.

A run takes minutes: who took over from a killed process waits until its lease has run out.

What may be doubled by a kill, and only by one: the fetch of a match, and an event that was posted, under its one id.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.places import KEPT, Place
from tests.services.games.fleet import a_scene
from tests.services.games.outcome import Judge, Seen


async def check(url: str, *, players: int, games: int, kills: int, speed: float, seed: int) -> None:
    async with a_scene(url, speed=speed, kills=kills, seed=seed) as scene:
        await scene.track(players)
        await scene.play(games)
        scene.fleet.end()
        seen, known = Seen(kills=scene.fleet.kills), await scene.players()
        await Judge(seen, scene.store, scene.webhook.taken).look(scene.played, known, scene.stand_in.world.now())
        seen.fetched = len(scene.fetches)
        seen.fetched_again = sum(map(len, scene.fetches.values())) - seen.fetched
        print(seen.lines())  # noqa: T201  the figures of a long run
        assert (seen.lost, seen.twice) == ([], [])
        assert seen.completed == seen.records == seen.events >= games
        assert seen.kills > 0
        assert await scene.fetched_without_reason() == []


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("engine", KEPT)
async def test_processes_are_killed_and_no_game_is_lost_and_none_comes_twice(
    engine: str, place_of: Callable[[str], Place]
) -> None:
    await check(place_of(engine).fresh(), players=30, games=60, kills=40, speed=5, seed=1)
