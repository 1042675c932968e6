"""The demo's processes, each as anybody would start it, and ended in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
TENURE = (sys.executable, "-m", "tenure.cli")
END_SECONDS = 15.0


class Failed(Exception):  # noqa: N818  what happened is the name
    """The demo can't go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Up:
    """Where `tenure up` is, and its keys."""

    address: str
    bots: str
    trivia: str
    battles: str
    games: str
    admin_key: str
    key: str
    game_key: str
    battles_key: str


@asynccontextmanager
async def up(data: Path, port: int | None) -> AsyncIterator[tuple[Up, asyncio.subprocess.Process]]:
    """Run `tenure up` while the body runs. Its bots play by the demo's own players, in the runner."""
    os.environ["TENURE_BOTS_PLAYS"] = "0"
    os.environ.setdefault("TENURE_GAMES_STAND_IN", "1")
    os.environ.setdefault("TENURE_MEETINGS_BOT", "http")  # a browser for each meeting would be too much to look at
    place = () if port is None else ("--port", str(port))
    async with _process("up", data, "--json", "up", *place, "--log-level", "warning") as process:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise Failed(f"tenure up did not start: {_last(data / 'up.log')}")
        told = json.loads(line)
        found = Up(
            address=told["address"],
            bots=told["address"] + told["services"]["bots"],
            trivia=told["address"] + told["services"]["trivia"],
            battles=told["address"] + told["services"]["battles"],
            games=told["address"] + told["services"]["games"],
            admin_key=os.environ.get("TENURE_ADMIN_KEY") or _read(data / "admin.key"),
            key=os.environ.get("TENURE_BOTS_KEY") or _read(data / "bots.key"),
            game_key=os.environ.get("TENURE_BOTS_GAME_KEY") or _read(data / "game.key"),
            battles_key=os.environ.get("TENURE_BATTLES_KEY") or _read(data / "battles.key"),
        )
        yield found, process


@asynccontextmanager
async def second(data: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run a second server of battles on the same store while the body runs, and give its address."""
    command = ("--json", "serve", "battles", "--port", "0", "--log-level", "warning")
    async with _process("second", data, *command) as process:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise Failed(f"the second server did not start: {_last(data / 'second.log')}")
        yield json.loads(line)["address"], process


@asynccontextmanager
async def runner(data: Path, pace_seconds: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a runner, which holds the bots, while the body runs."""
    os.environ["DEMO_PACE_SECONDS"] = str(pace_seconds)
    command = ("bots", "runner", "--player", "examples.demo.players:Skilled", "--grace-seconds", "0")
    async with _process("runner", data, *command) as process:
        yield process


@asynccontextmanager
async def _process(name: str, data: Path, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    with (data / f"{name}.log").open("w") as log:
        # A session of its own: Ctrl-C reaches the demo alone, which ends its processes in order.
        process = await asyncio.create_subprocess_exec(
            *TENURE, "--data", str(data), *command, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        await _end(process)


async def ask(http: aiohttp.ClientSession, url: str, body: object, headers: dict[str, str]) -> Any:
    """Post to a server; what is there already (409) is None. Raises `Failed`."""
    async with http.post(url, json=body, headers=headers) as answer:
        if answer.status == 409:  # noqa: PLR2004
            return None
        if answer.status >= 400:  # noqa: PLR2004
            raise Failed(f"{url} answered {answer.status}: {await answer.text()}")
        return await answer.json()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process; one that does not, or that somebody can't wait for, is killed."""
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.communicate()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()  # whoever removes its folder next finds nothing written there meanwhile


def _read(path: Path) -> str:
    return path.read_text().strip()


def _last(log: Path) -> str:
    lines = log.read_text().strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"
