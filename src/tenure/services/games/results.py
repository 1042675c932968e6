"""How a game came out for one of its players: a type for each title, and a class that both have in common."""

from __future__ import annotations

from typing import Literal

import msgspec

Title = Literal["lol", "tft"]
"""League of Legends, or Teamfight Tactics."""

ResultClass = Literal["win", "loss", "placed", "remake", "aborted"]
"""A remake and an aborted game are neither won nor lost. Who came first in TFT has won; others have `placed`."""


class LolResult(msgspec.Struct, frozen=True, kw_only=True, tag="lol"):
    """A player's game of League of Legends."""

    result: ResultClass
    champion: str
    position: str = ""
    team: int = 0
    kills: int = 0
    deaths: int = 0
    assists: int = 0
    level: int = 0
    minions: int = 0
    gold: int = 0
    damage: int = 0
    vision: int = 0


class TftResult(msgspec.Struct, frozen=True, kw_only=True, tag="tft"):
    """A player's game of Teamfight Tactics. `placement` is from 1, of all or of all pairs."""

    result: ResultClass
    placement: int
    level: int = 0
    last_round: int = 0
    eliminated: int = 0
    damage: int = 0
    traits: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


Result = LolResult | TftResult
