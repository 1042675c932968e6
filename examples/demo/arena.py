"""Wizards who duel in the battles service, over WebSockets to either of its servers, as a game's clients would.

Each gets a token, queues at a level, confirms, and casts spells. Lines break now and then, and who lost one comes back
through whichever server, to where the battle stands.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from examples.demo.servers import Failed, ask

NAMES = (
    "circe", "dallben", "elminster", "gandalf", "ged", "hermione", "howl", "jadis", "medea", "merlin", "minerva",
    "morgan", "prospero", "radagast", "raistlin", "sabrina", "tenar", "vivian", "willow", "yennefer",
)  # fmt: skip
LEVELS = 4
DECLINES, BREAKS, TALKS = 0.04, 0.03, 0.08
"""How often an offer is declined, and how often in a turn a line breaks, or something is said."""

SAYINGS = ("well met", "not bad", "ouch", "mind your shield", "one more and you are done", "was that all?")
HURT, STRONG = 45, ("fireball", "bolt")


@dataclass(frozen=True, slots=True)
class Arena:
    """Where the servers of the battles service are, with the key of the game's backend."""

    urls: Sequence[str]
    key: str
    pace_seconds: float
    chance: random.Random
    http: aiohttp.ClientSession

    async def think(self, times: float = 1.0) -> None:
        """Take as long as people do."""
        await asyncio.sleep(self.pace_seconds * times * self.chance.uniform(0.5, 1.5))


@dataclass(slots=True)
class Wizard:
    """One player, and what they know of the battle that they are in."""

    name: str
    level: int
    wizards: list[Any] = field(default_factory=list)

    def see(self, message: Any) -> bool:
        """Take in how the battle stands, and tell whether it is one's turn."""
        fields = message if message["type"] == "snapshot" else message.get("fields", {})
        shown = fields.get("board") or fields.get("shown") or {}
        self.wizards = shown.get("wizards", self.wizards)
        return self.name in (fields.get("acts") or ())

    def spell(self, chance: random.Random) -> str:
        """Choose what to cast, by one's life and mana."""
        me = next(one for one in self.wizards if one["player"] == self.name)
        if me["life"] < HURT and me["mana"] >= 15 and chance.random() < 0.5:  # noqa: PLR2004  what heal costs
            return "heal"
        if not me["shielded"] and me["mana"] >= 8 and chance.random() < 0.2:  # noqa: PLR2004  what shield costs
            return "shield"
        costs = {"fireball": 25, "bolt": 10}
        return next((name for name in STRONG if me["mana"] >= costs[name] and chance.random() < 0.7), "spark")  # noqa: PLR2004


async def live(arena: Arena) -> None:
    """Let all of them play for ever."""
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(NAMES):
            group.create_task(_live(arena, Wizard(name, 1 + number % LEVELS)))


async def _live(arena: Arena, wizard: Wizard) -> None:
    while True:
        await arena.think(3)
        try:
            await visit(arena, wizard)
        except (aiohttp.ClientError, TimeoutError, Failed):
            await arena.think(3)  # the server is away: they come again


async def visit(arena: Arena, wizard: Wizard) -> str:
    """Connect, play until a battle is over or the line breaks, and give how it ended."""
    url = arena.chance.choice(arena.urls)
    given = await ask(arena.http, f"{url}/tokens", {"player": wizard.name}, {"X-API-Key": arena.key})
    async with arena.http.ws_connect(f"{url}/socket?token={given['token']}") as socket:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            ended = await _hear(arena, wizard, socket, frame.json())
            if ended:
                return ended
    return "closed"


async def _hear(arena: Arena, wizard: Wizard, socket: aiohttp.ClientWebSocketResponse, message: Any) -> str:
    """Do what a message asks for; give how the visit ended, if it did."""
    match message["type"]:
        case "welcome" if message["battle"]:
            await socket.send_json({"type": "state", "battle": message["battle"]})
        case "welcome":
            await socket.send_json({"type": "join", "level": wizard.level})
        case "match":
            await arena.think()
            step = "decline" if arena.chance.random() < DECLINES else "confirm"
            await socket.send_json({"type": step, "battle": message["battle"]})
        case "snapshot" | "event":
            return await _play(arena, wizard, socket, message) if wizard.see(message) else ""
        case "end" | "unqueued" | "bye":
            return str(message["type"])
    return ""


async def _play(arena: Arena, wizard: Wizard, socket: aiohttp.ClientWebSocketResponse, message: Any) -> str:
    """Cast a spell, and maybe say something; sometimes the line breaks first."""
    await arena.think()
    if arena.chance.random() < BREAKS:
        return "the line broke"
    battle, cursor = message["battle"], message["cursor"]
    if arena.chance.random() < TALKS:
        text = arena.chance.choice(SAYINGS)
        await socket.send_json({"type": "say", "battle": battle, "id": f"say-{cursor}", "text": text})
    move = {"spell": wizard.spell(arena.chance)}
    await socket.send_json({"type": "act", "battle": battle, "id": f"act-{cursor}", "move": move})
    return ""
