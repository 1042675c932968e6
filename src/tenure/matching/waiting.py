"""Those who wait in one queue: the records that were read, beside the `Matching` that pairs them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tenure.core.errors import InvalidChange
from tenure.core.fields import plain
from tenure.core.kinds import key_of, rank_in
from tenure.core.lifecycle import Lifecycle, row_of, table_of
from tenure.core.states import StateOf
from tenure.matching.entrants import Entrant, Matching, Proposal, Rules

K = TypeVar("K", bound=Lifecycle)

Make = Callable[[Rules], Matching]
FEW = 100


@dataclass(frozen=True)
class Source(Generic[K]):
    """A state with a rank whose records wait to be matched, and how one is seen; the entrant's key is `KIND/ID`."""

    state: StateOf[K]
    entrant: Callable[[K], Entrant]

    def __post_init__(self) -> None:
        """Raise `InvalidChange` unless it is one state, with a rank."""
        if len(self.state.names) != 1 or not table_of(self.state.kind).states[self.state.stored[0]].rank:
            raise InvalidChange(f"{self.state.kind.__name__}.{self.state} has no rank: declare it State(rank=…)")

    @property
    def per(self) -> tuple[str, ...]:
        """The fields of which each value has a queue of its own."""
        table = table_of(self.state.kind)
        return tuple(table.shown.get(name, name) for name in table.states[self.state.stored[0]].per)


class Waiting:
    """The present queue: changed record by record, never read as a whole."""

    def __init__(self, sources: Iterable[Source[Any]], per: object, rules: Rules, make: Make) -> None:
        self._sources = {(source.state.kind, source.state): source for source in sources}
        self.kinds = tuple(dict.fromkeys(kind for kind, _ in self._sources))
        values = per if isinstance(per, tuple) else () if per is None else (per,)
        self._values = [plain(value) for value in values]
        self._per = None if per is None else key_of(self._values)
        self._make, self.rules = make, rules
        self._matching = make(rules)
        self._found: dict[str, tuple[Lifecycle, Entrant]] = {}
        self._oldest: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def use(self, rules: Rules) -> None:
        """Go on by other rules, with the same who wait."""
        self.rules, self._matching = rules, self._make(rules)
        for _, entrant in self._found.values():
            self._matching.add(entrant)

    def clear(self) -> None:
        """Forget all."""
        self._found.clear()
        self._oldest.clear()
        self._matching = self._make(self.rules)

    def put(self, record: Lifecycle) -> None:
        """Let a record wait as it is now; one that is not in this queue does not wait any more."""
        source = self.source(type(record), record.state)
        rank = rank_in(table_of(type(record)), record.state.stored[0], row_of(record)) if source else None
        key = f"{type(record).__name__}/{record.id}"
        if source is None or rank is None or self._per not in (None, rank.per):
            self.drop(key)
            return
        entrant = source.entrant(record)
        if entrant.key != key:
            raise InvalidChange(f"an entrant's key is KIND/ID: {key!r}, not {entrant.key!r}")
        self._matching.add(entrant)
        self._found[key] = record, entrant
        heapq.heappush(self._oldest, (entrant.since, key))
        if len(self._oldest) > 2 * len(self._found) + FEW:  # most of them have gone
            self._oldest = [(entrant.since, key) for key, (_, entrant) in self._found.items()]
            heapq.heapify(self._oldest)

    def drop(self, key: str) -> None:
        """Let somebody go, if they waited."""
        if self._found.pop(key, None) is not None:
            self._matching.remove(key)

    def source(self, kind: type[Lifecycle], state: StateOf[Any]) -> Source[Any] | None:
        """Give the source that a state of a kind is, if it is one."""
        return self._sources.get((kind, state))

    def elsewhere(self, source: Source[Any], fields: dict[str, Any]) -> bool:
        """Tell whether a record that has these fields surely waits in another queue."""
        return any(
            name in fields and plain(fields[name]) != value
            for name, value in zip(source.per, self._values, strict=False)
        )

    def take(self, now: float) -> list[tuple[Proposal, dict[str, Lifecycle]]]:
        """Take out who is matched now: each match with its records, by their keys."""
        return [
            (proposal, {entrant.key: self._found.pop(entrant.key)[0] for entrant in proposal.entrants})
            for proposal in self._matching.take(now)
        ]

    def next_at(self) -> float | None:
        """Give the moment at which there may be something to take."""
        return self._matching.next_at()

    def oldest(self) -> float | None:
        """Give since when the one waits who has waited longest."""
        while self._oldest:
            since, key = self._oldest[0]
            if key in self._found and self._found[key][1].since == since:
                return since
            heapq.heappop(self._oldest)
        return None
