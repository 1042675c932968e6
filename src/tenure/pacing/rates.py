"""How much may be asked in how long, and how that is spread over the time: plain values.

Whoever limits us counts in windows that begin we don't know when. So a rate is kept in *every* stretch of its length:
a small share of it at once, the rest evenly over the time. What that takes is one instant per rate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import msgspec

HOLD_SECONDS = 0.5
"""How long a token is good for after it was taken."""
DELAY_SECONDS = 0.25
"""By how much longer than another one a request may be under way, at most, so that no limit is broken."""
BREATH_SECONDS = 0.1
"""Where all is used up, one waits for the tokens of so long a time."""
AT_ONCE = 10
"""One part in so many of a rate may be taken at once; the rest is spread."""
ROUNDING = 0.001
"""Which part of a token is taken for nothing."""
MOST_OF_A_RATE = 10_000_000
LONGEST_SECONDS = 7 * 86_400
MOST_RATES = 8

_FORM = re.compile(r"(\d{1,8}):(\d{1,8})")


class Rate(msgspec.Struct, frozen=True):
    """At most so many in so many seconds, in whichever stretch of that length somebody counts."""

    most: int
    seconds: float

    @property
    def at_once(self) -> int:
        """How many may be taken at once after a rest."""
        return max(1, self.most // AT_ONCE)

    @property
    def gap_seconds(self) -> float:
        """From one token to the next in the long run.

        Tokens of a stretch may be used up to `HOLD_SECONDS` after they were taken, and their requests come in up to
        `DELAY_SECONDS` closer together than they were sent: so it is spread over that much more than the stretch.
        """
        return (self.seconds + HOLD_SECONDS + DELAY_SECONDS) / max(self.most - self.at_once, 0.99)


def parse_rates(text: str) -> tuple[Rate, ...]:
    """Read `20:1,100:120`: at most 20 in one second, and 100 in 120 seconds. Raises `ValueError`."""
    return tuple(Rate(most, float(length)) for most, length in parse_pairs(text))


def parse_pairs(text: str) -> tuple[tuple[int, int], ...]:
    """Read `20:1,100:120` as pairs of a number and a length in seconds. Raises `ValueError`."""
    pairs: list[tuple[int, int]] = []
    for part in text.split(","):
        found = _FORM.fullmatch(part.strip())
        number, length = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 0 <= number <= MOST_OF_A_RATE or not 0 < length <= LONGEST_SECONDS or len(pairs) == MOST_RATES:
            raise ValueError(f"{text[:80]!r} is no list of rates: write `20:1,100:120` for 20 in 1 s and 100 in 120 s")
        pairs.append((number, length))
    return tuple(pairs)


class Level(msgspec.Struct, frozen=True):
    """How far several rates are used up: for each, the instant in seconds up to which tokens were given away."""

    rates: tuple[Rate, ...]
    given_until: tuple[float, ...]

    def available(self, now: float) -> int:
        """Give how many tokens there are now."""
        return min((_available(*each, now) for each in self._each()), default=MOST_OF_A_RATE)

    def wait_seconds(self, number: int, now: float) -> float:
        """Give how long it is until there are so many tokens."""
        return max((_wait_seconds(*each, number, now) for each in self._each()), default=0.0)

    def least(self, wanted: int) -> int:
        """Give how many to wait for, where so many are wanted: not for one at a time, as each time is a change."""
        enough = (max(1, min(rate.at_once, int(BREATH_SECONDS / rate.gap_seconds))) for rate in self.rates)
        return min((wanted, *enough))

    def clear_seconds(self, number: int) -> float:
        """Give how long it takes at least until so many have got a token."""
        return max((max(0, number - rate.at_once) * rate.gap_seconds for rate in self.rates), default=0.0)

    def without(self, number: int, now: float) -> Level:
        """Give what is left once so many tokens were taken."""
        given = (max(until, now) + number * rate.gap_seconds for rate, until in self._each())
        return Level(self.rates, tuple(given))

    def at(self, rates: Sequence[Rate], now: float) -> Level:
        """Give the same under other rates. A rate that was not known begins used up: nobody kept to it so far."""
        before = dict(self._each())
        given = (before.get(rate, now + rate.at_once * rate.gap_seconds) for rate in rates)
        return Level(tuple(rates), tuple(given))

    def _each(self) -> zip[tuple[Rate, float]]:
        return zip(self.rates, self.given_until, strict=True)


def level_of(rates: Sequence[Rate], now: float) -> Level:
    """Give rates of which nothing was taken yet."""
    return Level(tuple(rates), (now,) * len(rates))


def _available(rate: Rate, given_until: float, now: float) -> int:
    # An instant is exact to a microsecond or so: a token that is due now is not put off for that.
    ahead = max(given_until - now, 0.0)
    return max(0, math.floor(rate.at_once - ahead / rate.gap_seconds + ROUNDING))


def _wait_seconds(rate: Rate, given_until: float, number: int, now: float) -> float:
    if _available(rate, given_until, now) >= number:
        return 0.0
    return given_until - now - (rate.at_once - number) * rate.gap_seconds
