"""Riot Games' API over HTTP: routed, paced, and every answer checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from tenure.pacing.pacer import Pacer
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import Account, ActiveGame, Match

API = "https://{host}.api.riotgames.com"
"""Where it is: `{host}` becomes a platform such as `na1`, or a region such as `americas`."""


class RiotClient:
    """A `Riot` for one API key. It is used inside `async with`."""

    key_mark: str

    def __init__(self, key: str, pacer: Pacer, *, api: str = API, try_seconds: float = 10.0) -> None:
        """`api` has `{host}` in it; a stand-in's is such as `http://127.0.0.1:8110/{host}`."""
        self.key_mark = ""
        self.answers: Counter[tuple[str, int]] = Counter()
        """How many answers there were, by method (such as `spectator-v5`) and status; 0 where none came."""

    @property
    def trouble(self) -> str:
        """What is wrong with the key as a whole, and what to do; empty if nothing is."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:
        """Look an account up by its name and tag."""
        raise NotImplementedError

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:
        """Give the game in which a player is; None if there is none, or it is hidden."""
        raise NotImplementedError

    async def match(self, match_id: str, title: Title) -> Match | None:
        """Give a game that is over."""
        raise NotImplementedError

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:
        """Give the ids of a player's games that began since then, at most 100, the newest first."""
        raise NotImplementedError
