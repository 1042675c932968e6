"""Elo's rating for one against one, with the development coefficients of FIDE's Rating Regulations (2014, K)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec.structs import replace

from tenure.services.bots.ratings.contract import Rated, check_places, logistic, score, two_players

SCALE = math.log(10) / 400
"""400 points are odds of ten to one."""
PROVISIONAL_MATCHES, PROVISIONAL_K = 30, 40.0
STRONG_VALUE, STRONG_K = 2400.0, 10.0
K = 20.0


class Elo:
    """Moves both players by K times what the result was better or worse than expected.

    K is 40 for somebody's first 30 matches, then 20, and 10 from 2400 points on. FIDE keeps the 10 for good once
    2400 was reached; here it follows the value alone, since nothing else is remembered. Its table of chances is
    replaced by the formula behind it, and its cap at a difference of 400 points is left out: it feeds the strong.
    """

    name = "elo"

    def initial(self) -> Rated:
        """Give 1500 points. Elo knows no deviation: it stays 0."""
        return Rated(value=1500.0, deviation=0.0)

    def rated(self, teams: Sequence[Sequence[Rated]], places: Sequence[int]) -> list[list[Rated]]:
        """Give both players' ratings after one match; with equal K, one gains what the other loses."""
        check_places(len(teams), places)
        one, two = two_players("Elo", teams)
        surprise = score(places) - self.expected(teams)[0]
        return [
            [replace(one, value=one.value + _k(one) * surprise, played=one.played + 1)],
            [replace(two, value=two.value - _k(two) * surprise, played=two.played + 1)],
        ]

    def expected(self, teams: Sequence[Sequence[Rated]]) -> tuple[float, ...]:
        """Give the shares by the difference of the values, on Elo's logistic curve."""
        one, two = two_players("Elo", teams)
        share = logistic((one.value - two.value) * SCALE)
        return share, 1.0 - share


def _k(player: Rated) -> float:
    if player.played < PROVISIONAL_MATCHES:
        return PROVISIONAL_K
    return K if player.value < STRONG_VALUE else STRONG_K
