"""Measures `POST /bots` of a server of its own, over HTTP, with a runtime that starts nothing.

At a fixed rate, and with callers that each wait for their answer. Run by `make bench`; writes
`benchmarks/results/meetings.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from statistics import quantiles
from types import TracebackType
from typing import Self, TypeAlias

import aiohttp
import uvloop
from benchmarks.report import Result, save

import tenure
from tenure.http.serving import bind
from tenure.services.meetings.api.http import create_app
from tenure.services.meetings.runtimes.runtime import Process
from tenure.services.meetings.service import MeetingsService, kinds
from tenure.services.meetings.settings import Settings
from tenure.web.garbage import settle
from tenure.web.serving import serving

KEY = "the-key-of-a-benchmark"
RATE, CALLERS = 200, 50

Run: TypeAlias = "Callable[[Load, float], Awaitable[dict[str, float]]]"
"""Lets some load come for so many seconds, and gives its figures."""


class NoRuntime:
    """A runtime that runs nothing, and says that each bot that was started runs until it is ended."""

    def __init__(self) -> None:
        self._started: dict[str, Process] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def start(self, name: str, environment: Mapping[str, str]) -> None:  # noqa: ARG002  the contract's
        """Note a bot."""
        self._started[name] = Process(name, running=True)

    async def end(self, name: str, *, grace_seconds: float) -> None:  # noqa: ARG002  the contract's
        """Note that a bot is not there any more."""
        self._started.pop(name, None)

    async def bots(self) -> list[Process]:
        """Give those that were started and not ended."""
        return list(self._started.values())

    async def forget(self, name: str) -> None:
        """Forget nothing."""

    async def log(self, name: str) -> str:  # noqa: ARG002  the contract's
        """Give nothing."""
        return ""

    async def changed(self) -> None:
        """Never return."""
        await asyncio.Event().wait()

    async def prune(self, *, older_than_seconds: float) -> None:
        """Remove nothing."""


async def serve(folder: Path, runtime: NoRuntime) -> None:
    """Serve the meetings API until this process is ended; the address is its first line."""
    taken = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    settings = Settings.read({}, base_url=address, admin_key=KEY, folder=folder)
    async with tenure.open(f"sqlite://{folder}/bench.db", *kinds) as store, store.sweeping():
        service = MeetingsService(store, runtime, settings)
        async with service.running(), serving(create_app(service), taken):
            settle()
            print(address, flush=True)
            await asyncio.Event().wait()


async def user(session: aiohttp.ClientSession, address: str, number: int) -> str:
    """Make a user who may have any number of bots, and give its key."""
    headers = {"X-Admin-API-Key": KEY}
    body = {"email": f"user-{number}@example.org", "max_concurrent_bots": 10_000}
    async with session.post(f"{address}/admin/users", json=body, headers=headers) as answer:
        id = (await answer.json())["id"]
    async with session.post(f"{address}/admin/users/{id}/tokens", headers=headers) as answer:
        return str((await answer.json())["token"])


class Load:
    """Requests bots, each in a meeting of its own, and notes how long each answer took."""

    def __init__(self, session: aiohttp.ClientSession, address: str, tokens: list[str]) -> None:
        self._session, self._address, self._tokens = session, address, tokens
        self._sent = 0
        self.waits: list[float] = []

    async def request(self) -> None:
        """Request one bot."""
        self._sent += 1
        body = {"platform": "local", "native_meeting_id": f"meeting-{self._sent}"}
        headers = {"X-API-Key": self._tokens[self._sent % len(self._tokens)]}
        began = time.perf_counter()
        async with self._session.post(f"{self._address}/bots", json=body, headers=headers) as answer:
            if answer.status != 201:  # noqa: PLR2004
                raise RuntimeError(f"{answer.status}: {await answer.text()}")
        self.waits.append(time.perf_counter() - began)

    def figures(self, spent: float) -> dict[str, float]:
        """Give the rate and the percentiles since the last call, in milliseconds."""
        cuts = quantiles(self.waits, n=100)
        found = {"answers/s": len(self.waits) / spent, "p50 ms": cuts[49] * 1000, "p99 ms": cuts[98] * 1000}
        self.waits.clear()
        return found


async def at_rate(load: Load, seconds: float) -> dict[str, float]:
    """Send requests at a fixed rate, whatever the answers take."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as sent:
        for number in range(int(RATE * seconds)):
            await asyncio.sleep(began + number / RATE - time.perf_counter())
            sent.create_task(load.request())
    return load.figures(time.perf_counter() - began)


async def in_a_loop(load: Load, seconds: float) -> dict[str, float]:
    """Let callers send one request after the other."""
    began = time.perf_counter()

    async def caller() -> None:
        while time.perf_counter() - began < seconds:
            await load.request()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return load.figures(time.perf_counter() - began)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server in a process and a folder of its own, and give its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.meetings", "--serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield next(iter(process.stdout or ())).strip()
            finally:
                process.kill()


async def measure(run: Run, seconds: float) -> dict[str, float]:
    """Measure one kind of load on a server that has just been started and warmed up."""
    with server() as address:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            load = Load(session, address, [await user(session, address, number) for number in range(20)])
            await in_a_loop(load, 1)
            return await run(load, seconds)


LOADS: Mapping[str, Run] = {f"at {RATE}/s": at_rate, f"{CALLERS} callers": in_a_loop}


def one_round(seconds: float) -> dict[str, float]:
    """Measure both kinds of load."""
    found: dict[str, float] = {}
    for name, run in LOADS.items():
        found |= {f"{key}, {name}": value for key, value in uvloop.run(measure(run, seconds)).items()}
    return found


def main() -> None:
    """Start a server, measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(serve(options.serve, NoRuntime()))
        return
    rounds = [one_round(options.seconds) for _ in range(options.rounds)]
    goals = {f"p99 ms, at {RATE}/s": "≤ 50", f"p99 ms, {CALLERS} callers": "≤ 150"}
    save(Result.plain("meetings", "`POST /bots` over HTTP, with a runtime that starts nothing"), rounds, goals)


if __name__ == "__main__":
    main()
