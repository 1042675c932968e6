"""A queue of the smallest kind: seekers by rating, duels of two, and a matching that is plain to see through."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tenure import Applied, Change, End, Lifecycle, State, Store, days, end_of, field, minutes, parent
from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.matching.lifecycle import Matchmaker
from tenure.matching.matcher import Matcher, Source


class Duel(Lifecycle):
    offered = State(initial=True)
    over = End(keep=days(1))

    end = offered.to(over)


class Seeker(Lifecycle):
    queue: str = field()
    rating: float = field()
    duel: str | None = parent(Duel, default=None)
    patience: timedelta = field(default=minutes(10))
    queued_at: datetime

    queued = State(initial=True, rank=rating, per=queue)
    matched = State(has=duel, under=Duel.offered)
    left = End(keep=days(1))

    leave = queued.to(left)
    give_up = queued.to(left, after=patience)

    @queued.to(matched)
    def reserve(self, duel: str) -> None: ...

    @queued.stay()
    def rate(self, rating: float) -> None: ...

    release = matched.to(queued, after=end_of(duel))


KINDS = (Duel, Seeker, Matchmaker)


class Greedy:
    """Pairs neighbours by rating, the lowest first. Each look goes through all."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._entrants: dict[str, Entrant] = {}

    def add(self, entrant: Entrant) -> None:
        self._entrants[entrant.key] = entrant

    def remove(self, key: str) -> Entrant | None:
        return self._entrants.pop(key, None)

    def entrants(self) -> list[Entrant]:
        return list(self._entrants.values())

    def take(self, now: float) -> list[Proposal]:
        found: list[Proposal] = []
        while pair := next((pair for pair in self._pairs() if self._rules.meet_at(*pair) <= now), None):
            one, two = pair
            found.append(Proposal(teams=((one,), (two,)), gap=abs(one.rating - two.rating)))
            del self._entrants[one.key], self._entrants[two.key]
        return found

    def next_at(self) -> float | None:
        return min((self._rules.meet_at(*pair) for pair in self._pairs()), default=None)

    def _pairs(self) -> list[tuple[Entrant, Entrant]]:
        return list(itertools.pairwise(sorted(self._entrants.values(), key=lambda e: (e.rating, e.key))))

    def __len__(self) -> int:
        return len(self._entrants)

    def __contains__(self, key: object) -> bool:
        return key in self._entrants


def entrant_of(seeker: Seeker) -> Entrant:
    since = seeker.queued_at.timestamp()
    return Entrant(key=f"Seeker/{seeker.id}", rating=seeker.rating, since=since, players=(seeker.id,))


def duel(proposal: Proposal, records: Mapping[str, Seeker], _now: datetime) -> list[Change[Any]]:
    id = f"duel-{next(_numbers)}"
    return [Duel.create(id), *(Seeker.reserve(records[entrant.key], duel=id) for entrant in proposal.entrants)]


_numbers = itertools.count(1)


def a_matcher(store: Store, queue: str = "ranked", rules: Rules = Rules(), **more: Any) -> Matcher:
    given = {"sources": [Source(Seeker.queued, entrant_of)], "offer": duel, "make": Greedy, **more}
    return Matcher(store, queue, per=queue, rules=rules, **given)


async def seek(store: Store, *ratings: float, queue: str = "ranked", **fields: Any) -> None:
    """Let seekers wait, each named after their rating."""
    now = await store.now()
    given = {"queue": queue, "queued_at": now, **fields}
    verdicts = await store.submit([Seeker.create(f"s{rating:g}", rating=float(rating), **given)] for rating in ratings)
    assert all(isinstance(verdict, Applied) for verdict in verdicts)


async def pairs(store: Store) -> set[frozenset[str]]:
    """Give who is matched with whom, by id."""
    found: dict[str | None, set[str]] = {}
    for seeker in await store.find(Seeker.matched):
        found.setdefault(seeker.duel, set()).add(seeker.id)
    return {frozenset(ids) for ids in found.values()}


async def states(store: Store) -> dict[str, int]:
    """Count the seekers by state, without those states in which nobody is."""
    return {state: number for state, number in (await store.count(Seeker)).items() if number}


def before(store: Store, name: str, action: Callable[[], Awaitable[object]]) -> None:
    """Let something happen once, just before a store's next call of this name."""
    call = getattr(store, name)

    async def acted(*args: Any, **given: Any) -> Any:
        setattr(store, name, call)
        await action()
        return await call(*args, **given)

    setattr(store, name, acted)


def after(store: Store, name: str, action: Callable[[], None]) -> None:
    """Let something happen once, just after a store's next call of this name."""
    call = getattr(store, name)

    async def acted(*args: Any, **given: Any) -> Any:
        setattr(store, name, call)
        result = await call(*args, **given)
        action()
        return result

    setattr(store, name, acted)
