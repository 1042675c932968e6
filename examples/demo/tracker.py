"""The players whose games are tracked: those of the stand-in for Riot Games, who play by themselves.

Where an API key is given, nobody is tracked here: whom to track is then the community's to say.
"""

from __future__ import annotations

import os

import aiohttp
from examples.demo.servers import ask

from tenure.services.games.riot.stand_in.first_players import FIRST_PLAYERS


async def track(http: aiohttp.ClientSession, url: str, admin_key: str) -> None:
    """Track all of them."""
    if os.environ.get("TENURE_GAMES_RIOT_KEY"):
        return
    for riot_id, platform in FIRST_PLAYERS:
        player = {"riot_id": riot_id, "platform": platform, "titles": ["lol", "tft"]}
        await ask(http, f"{url}/players", player, {"X-Admin-API-Key": admin_key})
