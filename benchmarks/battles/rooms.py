"""Rooms in which two play, each through a server of their own; and all that it takes: servers, a backend, players."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from benchmarks.battles.players import PATIENCE_SECONDS, NotDone, Player
from benchmarks.battles.servers import Server, battle_servers
from benchmarks.sockets import NotLetIn

AT_ONCE = 40
"""How many connect at a time."""

AGAIN_SECONDS, KEEP_SECONDS = 0.25, 1.0


@dataclass
class Room:
    """One battle and its two players."""

    battle: str
    players: tuple[Player, Player]


class World:
    """Some servers on one store, the backend that gets tokens for their players, and the players."""

    def __init__(self, servers: Sequence[Server], http: aiohttp.ClientSession | None = None) -> None:
        self.servers, self._http = servers, http
        self._players: list[Player] = []
        self._names = itertools.count()

    async def join(self, player: Player, server: Server, *, narrow: bool = False) -> None:
        """Get a token for a player from a server, and connect there. A bare server needs none."""
        token = "" if self._http is None else await self._token(self._http, player, server)
        await player.connect(server, token, narrow=narrow)

    async def _token(self, http: aiohttp.ClientSession, player: Player, server: Server) -> str:
        headers = {"X-API-Key": server.key}
        async with http.post(f"{server.address}/tokens", json={"player": player.name}, headers=headers) as answer:
            return str((await answer.json())["token"])

    async def players(self, places: Iterable[Server]) -> list[Player]:
        """Connect a player at each of these servers."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(server: Server) -> Player:
            player = Player(f"player-{next(self._names)}")
            async with room:
                await self.join(player, server)
            return player

        made = await asyncio.gather(*(one(server) for server in places))
        self._players += made
        return made

    async def rooms(self, number: int, one: Server, other: Server) -> list[Room]:
        """Let so many pairs play, one of each at either server, and wait until each has seen the board."""
        players = await self.players([one, other] * number)
        room = asyncio.Semaphore(AT_ONCE)

        async def pair(level: int) -> Room:
            async with room:
                return await begin((players[2 * level], players[2 * level + 1]), level)

        return await asyncio.gather(*(pair(level) for level in range(number)))

    def close(self) -> None:
        """End all connections."""
        for player in self._players:
            player.close()


async def begin(pair: tuple[Player, Player], level: int) -> Room:
    """Let two players queue at a level of their own, be matched, confirm, and see the board."""
    matches = [player.expect("match") for player in pair]
    snapshots = [player.expect("snapshot") for player in pair]
    await asyncio.gather(*(player.ask("join", level=level) for player in pair))
    offers = [await player.wait(match) for player, match in zip(pair, matches, strict=True)]
    await asyncio.gather(*(player.ask("confirm", battle=offers[0].battle) for player in pair))
    for player, snapshot in zip(pair, snapshots, strict=True):
        await player.wait(snapshot)
    return Room(str(offers[0].battle), pair)


async def come_back(world: World, player: Player, server: Server, battle: str, *, narrow: bool = False) -> None:
    """Connect again, as often as it takes, and resume a battle at the last event that was heard."""
    while True:
        with contextlib.suppress(NotLetIn, NotDone, OSError, aiohttp.ClientError):
            await world.join(player, server, narrow=narrow)
            await player.ask("resume", battle=battle, cursor=player.cursor)
            return
        await asyncio.sleep(AGAIN_SECONDS)


@asynccontextmanager
async def a_world(url: str, servers: int) -> AsyncIterator[World]:
    """Run some servers on a store while the body runs."""
    with tempfile.TemporaryDirectory() as folder, battle_servers(url, servers, Path(folder)) as started:
        # Connections are let go before the server lets them go: else a request may meet its end.
        connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_SECONDS)
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            world = World(started, http)
            for server in started:
                await _ready(http, server)
            try:
                yield world
            finally:
                world.close()


async def _ready(http: aiohttp.ClientSession, server: Server) -> None:
    """Wait until players can connect: a server listens a moment before it is an instance."""
    while True:
        async with http.get(f"{server.address}/ready") as answer:
            if answer.ok:
                return
        await asyncio.sleep(AGAIN_SECONDS)
