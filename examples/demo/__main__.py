"""Start Tenure with live traffic, and say where to look. Ctrl-C ends all of it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
from pathlib import Path

import aiohttp
from examples.demo import arena, meetings, quiz, servers, town, tracker
from examples.demo.arena import Arena
from examples.demo.people import Server
from examples.demo.quiz import Club
from examples.demo.servers import Failed, Up
from examples.demo.town import Plan

HELLO = """
Tenure is up with live traffic:

  bots page       {up.bots}/console/
  trivia chat     {up.trivia}/play/
  trivia page     {up.trivia}/console/
  battles page    {up.battles}/console/
  battle game     {up.battles}/play/
  games page      {up.games}/console/
  meetings page   {up.address}/console/
  dashboard       {up.address}/
  admin key       {up.admin_key}

Open the bots page with that key. {plan.people} people come and go, {plan.people_per_minute:g} a minute; bots fill in \
for who has
waited {plan.bots_after_seconds:g} seconds. Everybody has a hidden skill, and ratings find it. In the trivia chat a
round begins each minute: join under any name and play along. In the game wizards of the levels 1 to 4 duel, on two
servers: choose one of these levels, and one of them takes you on. A stand-in for Riot Games plays games that are
tracked to their results. The data lies in
{data}.

Ctrl-C ends it.
"""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    add = parser.add_argument
    add("--people-per-minute", type=float, default=40.0, help="how many people join (default: 40)")
    add("--people", type=int, default=80, help="how many people there are (default: 80)")
    add("--bots", type=int, default=12, help="how many bots are kept out for duels (default: 12)")
    add("--bots-after-seconds", type=float, default=7.0, help="for how long a person waits for people (default: 7)")
    add("--pace-seconds", type=float, default=1.0, help="how long a person thinks, about (default: 1)")
    add("--without-meetings", action="store_true", help="leave the meetings out")
    add("--port", type=int, help="the port; else PORT, else 8420; 0 takes a free one")
    add("--data", type=Path, help="where the data lies; else in a temporary folder, which is removed at the end")
    add("--seed", type=int, help="another seed, another day")
    found = parser.parse_args()
    if found.people_per_minute <= 0 or found.people < 2 or found.bots < 0 or found.pace_seconds < 0:  # noqa: PLR2004
        parser.error("--people-per-minute must be above 0, --people 2 or more, the others no less than 0")
    return found


async def demo(wanted: argparse.Namespace, data: Path) -> None:
    """Run everything until something ends it."""
    plan = Plan(
        people=wanted.people,
        people_per_minute=wanted.people_per_minute,
        bots=wanted.bots,
        pace_seconds=wanted.pace_seconds,
        bots_after_seconds=wanted.bots_after_seconds,
    )
    async with servers.up(data, wanted.port) as (up, server), aiohttp.ClientSession() as http:
        chance = random.Random(wanted.seed)  # noqa: S311  a game
        club = Club(up.trivia, up.admin_key, plan.pace_seconds, chance, http)
        await town.found(http, up.bots, up.admin_key, plan)
        await quiz.found(club)
        await tracker.track(http, up.games, up.admin_key)
        async with servers.runner(data, plan.pace_seconds) as runner, servers.second(data) as (other, second):
            wizards = Arena((up.battles, other), up.battles_key, plan.pace_seconds, chance, http)
            print(HELLO.format(up=up, plan=plan, data=data), flush=True)
            async with asyncio.TaskGroup() as group:
                group.create_task(_live(up, http, plan, wanted))
                group.create_task(quiz.play(club))
                group.create_task(arena.live(wizards))
                for name, process in (("tenure up", server), ("the runner", runner), ("the second server", second)):
                    group.create_task(_watch(name, process))


async def _live(up: Up, http: aiohttp.ClientSession, plan: Plan, wanted: argparse.Namespace) -> None:
    chance = random.Random(wanted.seed)  # noqa: S311  a game, no secret
    people = Server(up.bots, up.key, up.game_key, plan.pace_seconds, chance, http)
    async with asyncio.TaskGroup() as group:
        group.create_task(town.live(people, plan))
        if not wanted.without_meetings:
            group.create_task(_talk(up, http, plan))


async def _talk(up: Up, http: aiohttp.ClientSession, plan: Plan) -> None:
    """Let meetings go on till somebody ends them: the rest goes on without."""
    with contextlib.suppress(Failed, aiohttp.ClientError):
        await meetings.talk(http, up.address, up.admin_key, plan.pace_seconds)


async def _watch(name: str, process: asyncio.subprocess.Process) -> None:
    code = await process.wait()
    raise Failed(f"{name} ended by itself with exit code {code}: its log lies beside the data")


async def until_ctrl_c(wanted: argparse.Namespace, data: Path) -> int:
    """Run everything until Ctrl-C, SIGTERM, or the terminal is closed; give the exit code."""
    running = asyncio.ensure_future(demo(wanted, data))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    (ended,) = await asyncio.gather(running, return_exceptions=True)
    if ended is None or isinstance(ended, asyncio.CancelledError):
        return 0
    failed = _first(ended)
    if not isinstance(failed, Failed):
        raise ended
    print(f"demo: {failed}", file=sys.stderr)
    return 1


def _first(error: BaseException) -> BaseException:
    """Give what is at the bottom of groups of errors."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def main() -> int:
    """Run the demo, in the folder that was given or in a temporary one."""
    wanted = arguments()
    with contextlib.ExitStack() as opened:
        data = wanted.data or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tenure-demo-")))
        data.mkdir(parents=True, exist_ok=True)
        return asyncio.run(until_ctrl_c(wanted, data.absolute()))


if __name__ == "__main__":
    sys.exit(main())
