"""How well somebody plays the local game: the higher the skill, the higher the numbers, and the more rounds are won."""

from __future__ import annotations

import hashlib
import random

AVERAGE, SPREAD = 1500.0, 280.0
LEAST, MOST = 1, 9


def skill_of(name: str) -> float:
    """Give how well somebody plays, in points of rating: always the same for the same name."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return random.Random(number).gauss(AVERAGE, SPREAD)  # noqa: S311  a game, no secret


def choose(skill: float, chance: random.Random) -> int:
    """Choose a number for a round."""
    return min(max(round(chance.gauss(5 + (skill - AVERAGE) / 160, 2.0)), LEAST), MOST)
