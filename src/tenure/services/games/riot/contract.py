"""What is asked of Riot Games, and how it can fail. Whoever answers passes the same tests.

A match id is `PLATFORM_NUMBER`, such as `NA1_4567`. A player's `puuid` is encrypted for one API key: another key has
other ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tenure.services.games.results import Result, Title


class RiotError(Exception):
    """It was asked in vain; `advice` says what it means and what to do. Nothing secret is in it."""

    def __init__(self, advice: str, *, status: int | None = None) -> None:
        super().__init__(advice)
        self.advice, self.status = advice, status


class RiotAway(RiotError):  # noqa: N818
    """It does not answer, or with a failure of its own: later again."""


class Malformed(RiotError):  # noqa: N818
    """It answered with something that is not understood: later again, and somebody should look."""


class Limited(RiotError):  # noqa: N818
    """Too much was asked for. `retry_after` is in seconds; `of` says of what: application, method, service."""

    def __init__(self, advice: str, *, retry_after: float, of: str) -> None:
        super().__init__(advice, status=429)
        self.retry_after, self.of = retry_after, of


class KeyRefused(RiotError):  # noqa: N818
    """The API key is missing, wrong or expired: nothing can be asked until there is another one."""


class OfAnotherKey(RiotError):  # noqa: N818
    """The puuid is one of another key: the player is to be looked up anew by name."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A player's account, as this key knows it."""

    puuid: str
    game_name: str
    tag_line: str


class ActiveGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game that goes on, or that was going on a while ago. `started_at` is None while it loads."""

    match_id: str
    queue_id: int | None = None
    started_at: datetime | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A game that is over: how it came out for each of its players, by puuid. `raw` is what was answered, in JSON.

    Of one that never began nothing is said of when that was, or in which queue.
    """

    match_id: str
    title: Title
    started_at: datetime | None
    duration_seconds: int
    queue_id: int | None
    results: Mapping[str, Result]
    raw: str
    names: Mapping[str, tuple[str, str]] = {}
    """How its players were called then, by puuid: name and tag, as far as it says."""


class Riot(Protocol):
    """The API. Everything raises a `RiotError`; what there is not is None, which says nothing about a moment later."""

    @property
    def key_mark(self) -> str:
        """Tells one key from another without saying anything about it."""
        ...

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:
        """Look an account up by its name and tag."""
        ...

    async def account_of(self, platform: str, puuid: str) -> Account | None:
        """Look an account up by its puuid: how is it called now?"""
        ...

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:
        """Give the game in which a player is; None if there is none, or it is hidden."""
        ...

    async def match(self, match_id: str, title: Title) -> Match | None:
        """Give a game that is over."""
        ...

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:
        """Give the ids of all of a player's games that began since then, the newest first."""
        ...
