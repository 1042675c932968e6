"""The API of trivia called in-process, on a service with explicit time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from tests.calling import ADMIN, BACKEND, Answer, Calls
from tests.services.trivia.closings import START, FaultyChat

from tenure import Store, testing
from tenure.services.trivia.api.http import create_app
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.lifecycle import Game
from tenure.services.trivia.service import TriviaService, kinds
from tenure.services.trivia.settings import Settings
from tenure.store.keeping import Loop

REGISTRATION: dict[str, Any] = {"name": "quiz", "channel": "general", "schedule": "daily 18:00"}


class HostedChat(FaultyChat):
    """The chat of a server whose loops are not run."""

    def loops(self) -> dict[str, Loop]:
        return {}

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


@dataclass
class Caller(Calls):
    """A service, and its API. The guild `home` with its channel `general` is there."""

    store: Store
    service: TriviaService
    app: Starlette
    chat: FaultyChat

    async def register(self, **terms: Any) -> str:
        """Register something, and give its id."""
        made = await self.post("/guilds/home/registrations", {**REGISTRATION, **terms})
        return str(made["id"])

    async def asked(self, registration: str | None = None) -> str:
        """Let a question be asked now, and give the game's id."""
        game = await self.post(f"/registrations/{registration or await self.register()}/post")
        await self.work()
        return str(game["id"])

    async def answer(self, game: str, member: str, choice: str) -> Answer:
        """Answer for somebody."""
        body = {"member": member, "name": member.title(), "choice": choice}
        return await self.call("POST", f"/games/{game}/answers", body, BACKEND)

    async def right(self, game: str) -> str:
        """Give the right letter, which the API does not tell yet."""
        return (await self.store.get(Game, game)).question.right

    async def work(self) -> None:
        """Take all steps that are due."""
        while await self.service.posting.once() + await self.service.closing.once():
            pass

    async def advance(self, length: timedelta) -> None:
        """Let time pass, and then take all steps that are due."""
        await self.store.advance(length)
        await self.work()

    async def position(self) -> int:
        """Tell how far the store has come."""
        return await self.store.position()


@asynccontextmanager
async def a_caller(**settings: Any) -> AsyncIterator[Caller]:
    """Make a service with its API, called by nobody yet. At the end its indexes must be right."""
    given = {
        "admin_key": ADMIN["X-Admin-API-Key"], "key": BACKEND["X-API-Key"],
        "open_trivia_db": "", **settings,
    }  # fmt: skip
    async with testing.store(*kinds, space="trivia", at=START) as store:
        service = TriviaService(store, Settings(**given))
        service.chats["web"] = faulty = HostedChat(service.chats["web"])
        await Channels(store).settle()
        yield Caller(store, service, create_app(service), faulty)
        assert list(await store.engine.audit("trivia", repair=False)) == []
