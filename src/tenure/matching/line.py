"""One against one, as people come, go and wait: what a moment costs is what has changed by then.

Everybody who waits knows the earliest moment at which somebody there may be matched with him. These moments lie in a
heap, so nothing is looked at before its time. Whoever comes looks outwards from his place by rating, and only at
those who came before all that he has seen so far: anybody else is both further away and newer, so he is met later.
Whoever goes leaves only those to look again who waited for him.

When somebody's moment has come, those who may be matched by then are followed from one to the next, and the best pairs
of this group are taken, exactly unless it is large. When everybody's has come, after an outage, one pass does it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import count
from operator import itemgetter

import msgspec

from tenure.matching import passes
from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.paths import SLIGHT
from tenure.matching.rows import Place, Row, columns, rank

MANY = 256
"""So many at once are worth one pass over the whole line, if that is a fair part of it."""
SHARE = 8
NEAREST = 8
"""So many people who may be matched by now are followed from each, downwards and upwards."""
NEAREST_STAND_INS = 4
"""The same for stand-ins: of so many people who want the same ones, none needs a farther one."""
GROUP = 256
"""So many are looked at together at most."""
RATING_AT_MOST = 1e9

Pair = tuple[Entrant, Entrant]


class _Waiting(msgspec.Struct, gc=False, eq=False):
    """Somebody who waits, or has gone meanwhile."""

    entrant: Entrant
    gone: bool = False


Moment = tuple[float, int, _Waiting, _Waiting]
"""From when somebody may meet whom; the number keeps equal moments in the order in which they were found."""


Meeting = tuple[float, str | None]
"""A moment and whose it is; infinity and nobody."""
_at = itemgetter(0)


class Line:
    """A queue of players who are matched one against one."""

    def __init__(self, rules: Rules) -> None:
        if rules.teams != 2 or rules.team_size != 1:  # noqa: PLR2004  one against one
            raise ValueError(f"one plays against one here, not {rules.teams} teams of {rules.team_size}: use Squads")
        self._rules = rules
        self._people, self._stand_ins = Row(), Row()
        self._waiting: dict[str, _Waiting] = {}
        self._new: list[_Waiting] = []
        """Who has not looked yet for his earliest moment."""
        self._moments: list[Moment] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: object) -> bool:
        return key in self._waiting

    def add(self, entrant: Entrant) -> None:
        """Let somebody wait. One with the same key is replaced."""
        if len(entrant.players) > 1:
            raise ValueError(f"{entrant.key} is a party of {len(entrant.players)}, and here one plays against one")
        if not (abs(entrant.rating) <= RATING_AT_MOST and math.isfinite(entrant.since)):
            raise ValueError(
                f"{entrant.key} has rating {entrant.rating} and waits since {entrant.since}: no such number"
            )
        self.remove(entrant.key)
        self._row(entrant).add(entrant)
        self._waiting[entrant.key] = waiting = _Waiting(entrant)
        self._new.append(waiting)
        if len(self._new) > 2 * len(self._waiting) + MANY:
            self._new = [waiting for waiting in self._new if not waiting.gone]

    def remove(self, key: str) -> Entrant | None:
        """Let somebody go, and give him; None if he did not wait."""
        waiting = self._waiting.pop(key, None)
        if waiting is None:
            return None
        waiting.gone = True
        self._row(waiting.entrant).remove(waiting.entrant)
        return waiting.entrant

    def take(self, now: float) -> list[Proposal]:
        """Take those out who are best matched now, and give their matches, the longest waits first."""
        whole = self._is_much(len(self._new))
        found = self._taken(self._in_one_pass(now)) if whole else []
        while due := self._due(now):
            if not whole and self._is_much(len(due)):
                whole = True
                found += self._taken(self._in_one_pass(now))
            else:
                found += self._taken(self._around(due, now))
            self._new += [waiting for waiting, _ in due]
        return _proposals(found)

    def next_at(self) -> float | None:
        """Give the moment from which there is something to take; None while nobody waits for one."""
        self._settle()
        while self._moments:
            at, _, waiting, whom = self._moments[0]
            if not (waiting.gone or whom.gone):
                return at
            heappop(self._moments)
            self._look(waiting)
        return None

    def _row(self, entrant: Entrant) -> Row:
        return self._stand_ins if entrant.stands_in else self._people

    def _is_much(self, number: int) -> bool:
        return number >= MANY and number * SHARE >= len(self._waiting)

    # The moments. One whose partner has gone is too early, never too late: then its owner looks again.

    def _settle(self) -> None:
        """Let everybody who is new look for his earliest moment."""
        for waiting in self._new:
            if not waiting.gone:
                self._look(waiting)
        self._new.clear()
        if len(self._moments) > 2 * len(self._waiting) + MANY:
            self._moments = [moment for moment in self._moments if not moment[2].gone]
            heapify(self._moments)

    def _look(self, waiting: _Waiting) -> None:
        if not waiting.gone:
            at, whom = self._earliest(waiting.entrant)
            if whom is not None:
                heappush(self._moments, (at, next(self._numbers), waiting, self._waiting[whom]))

    def _due(self, now: float) -> list[tuple[_Waiting, _Waiting]]:
        """Give those whose moment has come, with whom. Their moments are spent."""
        self._settle()
        found: list[tuple[_Waiting, _Waiting]] = []
        while self._moments and self._moments[0][0] <= now:
            _, _, waiting, whom = heappop(self._moments)
            if waiting.gone or whom.gone:
                self._look(waiting)
            else:
                found.append((waiting, whom))
        return found

    def _earliest(self, one: Entrant) -> Meeting:
        """Give the earliest moment at which somebody may be met, and who that is."""
        found: Meeting = (math.inf, None)
        for row, stage in self._rows(one):
            for start, step in zip(row.beside(one), (-1, 1), strict=True):
                found = self._earlier(found, one, row, stage, start, step)
        return found

    def _rows(self, one: Entrant) -> Iterator[tuple[Row, float]]:
        """Give the rows in which somebody may meet others, with the moment from which he may."""
        if self._people:
            yield self._people, one.since
        if self._stand_ins and not one.stands_in:
            yield self._stand_ins, one.since + self._rules.stand_ins_after_seconds

    def _earlier(self, found: Meeting, one: Entrant, row: Row, stage: float, start: Place, step: int) -> Meeting:
        """Look on from a place, and give the earliest moment of those found so far and those found there.

        Who is both further away and newer than another whom nothing keeps apart is met later. And behind one who
        came before both nobody is met earlier, except by a stand-in, who also waits for the other's human stage.
        """
        rules, newest = self._rules, math.inf
        place = row.older(start, step, newest)
        while place is not None:
            other = row[place]
            if max(stage, one.since + rules.accepts_at(abs(other.rating - one.rating))) >= found[0]:
                break
            at = rules.meet_at(one, other)
            found = min(found, (at, other.key), key=_at)
            if at == rules.agree_at(one, other):
                newest = other.since
                if newest <= one.since and not one.stands_in:
                    break
            place = row.older(place, step, newest)
        return found

    # The matches

    def _in_one_pass(self, now: float) -> list[Pair]:
        """Pair all people who may be matched by now. Stand-ins come in afterwards."""
        everybody = self._people.columns()
        return [
            (everybody.entrants[low], everybody.entrants[high])
            for low, high in passes.pairs(everybody, self._rules, now)
        ]

    def _around(self, due: Sequence[tuple[_Waiting, _Waiting]], now: float) -> list[Pair]:
        """Pair those whose moment has come, and who may be matched with them and with these, one group at a time."""
        found: list[Pair] = []
        seen: set[str] = set()
        for waiting, _ in due:
            if waiting.entrant.key not in seen:
                found += self._best(self._group(waiting.entrant, seen, now), now)
        # A group too large to be looked at whole may have hidden who was due: then these are taken as they are.
        return found or [(waiting.entrant, whom.entrant) for waiting, whom in due[:1]]

    def _group(self, first: Entrant, seen: set[str], now: float) -> list[Entrant]:
        group = [first]
        seen.add(first.key)
        for one in group:
            for other in self._near(one, now) if len(group) < GROUP else ():
                if other.key not in seen:
                    seen.add(other.key)
                    group.append(other)
        return sorted(group, key=rank)

    def _near(self, one: Entrant, now: float) -> Iterator[Entrant]:
        """Give the nearest who may be matched with somebody by now."""
        for row, stage in self._rows(one):
            for start, step in zip(row.beside(one), (-1, 1), strict=True) if stage <= now else ():
                found = row.older(start, step, now + SLIGHT)
                left = NEAREST if row is self._people else NEAREST_STAND_INS
                while found is not None and left:
                    other = row[found]
                    wait = self._rules.accepts_at(abs(other.rating - one.rating))
                    if one.since + wait > now:
                        break
                    if self._rules.meet_at(one, other) <= now:
                        left -= 1
                        yield other
                    found = row.older(found, step, now - wait + SLIGHT)

    def _best(self, group: list[Entrant], now: float) -> list[Pair]:
        edges = passes.possible(group, self._rules, now)
        if edges is not None:
            return [(group[low], group[high]) for low, high in passes.best(group, edges)]
        people = [one for one in group if not one.stands_in]
        pairs = passes.pairs(columns(people), self._rules, now)
        return [(people[low], people[high]) for low, high in pairs] or self._filled(people, group, now)

    def _filled(self, people: list[Entrant], group: list[Entrant], now: float) -> list[Pair]:
        """Give each the nearest stand-in that is left, those who have waited longest first."""
        found: list[Pair] = []
        free = {one.key: one for one in group if one.stands_in}
        for one in sorted(people, key=_came):
            may = [other for other in free.values() if self._rules.meet_at(one, other) <= now]
            if may:
                nearest = min(may, key=lambda other: (abs(other.rating - one.rating), other.since, other.key))
                found.append((one, free.pop(nearest.key)))
        return found

    def _taken(self, pairs: list[Pair]) -> list[Pair]:
        """Let all of them go."""
        leaving = [one for pair in pairs for one in pair]
        for one in leaving:
            self._waiting.pop(one.key).gone = True
        if self._is_much(len(leaving)):
            keys = {one.key for one in leaving}
            self._people.remove_all(keys)
            self._stand_ins.remove_all(keys)
        else:
            for one in leaving:
                self._row(one).remove(one)
        return pairs


def _came(one: Entrant) -> tuple[float, str]:
    return one.since, one.key


def _proposals(pairs: Iterable[Pair]) -> list[Proposal]:
    """Give matches in order of the longest wait, and in each a person before a stand-in, the longer wait first."""
    ordered: list[tuple[float, str, Entrant, Entrant]] = []
    for one, two in pairs:
        if (one.stands_in, one.since, one.key) < (two.stands_in, two.since, two.key):
            ordered.append((one.since, one.key, one, two))
        else:
            ordered.append((two.since, two.key, two, one))
    ordered.sort(key=itemgetter(0, 1))
    return [Proposal(teams=((one,), (two,)), gap=abs(one.rating - two.rating)) for _, _, one, two in ordered]
