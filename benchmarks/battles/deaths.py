"""A server that is killed, with what it had: how soon all of that is handled, and what that costs the other one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.battles.players import Heard, Player
from benchmarks.battles.rooms import Room, World, come_back
from benchmarks.battles.servers import Server

from tenure import Store
from tenure.benchmarks.stand import Stand
from tenure.services.battles.lifecycle import Battle, Connection, Instance

ROOMS, SOCKETS = 200, 1000
LEASE_SECONDS = 10.0
SPAN_SECONDS = 16.0
"""How long is looked at what it costs, before the death and from it on: longer than all takes."""

LOOK_SECONDS = 0.1
HANDLED, AFTER_LEASE = "from the kill until all is handled (s)", "of that after its lease's end (s)"
OTHERS_TIME, WRITTEN = "processor time of the other server (s)", "transitions, without turns"


@dataclass
class After:
    """When which player heard what, after a death."""

    battle: str
    taken: dict[str, float] = field(default_factory=dict)
    played: dict[str, float] = field(default_factory=dict)

    def notice(self, player: Player, heard: Heard) -> None:
        """Note that somebody runs the battle again, and then that a move was answered."""
        if heard.name == "take":
            self.taken[player.name] = time.perf_counter()
        elif heard.name == "advance" and player.name in self.taken:
            self.played.setdefault(player.name, time.perf_counter())


@dataclass
class Cost:
    """What the other server, and the store, have spent so far, and what was written."""

    server: float
    store: float
    position: int

    @classmethod
    async def now(cls, server: Server, stand: Stand, store: Store) -> Cost:
        """Look."""
        return cls(server.cpu, stand.server_cpu(), await store.position())


async def measure_death(world: World, store: Store, stand: Stand, others: int) -> dict[str, float]:
    """Kill one of two servers; the other one has so many sockets. Half of what it had comes back, the rest does not."""
    dies, lives = world.servers
    rooms = await world.rooms(ROOMS, dies, dies)
    idle = await world.players([dies] * (SOCKETS - 2 * ROOMS))
    await world.players([lives] * others)
    await _runs(store, idle[0].instance)
    calm = await _span(lives, stand, store)
    first = await Cost.now(lives, stand, store)
    told = await _kill(world, store, rooms, idle[0].instance)
    await asyncio.sleep(SPAN_SECONDS - min(told[HANDLED], SPAN_SECONDS))
    last = await Cost.now(lives, stand, store)
    if (await store.count(Connection)).get("open") != 2 * ROOMS + others:
        raise RuntimeError("others were touched, or somebody did not come back")
    return told | {
        OTHERS_TIME: last.server - first.server - calm.server,
        "processor time of the store (s)": last.store - first.store - calm.store,
        WRITTEN: float(await _written(store, first.position, last.position)),
    }


async def _runs(store: Store, instance: str) -> None:
    """Wait until all battles are run by the instance that is to die."""
    while len(await store.find(Battle.running, under=instance, limit=ROOMS)) < ROOMS:  # noqa: ASYNC110  others write it
        await asyncio.sleep(LOOK_SECONDS)


async def _span(server: Server, stand: Stand, store: Store) -> Cost:
    """Give what is spent while nothing happens."""
    first = await Cost.now(server, stand, store)
    await asyncio.sleep(SPAN_SECONDS)
    last = await Cost.now(server, stand, store)
    return Cost(last.server - first.server, last.store - first.store, last.position - first.position)


async def _kill(world: World, store: Store, rooms: Sequence[Room], instance: str) -> dict[str, float]:
    """Kill the server, let the players of its rooms come back to the other one and play on."""
    dies, lives = world.servers
    watched = [After(room.battle) for room in rooms]
    for room, after in zip(rooms, watched, strict=True):
        for player in room.players:
            player.notice = after.notice
    killed_at, killed = (await store.now()).timestamp(), time.perf_counter()
    dies.kill()
    beaten_at = (await store.get(Instance, instance)).beaten_at.timestamp()
    lost = asyncio.create_task(_lost(store, instance))
    await asyncio.gather(*(_comes_back(world, player, lives, room.battle) for room in rooms for player in room.players))
    resumed = time.perf_counter() - killed
    while min(len(after.played) for after in watched) < 2:  # noqa: ASYNC110, PLR2004  players
        await asyncio.sleep(LOOK_SECONDS)
    connections_lost = await lost - killed
    taken = max(at for after in watched for at in after.taken.values()) - killed
    played = max(at for after in watched for at in after.played.values()) - killed
    handled = max(resumed, connections_lost, taken, played)
    return {
        "until all players have resumed (s)": resumed,
        "until all its connections are lost (s)": connections_lost,
        "until all its battles are run elsewhere (s)": taken,
        "until a move is answered in each (s)": played,
        HANDLED: handled,
        AFTER_LEASE: handled - (beaten_at + LEASE_SECONDS - killed_at),
    }


async def _comes_back(world: World, player: Player, server: Server, battle: str) -> None:
    """Come back, and move, as far as it is this player's turn: what comes of it is told once somebody runs it."""
    await come_back(world, player, server, battle)
    player.say(type="act", battle=battle, id="after-the-death", move={"spell": "spark"})


async def _lost(store: Store, instance: str) -> float:
    """Wait until no connection of an instance is open, and give when that was."""
    while await store.find(Connection.open, under=instance, limit=1):  # noqa: ASYNC110  others write it
        await asyncio.sleep(LOOK_SECONDS)
    return time.perf_counter()


async def _written(store: Store, after: int, until: int) -> int:
    """Count what was written between two positions, but for turns: some pass meanwhile by themselves."""
    count = 0
    async for event in store.feed(after=after, until=until):
        count += event.name != "advance"
    return count
