"""Other rules of matching players one against one, to compare with: the same tolerance, the same rule for stand-ins.

Each looks at all who wait, again and again. A greedy one walks along the sorted queue each second. Waves, as on a chess
server, come every few seconds or as soon as enough wait, and each is matched exactly. Neighbours, as on a server for
strategy games, come when about five have joined; each looks at a few neighbours, and the nearest pairs go first.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.exact import exactly

Pairs = list[tuple[Entrant, Entrant]]


class Sorted:
    """Entrants by key, and in the order of their ratings."""

    def __init__(self) -> None:
        self.by_key: dict[str, Entrant] = {}
        self.order: list[tuple[float, str]] = []

    def add(self, entrant: Entrant) -> None:
        """Put somebody in."""
        self.by_key[entrant.key] = entrant
        insort(self.order, (entrant.rating, entrant.key))

    def remove(self, key: str) -> Entrant | None:
        """Take somebody out."""
        entrant = self.by_key.pop(key, None)
        if entrant is not None:
            del self.order[bisect_left(self.order, (entrant.rating, key))]
        return entrant

    def ordered(self) -> list[Entrant]:
        """Give all, by rating."""
        return [self.by_key[key] for _, key in self.order]

    def nearest(self, rating: float) -> Iterator[Entrant]:
        """Give all, the nearest to a rating first."""
        high = bisect_left(self.order, (rating, ""))
        low = high - 1
        while low >= 0 or high < len(self.order):
            below = rating - self.order[low][0] if low >= 0 else math.inf
            above = self.order[high][0] - rating if high < len(self.order) else math.inf
            if below <= above:
                yield self.by_key[self.order[low][1]]
                low -= 1
            else:
                yield self.by_key[self.order[high][1]]
                high += 1


class Rival(ABC):
    """What all of them have in common: people are paired first, then stand-ins fill in."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.people, self.stand_ins = Sorted(), Sorted()
        self.after = 1.0
        """How many seconds after it has looked it looks again."""
        self._looked_at = 0.0

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait."""
        self.remove(entrant.key)
        if not self.people.by_key:  # it has looked meanwhile too, and saw nobody
            self._looked_at += max((entrant.since - self._looked_at) // self.after, 0.0) * self.after
        (self.stand_ins if entrant.stands_in else self.people).add(entrant)

    def remove(self, key: str) -> Entrant | None:
        """Let somebody go."""
        return self.people.remove(key) or self.stand_ins.remove(key)

    def __len__(self) -> int:
        return len(self.people.by_key) + len(self.stand_ins.by_key)

    def __contains__(self, key: object) -> bool:
        return key in self.people.by_key or key in self.stand_ins.by_key

    def take(self, now: float) -> list[Proposal]:
        """Take those out whom the rule pairs now."""
        pairs = self.pairs(now)
        for pair in pairs:
            for entrant in pair:
                self.people.remove(entrant.key)
        pairs += self._filled(now)
        self._looked_at = now
        return [Proposal(teams=((one,), (other,)), gap=abs(one.rating - other.rating)) for one, other in pairs]

    def next_at(self) -> float | None:
        """Give when it looks again; None while nobody waits."""
        return self._looked_at + self.after if self.people.by_key else None

    @abstractmethod
    def pairs(self, now: float) -> Pairs:
        """Pair people who wait now."""

    def _filled(self, now: float) -> Pairs:
        """Give the nearest stand-in to each whose human stage is over, to the one who came first before others."""
        found: Pairs = []
        stage = self.rules.stand_ins_after_seconds
        due = [entrant for entrant in self.people.by_key.values() if now - entrant.since >= stage]
        for entrant in sorted(due, key=lambda entrant: (entrant.since, entrant.key)):
            accepted = self.rules.accepts(entrant, now)
            for stand_in in self.stand_ins.nearest(entrant.rating):
                if abs(stand_in.rating - entrant.rating) > accepted:
                    break
                if self.rules.meet_at(entrant, stand_in) <= now:
                    found.append((entrant, stand_in))
                    self.people.remove(entrant.key)
                    self.stand_ins.remove(stand_in.key)
                    break
        return found


class Greedy(Rival):
    """Each second, along the sorted queue from the lowest: two neighbours who may meet are a pair."""

    def pairs(self, now: float) -> Pairs:
        """Pair neighbours from the lowest on."""
        found: Pairs = []
        before: Entrant | None = None
        for entrant in self.people.ordered():
            if before is not None and self.rules.meet_at(before, entrant) <= now:
                found.append((before, entrant))
                before = None
            else:
                before = entrant
        return found


class Waves(Rival):
    """Every 12 seconds, or as soon as somebody joins and 30 wait: each wave is matched exactly."""

    every_seconds = 12.0
    full = 30

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self.after = self.every_seconds

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait; the wave may be full with them."""
        super().add(entrant)
        if not entrant.stands_in and len(self.people.by_key) >= self.full:
            self.after = 0.0

    def pairs(self, now: float) -> Pairs:
        """Pair all who wait exactly."""
        self.after = self.every_seconds
        return exactly([*self.people.by_key.values()], self.rules, now)


class Neighbours(Rival):
    """When about five have joined, after 90 seconds at the latest: the nearest pairs of near neighbours go first."""

    joined_at_once = 5
    least_seconds, most_seconds = 1.0, 90.0
    all_pairs_below = 30
    looks = 5

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self._joined = 0
        self._past: deque[tuple[int, float]] = deque(maxlen=self.looks)
        self.after = self.most_seconds / 2

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait, and count who joins."""
        super().add(entrant)
        self._joined += not entrant.stands_in

    def pairs(self, now: float) -> Pairs:
        """Pair the nearest neighbours first: nobody is left who would rather have each other."""
        self._plan(now)
        ordered = self.people.ordered()
        reach = len(ordered) if len(ordered) < self.all_pairs_below else int(math.log2(len(ordered))) // 2
        near = [
            (ordered[b].rating - ordered[a].rating, a, b)
            for a in range(len(ordered))
            for b in range(a + 1, min(a + 1 + reach, len(ordered)))
            if self.rules.meet_at(ordered[a], ordered[b]) <= now
        ]
        taken: set[int] = set()
        found: Pairs = []
        for _, a, b in sorted(near):
            if a not in taken and b not in taken:
                taken |= {a, b}
                found.append((ordered[a], ordered[b]))
        return found

    def _plan(self, now: float) -> None:
        """Reckon from the last few times how long it takes until enough have joined."""
        self._past.append((self._joined, now - self._looked_at))
        self._joined = 0
        joined = sum(number for number, _ in self._past)
        needed = self.joined_at_once * sum(seconds for _, seconds in self._past) / max(joined, 1)
        self.after = min(max(needed, self.least_seconds), self.most_seconds)
