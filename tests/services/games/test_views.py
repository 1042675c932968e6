"""The SQL views of games: made by whoever serves, kept as they are, in each engine that has SQL."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.engines.postgres.conftest import a_session
from tests.places import POSTGRES, VALKEY, Place

from tenure import Store, minutes, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.results import TftResult
from tenure.services.games.views import NAMES, Offering, games_views
from tenure.store.keeping import Keeper


async def play(store: Store) -> None:
    """Let Ada have played one game, and play another."""
    now = await store.now()
    await store.apply(
        TrackedPlayer.create(
            "ada", game_name="Ada", tag_line="EUW", riot_id="ada#euw", platform="EUW1", lot=1, due_at=now
        )
    )
    for number in (7, 8):
        match = f"EUW1_{number}"
        await store.apply(
            TrackedGame.create(
                f"ada/{match}", player="ada", match=match, title="tft", lot=1, match_lot=1, due_at=now, queue_id=1100
            )
        )
    await store.advance(minutes(35))
    await store.apply(
        TrackedGame.complete(
            "ada/EUW1_7",
            result=TftResult(result="placed", placement=3),
            queue_id=1100,
            started_at=now,
            duration_seconds=2000,
            raw_api_response=None,
        )
    )


async def test_sqlite_shows_players_games_and_figures(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with testing.store(*kinds, url=f"sqlite://{path}") as store:
        await play(store)
        for _ in range(2):
            await store.offer(games_views())
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as reader:
            players = reader.execute("SELECT * FROM tracked_players").fetchall()
            games = reader.execute("SELECT * FROM tracked_games ORDER BY id").fetchall()
            figures = reader.execute("SELECT * FROM game_tracking_metrics").fetchall()
        reader.close()
    assert players == [(1, "Ada", "EUW")]
    done, playing = games
    assert done[:8] == (
        1, 1, "7", "COMPLETED", "2026-01-01 00:00:00.000", "2026-01-01 00:00:00.000", "2026-01-01 00:35:00.000",
        "TFT_RANKED",
    )  # fmt: skip
    assert json.loads(done[8])["placement"] == 3
    assert done[9:] == (2000, None, None, 0)
    assert playing == (2, 1, "8", "ACTIVE", "2026-01-01 00:00:00.000", None, None, "TFT_RANKED", *[None] * 4, 0)
    assert figures == [("2026-01-01 00:00:00", 2, 1, 1, 2000.0, 0, 0)]


async def test_where_there_is_no_sql_nothing_is_made(place_of: Callable[[str], Place]) -> None:
    async with testing.store(*kinds, url=place_of(VALKEY).fresh()) as store:
        await store.offer(games_views())


async def test_who_may_read_the_views_still_may_after_the_next_start(place_of: Callable[[str], Place]) -> None:
    url = place_of(POSTGRES).fresh()
    schema = f"{url.rpartition('schema=')[2]}_games"
    async with testing.store(*kinds, url=url) as store, a_session(url) as session:
        await store.offer(games_views())
        await session.execute(f"GRANT SELECT ON {schema}.tracked_games TO pg_monitor")
        before = await session.fetch("SELECT xmin FROM pg_class WHERE relnamespace = $1::text::regnamespace", schema)
        await asyncio.gather(*(store.offer(games_views()) for _ in range(4)))
        assert before == await session.fetch(
            "SELECT xmin FROM pg_class WHERE relnamespace = $1::text::regnamespace", schema
        )
        await session.execute(f"DROP VIEW {schema}.game_tracking_metrics")
        await store.offer(games_views())
        assert await session.fetchval(f"SELECT count(*) FROM {schema}.game_tracking_metrics") == 0
        assert await session.fetchval(f"SELECT has_table_privilege('pg_monitor', '{schema}.tracked_games', 'SELECT')")


async def test_whoever_serves_makes_them(tmp_path: Path) -> None:
    async with testing.store(*kinds, url=f"sqlite://{tmp_path / 'store.db'}") as store:
        keeper, (loop,) = Keeper(store), Offering(store).loops().values()
        kept = asyncio.create_task(keeper.keep("views", loop))
        with sqlite3.connect(tmp_path / "store.db") as reader:
            asked = "SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE '%track%_%' AND name LIKE '%s'"
            while {name for (name,) in reader.execute(asked)} != set(NAMES):
                await asyncio.sleep(0)
        reader.close()
        kept.cancel()
        await asyncio.gather(kept, return_exceptions=True)
        assert not keeper.troubles
