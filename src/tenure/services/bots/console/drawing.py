"""Drawings as plain numbers: who waits on the line of ratings, waits against gaps, a rating over its matches.

Pure; `drawing.html` turns one into SVG. Waits have a logarithmic height, so that seconds and hours both can be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tenure.matching.entrants import Entrant, Rules

WIDTH, NARROW, HEIGHT = 1020.0, 480.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 26.0, 12.0, 40.0
SHELF = 22.0
"""The height of the strip in which bots stand, below the people."""
MOST_DOTS = 300
MOST_RANGES = 60
BINS = 48
LEVELS = 5
LEAST_SPAN = 400.0
LENGTHS = ((1, "1 s"), (3, "3 s"), (10, "10 s"), (30, "30 s"), (60, "1 min"), (300, "5 min"), (1800, "30 min"),
           (7200, "2 h"), (43_200, "12 h"), (259_200, "3 d"))  # fmt: skip
STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One of something: `kind` is how it looks, `label` what it says, `key` what it leads to."""

    x: float
    y: float
    kind: str
    label: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """Several at once: `level` from 1 to `LEVELS` is how many, beside the fullest."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    level: int
    label: str


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where on the line somebody accepts an opponent."""

    x: float
    width: float
    y: float


@dataclass(slots=True)
class Drawing:
    """What is drawn, in the units of its own plane; `label` says it to who can't see it."""

    label: str
    x_title: str
    y_title: str
    x_ticks: list[Tick] = field(default_factory=list)
    y_ticks: list[Tick] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    path: str = ""
    shelf: float | None = None
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM

    @property
    def right(self) -> float:
        """Where the plane ends."""
        return self.width - RIGHT


Scale = Callable[[float], float]


def _linear(least: float, most: float, begin: float, end: float) -> Scale:
    return lambda value: round(begin + (value - least) / (most - least) * (end - begin), 1)


def _by_wait(longest: float, begin: float, end: float) -> Scale:
    top = math.log1p(longest)
    return lambda wait: round(begin + math.log1p(min(max(wait, 0.0), longest)) / top * (end - begin), 1)


def _ticks(least: float, most: float, scale: Scale, number: int = 8) -> list[Tick]:
    step = next((step for step in STEPS if (most - least) / step <= number), STEPS[-1])
    first = math.ceil(least / step)
    return [Tick(scale(n * step), f"{n * step:,}") for n in range(first, math.floor(most / step) + 1)]


def _wait_ticks(longest: float, scale: Scale) -> list[Tick]:
    return [Tick(scale(seconds), text) for seconds, text in LENGTHS if seconds <= longest]


def _span(values: Iterable[float]) -> tuple[float, float]:
    """Give a span of whole hundreds that has room for all values."""
    found = list(values)
    least, most = math.floor(min(found) / 100) * 100, math.ceil(max(found) / 100) * 100
    missing = max(LEAST_SPAN - (most - least), 0) / 2
    return least - missing, most + missing


# ------------------------------------------------------------------------------------ who waits


def draw_queue(entrants: Sequence[Entrant], now: float, rules: Rules) -> Drawing | None:
    """Draw who waits: people as high as they have waited, bots on the shelf below. None for an empty queue."""
    if not entrants:
        return None
    people = [entrant for entrant in entrants if not entrant.stands_in]
    longest = max([30.0, *(now - entrant.since for entrant in people)])
    least, most = _span(entrant.rating for entrant in entrants)
    x = _linear(least, most, LEFT, WIDTH - RIGHT)
    y = _by_wait(longest, HEIGHT - BOTTOM - SHELF, TOP)
    drawn = Drawing(
        label=f"{_people(len(people))} and {_bots(len(entrants) - len(people))} wait, by rating and wait",
        x_title="rating", y_title="wait", x_ticks=_ticks(least, most, x), y_ticks=_wait_ticks(longest, y),
        shelf=HEIGHT - BOTTOM - SHELF,
    )  # fmt: skip
    if len(entrants) <= MOST_DOTS:
        drawn.dots = [_waiting(entrant, now, x, y) for entrant in entrants]
        drawn.ranges = [_accepted(e, now, rules, x, y) for e in people] if len(people) <= MOST_RANGES else []
    else:
        drawn.boxes = [*_boxes(people, now, (least, most), x, y), *_shelved(entrants, (least, most), x)]
    return drawn


def _waiting(entrant: Entrant, now: float, x: Scale, y: Scale) -> Dot:
    waited = max(now - entrant.since, 0.0)
    label = f"{', '.join(entrant.players)}: rating {entrant.rating:,.0f}, waits for {waited:,.0f} s"
    height = HEIGHT - BOTTOM - SHELF / 2 if entrant.stands_in else y(waited)
    return Dot(x(entrant.rating), height, "bot" if entrant.stands_in else "person", label, entrant.key)


