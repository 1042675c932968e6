"""The queries of operators who come from a tracker with tables of its own: as they have them, on our views.

They are in `document/`, as written there. Each is asked twice in one transaction: of our views, and of the tables
that such a tracker has, filled with the same games. What is expected is said here by hand too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.places import POSTGRES, Place

from tenure import Store, hours, minutes, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.results import LolResult, TftResult
from tenure.services.games.views import games_views

DOCUMENT = Path(__file__).parent / "document"
QUERIES = ("parity", "missed_games", "completion_rates", "stuck_games", "alert_retries", "alert_stuck", "alert_results")
Rows = list[dict[str, Any]]
Opened = Callable[..., AbstractAsyncContextManager["Database"]]


def written(name: str) -> str:
    """Give a query as it is written."""
    return (DOCUMENT / f"{name}.sql").read_text()


@dataclass
class Database:
    """A database in which an old tracker and ours stand side by side."""

    session: asyncpg.Connection
    ours: str
    old: str
    older: str

    async def ask(self, query: str, *, of: str) -> Rows:
        """Ask as a program does whose `search_path` begins with a schema."""
        await self.session.execute(f"SET LOCAL search_path = {of}, {self.older}")
        return [dict(row) for row in await self.session.fetch(query)]


@pytest.fixture
def a_database(place_of: Callable[[str], Place]) -> Opened:
    """Give it with the games of some days, as a session of some time zone sees them; what is done is undone."""

    @asynccontextmanager
    async def opened(time_zone: str = "UTC") -> AsyncIterator[Database]:
        url = place_of(POSTGRES).fresh()
        schema = url.rpartition("schema=")[2]
        session = await asyncpg.connect(url.partition("?")[0], statement_cache_size=0)
        found = Database(session, f"{schema}_games", f"{schema}_old", f"{schema}_older")
        async with undone(session):
            now = await session.fetchval("SELECT now()")  # what all queries of a transaction take for it
            async with testing.store(*kinds, url=url, at=now - hours(30)) as store:
                await play(store, now)
                await store.offer(games_views())
                await session.execute(f"SET LOCAL TimeZone = '{time_zone}'")
                await stand_beside(found, now)
                yield found

    return opened


@asynccontextmanager
async def undone(session: asyncpg.Connection) -> AsyncIterator[None]:
    """Give a session a transaction that comes to nothing, and close it."""
    transaction = session.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
        await session.close()


# ---------------------------------------------------------------------------------------- what happened


WIN = LolResult(result="win", champion="Ahri", kills=7)
LOSS = LolResult(result="loss", champion="Sona")
FOURTH = TftResult(result="placed", placement=4)


class Played:
    """Plays games at instants before now."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.store, self.now = store, now

    async def until(self, ago: timedelta) -> None:
        await self.store.advance(self.now - ago - await self.store.now())

    async def begin(self, player: str, number: int, *, queue_id: int | None = 420) -> str:
        at, match = await self.store.now(), f"EUW1_{number}"
        game = TrackedGame.create(
            f"{player}/{match}", player=player, match=match, title="lol", lot=1, match_lot=1, due_at=at,
            queue_id=queue_id, started_at=at - minutes(2),
        )  # fmt: skip
        return (await self.store.apply(game)).id

    async def end(self, id: str, result: LolResult | TftResult, *, queue_id: int = 420, seconds: int = 1500) -> None:
        at = await self.store.now()
        await self.store.apply(
            TrackedGame.complete(
                id,
                result=result,
                queue_id=queue_id,
                started_at=at - minutes(30),
                duration_seconds=seconds,
                raw_api_response='{"info": {}}',
            )
        )

    async def fail(self, id: str, times: int) -> None:
        at = await self.store.now()
        await self.store.apply(TrackedGame.leave(id, due_at=at))
        for number in range(times):
            await self.store.apply(
                TrackedGame.retry(id, due_at=at, retry_count=number + 1, last_error="404: not there")
            )

    async def give_up(self, id: str) -> None:
        at = await self.store.now()
        await self.store.apply(TrackedGame.abandon(id, due_at=at, retry_count=4, last_error="given up"))


