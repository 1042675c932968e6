"""The page of those who run trivia on a real port of this loop, over a service whose time stands still."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.desks import ADMIN_KEY, Operator, served
from tests.services.trivia.calling import Caller, a_caller
from tests.services.trivia.closings import a_question

from tenure import Store, minutes
from tenure.services.trivia.chat.contract import ChatRefused
from tenure.services.trivia.lifecycle import Game
from tenure.services.trivia.service import TriviaService

__all__ = ["ADMIN_KEY", "REFUSED", "Site", "a_site", "many_games", "questions"]
REFUSED = "no permission to post there: grant `Send Messages`"


@dataclass
class Site(Operator):
    """A service whose page is served, and who looks at it."""

    caller: Caller

    @property
    def store(self) -> Store:
        return self.caller.store

    @property
    def service(self) -> TriviaService:
        return self.caller.service

    async def asked(self, registration: str | None = None) -> str:
        """Let a question be asked now, and give the game's id."""
        return await self.caller.asked(registration)

    async def held(self, registration: str | None = None) -> str:
        """Let a question be asked that the chat refuses, and give the game's id."""
        self.caller.chat.before.append(ChatRefused(REFUSED))
        return await self.asked(registration)

    async def answered(self, game: str, **choices: str) -> None:
        """Let members answer."""
        for member, choice in choices.items():
            assert (await self.caller.answer(game, member, choice)).status < 300

    async def over(self, **choices: str) -> str:
        """Let a question be asked, answered and closed, and give the game's id."""
        game = await self.asked()
        await self.answered(game, **choices)
        await self.service.games.close(game)
        await self.caller.work()
        return game


@asynccontextmanager
async def a_site(*, logged_in: bool = True, **settings: Any) -> AsyncIterator[Site]:
    """Give a site with the guild `home` and its channel `general`."""
    async with a_caller(**settings) as caller:
        async with served(caller.app, caller.service.closing_down) as (address, client):
            site = Site(address, client, caller)
            if logged_in:
                assert await site.log_in() == 303
            yield site


def questions(page: str) -> list[str]:
    """Give the games that a list shows."""
    return re.findall(r'<a href="/console/games/([^"?]+)">', page)


async def many_games(site: Site, registration: str, number: int, *, begin: int = 0) -> None:
    """Let so many games wait for their posting."""
    now = await site.store.now()
    for first in range(begin, begin + number, 500):
        made = [
            Game.create(
                f"{registration}.s{each}.1", guild="home", registration=registration, channel="general", slot=now,
                question=a_question(each), window=minutes(10), closes_at=now + minutes(10),
            )
            for each in range(first, min(first + 500, begin + number))
        ]  # fmt: skip
        await site.store.submit([[each] for each in made])
