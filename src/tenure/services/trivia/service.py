"""The trivia service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenure import Store
from tenure.services.trivia.answering import Known
from tenure.services.trivia.chats import open_chats
from tenure.services.trivia.closing import Closing
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.parts import Parts, new_id
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.sources import Sources
from tenure.services.trivia.settings import Settings
from tenure.store.keeping import Keeper, Loop

__all__ = ["TriviaService", "kinds"]


class TriviaService:
    """Everything that one server does for those who ask and for those who answer. One space holds all guilds."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Put it together. Raises `WrongSetting`, and `WrongPacks` with each fault's file and line."""
        self.store, self.settings = store, settings
        self.closing_down = asyncio.Event()
        """Set when the server is about to stop: who waits for news gets an answer now."""
        self.keeper, self._known = Keeper(store), Known()
        self.sources = Sources.read(settings.packs, settings.open_trivia_db)
        self.choosing = Choosing(store, self.sources.by_name)
        self.chats = open_chats(store, settings, self.acting)
        own = self.acting(store.actor)
        self.guilds, self.registrations, self.games = own.guilds, own.registrations, own.games
        self.answering, self.boards = own.answering, own.boards
        self.posting = Posting(store.acting("poster"), self.chats, self.choosing, new_id=new_id)
        self.closing = Closing(store.acting("closer"), self.chats, self.choosing)

    def acting(self, actor: str) -> Parts:
        """Give the parts by which somebody acts, such as `admin` or `discord:7`; history tells who it was."""
        return Parts(self.store.acting(actor), self.chats, self.choosing, known=self._known)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background loops while the body runs; only then the source on the web can be asked."""
        async with self.sources:
            work = asyncio.create_task(self._work(), name="trivia")
            try:
                yield
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                for chat in self.chats.values():
                    await chat.close()

    @property
    def trouble(self) -> str:
        """What is wrong with the background work and the chats; empty if nothing is."""
        chats = [f"{chat.name}: {chat.trouble}" for chat in self.chats.values() if chat.trouble]
        return "; ".join([*self.keeper.troubles.values(), *chats])

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        if not self.settings.asks:
            return dict(self.chats["web"].loops())
        heard = {name: loop for chat in self.chats.values() for name, loop in chat.loops().items()}
        return {**self.posting.loops(), **self.closing.loops(), **heard}

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, loop in self.loops().items():
                group.create_task(self.keeper.keep(name, loop))

    async def shut_down(self, *, keep: bool) -> None:  # noqa: ARG002  all that is under way lies in the store
        """Prepare for the server's end, while it still serves."""
        self.closing_down.set()
