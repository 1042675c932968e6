"""Measures what live meetings cost their server while nothing happens in them, and how soon a bot is started.

Bots that are not there call a server of their own over HTTP exactly as real ones do: a heartbeat each 30 seconds, and
`commands`, which is held open. Run as `python -m benchmarks.attending`; writes `benchmarks/results/attending.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles

import aiohttp
import uvloop
from benchmarks.meetings import NoRuntime, serve, user
from benchmarks.report import Result, save

from tenure.services.meetings.bot.server import COMMANDS_SECONDS, Server
from tenure.services.meetings.bot.settings import BotSettings, read

USERS, LISTED = 20, 1000
TICKS = os.sysconf("SC_CLK_TCK")


class Noted(NoRuntime):
    """A runtime that notes in a folder too what it was told to start, and when."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    async def start(self, name: str, environment: Mapping[str, str]) -> None:
        """Note when this was, and what the bot was told."""
        await super().start(name, environment)
        (self._folder / f"{name}.bot").write_text(f"{time.time()}\n{environment['BOT_CONFIG']}")


class Started:
    """What the runtime noted of one bot."""

    def __init__(self, path: Path) -> None:
        at, _, config = path.read_text().partition("\n")
        self.at, self.settings = float(at), read(config)


async def started(folder: Path, name: str) -> Started:
    """Wait until a bot was started."""
    path = folder / f"{name}.bot"
    while not path.exists() or path.stat().st_size == 0:  # noqa: ASYNC110  another process writes it
        await asyncio.sleep(0.005)
    return Started(path)


async def ask(session: aiohttp.ClientSession, address: str, key: str, native_id: str) -> str:
    """Ask for a bot, and give the name of its container."""
    body = {"platform": "local", "native_meeting_id": native_id}
    async with session.post(f"{address}/bots", json=body, headers={"X-API-Key": key}) as answer:
        return str((await answer.json())["bot_container_id"])


async def live(settings: BotSettings) -> None:
    """Live as a bot in a meeting in which nothing happens, until cancelled. It shares no connection with others."""
    async with aiohttp.ClientSession() as http:
        server = Server(settings, http)
        try:
            await _live(settings, server)
        finally:
            await server.close()


async def _live(settings: BotSettings, server: Server) -> None:
    await server.tell("started")
    await server.tell("joined", capturing=True)

    async def beat() -> None:
        await asyncio.sleep(random.uniform(0, settings.heartbeat_seconds))  # noqa: S311  # nosec B311  not a secret
        while True:
            await server.tell("heartbeat", participants=["Ada", "Bob"], capturing=True)
            await asyncio.sleep(settings.heartbeat_seconds)

    async def listen() -> None:
        # The first call is cut short, so that calls are spread as those of bots that began at different times.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(0, COMMANDS_SECONDS)):  # noqa: S311  # nosec B311
                await server.tell("commands")
        while True:
            await server.tell("commands")

    await asyncio.gather(beat(), listen())


def spent(pid: int) -> float:
    """Give the seconds of a core that a process has used."""
    cells = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(cells[11]) + int(cells[12])) / TICKS


async def measure(address: str, folder: Path, pid: int, bots: int, seconds: float) -> dict[str, float]:
    """Start bots one after the other, let them live, and look at the server meanwhile."""
    async with aiohttp.ClientSession() as session:
        keys = [await user(session, address, number) for number in range(USERS)]
        waits: list[float] = []
        living: list[asyncio.Task[None]] = []
        for number in range(bots):
            name = await ask(session, address, keys[number % USERS], f"meeting-{number}")
            answered = time.time()
            found = await started(folder, name)
            waits.append(found.at - answered)
            living.append(asyncio.create_task(live(found.settings)))
        await asyncio.sleep(30)  # until the first heartbeats are through
        before, began = spent(pid), time.monotonic()
        await asyncio.sleep(seconds)
        share = (spent(pid) - before) / (time.monotonic() - began)
        ended = [task for task in living if task.done()]
        for task in living:
            task.cancel()
        await asyncio.gather(*living, return_exceptions=True)
        if ended:
            raise RuntimeError(f"{len(ended)} bots ended by themselves")
        listing = await listed(session, address, keys[0])
    cuts = quantiles(waits, n=100)
    return {
        "started after the answer, p50 ms": cuts[49] * 1000,
        "started after the answer, p99 ms": cuts[98] * 1000,
        f"server with {bots} live meetings, % of a core": share * 100,
        f"GET /meetings with {LISTED}, p50 ms": quantiles(listing, n=100)[49] * 1000,
        f"GET /meetings with {LISTED}, p99 ms": quantiles(listing, n=100)[98] * 1000,
    }


async def listed(session: aiohttp.ClientSession, address: str, key: str) -> list[float]:
    """Let a user have many meetings, and give how long it takes to list them."""
    for number in range(LISTED):
        await ask(session, address, key, f"listed-{number}")
    waits, content = list[float](), b""
    for _ in range(30):
        began = time.perf_counter()
        async with session.get(f"{address}/meetings", headers={"X-API-Key": key}) as answer:
            content = await answer.read()
        waits.append(time.perf_counter() - began)
    if content.count(b'"native_meeting_id"') != LISTED:
        raise RuntimeError("the list does not hold all meetings")
    return waits


def main() -> None:
    """Start a server, measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bots", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(serve(options.serve, Noted(options.serve)))
        return
    rounds = [one_round(options.bots, options.seconds) for _ in range(options.rounds)]
    goals = {
        "started after the answer, p99 ms": "≤ 300",
        f"server with {options.bots} live meetings, % of a core": "≤ 2",
        f"GET /meetings with {LISTED}, p99 ms": "≤ 50",
    }
    save(Result.plain("attending", "Live meetings in which nothing happens; bots over HTTP"), rounds, goals)


def one_round(bots: int, seconds: float) -> dict[str, float]:
    """Measure on a fresh server."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.attending", "--serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = next(iter(server.stdout or ())).strip()
                return uvloop.run(measure(address, Path(folder), server.pid, bots, seconds))
            finally:
                server.kill()


if __name__ == "__main__":
    main()
