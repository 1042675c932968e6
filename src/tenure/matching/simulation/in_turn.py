"""Teams in turn: who came first plays first. What the matcher of teams is compared with."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.simulation.rivals import Sorted
from tenure.matching.splits import fits, mean_rating, split


class InTurn:
    """Each second, from the one who came first: whoever came next and fits joins, until the match is full.

    Everybody in it accepts whoever is furthest away, and the team that is, by its own wait; teams are divided as ours
    are. Who finds too few by the end of the human stage is filled up with the nearest stand-ins. It is a `Matching`.
    """

    every_seconds = 1.0

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.people, self.stand_ins = Sorted(), Sorted()
        self._looked_at = 0.0

    def __len__(self) -> int:
        return len(self.people.by_key) + len(self.stand_ins.by_key)

    def __contains__(self, key: object) -> bool:
        return key in self.people.by_key or key in self.stand_ins.by_key

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait."""
        self.remove(entrant.key)
        if not self.people.by_key:  # it has looked meanwhile too, and saw nobody
            self._looked_at = max(self._looked_at, math.floor(entrant.since / self.every_seconds) * self.every_seconds)
        (self.stand_ins if entrant.stands_in else self.people).add(entrant)

    def remove(self, key: str) -> Entrant | None:
        """Let somebody go."""
        return self.people.remove(key) or self.stand_ins.remove(key)

    def next_at(self) -> float | None:
        """Give when it looks again; None while nobody waits."""
        return self._looked_at + self.every_seconds if self.people.by_key else None

    def take(self, now: float) -> list[Proposal]:
        """Take the matches out that become full."""
        self._looked_at = now
        found: list[Proposal] = []
        for first in sorted(self.people.by_key.values(), key=_came):
            if first.key in self.people.by_key and (proposal := self._match(first, now)):
                found.append(proposal)
                for entrant in proposal.entrants:
                    self.remove(entrant.key)
        return found

    # ----------------------------------------------------------------------------------------- one match

    def _match(self, first: Entrant, now: float) -> Proposal | None:
        company = _Company(first, self.rules, now)
        for entrant in self._within(self.people, company):
            if company.missing and entrant is not first and company.takes(entrant):
                company.join(entrant)
        if company.missing and not self._fill(company, now):
            return None
        divided = split(company.entrants, self.rules.teams, self.rules.team_size)
        return Proposal(teams=divided[0], gap=divided[1]) if divided and self._accepted(divided[0], now) else None

    def _within(self, line: Sorted, company: _Company) -> list[Entrant]:
        """Give those whom the first accepts, in the order in which they came."""
        low, high = bisect_left(line.order, (company.low, "")), bisect_right(line.order, (company.high, "\U0010ffff"))
        return sorted((line.by_key[key] for _, key in line.order[low:high]), key=_came)

    def _fill(self, company: _Company, now: float) -> bool:
        """Fill a match up with stand-ins, if the human stage of all in it is over; tell whether it is full."""
        stage = self.rules.stand_ins_after_seconds
        if any(now - entrant.since < stage for entrant in company.entrants):
            return False
        middle = company.entrants[0].rating
        for stand_in in sorted(self._within(self.stand_ins, company), key=lambda one: abs(one.rating - middle)):
            if company.missing and company.takes(stand_in):
                company.join(stand_in)
        return not company.missing

    def _accepted(self, teams: tuple[tuple[Entrant, ...], ...], now: float) -> bool:
        """Tell whether everybody but stand-ins accepts how far its team is from the furthest one."""
        means = [mean_rating(team) for team in teams]
        return all(
            max(mean - min(means), max(means) - mean) <= self.rules.accepts(entrant, now)
            for mean, team in zip(means, teams, strict=True)
            for entrant in team
            if not entrant.stands_in
        )


class _Company:
    """Those who may be in one match so far, and within which ratings another one must be."""

    def __init__(self, first: Entrant, rules: Rules, now: float) -> None:
        self._rules, self._now = rules, now
        self.entrants: list[Entrant] = []
        self.missing = rules.teams * rules.team_size
        self.low, self.high = -math.inf, math.inf
        self._lowest, self._highest = math.inf, -math.inf
        self.join(first)

    def takes(self, entrant: Entrant) -> bool:
        """Tell whether somebody fits: all accept the distance, nobody avoids another, and the teams can be filled."""
        if len(entrant.players) > self.missing or not self.low <= entrant.rating <= self.high:
            return False
        if not entrant.stands_in and self._rules.accepts(entrant, self._now) < max(
            entrant.rating - self._lowest, self._highest - entrant.rating
        ):
            return False
        if any(self._apart(entrant, other) for other in self.entrants):
            return False
        sizes = [len(one.players) for one in (*self.entrants, entrant)]
        return max(sizes) == 1 or fits(sizes, self._rules.teams, self._rules.team_size)

    def join(self, entrant: Entrant) -> None:
        """Take somebody in."""
        self.entrants.append(entrant)
        self.missing -= len(entrant.players)
        self._lowest, self._highest = min(self._lowest, entrant.rating), max(self._highest, entrant.rating)
        if not entrant.stands_in:
            accepted = self._rules.accepts(entrant, self._now)
            self.low, self.high = max(self.low, entrant.rating - accepted), min(self.high, entrant.rating + accepted)

    def _apart(self, one: Entrant, other: Entrant) -> bool:
        if one.stands_in and other.stands_in:
            return False
        if not (one.avoid or one.met or other.avoid or other.met):
            return False
        return self._rules.meet_at(one, other) > self._now


def _came(entrant: Entrant) -> tuple[float, str]:
    return entrant.since, entrant.key
