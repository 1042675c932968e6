"""What a game's rules must say. They are pure: no clock, no chance of their own, no I/O.

So whoever takes a battle over goes on exactly where it stood, and a battle can be played again from its log.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Against(Exception):  # noqa: N818
    """A move is against the rules; the message says to its player why, and what would be right."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a game stands: the rules' own `board`, whose turn it is, and in how many seconds that one is over.

    `shown` is what everybody is told of the step that led here. With `places`, each player's from 1, it is over;
    `reason` says how.
    """

    board: msgspec.Raw
    acts: tuple[str, ...] = ()
    turn_seconds: float | None = None
    shown: msgspec.Raw = msgspec.Raw(b"null")
    places: tuple[int, ...] | None = None
    reason: str = ""


class Rules(Protocol):
    """One game. `seed` is all the chance that it has: the same seed and the same moves give the same game."""

    name: str
    players: int

    def begin(self, players: tuple[str, ...], seed: int) -> Standing:
        """Set the board up."""
        ...

    def act(self, board: msgspec.Raw, player: str, move: msgspec.Raw) -> Standing:
        """Give what comes of a move. Raises `Against`."""
        ...

    def time_out(self, board: msgspec.Raw) -> Standing:
        """Give what comes of a turn whose time is over."""
        ...

    def concede(self, board: msgspec.Raw, player: str) -> Standing:
        """Give what comes of a player's giving up, or not coming back."""
        ...

    def view(self, board: msgspec.Raw, player: str) -> msgspec.Raw:
        """Give what a player may see of the board."""
        ...
