"""What this process has counted since it began, for those who watch it. Nothing is decided by it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict

WAIT_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""The upper bounds by which waits are counted."""


class Waits:
    """How long those waited who were matched: how many within each bound, and all together."""

    def __init__(self) -> None:
        self._numbers = [0] * (len(WAIT_SECONDS) + 1)
        self.total_seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one wait."""
        self._numbers[bisect_left(WAIT_SECONDS, seconds)] += 1
        self.total_seconds += seconds

    @property
    def within(self) -> list[tuple[str, int]]:
        """How many waited no longer than each bound; the last one has none."""
        found, number = list[tuple[str, int]](), 0
        for bound, own in zip([*map(str, WAIT_SECONDS), "+Inf"], self._numbers, strict=True):
            number += own
            found.append((bound, number))
        return found


class Counting:
    """One process's counts. Codes are those of the protocol, or of HTTP where there was no socket yet."""

    def __init__(self) -> None:
        self.closed: Counter[int] = Counter()
        """Sessions that ended, by the code of their end."""
        self.turned_away: Counter[int] = Counter()
        """Who was not let in, by code."""
        self.refused: Counter[str] = Counter()
        """What clients asked for and were refused, by the code of the answer."""
        self.signals: Counter[str] = Counter()
        """What players signalled to one another: `sent` from here, `heard` here, `dropped` for whom it was too much."""
        self.taken: Counter[str] = Counter()
        """Battles that this process took: `first` where nobody had run them, `over` from another one."""
        self.answered: Counter[str] = Counter()
        """Commands of players that this process answered, by what came of them."""
        self.matched: Counter[str] = Counter()
        """Battles that this process offered, by mode."""
        self.conflicts: Counter[str] = Counter()
        """Those that were refused since somebody in them had changed, by mode."""
        self.waits: defaultdict[str, Waits] = defaultdict(Waits)
        """How long those waited who were matched here, by mode."""
