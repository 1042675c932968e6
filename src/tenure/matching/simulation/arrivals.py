"""Who comes when: read from a trace, or generated as a day with its curve."""

from __future__ import annotations

import csv
import math
import random
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

import msgspec

DAY_SECONDS = 86_400.0
COLUMNS = ("time", "player", "rating", "patience")
STEPS = 1440
MOST_SECONDS = 31 * DAY_SECONDS


class BadTrace(ValueError):  # noqa: N818  it says what it is
    """A line of a trace is malformed; the message says which one, and why."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """Somebody who comes, in seconds since the beginning, and waits for so long at most."""

    time: float
    player: str
    rating: float
    patience: float
    party: tuple[str, ...] = ()
    """Who comes along; the rating is that of all of them together."""

    @property
    def players(self) -> tuple[str, ...]:
        """All who come together."""
        return (self.player, *self.party)


# --------------------------------------------------------------------------------------------- traces


def read_trace(lines: Iterable[str], *, party_of_at_most: int = 1) -> list[Arrival]:
    """Read a trace whole, in the order of time: CSV with a first line of names, or one JSON object a line.

    The columns are `time`, `player`, `rating`, `patience` and, if there is one, `party`: who comes along, separated by
    spaces (in JSON a list). Times are in seconds. Raises `BadTrace`.
    """
    kept = [line.rstrip("\r\n") for line in lines]
    first = next((line for line in kept if line.strip()), "")
    rows = _of_json(kept) if first.lstrip().startswith("{") else _of_csv(kept)
    arrivals: list[Arrival] = []
    for number, row in rows:
        try:
            arrivals.append(_arrival(row, party_of_at_most))
        except (ValueError, TypeError) as error:
            raise BadTrace(f"line {number}: {error}") from None
    if not arrivals:
        raise BadTrace("there is no arrival in it")
    return sorted(arrivals, key=lambda arrival: arrival.time)


def _of_csv(lines: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.reader(lines, strict=True)
    names: list[str] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadTrace(f"line {reader.line_num}: {error}") from None
        if not any(cell.strip() for cell in cells):
            continue
        if not names:
            names = _names(reader.line_num, cells)
        elif len(cells) != len(names):
            raise BadTrace(f"line {reader.line_num}: {len(cells)} cells for {len(names)} columns ({', '.join(names)})")
        else:
            yield reader.line_num, dict(zip(names, cells, strict=True))


def _names(number: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if set(names) - {"party"} != set(COLUMNS) or len(set(names)) != len(names):
        raise BadTrace(
            f"line {number}: the first line names the columns {', '.join(COLUMNS)} and, if wanted, party; "
            f"it has {', '.join(names)}"
        )
    return names


def _of_json(lines: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise BadTrace(f"line {number}: {error}") from None
        if not isinstance(row, dict):
            raise BadTrace(f"line {number}: one JSON object a line is expected")
        unknown, absent = set(row) - {*COLUMNS, "party"}, set(COLUMNS) - set(row)
        if unknown or absent:
            wrong = f"it has no {', '.join(sorted(absent))}" if absent else f"there is no {', '.join(sorted(unknown))}"
            raise BadTrace(f"line {number}: {wrong} (known: {', '.join(COLUMNS)}, party)")
        yield number, row


def _arrival(row: Mapping[str, Any], party_of_at_most: int) -> Arrival:
    party = row.get("party") or ()
    together = party.split() if isinstance(party, str) else [*party]
    players = [row["player"].strip() if isinstance(row["player"], str) else row["player"], *together]
    if not all(isinstance(player, str) and player for player in players) or len(set(players)) != len(players):
        raise ValueError("player and party are different names that aren't empty")
    if len(players) > party_of_at_most:
        raise ValueError(f"{len(players)} come together, but a team has {party_of_at_most}")
    time, rating, patience = (_number(name, row[name]) for name in ("time", "rating", "patience"))
    if not 0 <= time <= MOST_SECONDS or patience < 0:
        raise ValueError(f"time is between 0 and {MOST_SECONDS:.0f} seconds, and patience no less than 0")
    return Arrival(time, players[0], rating, patience, tuple(players[1:]))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"{name} is a number, not {value!r}")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is a number, not {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is a finite number, not {value!r}")
    return number


# --------------------------------------------------------------------------------------------- a day


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of arrivals: most come in the evening, fewest in the early morning; the same for the same seed."""

    arrivals_per_day: int
    seed: int = 1
    hours: float = 24.0
    mean_rating: float = 1500.0
    rating_deviation: float = 300.0
    mean_patience: float = 300.0
    """How long somebody waits at most, in seconds, on average: its distribution is exponential."""
    swing: float = 0.6
    """By which share of the mean the rate rises and falls through the day."""
    parties: float = 0.0
    """The share of arrivals that are parties, of 2 players to a whole team."""
    team_size: int = 1

    def arrivals(self) -> Iterator[Arrival]:
        """Give the arrivals in the order of time."""
        chance = random.Random(self.seed)  # noqa: S311  no secret, but the same each time
        for number, time in enumerate(self._times(chance)):
            if time >= self.hours * 3600:
                return
            size = self._size(chance)
            # A party's rating is the mean of its players'.
            deviation = self.rating_deviation / math.sqrt(size)
            yield Arrival(
                time,
                f"p{number}",
                chance.gauss(self.mean_rating, deviation),
                chance.expovariate(1 / self.mean_patience),
                tuple(f"p{number}.{place}" for place in range(1, size)),
            )

    def _size(self, chance: random.Random) -> int:
        if self.team_size == 1 or not self.parties or chance.random() >= self.parties:
            return 1
        return chance.randint(2, self.team_size)

    def _times(self, chance: random.Random) -> Iterator[float]:
        """Give as many moments as arrivals, in order, thick where the curve is high."""
        sums = array("d", accumulate(chance.expovariate(1) for _ in range(self.arrivals_per_day + 1)))
        shares = self._shares()
        for part in sums[:-1]:
            share = part / sums[-1]
            step = min(bisect_right(shares, share) - 1, STEPS - 1)
            yield (step + (share - shares[step]) / (shares[step + 1] - shares[step])) * DAY_SECONDS / STEPS

    def _shares(self) -> list[float]:
        """Give which share of a day's arrivals has come by each minute. The peak is at 20:00."""
        rates = [1 + self.swing * math.cos(2 * math.pi * ((step + 0.5) / STEPS - 20 / 24)) for step in range(STEPS)]
        sums = [0.0, *accumulate(rates)]
        return [part / sums[-1] for part in sums]
