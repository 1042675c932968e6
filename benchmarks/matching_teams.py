"""Measures matching of teams: what a change costs, one look at a whole queue, and dividing a match.

Run as `python -m benchmarks matching_teams`; writes `benchmarks/results/matching-teams.json`.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections.abc import Callable
from functools import partial
from itertools import combinations

from benchmarks.report import Result, save

from tenure.matching.entrants import Entrant, Rules
from tenure.matching.splits import split
from tenure.matching.teams import Squads

NOW = 1_700_000_000.0
FIVES = {"teams": 2, "team_size": 5}
IN_PARTIES = 0.2
WAITING, CHANGES, MATCHES = 10_000, 500, 100
GOALS: dict[str, str] = {}
HOW = f"""All figures are processor time, in one process, for five against five; ratings as people's are (normal, 350
points either way), waits up to a minute. *In parties* is a queue of which each fifth entrant is a party of two to
five. An *update* is one who comes or goes, and the question when there is something to take next: the mean of
{2 * CHANGES:,}, by rules by which hardly anybody accepts anybody. A *look at all* is the first, at a queue in which
nobody was matched yet: all matches that there are, each divided into its teams. A *division* puts players into the
two teams that are nearest to one another; beside it all 126, or 6,435, ways are tried one by one."""


def people(number: int, dice: random.Random, *, in_parties: float = 0.0) -> list[Entrant]:
    """Give people who have waited up to a minute, some of them in parties."""
    began = dice.randrange(1 << 40)
    found = []
    for key in range(began, began + number):
        size = dice.randint(2, FIVES["team_size"]) if dice.random() < in_parties else 1
        players = tuple(f"{key}.{player}" for player in range(size))
        rating, since = dice.gauss(1500, 350), NOW - dice.uniform(0, 60)
        found.append(Entrant(key=f"Ticket/{key}", rating=rating, since=since, players=players))
    return found


def spent(work: Callable[[], object]) -> float:
    """Give the seconds of processor time that something takes."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def a_queue(rules: Rules, waiting: list[Entrant]) -> Squads:
    """Give a queue in which these wait."""
    squads = Squads(rules)
    for entrant in waiting:
        squads.add(entrant)
    return squads


def update(dice: random.Random, in_parties: float) -> float:
    """Let some come and some go where many wait; give the microseconds of one."""
    patient = Rules(**FIVES, tolerance=0.0, tolerance_per_second=1e-6)
    waiting, coming = people(WAITING, dice, in_parties=in_parties), people(CHANGES, dice, in_parties=in_parties)
    squads, going = a_queue(patient, waiting), dice.sample(waiting, CHANGES)
    squads.take(NOW)
    squads.next_at()

    def change() -> None:
        for one, other in zip(coming, going, strict=True):
            squads.remove(other.key)
            squads.next_at()
            squads.add(one)
            squads.next_at()

    return spent(change) / CHANGES / 2 * 1e6


def look(dice: random.Random, in_parties: float) -> float:
    """Take all matches of a queue; give the milliseconds."""
    squads = a_queue(Rules(**FIVES), people(WAITING, dice, in_parties=in_parties))
    return spent(partial(squads.take, NOW)) * 1e3


def one_by_one(entrants: list[Entrant]) -> tuple[float, tuple[Entrant, ...]]:
    """Try all ways to put players into two teams; give how far the best is from equal, and the first one's team."""
    first, *rest = entrants
    half = sum(entrant.rating for entrant in entrants) / 2 - first.rating
    ways = combinations(rest, len(entrants) // 2 - 1)
    return min(((abs(sum([e.rating for e in others]) - half), others) for others in ways), key=lambda way: way[0])


def division(dice: random.Random, players: int) -> dict[str, float]:
    """Divide matches into two teams, and try all ways beside it."""
    matches = [people(players, dice) for _ in range(MATCHES)]

    def ours() -> None:
        for match in matches:
            split(match, 2, players // 2)

    def all_ways() -> None:
        for match in matches:
            one_by_one(match)

    return {
        f"division of {players} players (µs)": spent(ours) / MATCHES * 1e6,
        f"division of {players} players, all ways tried (µs)": spent(all_ways) / MATCHES * 1e6,
    }


def measure(seed: int) -> dict[str, float]:
    """Measure everything once."""
    dice = random.Random(seed)  # noqa: S311  # nosec B311  the same each time
    figures: dict[str, float] = {}
    for in_parties, name in ((0.0, ""), (IN_PARTIES, ", in parties")):
        figures[f"update among {WAITING:,} who wait{name} (µs)"] = update(dice, in_parties)
        figures[f"look at all {WAITING:,} who wait{name} (ms)"] = look(dice, in_parties)
    return figures | division(dice, 10) | division(dice, 16)


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = [measure(seed) for seed in range(parser.parse_args().rounds)]
    save(Result.plain("matching-teams", "Matching: five against five, in memory", {"how": HOW}), rounds, GOALS)


if __name__ == "__main__":
    main()
