"""What a socket on which nothing happens costs a server, beyond what the same socket costs one that does nothing."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.battles.rooms import World, a_world
from benchmarks.battles.servers import Server, bare_server

SOCKETS, WARMING = 2000, 300
BEYOND = "beyond the bare server's: each socket (kB)"
CALM_SECONDS, SPAN_SECONDS = 3.0, 20.0


async def measure_idle(url: str) -> dict[str, float]:
    """Connect so many to one server of battles, and to a bare one."""
    with tempfile.TemporaryDirectory() as folder, bare_server(Path(folder)) as bare:
        world = World([bare])
        alone = await _each(world, bare)
        world.close()
    async with a_world(url, 1) as world:
        (server,) = world.servers
        each = await _each(world, server)
        before = server.cpu
        await asyncio.sleep(SPAN_SECONDS)
        share = (server.cpu - before) / SPAN_SECONDS
    return {
        "a bare server: each socket (kB)": alone,
        "a server of battles: each socket (kB)": each,
        BEYOND: each - alone,
        "a server of battles meanwhile (% of a core)": share * 100,
    }


async def _each(world: World, server: Server) -> float:
    """Give how much memory each socket costs; those of before have let the server take what it takes anyway."""
    await world.players([server] * WARMING)
    await asyncio.sleep(CALM_SECONDS)
    before = server.kilobytes
    await world.players([server] * SOCKETS)
    await asyncio.sleep(CALM_SECONDS)
    return (server.kilobytes - before) / SOCKETS
