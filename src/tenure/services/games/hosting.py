"""The tracker with whoever answers it: Riot's API with our key, or a stand-in of our own where there is none."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime

from tenure import Store
from tenure.pacing.pacer import Pacer
from tenure.services.games.results import Title
from tenure.services.games.riot.client import API, RiotClient
from tenure.services.games.riot.contract import Account, ActiveGame, KeyRefused, Match
from tenure.services.games.riot.stand_in import Delays, StandIn
from tenure.services.games.riot.stand_in.first_players import add_first_players
from tenure.services.games.riot.stand_in.world import DEFAULT_KEY
from tenure.services.games.service import GamesService
from tenure.services.games.settings import Settings
from tenure.services.games.standing_in.sharing import SharedStandIn

GAMES_PER_SECOND = 10
START_SECONDS = 10.0
"""How long the tracker waits at its start for the stand-in."""
WITHOUT_KEY = "there is none: give TENURE_GAMES_RIOT_KEY, or TENURE_GAMES_STAND_IN=1 to try it without one"
SHORT_DELAYS = Delays(result=(5, 30), listed=(5, 60), lingering=(0, 20), absent_share=0.1)


class HostedGames:
    """The service as a process runs it. Only while it runs can anything be asked."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.stand_in: SharedStandIn | None = None
        """Who answers where there is no key: one for all processes of the store."""
        self._client: RiotClient | None = None
        if settings.riot_key:
            self._client = RiotClient(settings.riot_key, Pacer(store), api=settings.riot_api or API)
        elif settings.stand_in:
            self._client = RiotClient(DEFAULT_KEY, Pacer(store))
            self._client.ask_at("")
            self.stand_in = SharedStandIn(store, self._client, a_stand_in, host=socket.gethostname())
        self.service = GamesService(store, settings, self._client or NoKey())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all of it while the body runs."""
        async with AsyncExitStack() as stack:
            if self._client is not None:
                await stack.enter_async_context(self._client)
            if self.stand_in is not None:
                await stack.enter_async_context(self._finding(self.stand_in))
            await stack.enter_async_context(self.service.running())
            yield

    @asynccontextmanager
    async def _finding(self, stand_in: SharedStandIn) -> AsyncIterator[None]:
        """Have the stand-in found, or run here, while the body runs; it begins once that is so, or takes too long."""
        kept = [
            asyncio.create_task(self.service.keeper.keep(name, loop), name=name)
            for name, loop in stand_in.loops().items()
        ]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS):
                    await stand_in.known.wait()
            yield
        finally:
            for task in kept:
                task.cancel()
            await asyncio.gather(*kept, return_exceptions=True)

    @property
    def trouble(self) -> str:
        """What is wrong with the background work, and with Riot; empty if nothing is."""
        return "; ".join(filter(None, [self.stand_in.trouble if self.stand_in else "", self.service.trouble]))

    async def shut_down(self, *, keep: bool) -> None:
        """Prepare for the server's end, while it still serves."""
        await self.service.shut_down(keep=keep)


def a_stand_in() -> StandIn:
    """Make a stand-in whose players play by themselves, so that there is something to see within minutes."""
    # Matches that a store knows from an earlier stand-in are not told again with other players.
    made = StandIn(delays=SHORT_DELAYS, first_game=int(time.time() * GAMES_PER_SECOND))
    add_first_players(made)
    made.play_by_themselves()
    return made


class NoKey:
    """A `Riot` without a key: it refuses everything, and asks nobody."""

    key_mark = "none"

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)

    async def account_of(self, platform: str, puuid: str) -> Account | None:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)

    async def match(self, match_id: str, title: Title) -> Match | None:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)
