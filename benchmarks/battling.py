"""Measures battles as their players see them: two servers, started as users start them, and players over WebSockets.

The players are in this process, the servers in theirs, and the store is a real server or file. Run as
`python -m benchmarks.battling`, or with some of its parts by name; writes `benchmarks/results/battling-*.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import starlette
import uvicorn
import uvloop
import websockets
from benchmarks.battles import chat, deaths, idle, slow
from benchmarks.battles.deaths import AFTER_LEASE, HANDLED, OTHERS_TIME, WRITTEN
from benchmarks.battles.rooms import a_world
from benchmarks.battles.servers import Server
from benchmarks.battles.storing import rate_of_store
from benchmarks.report import Result, save

import tenure
from tenure.benchmarks.machine import folder_on_disk
from tenure.benchmarks.stand import Name, Stand, stand_of
from tenure.services.battles.kinds import kinds

NAMES: dict[Name, str] = {"valkey": "Valkey", "postgres": "PostgreSQL", "sqlite": "SQLite"}
WAYS: dict[chat.Way, str] = {"signal": "signals", "say": "logged"}
ROOMS, A_SECOND, SECONDS = 200, 10.0, 10.0
SLOW_ROOMS, SLOW_ROUNDS, SLOW_SECONDS = 100, 5, 20.0
MANY = 1000
SHARE = "in rooms, of 100 that are applied"
APPLIED_TIME = "who applies: processors' time for one (µs)"
Rounds = list[dict[str, float]]


@dataclass(frozen=True)
class Part:
    """One subject: what is measured and how, on which engines, and what is wanted."""

    title: str
    how: str
    engines: tuple[Name, ...]
    goals: dict[str, str]
    measure: Callable[[list[Stand], int], Coroutine[Any, Any, Rounds]]


@dataclass(frozen=True)
class Spent:
    """What processors have done for the servers and for their store, in seconds."""

    servers: float
    store: float

    @classmethod
    def until_now(cls, servers: Sequence[Server], stand: Stand) -> Spent:
        """Look."""
        return cls(sum(server.cpu for server in servers), stand.server_cpu())

    def each(self, number: int, servers: Sequence[Server], stand: Stand) -> dict[str, float]:
        """Give what was spent since then for each of so many messages."""
        now = self.until_now(servers, stand)
        return {
            "the servers' processors' time for one (µs)": (now.servers - self.servers) / number * 1e6,
            "the store's processors' time for one (µs)": (now.store - self.store) / number * 1e6,
        }


async def rooms(stands: list[Stand], number: int) -> Rounds:
    """Measure what messages take to the other side."""
    found: Rounds = []
    for _ in range(number):
        figures: dict[str, float] = {}
        for stand in stands:
            async with a_world(await stand.fresh(), 2) as world:
                playing = await world.rooms(ROOMS, *world.servers)
                with _undisturbed():
                    for way, name in WAYS.items():
                        if (stand.engine, way) != ("sqlite", "signal"):
                            await chat.talk(playing, way, a_second=A_SECOND, seconds=2.0)
                            spent = Spent.until_now(world.servers, stand)
                            said = await chat.talk(playing, way, a_second=A_SECOND, seconds=SECONDS)
                            told = said.figures() | spent.each(said.number, world.servers, stand)
                            figures |= _named(f"{NAMES[stand.engine]}, {name}", told)
        found.append(figures)
    return found


async def logged(stands: list[Stand], number: int) -> Rounds:
    """Measure how many messages a second rooms log, and then a store by itself."""
    found: Rounds = []
    for _ in range(number):
        figures: dict[str, float] = {}
        for stand in stands:
            async with a_world(await stand.fresh(), 2) as world:
                playing = await world.rooms(ROOMS, *world.servers)
                with _undisturbed():
                    await chat.rate(playing, 2.0)
                    spent = Spent.until_now(world.servers, stand)
                    through = await chat.rate(playing, SECONDS)
                    costs = spent.each(through.number, world.servers, stand)
            url = await stand.fresh()
            alone = await asyncio.to_thread(rate_of_store, url, ROOMS, SECONDS)
            told = {"in rooms (messages/s)": through.a_second, "applied (messages/s)": alone.a_second}
            share = {SHARE: 100 * through.a_second / alone.a_second, APPLIED_TIME: alone.microseconds}
            figures |= _named(NAMES[stand.engine], told | share | costs)
        found.append(figures)
    return found


async def death(stands: list[Stand], number: int) -> Rounds:
    """Measure a server's death beside a server without, and with many, other sockets."""
    return [await _two_deaths(stand) for _ in range(number) for stand in stands]


async def _two_deaths(stand: Stand) -> dict[str, float]:
    figures: dict[str, float] = {}
    for others in (0, MANY):
        url = await stand.fresh()
        async with a_world(url, 2) as world, tenure.open(url, *kinds, space="main") as store:
            figures |= _named(_beside(others), await deaths.measure_death(world, store, stand, others))
    for name in (OTHERS_TIME, WRITTEN):
        figures[f"{name}, beside {MANY:,} per beside none"] = (
            figures[f"{_beside(MANY)}, {name}"] / figures[f"{_beside(0)}, {name}"]
        )
    return figures


