"""One person: joins, mostly accepts, plays, and comes again later. All over HTTP, as a game's backend would do it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import aiohttp
from examples.demo.skill import choose, skill_of

WAIT_SECONDS = 20
DECLINES, SLEEPS, LEAVES = 0.06, 0.03, 0.03
"""How often an offer is declined, or not answered at all, and how often somebody does not wait any longer."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the bots service is, and the keys of its backend and its game."""

    url: str
    key: str
    game_key: str
    pace_seconds: float
    chance: random.Random
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the service; what it turns down is None: the ticket says how things stand."""
        async with self.http.request(method, self.url + path, json=body, headers={"X-API-Key": self.key}) as answer:
            return await answer.json() if answer.status < 400 else None  # noqa: PLR2004

    async def play(self, method: str, room: str, body: Any = None) -> Any:
        """Look at the table, or make a move."""
        headers = {"Authorization": f"Bearer {self.game_key}"}
        async with self.http.request(method, room, json=body, headers=headers) as answer:
            return await answer.json() if answer.status < 400 else None  # noqa: PLR2004

    async def think(self, times: float = 1.0) -> None:
        """Take as long as people do."""
        await asyncio.sleep(self.pace_seconds * times * self.chance.uniform(0.4, 1.6))


async def visit(server: Server, pool: str, players: list[str]) -> str:
    """Join a pool, alone or as a party, and stay until it is over; give how it ended."""
    ticket = await server.call("POST", "/tickets", {"pool": pool, "players": players})
    if ticket is None:
        return "turned away"
    if server.chance.random() < LEAVES:
        await server.think(2)
        await server.call("DELETE", f"/tickets/{ticket['id']}")
    answered = ""
    while ticket is not None and ticket["state"] not in ("played", "left", "cooling"):
        match = ticket["match"]
        if ticket["state"] == "matched" and answered != match["id"]:
            answered = match["id"]
            await _answer(server, ticket)
        elif ticket["state"] == "playing" and match["room"]:
            await _play(server, match["room"], f"Ticket/{ticket['id']}", players)
        ticket = await _news(server, ticket)
    return ticket["state"] if ticket is not None else "lost"


async def _news(server: Server, ticket: Any) -> Any:
    """Wait until something is other than it was."""
    return await server.call("GET", f"/tickets/{ticket['id']}?wait={WAIT_SECONDS}&seen={ticket['cursor']}")


async def _answer(server: Server, ticket: Any) -> None:
    """Accept what is offered; or decline it; or be somewhere else."""
    await server.think()
    mood = server.chance.random()
    if mood < SLEEPS:
        return
    step = "decline" if mood < SLEEPS + DECLINES else "accept"
    await server.call("POST", f"/tickets/{ticket['id']}/{step}", {"match": ticket["match"]["id"]})


async def _play(server: Server, room: str, seat: str, players: list[str]) -> None:
    """Play until the table says that it is over. A party plays as its players do on average."""
    skill = sum(skill_of(player) for player in players) / len(players)
    table = await server.play("GET", room)
    while table is not None and table["state"] == "playing":
        if seat in table["chosen"]:
            table = await server.play("GET", f"{room}?seen={table['version']}")
            continue
        await server.think()
        move = {"seat": seat, "round": table["round"], "number": choose(skill, server.chance)}
        table = await server.play("POST", f"{room}/moves", move) or await server.play("GET", room)