def _accepted(entrant: Entrant, now: float, rules: Rules, x: Scale, y: Scale) -> Range:
    tolerance = rules.accepts(entrant, now)
    begin = max(x(entrant.rating - tolerance), LEFT)
    end = min(x(entrant.rating + tolerance), WIDTH - RIGHT)
    return Range(begin, round(end - begin, 1), y(now - entrant.since))


def _binned(entrants: Iterable[Entrant], span: tuple[float, float]) -> dict[int, list[Entrant]]:
    least, most = span
    bins: dict[int, list[Entrant]] = {}
    for entrant in entrants:
        number = min(int((entrant.rating - least) / (most - least) * BINS), BINS - 1)
        bins.setdefault(number, []).append(entrant)
    return bins


def _boxes(people: Sequence[Entrant], now: float, span: tuple[float, float], x: Scale, y: Scale) -> list[Box]:
    """Draw many people as boxes: as high as the longest wait there, as dark as there are many."""
    bins = _binned(people, span)
    fullest = max(map(len, bins.values()), default=1)
    floor = HEIGHT - BOTTOM - SHELF
    boxes = []
    for number, found in bins.items():
        oldest = max(now - entrant.since for entrant in found)
        begin, end, said = _place(number, span, x)
        label = f"{said}: {_people(len(found))}, the longest wait {oldest:,.0f} s"
        top = min(y(oldest), floor - 2)
        boxes.append(Box(begin, top, end, round(floor - top, 1), "person", _level(len(found), fullest), label))
    return boxes


def _shelved(entrants: Sequence[Entrant], span: tuple[float, float], x: Scale) -> list[Box]:
    bins = _binned((entrant for entrant in entrants if entrant.stands_in), span)
    fullest = max(map(len, bins.values()), default=1)
    boxes = []
    for number, found in bins.items():
        begin, width, said = _place(number, span, x)
        label = f"{said}: {_bots(len(found))}"
        top = HEIGHT - BOTTOM - SHELF + 4
        boxes.append(Box(begin, top, width, SHELF - 8, "bot", _level(len(found), fullest), label))
    return boxes


def _place(number: int, span: tuple[float, float], x: Scale) -> tuple[float, float, str]:
    """Give where a bin begins, how wide it is, and what it is called."""
    size = (span[1] - span[0]) / BINS
    begin, end = span[0] + number * size, span[0] + (number + 1) * size
    return x(begin), round(max(x(end) - x(begin) - 1, 1), 1), f"{begin:,.0f} to {end:,.0f}"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def _bots(number: int) -> str:
    return "1 bot" if number == 1 else f"{number:,} bots"


def _level(number: int, fullest: int) -> int:
    return max(math.ceil(number / fullest * LEVELS), 1)


# ------------------------------------------------------------------------------------ matches and ratings


@dataclass(frozen=True, slots=True)
class Made:
    """A match as the chart has it: the longest wait of a person in it, and whether a bot filled in."""

    id: str
    gap: float
    waited: float
    with_bot: bool


def draw_matches(matches: Sequence[Made]) -> Drawing | None:
    """Draw the longest wait of each match against its gap. None where there is none."""
    if not matches:
        return None
    widest = max(50.0, math.ceil(max(match.gap for match in matches) / 50) * 50)
    longest = max(30.0, *(match.waited for match in matches))
    x, y = _linear(0, widest, LEFT, WIDTH - RIGHT), _by_wait(longest, HEIGHT - BOTTOM, TOP)
    return Drawing(
        label=f"The last {len(matches)} matches, by rating gap and longest wait",
        x_title="rating gap", y_title="wait", x_ticks=_ticks(0, widest, x), y_ticks=_wait_ticks(longest, y),
        dots=[
            Dot(x(match.gap), y(match.waited), "bot" if match.with_bot else "person",
                f"gap {match.gap:,.0f}, waited {match.waited:,.0f} s{', a bot filled in' if match.with_bot else ''}",
                f"Match/{match.id}")
            for match in matches
        ],
    )  # fmt: skip


def draw_rating(values: Sequence[float]) -> Drawing | None:
    """Draw a rating after each of its matches, the oldest first. None for less than two."""
    if len(values) < 2:  # noqa: PLR2004
        return None
    least, most = _span(values)
    x, y = _linear(0, len(values) - 1, LEFT, NARROW - RIGHT), _linear(least, most, HEIGHT - BOTTOM, TOP)
    points = [(x(number), y(value)) for number, value in enumerate(values)]
    return Drawing(
        width=NARROW,
        label=f"The rating over the last {len(values) - 1} matches: from {values[0]:,.0f} to {values[-1]:,.0f}",
        x_title="matches", y_title="rating", x_ticks=_ticks(0, len(values) - 1, x), y_ticks=_ticks(least, most, y, 6),
        path=" ".join(f"{x},{y}" for x, y in points),
        dots=[Dot(x, y, "value", f"{value:,.0f}") for (x, y), value in zip(points, values, strict=True)],
    )  # fmt: skip
