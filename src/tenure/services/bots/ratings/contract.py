"""What a rating system is: a first rating, the ratings after a match, and what it expects of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import msgspec

FURTHEST = 30.0
"""Beyond this exponent a win is certain to 13 digits: nobody is so far ahead that a match says nothing at all."""


class Rated(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How well one player plays, as far as its system knows. In points; matches are counted before this one."""

    value: float
    deviation: float
    volatility: float = 0.06
    played: int = 0


class RatingSystem(Protocol):
    """Rates players by the places that their teams won. The same input always gives the same output."""

    name: str

    def initial(self) -> Rated:
        """Give what is known of somebody who has not played yet."""
        ...

    def rated(self, teams: Sequence[Sequence[Rated]], places: Sequence[int]) -> list[list[Rated]]:
        """Give each player's rating after one match. Places are from 1, one per team; equal places are a draw.

        Raises:
            ValueError: the places don't fit the teams, or the system does not rate such teams.
        """
        ...

    def expected(self, teams: Sequence[Sequence[Rated]]) -> tuple[float, ...]:
        """Give each team's share of the win before the match; they add up to 1. A draw counts half to each."""
        ...


def check_places(teams: int, places: Sequence[int]) -> None:
    """Refuse places that don't fit a match. Raises `ValueError`, which says what they should be."""
    if len(places) != teams:
        raise ValueError(
            f"`places` has {len(places)} entries, and the match has {teams} teams: give each team its place"
        )
    if min(places) != 1 or max(places) > teams:
        raise ValueError(f"`places` must be from 1 to {teams}, and the winner's is 1; equal places are a draw")


def score(places: Sequence[int]) -> float:
    """Give what the first of two won: 1, a half for a draw, or 0."""
    first, second = places
    return 0.5 if first == second else float(first < second)


def two_players(system: str, teams: Sequence[Sequence[Rated]]) -> tuple[Rated, Rated]:
    """Give the players of a match of one against one. Raises `ValueError` for any other."""
    if [len(team) for team in teams] != [1, 1]:
        raise ValueError(f"{system} rates one player against one: for teams take the rating system `openskill`")
    return teams[0][0], teams[1][0]


def logistic(exponent: float) -> float:
    """Give 1 / (1 + e^-x), finite and strictly between 0 and 1 for every x."""
    return 1.0 / (1.0 + math.exp(-min(max(exponent, -FURTHEST), FURTHEST)))
