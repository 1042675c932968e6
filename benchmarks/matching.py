"""Measures 1v1 matching: what a change costs, and what one pass over a whole queue costs and finds.

Beside it run a sorted greedy rule and dynamic programming over the whole sorted line, both in plain Python on plain
columns. Run as `python -m benchmarks matching`; writes `benchmarks/results/matching.json`.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from benchmarks.report import Result, save

from tenure.matching import kernel, passes
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.line import Line
from tenure.matching.rows import Columns, columns, rank

RULES = Rules()
PATIENT = Rules(tolerance=0.0, tolerance_per_second=1e-6)
"""By these hardly anybody accepts anybody, so that many wait."""
NOW = 1_700_000_000.0
WAITING = (1_000, 10_000, 100_000)
PASSES = (1_000, 100_000, 1_000_000)
CHANGES, ARRIVALS = 1_000, 100
FAR, APART = 3_000, 100.0
GOALS = {
    "update among 100,000 who wait (µs)": "≤ 30",
    "pass over 100,000, with numpy (ms)": "≤ 20",
    "pass over 100,000, without numpy (ms)": "≤ 60",
    "pass over 1,000,000, with numpy (ms)": "≤ 250",
    "pass over 1,000,000, without numpy (ms)": "≤ 900",
    **{f"pairs of {queue}, per dynamic programming's": "≥ 1" for queue in ("100,000", "1,000,000", "3,000 far apart")},
    **{f"gap of {queue}, per dynamic programming's": "≤ 1" for queue in ("100,000", "1,000,000")},
}
HOW = f"""All figures are processor time, in one process. An *update* is one who comes or goes, and the question when
there is something to take next: the mean of {2 * CHANGES:,}. In a *tick* {ARRIVALS} come, each to where somebody
waits, and what may be matched now is taken; nobody else is looked at, while dynamic programming passes over all. A
*pass* pairs a queue in which nobody was matched yet: ratings as people's are (normal, 350 points either way), waits up
to a minute, tolerance 50 points and 10 more each second, at most 400. Far apart, there is one for each 100 points.
*Greedy* goes up the sorted line and pairs neighbours who agree; *dynamic programming* finds the most pairs of
neighbours, and of these the least sum of gaps. *Taking* is a pass and all that belongs to it: who is matched leaves
the queue, and a match is made of each pair."""


def people(number: int, dice: random.Random, *, width: float | None = None) -> list[Entrant]:
    """Give people who have waited up to a minute."""
    began = dice.randrange(1 << 40)
    return [
        Entrant(
            key=f"Ticket/{began + place}",
            rating=dice.uniform(0, width) if width else dice.gauss(1500, 350),
            since=NOW - dice.uniform(0, 60),
            players=(f"{began + place}",),
        )
        for place in range(number)
    ]


def spent(work: Callable[[], object]) -> float:
    """Give the seconds of processor time that something takes."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def a_line(waiting: list[Entrant]) -> Line:
    """Give a queue whose patient people were looked at already."""
    line = Line(PATIENT)
    for one in waiting:
        line.add(one)
    line.take(NOW)
    return line


def update(number: int, dice: random.Random) -> dict[str, float]:
    """Let some come and some go among so many."""
    waiting, coming = people(number, dice), people(CHANGES, dice)
    line, going = a_line(waiting), dice.sample(waiting, CHANGES)

    def change() -> None:
        for one, other in zip(coming, going, strict=True):
            line.remove(other.key)
            line.next_at()
            line.add(one)
            line.next_at()

    return {f"update among {number:,} who wait (µs)": spent(change) / CHANGES / 2 * 1e6}


def tick(number: int, dice: random.Random) -> dict[str, float]:
    """Let some come to where others wait, and take what there is: by what changed, and by passing over all."""
    waiting = people(number, dice)
    line, in_order = a_line(waiting), columns(sorted(waiting, key=rank))
    beside = dice.sample([one for one in waiting if one.key in line], ARRIVALS)
    coming = [
        Entrant(key=f"new {one.key}", rating=one.rating, since=NOW, players=(f"new {one.key}",)) for one in beside
    ]

    def take() -> None:
        for one in coming:
            line.add(one)
        if len(line.take(NOW)) < ARRIVALS // 2:
            raise RuntimeError("some came to where others waited, and were not matched")

    own, whole = spent(take), spent(lambda: dynamic(in_order, PATIENT))
    return {
        f"tick among {number:,} who wait (ms)": own * 1000,
        f"tick among {number:,} by dynamic programming (ms)": whole * 1000,
        f"dynamic programming's tick among {number:,}, per ours": whole / own,
    }


