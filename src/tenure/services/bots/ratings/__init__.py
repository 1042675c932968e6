"""How well players play: Elo and Glicko-2 for one against one, openskill for teams.

`contract` says what a rating system is; `changes` turns a match's result into changes of its players' ratings.
"""

from __future__ import annotations

from tenure.services.bots.ratings.changes import rate_changes, rated_of
from tenure.services.bots.ratings.contract import Rated, RatingSystem
from tenure.services.bots.ratings.elo import Elo
from tenure.services.bots.ratings.glicko2 import Glicko2
from tenure.services.bots.ratings.plackett_luce import OpenSkill

__all__ = ["Rated", "RatingSystem", "rate_changes", "rated_of", "rating_system"]


def rating_system(name: str) -> RatingSystem:
    """Give the rating system of a pool.

    Raises:
        ValueError: there is none of this name.
        ImportError: it is `openskill`, and its library is missing; the message says what to install.
    """
    match name:
        case "elo":
            return Elo()
        case "glicko2":
            return Glicko2()
        case "openskill":
            return OpenSkill()
        case _:
            raise ValueError(f"there is no rating system {name!r}: take elo, glicko2 or openskill")
