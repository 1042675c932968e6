"""The SQL views of games: made by whoever serves, kept as they are, in each engine that has SQL."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.engines.postgres.conftest import a_session
from tests.places import POSTGRES, VALKEY, Place
from tests.services.games.test_document import written

from tenure import Store, minutes, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.results import LolResult, TftResult
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.world import World
from tenure.services.games.service import GamesService
from tenure.services.games.settings import Settings
from tenure.services.games.views import NAMES, Offering, games_views
from tenure.services.games.watching import Watching
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


# ---------------------------------------------------------------------------------------- several spaces


def places(place_of: Callable[[str], Place], tmp_path: Path) -> tuple[str, str]:
    """Give a database of each engine that has SQL."""
    return f"sqlite://{tmp_path / 'store.db'}", place_of(POSTGRES).fresh()


async def test_views_stay_those_of_the_space_that_had_them_first_and_the_other_one_is_told(
    place_of: Callable[[str], Place], tmp_path: Path
) -> None:
    for url in places(place_of, tmp_path):
        async with testing.store(*kinds, url=url, space="it's /* first */") as first:
            second = first.space("second")
            assert await first.offer(games_views()) is None
            await play(first)
            for _ in range(2):
                assert await second.offer(games_views()) == "it's /* first */"
                assert await first.offer(games_views()) is None
            assert await players_in(url) == ["Ada"]


async def players_in(url: str) -> list[str]:
    """Ask the views as another program does."""
    if url.startswith("sqlite"):
        with sqlite3.connect(f"file:{url.removeprefix('sqlite://')}?mode=ro", uri=True) as reader:
            return [name for (name,) in reader.execute("SELECT game_name FROM tracked_players")]
    async with a_session(url) as session:
        schema = f"{url.rpartition('schema=')[2]}_games"
        return [row["game_name"] for row in await session.fetch(f"SELECT game_name FROM {schema}.tracked_players")]


async def test_a_service_whose_views_are_of_another_space_says_so_until_they_are_dropped(tmp_path: Path) -> None:
    async with testing.store(*kinds, url=f"sqlite://{tmp_path / 'store.db'}") as store:
        other = store.space("other")
        await other.offer(games_views())
        service = GamesService(store, Settings(admin_key="a", tracks=False), Direct(World(lambda: 0.0)))
        async with service.running():
            while not service.trouble:
                await asyncio.sleep(0)
            assert "of the space 'other'" in service.trouble
            assert "TENURE_GAMES_VIEWS=0" in service.trouble
            assert (await Watching(service).look()).reasons == (service.trouble,)
            for name in reversed(NAMES):
                await asked(store, f"DROP VIEW {name}")
            while service.trouble:
                await store.advance(minutes(2))
            assert await other.offer(games_views()) == store.space_name


async def test_views_that_a_newer_build_dropped_are_made_again(tmp_path: Path) -> None:
    async with testing.store(*kinds, url=f"sqlite://{tmp_path / 'store.db'}") as store:
        service = GamesService(store, Settings(admin_key="a", tracks=False), Direct(World(lambda: 0.0)))
        async with service.running():
            for _ in range(2):
                while len(await asked(store, f"SELECT name FROM sqlite_schema WHERE name IN {NAMES}")) < len(NAMES):
                    await store.advance(minutes(2))
                await asked(store, "DROP VIEW tracked_games")


async def asked(store: Store, query: str) -> list[Any]:
    """Ask the engine itself: another SQLite in its process, when it closes the file, takes the engine's locks away."""
    engine: Any = store.engine
    found: list[Any] = await engine._writer.write(lambda: list(engine._file.connection.execute(query)))
    return found


async def test_a_service_that_is_to_offer_no_views_makes_none(tmp_path: Path) -> None:
    async with testing.store(*kinds, url=f"sqlite://{tmp_path / 'store.db'}") as store:
        quiet = Settings.read({"TENURE_GAMES_VIEWS": "0", "TENURE_GAMES_TRACKS": "0"}, admin_key="a")
        assert GamesService(store, quiet, Direct(World(lambda: 0.0))).loops() == {}


async def test_no_value_of_one_game_keeps_the_others_from_being_read(place_of: Callable[[str], Place]) -> None:
    url = place_of(POSTGRES).fresh()
    async with testing.store(*kinds, url=url) as store, a_session(url) as session:
        await play(store)
        await store.offer(games_views())
        now = await store.now()
        for number, (queue, seconds) in enumerate([(2**60, 10**12), (-(2**60), -5), (0, 0)]):
            game = TrackedGame.create(
                f"ada/EUW1_9{number}", player="ada", match=f"EUW1_9{number}", title="lol", lot=1, match_lot=1,
                due_at=now, queue_id=queue,
            )  # fmt: skip
            await store.apply(game)
            await store.apply(
                TrackedGame.complete(
                    f"ada/EUW1_9{number}", result=LolResult(result="win", champion="A\x00'"), queue_id=queue,
                    started_at=now, duration_seconds=seconds, raw_api_response="\x00",
                )
            )  # fmt: skip
        schema = f"{url.rpartition('schema=')[2]}_games"
        rows = await session.fetch(f"SELECT * FROM {schema}.tracked_games WHERE game_id LIKE '9%' ORDER BY game_id")
        assert [(row["queue_type"], row["duration_seconds"]) for row in rows] == [
            (f"QUEUE_{2**60}", 2**31 - 1), (f"QUEUE_-{2**60}", -5), ("CUSTOM", 0),
        ]  # fmt: skip
        assert await session.fetchval(f"SELECT count(*) FROM {schema}.game_tracking_metrics") == 1


# ---------------------------------------------------------------------------------------- what a query costs

MOVED = "space, kind, state, removed, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen"
MANY = f"""
    INSERT INTO tenure_records (record, id, {MOVED}, born, look_at, fields, rest)
    SELECT 100000000000000000 + n, 'ada/NA1_' || n, {MOVED}, born, look_at, fields, rest
    FROM tenure_records CROSS JOIN generate_series(1, $1) AS n
    WHERE kind = 'TrackedGame' AND state = 'completed'
"""
"""Let there be so many more finished games, like the one that is there."""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give each step of a plan."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def test_what_is_stuck_is_found_in_one_pass_that_reads_no_finished_game(place_of: Callable[[str], Place]) -> None:
    url = place_of(POSTGRES).fresh()
    async with testing.store(*kinds, url=url) as store, a_session(url) as session:
        await play(store)
        await store.offer(games_views())
        await session.execute(MANY, 100_000)
        await session.execute("ANALYZE tenure_records, tenure_states")
        pages = await session.fetchval("SELECT relpages FROM pg_class WHERE oid = 'tenure_records'::regclass")
        await session.execute(f"SET search_path = {url.rpartition('schema=')[2]}_games; SET jit = off")
        for query in ("stuck_games", "alert_stuck"):
            (found,) = json.loads(
                str(await session.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {written(query)}"))
            )
            plan = found["Plan"]
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < int(str(pages)) + 200, "it is read once"
            # Taking a record's fields apart costs ten times what passing it by does.
            taken_apart = [node["Actual Loops"] for node in nodes(plan) if node["Node Type"] in ("Result", "Memoize")]
            assert taken_apart
            assert max(taken_apart) < 10
