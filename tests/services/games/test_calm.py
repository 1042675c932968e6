"""A calm time: nothing is wrong with Riot but that everything takes as long as it does. Hardly a game needs a retry."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from statistics import median

import pytest
from tests.services.games.tracking import Tracking, some_tracking

from tenure import hours, minutes, seconds
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.lots import lot_of
from tenure.services.games.players import Players
from tenure.services.games.riot.stand_in.delays import REALISTIC
from tenure.services.games.riot.stand_in.traffic import Habits, Traffic

USUAL = Habits(game_seconds=(900, 2400), pause_seconds=(60, 3600))
TICK = seconds(15)
LOTS_USED = range(4)
"""Fewer lots, so that it takes less time."""


class Calm:
    """Players who play by themselves for a while, and what came of their games."""

    def __init__(self, tracking: Tracking) -> None:
        self.tracking, self.traffic = tracking, Traffic(tracking.world, USUAL)
        self.delays: list[float] = []
        self.found = Counter[str]()
        self.retried = 0

    async def play(self, players: int, length: timedelta) -> None:
        """Let so many players play so long, and then let everything have its time."""
        ids = (f"{number}" for number in itertools.count() if lot_of(str(number)) in LOTS_USED)
        self.tracking.service.players = Players(self.tracking.store, new_id=lambda: next(ids))
        await self.tracking.track(*[f"P{number}#NA1" for number in range(players)])
        self.traffic.on = True
        for tick in range(length // TICK):
            if tick % 8 == 0:
                self.traffic.go_on(8 * TICK.total_seconds())
            await self._tick(tick)
        self.traffic.on = False
        while await self.tracking.store.find(TrackedGame.active, limit=1):
            await self._tick(0)
            await self._tick(1)
        await self.tracking.passes(minutes(75), step=minutes(5))  # whom nobody saw is found in the lists
        for game in await self.tracking.service.games.list(limit=100_000):
            await self._judge(game)

    async def _tick(self, tick: int) -> None:
        """Give each lot its turns, as the pollers do: detection every 30 seconds, and results when they are due."""
        service, store = self.tracking.service, self.tracking.store
        await store.advance(TICK)
        now = await store.now()
        for lot in LOTS_USED:
            if tick % 2 == lot % 2:
                await service.detection.turn(lot)
            if tick % 4 == lot % 4:
                await service.backfill.turn(lot)
        due = [game for game in await store.find(TrackedGame.open, limit=10_000) if game.due_at <= now]
        for lot in sorted({game.match_lot for game in due if game.state != TrackedGame.playing}):
            await service.completion.turn(lot)

    async def _judge(self, game: TrackedGame) -> None:
        if self.tracking.world.games[game.match].lost:
            return
        assert game.state == TrackedGame.completed, game
        names = [event.name for event in await self.tracking.store.history(TrackedGame, game.id)]
        self.delays.append(game.entered_at.timestamp() - self.tracking.world.games[game.match].ended_at)
        self.found[game.found_by] += 1
        self.retried += "retry" in names


async def calm(players: int, length: timedelta) -> Calm:
    async with some_tracking(delays=REALISTIC) as tracking:
        found = Calm(tracking)
        await found.play(players, length)
    return found


def check(found: Calm) -> None:
    """Fail unless it was so; a long run shows its figures."""
    soon = sum(delay <= minutes(5).total_seconds() for delay in found.delays) / len(found.delays)
    figures = f"{len(found.delays)} games, {found.retried} retried, {soon:.1%} soon, found by {dict(found.found)}"
    assert found.retried / len(found.delays) < 0.01, figures
    assert soon > 0.95, figures
    assert found.found["matches"] > 0, figures
    print(figures, f"in the middle after {median(found.delays):.0f} s")  # noqa: T201


async def test_in_a_calm_time_hardly_a_game_needs_a_retry_and_results_come_within_minutes() -> None:
    check(await calm(40, hours(3)))


@pytest.mark.soak
async def test_in_calm_hours_of_many_players_hardly_a_game_needs_a_retry() -> None:
    check(await calm(200, hours(12)))
