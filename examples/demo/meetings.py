"""Two meetings on the local meeting page, each with a bot that writes down what somebody says."""

from __future__ import annotations

import asyncio
import itertools

import aiohttp
from examples.demo.servers import ask

ROOMS = ("planning", "standup")
TALK = (
    "Good morning. Shall we begin with the release?",
    "All tests are green since yesterday evening.",
    "The migration was rehearsed twice on a copy.",
    "Then I propose Tuesday at ten.",
    "Who writes that down? The bot does.",
)


async def talk(http: aiohttp.ClientSession, url: str, admin_key: str, pace_seconds: float) -> None:
    """Ask for a bot in each room, and talk there for ever."""
    admin = {"X-Admin-API-Key": admin_key}
    email = {"email": "demo@example.org", "max_concurrent_bots": len(ROOMS)}
    user = await ask(http, f"{url}/admin/users", email, admin)
    token = await ask(http, f"{url}/admin/users/{user['id']}/tokens", {}, admin)
    for room in ROOMS:
        wanted = {"platform": "local", "native_meeting_id": room, "bot_name": "Tenure"}
        await ask(http, f"{url}/bots", wanted, {"X-API-Key": token["token"]})
    async with asyncio.TaskGroup() as group:
        for number, room in enumerate(ROOMS):
            group.create_task(_talk_in(http, f"{url}/local-meeting/{room}", number, pace_seconds))


async def _talk_in(http: aiohttp.ClientSession, room: str, number: int, pace_seconds: float) -> None:
    seat = await ask(http, f"{room}/join", {"name": ("Ada", "Grace")[number]}, {})
    proof = {"participant": seat["participant"], "key": seat["key"]}
    for text in itertools.cycle(TALK[number:] + TALK[:number]):
        await asyncio.sleep(6 * pace_seconds)
        await ask(http, f"{room}/say", {**proof, "text": text}, {})
        await ask(http, f"{room}/look", {**proof, "wait_seconds": 0}, {})
