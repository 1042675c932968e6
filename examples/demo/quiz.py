"""A round of trivia each minute in the chat that comes along, and members who know more or less.

They answer as those of a community would whose backend answers for them. Whoever opens the chat plays along.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from examples.demo.servers import ask
from examples.demo.skill import AVERAGE, SPREAD, skill_of

from tenure.services.trivia.questions.packs import builtin

GUILD, CHANNEL, NAME = "home", "general", "quiz"
MEMBERS = ("Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Hedy", "Ken", "Radia", "Tony")
QUESTIONS, SHORTEST_WINDOW_SECONDS, LONGEST_WINDOW_SECONDS = 3, 5.0, 18.0
TAKES_PART = 0.85
"""How often a member answers at all."""


@dataclass(frozen=True, slots=True)
class Club:
    """Where the trivia service is, and how quick its members are."""

    url: str
    admin_key: str
    pace_seconds: float
    chance: random.Random
    http: aiohttp.ClientSession

    @property
    def headers(self) -> dict[str, str]:
        """What proves that one may ask."""
        return {"X-Admin-API-Key": self.admin_key}

    @property
    def window_seconds(self) -> float:
        """For how long a question is open: three of them fit into a minute."""
        return min(max(15 * self.pace_seconds, SHORTEST_WINDOW_SECONDS), LONGEST_WINDOW_SECONDS)


async def found(club: Club) -> None:
    """Register a round each minute, and let the first one begin now; what is there already stays."""
    await ask(club.http, f"{club.url}/guilds", {"id": GUILD, "name": "Home"}, club.headers)
    await ask(club.http, f"{club.url}/guilds/{GUILD}/channels", {"name": CHANNEL}, club.headers)
    wanted = {
        "name": NAME, "channel": CHANNEL, "schedule": "every 1m", "questions": QUESTIONS,
        "window_seconds": club.window_seconds, "counts": "last", "catch_up": "skip",
    }  # fmt: skip
    made = await ask(club.http, f"{club.url}/guilds/{GUILD}/registrations", wanted, club.headers)
    if made is not None:
        await ask(club.http, f"{club.url}/registrations/{made['id']}/post", {}, club.headers)


async def play(club: Club) -> None:
    """Answer each question that is asked, for ever."""
    right, seen = {entry.text: entry.right for entry in builtin().entries}, list[str]()
    async with asyncio.TaskGroup() as group:
        while True:
            for game in await _open_games(club):
                if game["id"] not in seen:
                    seen = [*seen[-100:], game["id"]]
                    for name in MEMBERS:
                        group.create_task(_answer(club, game, name, right))
            await asyncio.sleep(0.5)


async def _open_games(club: Club) -> list[Any]:
    try:
        async with club.http.get(f"{club.url}/games?guild={GUILD}&state=open", headers=club.headers) as answer:
            return (await answer.json())["games"] if answer.status == 200 else []  # noqa: PLR2004
    except (aiohttp.ClientError, TimeoutError):
        return []  # the server is away for a moment


async def _answer(club: Club, game: Any, name: str, right: Mapping[str, str]) -> None:
    """Think, and answer: what is right, for those who know it."""
    if club.chance.random() > TAKES_PART:
        return
    await asyncio.sleep(club.window_seconds * club.chance.uniform(0.1, 0.8))
    choices = game["question"]["choices"]
    knows = club.chance.random() < _share_known(name)
    letters = [letter for letter, text in choices.items() if knows and text == right.get(game["question"]["text"])]
    body = {"member": f"demo-{name.lower()}", "name": name, "choice": club.chance.choice(letters or list(choices))}
    try:
        async with club.http.post(f"{club.url}/games/{game['id']}/answers", json=body, headers=club.headers):
            pass  # the game may be closed by now: then it was too late
    except (aiohttp.ClientError, TimeoutError):
        pass  # the server is away for a moment


def _share_known(name: str) -> float:
    """Give how much of all that is asked somebody knows."""
    return min(max(0.5 + (skill_of(name) - AVERAGE) / SPREAD / 4, 0.1), 0.95)
