"""One client that reads nothing, beside many who talk: whether they notice it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager

from benchmarks.battles.chat import MOST, say, talk
from benchmarks.battles.players import Heard, Player
from benchmarks.battles.rooms import Room, World, come_back

OFTEN_SECONDS, LARGE = 1 / 19, "x" * 3_900
"""How often, and how much, the slow one's partner says: almost as much as anybody may."""

WITHOUT, WITH = "all read: 99 % take at most (ms)", "one reads nothing: 99 % take at most (ms)"
BEYOND, CLOSED = "one reads nothing, per the highest where all read", "how often that one was closed"


async def measure_slow(
    world: World, rooms: int, rounds: int, *, a_second: float, seconds: float
) -> list[dict[str, float]]:
    """Let many talk, in turn with one who reads nothing, and with the same one when they read. Gives all rounds."""
    one, other = world.servers
    talking = await world.rooms(rooms, one, other)
    (aside,) = await world.rooms(1, one, other)
    await talk(talking, "signal", a_second=a_second, seconds=seconds)
    found = list[dict[str, float]]()
    for _ in range(rounds):
        async with _chatting(aside):
            without = await _highest(talking, a_second, seconds)
        async with _chatting(aside), _reading_nothing(world, aside) as closed:
            found.append({WITHOUT: without, WITH: await _highest(talking, a_second, seconds), CLOSED: len(closed)})
    highest = max(one[WITHOUT] for one in found)
    return [{**one, BEYOND: one[WITH] / highest} for one in found]


async def _highest(rooms: Sequence[Room], a_second: float, seconds: float) -> float:
    said = await talk(rooms, "signal", a_second=a_second, seconds=seconds)
    return said.figures()[MOST]


@asynccontextmanager
async def _chatting(room: Room) -> AsyncIterator[None]:
    """Let one of two say a lot while the body runs."""

    async def chat() -> None:
        for number in itertools.count():
            say(room.players[1], room.battle, "signal", LARGE, number)
            await asyncio.sleep(OFTEN_SECONDS)

    async with _running(chat()):
        yield


@asynccontextmanager
async def _reading_nothing(world: World, room: Room) -> AsyncIterator[list[None]]:
    """Let the other one read nothing while the body runs, and come back each time that they are closed for it."""
    slow, partner = room.players
    closed, server = list[None](), world.servers[0]
    away = asyncio.Event()

    def notice(_player: Player, heard: Heard) -> None:
        if heard.type == "seat" and heard.state == "away":
            away.set()

    async def be_slow() -> None:
        while True:
            slow.close()
            await come_back(world, slow, server, room.battle, narrow=True)
            slow.read_no_more()
            away.clear()
            await away.wait()
            closed.append(None)

    partner.notice = notice
    async with _running(be_slow()):
        yield closed
    partner.notice = None
    await come_back(world, slow, server, room.battle)


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
