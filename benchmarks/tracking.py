"""Measures a tracker of 5,000 players: how much of one core it takes, and whether everybody is looked at in time.

Run as `python -m benchmarks.tracking`; writes `benchmarks/results/tracking.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import uvloop
from benchmarks.report import Result, save

import tenure
from tenure import Poller, Store
from tenure.benchmarks.machine import folder_on_disk
from tenure.pacing.pacer import Pacer
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import LOTS
from tenure.services.games.riot.client import RiotClient
from tenure.services.games.riot.stand_in import StandIn, serving
from tenure.services.games.riot.stand_in.world import DEFAULT_KEY
from tenure.services.games.rounds import poller_of
from tenure.services.games.service import GamesService
from tenure.services.games.settings import Settings

PLAYERS = 5_000
PLATFORMS = ("na1", "euw1", "kr")
GAME_SECONDS, PAUSE_SECONDS = (600.0, 2_400.0), (10.0, 5_400.0)
TOO_MANY = 429
MANY = ((1_000_000, 10),)
"""More than anybody asks for: here the tracker is measured, and not what a key allows."""

CORE, LOOKS, LATEST = "of one core (%)", "looks per second", "between two looks at a lot at most (s)"
COMPLETED, REFUSED = "games that got their result", "refused as too many"
GOALS = {CORE: "≤ 30", LATEST: "≤ 45", REFUSED: "≤ 0"}
TITLE = f"A tracker of {PLAYERS:,} players"
HOW = f"""One process looks at {PLAYERS:,} players each 30 seconds, reads the lists of their matches and fetches the
results of their games, over HTTP from a stand-in of Riot's API in another process, which answers without delay, and
keeps all of it in SQLite. About a third of the players are in a game. Processor time is that of the tracker's process,
its engine and HTTP client too, from when everybody was looked at for the first time."""


def riot_id(number: int) -> str:
    """Give the Riot id of a player."""
    return f"P{number}#T{number % 1000}"


def platform_of(number: int) -> str:
    """Give the platform on which a player plays."""
    return PLATFORMS[number % len(PLATFORMS)]


async def serve() -> None:
    """Serve a stand-in with everybody's games until this process is ended."""
    made, dice = StandIn(limits=MANY), random.Random(1)  # noqa: S311  # nosec B311  the same each time
    made.limits.methods = dict.fromkeys(made.limits.methods, MANY)
    world, now = made.world, made.world.now()
    for number in range(PLAYERS):
        world.add_player(riot_id(number), platform_of(number))
        at = now - dice.uniform(*GAME_SECONDS)
        while at < now + 3_600:
            seconds = dice.uniform(*GAME_SECONDS)
            world.play(riot_id(number), at=at, seconds=seconds)
            at += seconds + dice.uniform(*PAUSE_SECONDS)
    async with serving(made):
        print(made.url, flush=True)
        await asyncio.Event().wait()


@contextmanager
def served() -> Iterator[str]:
    """Serve a stand-in in a process of its own while the body runs, and give its URL."""
    command = [sys.executable, "-m", "benchmarks.tracking", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.kill()


async def measure_once(api: str, number: int, length: float) -> dict[str, float]:
    """Measure a tracker on an empty store for so many seconds."""
    path = folder_on_disk() / f"tracking-{time.time_ns()}-{number}.db"
    async with (
        tenure.open(f"sqlite://{path}", *kinds, space="games", actor="tracker") as store,
        store.sweeping(),
        RiotClient(DEFAULT_KEY, Pacer(store), api=f"{api}/{{host}}") as riot,
    ):
        service = GamesService(store, Settings(admin_key="measured"), riot)
        await add_players(service)
        async with service.running():
            await until_all_are_looked_at(store)
            return await figures(service, riot, length)


async def add_players(service: GamesService) -> None:
    """Let everybody be tracked."""
    numbers = count()

    async def add() -> None:
        while (number := next(numbers)) < PLAYERS:
            await service.players.add(riot_id(number), platform_of(number))

    await asyncio.gather(*(add() for _ in range(50)))


async def until_all_are_looked_at(store: Store) -> None:
    """Wait until everybody has an account, and two turns have looked at each lot since."""
    while (await store.count(TrackedPlayer)).get("tracked", 0) < PLAYERS:
        await store.clock.sleep(0.5)
    before = [poller.turns for poller in await pollers_of(store)]
    while any(poller.turns < turns + 2 for poller, turns in zip(await pollers_of(store), before, strict=True)):
        await store.clock.sleep(0.5)


async def pollers_of(store: Store) -> list[Poller]:
    """Give the pollers of detection, in the order of the lots."""
    names = [poller_of("detection", lot) for lot in range(LOTS)]
    found = await store.get_many(Poller, names)
    return [found[name] for name in names]


async def figures(service: GamesService, riot: RiotClient, length: float) -> dict[str, float]:
    """Let it run for so long, and tell what it took."""
    store, latest = service.store, 0.0
    asked, cpu, began = service.asking.asked["active_game"], time.process_time(), time.perf_counter()
    before = await store.count(TrackedGame)
    while time.perf_counter() < began + length:
        await asyncio.sleep(5)
        now, pollers = await store.now(), await pollers_of(store)
        latest = max(latest, *((now - poller.began_at).total_seconds() for poller in pollers if poller.began_at))
    spent, took = time.process_time() - cpu, time.perf_counter() - began
    counts = await store.count(TrackedGame)
    return {
        CORE: 100 * spent / took,
        LOOKS: (service.asking.asked["active_game"] - asked) / took,
        LATEST: latest,
        COMPLETED: counts.get("completed", 0) - before.get("completed", 0),
        REFUSED: riot.answers.total() - sum(n for (_, status), n in riot.answers.items() if status != TOO_MANY),
    }


async def measure(rounds: int, length: float) -> None:
    """Measure some times, and write the figures."""
    result = Result.plain("tracking", TITLE, {"how": HOW})
    with served() as api:
        measured = [await measure_once(api, number, length) for number in range(rounds)]
    save(result, measured, GOALS)


def main() -> None:
    """Measure a tracker, or serve what it asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--serve", action="store_true", help="serve the stand-in, as the measuring process has it done")
    given = parser.parse_args()
    uvloop.run(serve() if given.serve else measure(given.rounds, given.seconds))


if __name__ == "__main__":
    main()