def _beside(others: int) -> str:
    return f"beside {others:,} other sockets"


async def one_slow(stands: list[Stand], _: int) -> Rounds:
    """Measure whether others notice one who reads nothing."""
    async with a_world(await stands[0].fresh(), 2) as world:
        with _undisturbed():
            return await slow.measure_slow(world, SLOW_ROOMS, SLOW_ROUNDS, a_second=A_SECOND, seconds=SLOW_SECONDS)


async def idling(stands: list[Stand], number: int) -> Rounds:
    """Measure sockets on which nothing happens."""
    return [await idle.measure_idle(await stand.fresh()) for _ in range(number) for stand in stands]


PARTS = {
    "rooms": Part(
        f"Battles: {ROOMS} rooms in which {A_SECOND:.0f} messages a second are said",
        """The two players of each room are at different servers, and take turns in talking, at given instants, whether
earlier messages have come or not. Each message is waited for from its instant until it is with the other player.
*Signals* are kept nowhere, what is *logged* is in the battle's log for good. Signals don't leave a process on
SQLite.""",
        ("valkey", "postgres", "sqlite"),
        {f"Valkey, {way}: {chat.MOST}": "≤ 100" for way in WAYS.values()},
        rooms,
    ),
    "logged": Part(
        f"Battles: how many messages a second {ROOMS} rooms log",
        f"""Each of {2 * ROOMS} players at two servers says one thing after the other, each answered; both players of
the room are told of each. Then as many callers in two processes apply the same changes to a store of their own, with
neither servers nor sockets.""",
        ("valkey", "postgres", "sqlite"),
        {},
        logged,
    ),
    "death": Part(
        f"Battles: a server is killed that has {deaths.SOCKETS:,} sockets and runs {deaths.ROOMS} battles",
        f"""The players of the battles connect to the other server at once, with new tokens, resume, and move; the other
{deaths.SOCKETS - 2 * deaths.ROOMS} don't come back. The other server has no other sockets, or {MANY:,}. Processor times
are those of {deaths.SPAN_SECONDS:.0f} seconds from the kill on, less those of as many seconds before it.""",
        ("valkey",),
        {f"{_beside(others)}, {HANDLED}": "≤ 12" for others in (0, MANY)}
        | {f"{_beside(others)}, {AFTER_LEASE}": "≤ 2" for others in (0, MANY)}
        | {f"{name}, beside {MANY:,} per beside none": "≤ 1.2" for name in (OTHERS_TIME, WRITTEN)},
        death,
    ),
    "slow": Part(
        "Battles: one client that reads nothing",
        f"""Players of {SLOW_ROOMS} rooms talk as above, by signals. In one more room somebody says 74 kB a second to a
player who reads it all, or nothing at all, in turn; that one is closed, and comes back to read nothing again.""",
        ("valkey",),
        {slow.BEYOND: "≤ 1"},
        one_slow,
    ),
    "idle": Part(
        f"Battles: {idle.SOCKETS:,} sockets on which nothing happens",
        """The bare server is the same uvicorn with the same settings, and an endpoint that accepts, says as much as a
welcome, and reads. Memory is what the process has for itself alone.""",
        ("valkey",),
        {idle.BEYOND: "≤ 15"},
        idling,
    ),
}


def _named(name: str, figures: dict[str, float]) -> dict[str, float]:
    sign = ", " if name.startswith("beside") else ": "
    return {f"{name}{sign}{figure}": value for figure, value in figures.items()}


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Look through no memory while time is taken: that would count as the servers'."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def measure(name: str, rounds: int) -> None:
    """Measure one part, write its figures, and print on what they were measured."""
    part, folder = PARTS[name], folder_on_disk()
    versions = {one.__name__: str(one.__version__) for one in (uvicorn, starlette, websockets, uvloop)}
    durabilities = list[str]()
    with contextlib.ExitStack() as stack:
        stands = [stack.enter_context(stand_of(engine, folder)) for engine in part.engines]
        for stand in stands:
            versions |= await stand.versions()
            durabilities.append(f"{NAMES[stand.engine]}: {stand.durability}.")
        how = " ".join([part.how, *durabilities])
        result = Result.plain(f"battling-{name}", part.title, {"how": how, **versions})
        found = await part.measure(stands, rounds)
    save(result, found, part.goals)
    print("; ".join(f"{key}: {value}" for key, value in {**result.said, **result.machine}.items()), flush=True)


def main() -> None:
    """Measure some parts, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; `slow` takes five by itself")
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}: name some of {', '.join(PARTS)}")
    for part in options.parts or PARTS:
        uvloop.run(measure(part, options.rounds))


if __name__ == "__main__":
    main()
