"""What the tests of the stand-in for Riot's API are made of: a world whose time stands still, calls, a reference."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import jsonschema

from tenure.services.games.riot.stand_in import StandIn, serving

START = 1_800_000_000.0
ADA, BOB, EVE = "Ada#NA1", "Bob#NA1", "Eve#EUW"
REFERENCE = json.loads((Path(__file__).parent / "riot_reference.json").read_text())
ACCOUNTS = "/americas/riot/account/v1/accounts/by-riot-id"
ACTIVE = {
    "lol": "/na1/lol/spectator/v5/active-games/by-summoner",
    "tft": "/na1/lol/spectator/tft/v5/active-games/by-puuid",
}
MATCHES = {"lol": "/americas/lol/match/v5/matches", "tft": "/americas/tft/match/v1/matches"}


class Answered(NamedTuple):
    """What came of a call; the body is JSON if it says so."""

    status: int
    body: Any
    headers: Any


def a_stand_in(**given: Any) -> StandIn:
    """Make a stand-in with three players; its time stands still unless it is advanced."""
    stand_in = StandIn(**{"clock": lambda: START, "limits": (), **given})
    for riot_id, platform in ((ADA, "na1"), (BOB, "na1"), (EVE, "euw1")):
        stand_in.world.add_player(riot_id, platform)
    return stand_in


@asynccontextmanager
async def served(**given: Any) -> AsyncIterator[tuple[StandIn, Any]]:
    """Serve one, and give `get(path)` of it with its key, or with another one."""
    async with serving(a_stand_in(**given)) as stand_in, aiohttp.ClientSession() as http:

        async def get(path: str, key: str | None = None, method: str = "GET") -> Answered:
            headers = {"X-Riot-Token": stand_in.key if key is None else key}
            async with http.request(method, stand_in.url + path, headers=headers) as answer:
                is_json = answer.headers.get("content-type", "").startswith("application/json")
                content = await answer.read()
                return Answered(answer.status, json.loads(content) if is_json else content, answer.headers)

        yield stand_in, get


def puuid(stand_in: StandIn, riot_id: str = ADA) -> str:
    """Give a player's puuid for the key that is valid."""
    return stand_in.world.keys.puuid(stand_in.key, stand_in.world.player(riot_id))


def fits(endpoint: str, answer: Any) -> None:
    """Fail unless an answer has the fields of the reference, all that it requires and no other ones."""
    described = REFERENCE["endpoints"][endpoint]["answer"]
    jsonschema.validate(answer, {**described, "schemas": REFERENCE["schemas"]})
    assert all(math.isfinite(number) for number in _numbers(answer))


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for one in value for number in _numbers(one)]
    return [value] if isinstance(value, float) else []
