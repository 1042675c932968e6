"""Glicko-2 for one against one, after Glickman's "Example of the Glicko-2 system" (2022); steps as he counts them.

He rates all matches of a period at once. Here each match is a period of its own, as game servers mostly do it: a
rating is right at once for the next pairing, and volatility moves less. `after_period` takes any number of results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from tenure.services.bots.ratings.contract import Rated, check_places, logistic, score, two_players

CENTRE, SCALE = 1500.0, 173.7178
LARGEST_DEVIATION = 350.0
TAU = 0.5
"""How fast volatility may change; Glickman advises 0.3 to 1.2."""
PRECISION = 1e-6


class Glicko2:
    """Moves a player the more, the less is known of it and the more is known of its opponent."""

    name = "glicko2"

    def initial(self) -> Rated:
        """Give 1500 points, give or take 350."""
        return Rated(value=CENTRE, deviation=LARGEST_DEVIATION)

    def rated(self, teams: Sequence[Sequence[Rated]], places: Sequence[int]) -> list[list[Rated]]:
        """Give both players' ratings after one match, each by what the other's was before it."""
        check_places(len(teams), places)
        one, two = two_players("Glicko-2", teams)
        won = score(places)
        return [[after_period(one, [(two, won)])], [after_period(two, [(one, 1.0 - won)])]]

    def expected(self, teams: Sequence[Sequence[Rated]]) -> tuple[float, ...]:
        """Give the shares, drawn to a half by the deviation of both."""
        one, two = two_players("Glicko-2", teams)
        weight = _weight(math.hypot(one.deviation, two.deviation) / SCALE)
        share = logistic(weight * (one.value - two.value) / SCALE)
        return share, 1.0 - share


def after_period(player: Rated, results: Iterable[tuple[Rated, float]]) -> Rated:
    """Give a rating after a period: each result is an opponent as it was before, and 1, 0.5 or 0 points won.

    Without any result only the deviation grows. It never exceeds that of somebody who has not played yet.
    """
    mu, phi = (player.value - CENTRE) / SCALE, player.deviation / SCALE
    games = [(_weight(other.deviation / SCALE), (other.value - CENTRE) / SCALE, won) for other, won in results]
    if not games:
        return replace(player, deviation=_deviation(math.hypot(phi, player.volatility)))
    chances = [logistic(weight * (mu - other)) for weight, other, _ in games]
    # Step 3: what the results alone would tell of the player, as a variance.
    pairs = list(zip(games, chances, strict=True))
    variance = 1.0 / math.fsum(weight**2 * chance * (1.0 - chance) for (weight, _, _), chance in pairs)
    # Step 4: by how much they say that it is better than thought.
    surprise = math.fsum(weight * (won - chance) for (weight, _, won), chance in pairs)
    volatility = _volatility(player.volatility, phi, variance, variance * surprise)
    # Steps 6 and 7: the deviation grows by the volatility, then shrinks by what was learnt.
    grown = math.hypot(phi, volatility)
    phi = 1.0 / math.sqrt(1.0 / grown**2 + 1.0 / variance)
    return Rated(
        value=CENTRE + SCALE * (mu + phi**2 * surprise),
        deviation=_deviation(phi),
        volatility=volatility,
        played=player.played + len(games),
    )


def _weight(phi: float) -> float:
    """Give how much a match against somebody of this deviation counts: Glickman's g."""
    return 1.0 / math.sqrt(1.0 + 3.0 * (phi / math.pi) ** 2)


def _deviation(phi: float) -> float:
    return min(phi * SCALE, LARGEST_DEVIATION)


def _volatility(before: float, phi: float, variance: float, improvement: float) -> float:
    """Give the volatility after the period: step 5, the zero of a falling function, by regula falsi (Illinois)."""
    known = phi**2 + variance
    start = math.log(before**2)

    def slope(x: float) -> float:
        raised = math.exp(x)
        return raised * (improvement**2 - known - raised) / (2.0 * (known + raised) ** 2) - (x - start) / TAU**2

    low, high = start, _other_side(start, known, improvement, slope)
    at_low, at_high = slope(low), slope(high)
    while abs(high - low) > PRECISION:
        middle = low + (low - high) * at_low / (at_high - at_low)
        at_middle = slope(middle)
        if at_middle * at_high <= 0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0
        high, at_high = middle, at_middle
    return math.exp(low / 2.0)


def _other_side(start: float, known: float, improvement: float, slope: Callable[[float], float]) -> float:
    """Give a point where the function is not above zero, if it is at `start`; else one where it is not below."""
    if improvement**2 > known:
        return math.log(improvement**2 - known)
    below = start - TAU
    while slope(below) < 0:
        below -= TAU
    return below
