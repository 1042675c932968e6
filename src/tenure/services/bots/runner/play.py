"""How a bot plays: the one interface between the runner and a player that is plugged in.

    class Mine:
        async def play(self, game: Game) -> None:
            async with game.http.ws_connect(game.room, headers=game.headers) as room: ...

A player is called once per match, and again where the runner, or the bot's last runner, failed on the way: it reads
from the room how things stand and goes on. It is cancelled as soon as the match is over. What it raises is logged and
tried again twice; then the bot plays no more of this match, and what that means is up to the game.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import aiohttp

from tenure.services.bots.lifecycle import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One match as one bot plays it."""

    match: str
    mode: str
    room: str
    """Where it is played: the URL that the game gave."""
    seat: str
    """The bot's own seat, `Bot/ID`."""
    team: int
    """Its team, counted from 0."""
    teams: tuple[tuple[Seat, ...], ...]
    key: str | None
    """The seat's key, which the game knows too; None where the game has no key."""
    http: aiohttp.ClientSession

    @property
    def headers(self) -> dict[str, str]:
        """What shows the game who plays."""
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}


class Play(Protocol):
    """A player. One may play many matches at once: what belongs to a match stays in the call."""

    async def play(self, game: Game) -> None:
        """Play a match to its end."""
        ...


Players = Callable[[], Play]


class NoPlayer(Exception):  # noqa: N818  it says what is so
    """What was named is no player; the message says what is wanted."""


def load(place: str) -> Players:
    """Import MODULE:NAME, a class or function that gives a player. Raises `NoPlayer`."""
    name, _, wanted = place.partition(":")
    if not (name and wanted):
        raise NoPlayer(f"{place!r} names no player: give MODULE:NAME, such as my_game.players:Careful")
    folder = os.getcwd()  # noqa: PTH109  sys.path holds strings
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = getattr(importlib.import_module(name), wanted, None)
    except Exception as error:  # whatever a module of somebody else's does when it is imported
        raise NoPlayer(f"{name} can't be imported: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise NoPlayer(f"{name} has no class or function {wanted!r}")
    try:
        made = found()
    except Exception as error:
        raise NoPlayer(f"{place} can't be called without arguments: {type(error).__name__}: {error}") from error
    if not callable(getattr(made, "play", None)):
        raise NoPlayer(f"what {place} gives has no method `play`: `async def play(self, game: Game) -> None`")
    return cast("Players", found)
