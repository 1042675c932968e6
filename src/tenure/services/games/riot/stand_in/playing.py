"""The players of the stand-in's world, and their games, from the loading screen to the match that tells the result."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tenure.services.games.results import Title

Ending = Literal["decided", "surrender", "remake", "aborted"]
"""How a game ends. A surrender is won and lost like any other; a remake and an aborted game are not."""

SOLO_QUEUE, TFT_QUEUE, DOUBLE_UP_QUEUE = 420, 1100, 1160
QUEUES: dict[Title, int] = {"lol": SOLO_QUEUE, "tft": TFT_QUEUE}
SEATS: dict[Title, int] = {"lol": 10, "tft": 8}


class Span(NamedTuple):
    """A stretch of time, in seconds since 1970; its end is outside of it."""

    begins_at: float
    ends_at: float

    def holds(self, at: float) -> bool:
        """Tell whether a moment is in it."""
        return self.begins_at <= at < self.ends_at


@dataclass(slots=True, eq=False)
class Game:
    """A game. All times are in seconds since 1970; what has not happened yet is at `math.inf`."""

    platform: str
    number: int
    title: Title
    queue_id: int
    players: tuple[Player, ...]
    """Those of the world; the other seats are taken by strangers."""
    against: int
    """From which of `players` on they are of the other team."""
    opened_at: float
    """When it is shown first, while it loads."""
    started_at: float
    ended_at: float = math.inf
    result_at: float = math.inf
    """When its match is there."""
    listed_at: float = math.inf
    """When its id is in the players' lists."""
    ending: Ending = "decided"
    won: bool = True
    """Whether the first of `players` has won."""
    placement: int = 1
    """Of the first of `players`, in TFT."""
    lost: bool = False
    """Whether its match is never there, though it is listed."""
    hidden: bool = False
    """Whether it is never shown as a game that goes on."""
    anonymous: bool = False
    """Whether it is shown without puuids and without its queue, as those do who stream."""
    absent: list[Span] = field(default_factory=list)
    """When it is not shown though it goes on."""
    shown_again: list[Span] = field(default_factory=list)
    """When it is shown though it is over, also to those who are in the next one."""

    @property
    def match_id(self) -> str:
        """Give its id, as the match API has it."""
        return f"{self.platform.upper()}_{self.number}"

    def is_shown_again(self, at: float) -> bool:
        """Tell whether it is shown though it is over."""
        return any(span.holds(at) for span in self.shown_again)

    def is_shown(self, at: float) -> bool:
        """Tell whether it is shown to who asks for the game of one of its players."""
        if self.hidden or at < self.opened_at:
            return False
        if at >= self.ended_at:
            return self.is_shown_again(at)
        return not any(span.holds(at) for span in self.absent)


@dataclass(slots=True, eq=False)
class Player:
    """Who has an account."""

    number: int
    name: str
    tag: str
    platform: str
    games: dict[Title, list[Game]] = field(default_factory=lambda: {"lol": [], "tft": []})
    """In the order in which they are opened."""

    @property
    def riot_id(self) -> str:
        """Give name and tag, as `Name#TAG`."""
        return f"{self.name}#{self.tag}"

    def join(self, game: Game) -> None:
        """Note a game of theirs, which may also be one of the past or of the future."""
        insort(self.games[game.title], game, key=_opened_at)

    def leave(self, game: Game) -> None:
        """Forget a game."""
        self.games[game.title].remove(game)

    def shown(self, title: Title, at: float) -> Game | None:
        """Give the game in which they are shown. The one before, where it is shown again, comes first."""
        games = self.games[title]
        opened = bisect_right(games, at, key=_opened_at)
        for game in games[max(0, opened - 2) : opened]:
            if game.is_shown(at):
                return game
        return None

    def games_after(self, at: float) -> list[Game]:
        """Give the games, of any title, that are opened only after a moment."""
        return [game for games in self.games.values() for game in games[bisect_right(games, at, key=_opened_at) :]]

    def going_on(self, at: float) -> Game | None:
        """Give the game in which they are, of any title."""
        for games in self.games.values():
            opened = bisect_right(games, at, key=_opened_at)
            if opened and at < games[opened - 1].ended_at:
                return games[opened - 1]
        return None


def _opened_at(game: Game) -> float:
    return game.opened_at