async def play(store: Store, now: datetime) -> None:
    """Let three players have a day behind them."""
    for name in ("ada", "bo", "dee"):
        await store.apply(
            TrackedPlayer.create(
                name,
                game_name=name.capitalize(),
                tag_line="EUW",
                riot_id=f"{name}#euw",
                platform="EUW1",
                lot=1,
                due_at=await store.now(),
            )
        )
    await store.space("elsewhere").apply(TrackedPlayer.create(
        "ada", game_name="Ada", tag_line="X", riot_id="ada#x", platform="KR", lot=1, due_at=now,
    ))  # fmt: skip
    played = Played(store, now)
    await played.until(hours(26))
    yesterday = await played.begin("ada", 1001)
    await played.end(yesterday, WIN, seconds=1800)
    await played.until(hours(5))
    retried = await played.begin("ada", 1002)
    await played.fail(retried, 2)
    await played.end(retried, LOSS, seconds=1700)
    gone = await played.begin("dee", 1003)
    await played.end(gone, WIN)
    await played.until(minutes(210))
    await played.begin("bo", 1004)
    await played.until(minutes(150))
    waiting = await played.begin("bo", 1005, queue_id=None)
    await played.fail(waiting, 3)
    await played.until(minutes(50))
    for player in ("ada", "bo"):
        await played.end(await played.begin(player, 1006, queue_id=1100), FOURTH, queue_id=1100, seconds=2100)
    await played.until(minutes(40))
    lost = await played.begin("ada", 1007, queue_id=31337)
    await played.fail(lost, 3)
    await played.give_up(lost)
    await store.apply(TrackedPlayer.remove("dee"))
    await played.until(minutes(10))
    await played.begin("ada", 1008)
    await played.until(minutes(0))


async def stand_beside(database: Database, now: datetime) -> None:
    """Make the old tracker's tables: its states, of which ours missed one game, and tables with the games as ours."""
    session = database.session
    await session.execute(f"CREATE SCHEMA {database.older}; SET LOCAL search_path = {database.older}")
    await session.execute(written("game_states"))
    states = [
        (1, "IN_GAME", "1006", 50), (2, "IN_GAME", "1006", 50), (2, "NOT_IN_GAME", "1006", 20),
        (1, "IN_GAME", "1007", 40), (1, "IN_GAME", "1099", 30), (1, "NOT_IN_GAME", None, 25),
        (2, "IN_GAME", "1005", 150), (2, "IN_GAME", "900", 60 * 10),
    ]  # fmt: skip
    await session.executemany(
        "INSERT INTO game_states (player_id, status, game_id, created_at) VALUES ($1, $2, $3, $4::timestamptz)",
        [(player, status, game, now - minutes(ago)) for player, status, game, ago in states],
    )
    await session.execute(f"CREATE SCHEMA {database.old}; SET LOCAL search_path = {database.old}")
    await session.execute(written("tracked_games"))
    for table in ("tracked_players", "tracked_games"):
        await session.execute(f"INSERT INTO {table} SELECT * FROM {database.ours}.{table}")
    await session.execute(written("metrics_view"))


# ---------------------------------------------------------------------------------------- the queries


