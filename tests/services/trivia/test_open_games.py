"""Ten thousand open games cost a server what is due, not what is open.

The steps that a statement takes are counted by SQLite alone; on the others the time is compared, in the long run.
"""

# ruff: noqa: T201  figures are printed beside the bound that they must keep
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median

import apsw
import pytest
from tests.places import KEPT, Place
from tests.services.trivia.closings import CHANNEL, GUILD, WINDOW, Closings, a_question, some_closings

from tenure import Store, days, minutes
from tenure.services.trivia.asking import game_id
from tenure.services.trivia.lifecycle import Game

AT_A_TIME = 500
DUE = 10


async def open_games(store: Store, number: int, first: int = 0, *, window: timedelta = days(1)) -> list[str]:
    """Open games at once, without their posts."""
    ids = [game_id("daily", f"s{count}") for count in range(first, first + number)]
    now = await store.now()
    for start in range(0, number, AT_A_TIME):
        await store.submit(
            [
                [
                    Game.create(
                        id, guild=GUILD, registration="daily", channel=CHANNEL, slot=now, window=window,
                        question=a_question(), closes_at=now + window,
                    ),
                    Game.announce(id, message=f"{id}-message"),
                ]
                for id in ids[start : start + AT_A_TIME]
            ]
        )  # fmt: skip
    return ids


@contextmanager
def counted(store: Store) -> Iterator[list[int]]:
    """Count the steps, in tens, that SQLite takes while the body runs."""
    steps = [0]

    def count() -> bool:
        steps[0] += 1
        return False

    connection: apsw.Connection = store.engine._file.connection  # type: ignore[attr-defined]
    connection.set_progress_handler(count, 10)
    try:
        yield steps
    finally:
        connection.set_progress_handler(None, 10)


async def steps_among(open_already: int) -> tuple[int, int]:
    """Give what it takes to look when nothing is due, and to close a few games, among many that are open."""
    async with some_closings() as closings:
        await open_games(closings.store, open_already)
        due = await open_games(closings.store, DUE, first=open_already, window=WINDOW)
        await drained(closings)
        with counted(closings.store) as idle:
            await closings.store.advance(WINDOW - minutes(1))
            await drained(closings)
        with counted(closings.store) as closing:
            await closings.store.advance(minutes(1))
            await drained(closings)
        closed = await closings.store.get_many(Game, due)
        assert {game.state for game in closed.values()} == {Game.archived}
        assert len(await closings.store.find(Game.open, limit=open_already + 1)) == open_already
        return idle[0], closing[0]


async def drained(closings: Closings) -> None:
    """Take all steps that are due."""
    while await closings.posting.once() + await closings.closing.once():
        pass


async def test_ten_thousand_open_games_cost_what_is_due() -> None:
    (idle_few, few), (idle_many, many) = await steps_among(100), await steps_among(10_000)
    print(f"\nclosing {DUE} games: {few}0 steps among 100, {many}0 among 10,000; looking: {idle_few}0, {idle_many}0")
    assert many < 1.3 * few
    assert idle_many < 1.3 * idle_few
    assert few > 3 * idle_few, "else nothing is measured"


ROUNDS = 7


async def seconds_of_closing(url: str, open_already: int) -> float:
    """Give how long it takes to close a few games among many that are open: the median of some rounds."""
    async with some_closings(url=url) as closings:
        await open_games(closings.store, open_already)
        await drained(closings)
        taken = []
        for number in range(ROUNDS):
            await open_games(closings.store, DUE, first=open_already + number * DUE, window=WINDOW)
            await drained(closings)
            await closings.store.advance(WINDOW - minutes(1))
            begun = time.perf_counter()
            await closings.store.advance(minutes(1))
            await drained(closings)
            taken.append(time.perf_counter() - begun)
        assert len(await closings.store.find(Game.archived, limit=1000)) == ROUNDS * DUE
        return median(taken)


@pytest.mark.soak
@pytest.mark.parametrize("engine", KEPT)
async def test_ten_thousand_open_games_take_no_longer(engine: str, place_of: Callable[[str], Place]) -> None:
    place = place_of(engine)
    few, many = [await seconds_of_closing(place.fresh(), number) for number in (100, 10_000)]
    print(f"\n{engine}: closing {DUE} games takes {few * 1000:.0f} ms among 100, {many * 1000:.0f} ms among 10,000")
    assert many < 3 * few