def agreed(line: Columns, rules: Rules) -> Iterator[float]:
    """Give the gap of each with the one before; infinity where they do not agree."""
    rating_before, since_before = -math.inf, math.inf
    near, more, most = rules.tolerance, rules.tolerance_per_second, rules.tolerance_at_most
    for rating, since in zip(line.ratings, line.sinces, strict=True):
        gap, later = rating - rating_before, max(since_before, since)
        rating_before, since_before = rating, since
        yield gap if gap <= near or (gap <= most and later + (gap - near) / more <= NOW) else math.inf


def greedy(line: Columns, rules: Rules) -> tuple[int, float]:
    """Pair each with the one before, if they agree and that one is free; give the pairs and the sum of gaps."""
    pairs, total, free = 0, 0.0, False
    for gap in agreed(line, rules):
        free = not free or gap == math.inf
        if not free:
            pairs, total = pairs + 1, total + gap
    return pairs, total


def dynamic(line: Columns, rules: Rules) -> tuple[int, float]:
    """Find the most pairs of neighbours, and of these the least sum of gaps, step by step."""
    pairs_before, total_before, pairs, total = 0, 0.0, 0, 0.0
    for gap in agreed(line, rules):
        more, wider = pairs_before + 1, total_before + gap
        pairs_before, total_before = pairs, total
        if gap < math.inf and (more > pairs or (more == pairs and wider < total)):
            pairs, total = more, wider
    return pairs, total


def passed(line: Columns, rules: Rules) -> tuple[int, float]:
    """Pair all in one pass of ours."""
    found = passes.pairs(line, rules, NOW)
    return len(found), sum(line.ratings[high] - line.ratings[low] for low, high in found)


def whole(number: int, dice: random.Random, *, width: float | None = None) -> dict[str, float]:
    """Pass over so many with numpy and without, and by both other ways."""
    line = columns(sorted(people(number, dice, width=width), key=rank))
    queue = f"{number:,}" + (" far apart" if width else "")
    figures: dict[str, float] = {}
    for arrays, name in ((kernel.path, "with numpy"), (None, "without numpy")):
        passes.by_arrays = arrays
        figures[f"pass over {queue}, {name} (ms)"] = spent(lambda: passes.pairs(line, RULES, NOW)) * 1000
    passes.by_arrays = kernel.path
    for way in (greedy, dynamic):
        name = "greedy" if way is greedy else "dynamic programming"
        figures[f"pass over {queue}, {name} (ms)"] = spent(partial(way, line, RULES)) * 1000
        pairs, gap = way(line, RULES)
        own_pairs, own_gap = passed(line, RULES)
        figures[f"pairs of {queue}, per {name}'s"] = own_pairs / pairs
        figures[f"gap of {queue}, per {name}'s"] = own_gap / gap
    return figures


def taking(number: int, dice: random.Random) -> dict[str, float]:
    """Let so many come at once, and take all matches."""
    line, coming = Line(RULES), people(number, dice)

    def come() -> None:
        for one in coming:
            line.add(one)

    return {
        f"coming of {number:,} at once (ms)": spent(come) * 1000,
        f"taking from {number:,} (ms)": spent(lambda: line.take(NOW)) * 1000,
    }


def measure(seed: int) -> dict[str, float]:
    """Measure everything once."""
    dice = random.Random(seed)  # noqa: S311  # nosec B311  the same each time
    figures: dict[str, float] = {}
    for number in WAITING:
        figures |= update(number, dice)
    figures |= tick(WAITING[-1], dice)
    for number in PASSES:
        figures |= whole(number, dice)
    return figures | whole(FAR, dice, width=FAR * APART) | taking(100_000, dice)


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = [measure(seed) for seed in range(parser.parse_args().rounds)]
    title = "Matching: one against one, in memory"
    save(Result.plain("matching", title, {"numpy": np.__version__, "how": HOW}), rounds, GOALS)


if __name__ == "__main__":
    main()
