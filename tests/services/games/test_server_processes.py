"""Servers as an operator starts them, `serve games`, that are killed again and again, and a stand-in beside them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from tests.places import KEPT, Place
from tests.services.games.fleet import Fleet, Webhook, receiving
from tests.services.games.tracker import SECRET

from tenure import Store
from tenure.opening import open as open_store
from tenure.services.games.games import game_id
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.players import Players

TENURE = (sys.executable, "-m", "tenure.cli", "--json")
PLAYERS, GAMES_EACH, KILLS = 20, 3, 20


class Server:
    """One `serve games` process."""

    def __init__(self, store: str, folder: Path, **environment: str) -> None:
        folder.mkdir()
        command = [*TENURE, "serve", "games", "--port", "0", "--store", store, "--data", str(folder)]
        settings = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}
        self._process = subprocess.Popen(
            command, env=settings | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class StandInProcess:
    """A stand-in for Riot's API in a process of its own, and who plays what there."""

    def __init__(self, told: Any) -> None:
        self.api, self.key, self._page = told["api"], told["key"], told["page"]

    def control(self, name: str, **body: Any) -> Any:
        answer = requests.post(f"{self._page}control/{name}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stands(self) -> Any:
        return requests.get(f"{self._page}control", timeout=10).json()

    def enter_games(self, players: int, each: int) -> dict[str, list[str]]:
        """Let everybody play some short games from now on, some of two, and give who plays in which match."""
        chance, now = random.Random(1), self.stands()["now"]  # noqa: S311  nothing secret comes of it
        entered: dict[str, list[str]] = {}
        for first in range(0, players, 2):
            at = now + chance.uniform(5, 20)
            for _ in range(each):
                length = chance.uniform(2, 15)
                pair = [f"P{first}#TAG", f"P{first + 1}#TAG"]
                for those in [pair] if chance.random() < 0.4 else [[one] for one in pair]:
                    game = self.control("play", riot_ids=those, at=at, seconds=length)
                    self.control("delay", match_id=game["match_id"], seconds=at + length - now + chance.uniform(0, 8))
                    entered[game["match_id"]] = those
                at += length + chance.uniform(0.1, 5)
        return entered


@contextmanager
def a_stand_in() -> Iterator[StandInProcess]:
    command = [*TENURE, "serve", "riot-stand-in", "--port", "0", "--limits", "20000:10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield StandInProcess(msgspec.json.decode(process.stdout.readline()))
        finally:
            process.kill()


async def until_told(store: Store, webhook: Webhook, fleet: Fleet, expected: set[str]) -> None:
    """Wait until every game was told, and let processes be killed meanwhile; the test's time-out is the limit."""
    with store.bell() as bell:
        while not expected <= {told.game for told in webhook.taken}:
            await store.clock.wait(bell, 1.0)
            fleet.heard("change")


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("engine", KEPT)
async def test_servers_are_killed_and_no_game_is_lost_and_none_comes_twice(
    engine: str, place_of: Callable[[str], Place], tmp_path: Path
) -> None:
    url, numbers = place_of(engine).fresh(), count()
    async with receiving() as webhook, open_store(url, *kinds, space="main") as store:
        with a_stand_in() as riot:
            settings = {
                "TENURE_GAMES_RIOT_API": riot.api, "TENURE_GAMES_RIOT_KEY": riot.key,
                "TENURE_GAMES_WEBHOOK_URL": webhook.url, "TENURE_GAMES_WEBHOOK_SECRET": SECRET,
                "DETECTION_INTERVAL_SECONDS": "1", "COMPLETION_INTERVAL_SECONDS": "1",
                "BACKFILL_INTERVAL_SECONDS": "5", "TENURE_ADMIN_KEY": "the-admins-key",
            }  # fmt: skip
            fleet = Fleet(lambda: Server(url, tmp_path / f"server-{next(numbers)}", **settings), 1, KILLS)
            webhook.fleet = fleet
            try:
                fleet.begin()
                ids = {}
                for number in range(PLAYERS):
                    riot.control("add_player", riot_id=f"P{number}#TAG", platform="na1")
                    ids[f"P{number}#TAG"] = (await Players(store).add(f"P{number}#TAG", "na1", ("lol",))).id
                entered = riot.enter_games(PLAYERS, GAMES_EACH)
                expected = {game_id(ids[one], match) for match, those in entered.items() for one in those}
                await until_told(store, webhook, fleet, expected)
            finally:
                fleet.end()
            answers = riot.stands()["answers"]
        await check(store, webhook, expected)
    fetched = answers["match-v5.getMatch 200"]
    print(  # noqa: T201  the figures of a long run
        f"{engine}: {len(entered)} matches, {len(expected)} records, {fleet.kills} kills, {fetched} fetches, "
        f"{len(webhook.taken)} posts of {len(expected)} events"
    )
    assert fleet.kills > 0


async def check(store: Store, webhook: Webhook, expected: set[str]) -> None:
    """Hold what is stored, and what was told, against what was played."""
    records = await store.find(TrackedGame.completed, limit=10_000)
    assert {record.id for record in records} == expected
    assert sum((await store.count(TrackedGame)).values()) == len(expected)
    told = {(event.game, event.id) for event in webhook.taken}
    assert Counter(game for game, _ in told) == Counter(expected), "one event for each, under one id"
    results = {event.game: event.result for event in webhook.taken}
    assert all(results[record.id] == record.result for record in records)
