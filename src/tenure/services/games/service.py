"""The games service put together: its parts, its loops, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenure import Store
from tenure.services.games.accounts import Accounts
from tenure.services.games.asking import Asking
from tenure.services.games.backfill import Backfill
from tenure.services.games.completion import Completion
from tenure.services.games.detection import Detection
from tenure.services.games.games import Games
from tenure.services.games.kinds import kinds
from tenure.services.games.players import Players
from tenure.services.games.publishing import Posting, Publishing
from tenure.services.games.riot.contract import Riot
from tenure.services.games.settings import Settings
from tenure.services.games.views import Offering
from tenure.store.keeping import Keeper, Loop

__all__ = ["GamesService", "kinds"]


class Parts:
    """What can be done to players and games by somebody: the same for the API, the page and the command line."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.players, self.games = Players(store), Games(store)


class GamesService:
    """Everything that one tracker does. One space holds all players; any number of processes share the work."""

    def __init__(self, store: Store, settings: Settings, riot: Riot, *, poster: Posting | None = None) -> None:
        """Put it together. `riot` is whoever answers for Riot Games; whoever made it ends it."""
        self.store, self.settings = store, settings
        self.closing_down = asyncio.Event()
        """Set when the server is about to stop: who waits for news gets an answer now."""
        self.keeper, self.asking = Keeper(store), Asking(riot)
        own = self.acting(store.actor)
        self.players, self.games = own.players, own.games
        store.log.prefix = settings.log_prefix
        self.accounts = Accounts(store.acting("accounts"), self.asking)
        self.detection = Detection(store.acting("detection"), self.asking, settings)
        self.completion = Completion(store.acting("completion"), self.asking, settings)
        self.backfill = Backfill(store.acting("backfill"), self.asking, settings)
        self.publishing = Publishing(store.acting("publisher"), settings, poster)
        self.offering = Offering(store)

    def acting(self, actor: str) -> Parts:
        """Give the parts by which somebody acts, such as `admin`; history tells who it was."""
        return Parts(self.store.acting(actor))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background loops while the body runs."""
        work = asyncio.create_task(self._work(), name="games")
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    @property
    def trouble(self) -> str:
        """What is wrong with the background work, with Riot, and with the webhook; empty if nothing is."""
        own = [each.trouble for each in (self.asking, self.publishing, self.offering) if each.trouble]
        return "; ".join([*own, *self.keeper.troubles.values()])

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        offers = self.offering.loops() if self.settings.offers_views else {}
        if not self.settings.tracks:
            return offers
        parts = (self.accounts, self.detection, self.completion, self.backfill, self.publishing)
        return {**{name: loop for part in parts for name, loop in part.loops().items()}, **offers}

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, loop in self.loops().items():
                group.create_task(self.keeper.keep(name, loop))

    async def shut_down(self, *, keep: bool) -> None:  # noqa: ARG002  all that is under way lies in the store
        """Prepare for the server's end, while it still serves."""
        self.closing_down.set()
