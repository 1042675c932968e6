"""Those who wait, in the order of their ratings: each knows who stands next to it, and finding a place is quick."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from tenure.matching.entrants import Entrant

BLOCK = 512
"""A block of the row that grows to twice this is cut in two."""

Order = tuple[float, str]


class Place:
    """One who stands in the row, and its neighbours there."""

    __slots__ = ("above", "apart", "below", "entrant", "order", "rating", "since", "size")

    def __init__(self, entrant: Entrant) -> None:
        self.entrant = entrant
        self.order: Order = (entrant.rating, entrant.key)
        self.rating, self.since, self.size = entrant.rating, entrant.since, len(entrant.players)
        self.below: Place | None = None
        self.above: Place | None = None
        self.apart: dict[Place, bool] = {}
        """Who stands in the row and is to be kept apart from it: True for ever, False after they met."""


class Standing:
    """Places sorted by rating, and by key where ratings are equal. Finding one takes two bisections."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._blocks: list[list[tuple[Order, Place]]] = []
        self._ends: list[Order] = []
        self._players: dict[str, dict[Place, None]] = {}
        self._named: dict[str, dict[Place, None]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def get(self, key: str) -> Place | None:
        """Give the place of somebody, or None."""
        return self._places.get(key)

    def add(self, entrant: Entrant) -> Place:
        """Put somebody into the row, who must not stand in it."""
        place = Place(entrant)
        self._places[entrant.key] = place
        above = self.at(place.order)
        below = above.below if above else self._last()
        self._insert(place)
        _link(below, place)
        _link(place, above)
        self._note(place)
        return place

    def remove(self, place: Place) -> None:
        """Take somebody out of the row."""
        del self._places[place.entrant.key]
        number = bisect_left(self._ends, place.order)
        block = self._blocks[number]
        del block[bisect_left(block, (place.order,))]
        if block:
            self._ends[number] = block[-1][0]
        else:
            del self._blocks[number], self._ends[number]
        _link(place.below, place.above)
        self._forget(place)
        # Who holds on to it for a while should not hold on to all who have ever stood beside it.
        place.below = place.above = None

    def at(self, order: Order) -> Place | None:
        """Give the first place that is not below an order: `(rating, "")` is the first of a rating."""
        number = bisect_left(self._ends, order)
        if number == len(self._ends):
            return None
        block = self._blocks[number]
        return block[bisect_left(block, (order,))][1]

    def between(self, low: float, high: float) -> Iterator[Place]:
        """Give all with ratings from `low` to `high`, upwards."""
        place = self.at((low, ""))
        while place is not None and place.rating <= high:
            yield place
            place = place.above

    # ------------------------------------------------------------------------------------ inside

    def _last(self) -> Place | None:
        return self._blocks[-1][-1][1] if self._blocks else None

    def _insert(self, place: Place) -> None:
        if not self._blocks:
            self._blocks.append([(place.order, place)])
            self._ends.append(place.order)
            return
        number = min(bisect_left(self._ends, place.order), len(self._blocks) - 1)
        block = self._blocks[number]
        block.insert(bisect_left(block, (place.order,)), (place.order, place))
        if len(block) >= 2 * BLOCK:
            self._blocks.insert(number + 1, block[BLOCK:])
            self._ends.insert(number + 1, block[-1][0])
            del block[BLOCK:]
        self._ends[number] = block[-1][0]

    def _note(self, place: Place) -> None:
        """Bring those together who are to be kept apart. Mostly nobody is there whom anybody avoids."""
        for player in place.entrant.players:
            self._players.setdefault(player, {})[place] = None
            for other in self._named.get(player, ()):
                _keep_apart(place, other)
        for player in _names(place):
            self._named.setdefault(player, {})[place] = None
            for other in self._players.get(player, ()):
                _keep_apart(place, other)

    def _forget(self, place: Place) -> None:
        for players, named in ((place.entrant.players, self._players), (_names(place), self._named)):
            for player in players:
                del named[player][place]
                if not named[player]:
                    del named[player]
        for other in place.apart:
            del other.apart[place]
        place.apart = {}


def _names(place: Place) -> frozenset[str]:
    """Give the players that somebody does not want to meet, or not yet."""
    entrant = place.entrant
    return (entrant.avoid | entrant.met) - set(entrant.players) if entrant.avoid or entrant.met else entrant.avoid


def _link(below: Place | None, above: Place | None) -> None:
    if below:
        below.above = above
    if above:
        above.below = below


def _keep_apart(one: Place, two: Place) -> None:
    avoids = not one.entrant.avoid.isdisjoint(two.entrant.players)
    one.apart[two] = two.apart[one] = avoids or not two.entrant.avoid.isdisjoint(one.entrant.players)
