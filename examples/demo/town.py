"""The pools and bots of the demo, and how people come: at random, so many a minute, from a town of so many."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from examples.demo.people import Server, visit
from examples.demo.servers import ask

NAMES = (
    "ada", "alan", "anita", "barbara", "bjarne", "charles", "claude", "dana", "dennis", "donald", "edsger", "edith",
    "frances", "fred", "gladys", "grace", "guido", "hedy", "ida", "jean", "john", "joan", "karen", "kathleen", "ken",
    "leslie", "linus", "lois", "lynn", "margaret", "mary", "maurice", "niklaus", "peter", "radia", "ruth", "shafi",
    "sophie", "stephanie", "tim", "tony", "vint", "wes", "whitfield",
)  # fmt: skip
RULES = {"tolerance": 60, "tolerance_per_second": 20, "tolerance_at_most": 500, "rematch_after_seconds": 20}
PARTIES = 0.3
"""How many of those who play in teams come with a friend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How lively it is. `pace_seconds` is how long a person thinks, about."""

    people: int
    people_per_minute: float
    bots: int
    pace_seconds: float
    bots_after_seconds: float


async def found(http: aiohttp.ClientSession, url: str, key: str, plan: Plan) -> None:
    """Make two pools, one for duels and one for pairs, and the bots of each; what is there already stays."""
    admin = {"X-Admin-API-Key": key}
    rules = {**RULES, "stand_ins_after_seconds": plan.bots_after_seconds}
    terms = {"region": "eu", "accept_seconds": 12, "cool_seconds": 10, "rotate_seconds": 90}
    pools: Sequence[tuple[dict[str, Any], int]] = (
        ({"id": "duel-eu", "mode": "duel", "rating_system": "glicko2", "rules": rules}, plan.bots),
        (
            {"id": "pairs-eu", "mode": "pairs", "rating_system": "openskill", "rules": {**rules, "team_size": 2}},
            max(plan.bots // 2, 2),
        ),
    )
    for pool, bots in pools:
        ids = [f"{pool['mode']}-bot-{number + 1:02}" for number in range(bots + bots // 2)]
        await ask(http, f"{url}/pools", {**terms, **pool, "max_deployed": bots}, admin)
        await ask(http, f"{url}/bots", {"pool": pool["id"], "ids": ids}, admin) if ids else None


async def live(server: Server, plan: Plan) -> None:
    """Let people come for ever; somebody who is busy comes another time."""
    away, visits = _people(plan.people), set[asyncio.Task[Any]]()
    try:
        while True:
            await asyncio.sleep(server.chance.expovariate(plan.people_per_minute / 60))
            if len(away) < 2:  # noqa: PLR2004  everybody plays already
                continue
            pool, players = _party(away, server.chance)
            visiting = asyncio.create_task(_visit(server, pool, players, away), name=f"visit of {players[0]}")
            visits.add(visiting)
            visiting.add_done_callback(visits.discard)
    finally:
        for visiting in list(visits):
            visiting.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


def _people(number: int) -> list[str]:
    return [NAMES[n] if n < len(NAMES) else f"{NAMES[n % len(NAMES)]}-{n // len(NAMES) + 1}" for n in range(number)]


def _party(away: list[str], chance: random.Random) -> tuple[str, list[str]]:
    """Choose who comes, and where they want to play."""
    pool = "duel-eu" if chance.random() < 0.7 else "pairs-eu"  # noqa: PLR2004  most come alone
    number = 2 if pool == "pairs-eu" and chance.random() < PARTIES else 1
    players = chance.sample(away, number)
    for player in players:
        away.remove(player)
    return pool, players


async def _visit(server: Server, pool: str, players: list[str], away: list[str]) -> None:
    try:
        await visit(server, pool, players)
    except (aiohttp.ClientError, TimeoutError):
        await server.think()  # the server was away: they come again later
    finally:
        away.extend(players)
