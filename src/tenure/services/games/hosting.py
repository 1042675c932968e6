"""The tracker with whoever answers it: Riot's API with our key, or a stand-in of our own where there is none."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from tenure import Store
from tenure.pacing.pacer import Pacer
from tenure.services.games.results import Title
from tenure.services.games.riot.client import API, RiotClient
from tenure.services.games.riot.contract import Account, ActiveGame, KeyRefused, Match
from tenure.services.games.riot.stand_in import Delays, StandIn, serving
from tenure.services.games.riot.stand_in.first_players import add_first_players
from tenure.services.games.riot.stand_in.serving import free_port
from tenure.services.games.service import GamesService
from tenure.services.games.settings import Settings

GAMES_PER_SECOND = 10
WITHOUT_KEY = "there is none: give TENURE_GAMES_RIOT_KEY, or TENURE_GAMES_STAND_IN=1 to try it without one"
SHORT_DELAYS = Delays(result=(5, 30), listed=(5, 60), lingering=(0, 20), absent_share=0.1)


class HostedGames:
    """The service as a process runs it. Only while it runs can anything be asked."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.stand_in: StandIn | None = None
        """Who answers where there is no key."""
        self._client: RiotClient | None = None
        self._listening: socket.socket | None = None
        if settings.riot_key:
            self._client = RiotClient(settings.riot_key, Pacer(store), api=settings.riot_api or API)
        elif settings.stand_in:
            self._listening = free_port()
            self.stand_in = a_stand_in()
            api = f"http://127.0.0.1:{self._listening.getsockname()[1]}/{{host}}"
            self._client = RiotClient(self.stand_in.key, Pacer(store), api=api)
        self.service = GamesService(store, settings, self._client or NoKey())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all of it while the body runs."""
        async with AsyncExitStack() as stack:
            if self.stand_in is not None and self._listening is not None:
                await stack.enter_async_context(serving(self.stand_in, self._listening))
            if self._client is not None:
                await stack.enter_async_context(self._client)
            await stack.enter_async_context(self.service.running())
            yield

    @property
    def trouble(self) -> str:
        """What is wrong with the background work, and with Riot; empty if nothing is."""
        return self.service.trouble

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

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)

    async def match(self, match_id: str, title: Title) -> Match | None:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:  # noqa: ARG002
        """Refuse. Raises `KeyRefused`."""
        raise KeyRefused(WITHOUT_KEY)
