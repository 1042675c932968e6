"""How long things take in the world, and how often games are shown wrongly: drawn, but the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tenure.services.games.riot.stand_in.playing import SEATS, Game, Span

AGAIN_AFTER = (60.0, 300.0)
"""How long after its end a game is shown once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long what takes how long, and how often games are shown wrongly; lengths are in seconds.

    Of a pair, each game draws a length between both. All is nothing unless it is given.
    """

    loading: tuple[float, float] = (0.0, 0.0)
    result: tuple[float, float] = (0.0, 0.0)
    """From the end of a game to its match."""
    listed: tuple[float, float] = (0.0, 0.0)
    """From the end of a game to its id in the lists."""
    lingering: tuple[float, float] = (0.0, 0.0)
    """How long a game that is over is still shown."""
    absence: tuple[float, float] = (20.0, 90.0)
    """How long a game that goes on is not shown, each time."""
    absent_share: float = 0.0
    """How many games are not shown for a while."""
    shown_again_share: float = 0.0
    """How many games are shown once more after a while."""
    hidden_share: float = 0.0
    anonymous_share: float = 0.0
    lost_share: float = 0.0


REALISTIC = Delays(
    loading=(40, 150),
    result=(5, 90),
    listed=(5, 120),
    lingering=(0, 60),
    absent_share=0.1,
    shown_again_share=0.03,
    hidden_share=0.03,
    anonymous_share=0.1,
    lost_share=0.001,
)
"""Of the size that people tell of who use Riot's API; it promises nothing."""


class Chance:
    """What is drawn."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  nothing secret comes of it

    def happens(self, share: float) -> bool:
        """Tell whether something happens that happens so often."""
        return share > 0 and self._random.random() < share

    def drawn(self, between: tuple[float, float]) -> float:
        """Draw a length."""
        return between[0] if between[0] == between[1] else self._random.uniform(*between)

    def placement(self) -> int:
        """Draw a placement in TFT."""
        return self._random.randint(1, SEATS["tft"])

    def misshow(self, game: Game, delays: Delays, lingering_seconds: float | None) -> None:
        """Draw when a game that has ended is shown wrongly."""
        lingering = self.drawn(delays.lingering) if lingering_seconds is None else lingering_seconds
        if lingering:
            game.shown_again.append(Span(game.ended_at, game.ended_at + lingering))
        if self.happens(delays.shown_again_share):
            again = game.ended_at + lingering + self.drawn(AGAIN_AFTER)
            game.shown_again.append(Span(again, again + self.drawn(delays.absence)))
        if self.happens(delays.absent_share):
            gone = self._random.uniform(game.opened_at, game.ended_at)
            game.absent.append(Span(gone, gone + self.drawn(delays.absence)))
