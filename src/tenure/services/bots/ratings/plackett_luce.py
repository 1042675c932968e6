"""Ratings in teams by `openskill`: the Plackett–Luce model of Weng and Lin (2011), on the others' scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tenure.services.bots.ratings.contract import Rated, check_places

CENTRE, DEVIATION, PERFORMANCE, DRIFT = 1500.0, 500.0, 250.0, 5.0
"""The library's own numbers (25, 25/3, 25/6, 25/300) times 60; the third is how much a player's form varies."""
FURTHEST = 300.0
"""How far teams may be apart, in deviations of a match's result, for powers of e to stay finite."""


class OpenSkill:
    """Rates the players of two or more teams of any size by the teams' places."""

    name = "openskill"

    def __init__(self) -> None:
        try:
            # The library is optional, and only this system needs it.
            from openskill.models import PlackettLuce  # noqa: PLC0415  as it says
        except ImportError:
            raise ImportError(
                "the rating system `openskill` needs its library: pip install '/path/to/tenure[bots]'"
            ) from None
        self._model = PlackettLuce(mu=CENTRE, sigma=DEVIATION, beta=PERFORMANCE, tau=DRIFT)

    def initial(self) -> Rated:
        """Give 1500 points, give or take 500."""
        return Rated(value=CENTRE, deviation=DEVIATION)

    def rated(self, teams: Sequence[Sequence[Rated]], places: Sequence[int]) -> list[list[Rated]]:
        """Give each player's rating after one match: who is less known moves more; team mates move the same way."""
        check_places(len(teams), places)
        near = _near(teams)
        before = [[self._model.rating(mu=mu, sigma=player.deviation) for mu, player in team] for team in near]
        after = self._model.rate(before, ranks=[float(place) for place in places])
        return [
            [
                Rated(
                    value=player.value + (new.mu - mu),
                    deviation=new.sigma,
                    volatility=player.volatility,
                    played=player.played + 1,
                )
                for (mu, player), new in zip(team, news, strict=True)
            ]
            for team, news in zip(near, after, strict=True)
        ]

    def expected(self, teams: Sequence[Sequence[Rated]]) -> tuple[float, ...]:
        """Give the shares by each team's chance against each other one."""
        rated = [[self._model.rating(mu=player.value, sigma=player.deviation) for player in team] for team in teams]
        return tuple(self._model.predict_win(rated))


def _near(teams: Sequence[Sequence[Rated]]) -> list[list[tuple[float, Rated]]]:
    """Give each player with its value measured from the middle of the match, no further than the model can tell.

    Only differences count in it, and powers of the bare values overflow in large teams.
    """
    players = [player for team in teams for player in team]
    middle = math.fsum(player.value for player in players) / len(players)
    spread = math.sqrt(math.fsum(player.deviation**2 for player in players) + len(teams) * PERFORMANCE**2)
    most = FURTHEST * spread / max(len(team) for team in teams)
    return [[(min(max(player.value - middle, -most), most), player) for player in team] for team in teams]