@pytest.mark.parametrize("time_zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
async def test_each_query_says_of_the_views_what_it_says_of_tables_with_the_same_games(
    a_database: Opened, time_zone: str
) -> None:
    async with a_database(time_zone) as database:
        for name in QUERIES:
            ours = await database.ask(written(name), of=database.ours)
            old = await database.ask(written(name), of=database.old)
            assert ours, name
            assert ours == old if "ORDER BY" in written(name) else _sorted(ours) == _sorted(old), name


def _sorted(rows: Rows) -> Rows:
    return sorted(rows, key=repr)


async def test_the_queries_say_what_happened(a_database: Opened) -> None:
    async with a_database() as database:
        told = {name: await database.ask(written(name), of=database.ours) for name in QUERIES}
        parity = {row["system"]: (row["unique_games"], row["total_rows"]) for row in told["parity"]}
        assert parity == {"legacy": (3, 5), "new": (3, 4)}
        assert [(row["game_id"], row["player_id"], row["player"]) for row in told["missed_games"]] == [
            ("1099", 1, "Ada#EUW")
        ]
        rates = {
            row["status"]: (row["game_count"], float(row["avg_retries"]), row["max_retries"])
            for row in told["completion_rates"]
        }
        assert rates == {"ACTIVE": (3, 1.0, 3), "COMPLETED": (3, pytest.approx(2 / 3), 2), "ABANDONED": (1, 4.0, 4)}
        stuck = [(row["game_id"], row["player"], row["retry_count"], row["last_error"]) for row in told["stuck_games"]]
        assert stuck == [("1004", "Bo#EUW", 0, None), ("1005", "Bo#EUW", 3, "404: not there")]
        assert [round(row["age"] / minutes(1)) for row in told["stuck_games"]] == [210, 150]
        assert told["alert_retries"] == [{"high_retry_games": 1}]
        assert told["alert_stuck"] == [{"stuck_games": 1}]
        assert told["alert_results"] == [{"missing_results": 0}]


async def test_the_figures_of_each_hour_are_those_of_the_written_view(a_database: Opened) -> None:
    async with a_database() as database:
        of_each_hour = "SELECT * FROM game_tracking_metrics ORDER BY hour"
        ours = await database.ask(of_each_hour, of=database.ours)
        assert ours == await database.ask(of_each_hour, of=database.old)
        assert sum(row["games_detected"] for row in ours) == 8
        await database.session.execute(f"CREATE SCHEMA anew; SET LOCAL search_path = anew, {database.ours}")
        await database.session.execute(written("metrics_view"))
        assert ours == await database.ask(of_each_hour, of="anew")


async def test_the_columns_and_their_types_are_those_of_the_document(a_database: Opened) -> None:
    async with a_database() as database:
        both = [tuple(row.values()) for row in await database.ask(written("columns"), of=database.ours)]
        assert len(both) == 26
        assert both[::2] == both[1::2]
        assert [column for _, column, _ in both[::2]] == [
            "id", "player_id", "game_id", "status", "detected_at", "started_at", "completed_at", "queue_type",
            "game_result_data", "duration_seconds", "raw_api_response", "last_error", "retry_count",
        ]  # fmt: skip


async def test_a_way_back_fills_the_old_table_with_what_it_missed(a_database: Opened) -> None:
    async with a_database() as database:
        before = len(await database.ask("SELECT 1 FROM game_states", of=database.ours))
        way_back = written("recovery").replace("'2024-XX-XX'", "now() - interval '1 day'")
        await database.ask(way_back, of=database.ours)
        added = await database.ask("SELECT * FROM game_states ORDER BY id > 8, created_at, id", of=database.ours)
        assert [(row["player_id"], row["status"], row["game_id"], row["queue_type"]) for row in added[before:]] == [
            (1, "NOT_IN_GAME", "1002", "RANKED_SOLO_5x5"), (2, "IN_GAME", "1004", "RANKED_SOLO_5x5"),
            (1, "IN_GAME", "1008", "RANKED_SOLO_5x5"),
        ]  # fmt: skip


async def test_the_rows_hold_what_the_records_do(a_database: Opened) -> None:
    async with a_database() as database:
        rows = {
            row["game_id"] + "/" + str(row["player_id"]): row
            for row in await database.ask("SELECT * FROM tracked_games", of=database.ours)
        }
        assert set(rows) == {"1001/1", "1002/1", "1004/2", "1005/2", "1006/1", "1006/2", "1007/1", "1008/1"}
        assert len({row["id"] for row in rows.values()}) == 8
        won, hidden, lost = rows["1001/1"], rows["1005/2"], rows["1007/1"]
        assert json.loads(won["game_result_data"]) | {"champion": "Ahri", "kills": 7, "type": "lol"} == json.loads(
            won["game_result_data"]
        )
        assert (won["duration_seconds"], won["raw_api_response"], won["queue_type"]) == (
            1800,
            '{"info": {}}',
            "RANKED_SOLO_5x5",
        )
        assert won["completed_at"] - won["started_at"] == minutes(30)
        assert (hidden["queue_type"], hidden["completed_at"], hidden["game_result_data"]) == (None, None, None)
        assert (lost["status"], lost["queue_type"], lost["completed_at"]) == ("ABANDONED", "QUEUE_31337", None)
        players = await database.ask("SELECT * FROM tracked_players ORDER BY id", of=database.ours)
        assert [tuple(row.items()) for row in players] == [
            (("id", 1), ("game_name", "Ada"), ("tag_line", "EUW")),
            (("id", 2), ("game_name", "Bo"), ("tag_line", "EUW")),
        ]
