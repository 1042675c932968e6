"""What is asked of Riot by this process, counted, and what is wrong with its answers as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TypeVar

from tenure.services.games.results import Title
from tenure.services.games.riot.contract import Account, ActiveGame, KeyRefused, Match, Riot, RiotAway, RiotError

A = TypeVar("A")

AWAY_AFTER = 20
"""How many requests in a row must fail until that is said to be Riot's trouble, and not a request's."""


class Asking:
    """A `Riot` that asks another one, and remembers how that went."""

    def __init__(self, riot: Riot) -> None:
        self._riot = riot
        self.asked: Counter[str] = Counter()
        """How often what was asked."""
        self.failed: Counter[str] = Counter()
        """How often it failed, by the error's name."""
        self._refused, self._away, self._in_vain = "", "", 0

    @property
    def key_mark(self) -> str:
        """Tells one key from another without saying anything about it."""
        return self._riot.key_mark

    @property
    def trouble(self) -> str:
        """Why nothing can be asked at present; empty if it can."""
        if self._refused:
            return f"Riot refuses the API key: {self._refused}"
        return f"Riot does not answer: {self._away}" if self._in_vain >= AWAY_AFTER else ""

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:
        """Look an account up by its name and tag."""
        return await self._noted("account", self._riot.account(platform, game_name, tag_line))

    async def account_of(self, platform: str, puuid: str) -> Account | None:
        """Look an account up by its puuid."""
        return await self._noted("account", self._riot.account_of(platform, puuid))

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:
        """Give the game in which a player is; None if there is none, or it is hidden."""
        return await self._noted("active_game", self._riot.active_game(platform, puuid, title))

    async def match(self, match_id: str, title: Title) -> Match | None:
        """Give a game that is over."""
        return await self._noted("match", self._riot.match(match_id, title))

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:
        """Give the ids of all of a player's games that began since then, the newest first."""
        return await self._noted("match_ids", self._riot.match_ids(platform, puuid, title, since))

    async def _noted(self, what: str, answer: Awaitable[A]) -> A:
        self.asked[what] += 1
        try:
            given = await answer
        except RiotError as error:
            self.failed[type(error).__name__] += 1
            if isinstance(error, KeyRefused):
                self._refused = error.advice
            if isinstance(error, RiotAway):
                self._away, self._in_vain = error.advice, self._in_vain + 1
            raise
        self._refused, self._in_vain = "", 0
        return given
