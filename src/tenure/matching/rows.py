"""Those who wait, in order of their rating: a sorted list in blocks, each with its numbers beside it.

A block holds a few hundred, so that coming and going moves little memory, and a search is two bisections. It knows
since when its oldest has waited, so that a search for somebody older steps over whole blocks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from tenure.matching.entrants import Entrant

FULL = 512
"""How many a block holds at most; one that grows past it is halved."""

Place = tuple[int, int]
"""The number of a block, and the place in it. Holds until somebody comes or goes."""
Rank = tuple[float, float, str]

_key = attrgetter("key")


class Columns(NamedTuple):
    """Some of those who wait, in order of their rating."""

    ratings: array[float]
    sinces: array[float]
    entrants: list[Entrant]
    plain: bool
    """Whether gap and wait alone tell who may be matched: nobody avoids another, has just met him, or waits twice."""


def rank(entrant: Entrant) -> Rank:
    """Give the place in the order: by rating, then by wait, then by key, so that it never depends on who came first."""
    return entrant.rating, entrant.since, entrant.key


def is_plain(entrant: Entrant) -> bool:
    """Tell whether somebody has nothing against anybody."""
    return not (entrant.avoid or entrant.met or entrant.stands_in)


def columns(ordered: Iterable[Entrant]) -> Columns:
    """Give those who are in order already as columns."""
    entrants = list(ordered)
    ratings = array("d", [entrant.rating for entrant in entrants])
    sinces = array("d", [entrant.since for entrant in entrants])
    plain = all(map(is_plain, entrants)) and len({entrant.players for entrant in entrants}) == len(entrants)
    return Columns(ratings, sinces, entrants, plain)


class _Block:
    """A part of the row: three columns of equal length."""

    __slots__ = ("entrants", "oldest", "ratings", "sinces")

    def __init__(self, entrants: list[Entrant]) -> None:
        self.entrants = entrants
        self.ratings = array("d", [entrant.rating for entrant in entrants])
        self.sinces = array("d", [entrant.since for entrant in entrants])
        self.oldest = min(self.sinces)

    def find(self, wanted: Rank) -> int:
        """Give the place at which this rank is, or would be."""
        rating, since, key = wanted
        low = bisect_left(self.ratings, rating)
        high = bisect_right(self.ratings, rating, low)
        if low < high:
            low, high = bisect_left(self.sinces, since, low, high), bisect_right(self.sinces, since, low, high)
        return bisect_left(self.entrants, key, low, high, key=_key) if low < high else low

    def insert(self, index: int, entrant: Entrant) -> None:
        self.ratings.insert(index, entrant.rating)
        self.sinces.insert(index, entrant.since)
        self.entrants.insert(index, entrant)
        self.oldest = min(self.oldest, entrant.since)

    def delete(self, index: int) -> None:
        since = self.sinces[index]
        del self.ratings[index], self.sinces[index], self.entrants[index]
        if since <= self.oldest and self.sinces:
            self.oldest = min(self.sinces)

    def last(self) -> Rank:
        return rank(self.entrants[-1])


class Row:
    """A sorted list of entrants."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._lasts: list[Rank] = []
        self._players: dict[tuple[str, ...], int] = {}
        self._number = 0
        self._particular = 0

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, place: Place) -> Entrant:
        return self._blocks[place[0]].entrants[place[1]]

    def add(self, entrant: Entrant) -> None:
        """Put somebody in, who isn't there."""
        self._count(entrant, 1)
        if not self._blocks:
            self._build([entrant])
            return
        wanted = rank(entrant)
        number = min(bisect_left(self._lasts, wanted), len(self._blocks) - 1)
        block = self._blocks[number]
        block.insert(block.find(wanted), entrant)
        if len(block.entrants) > FULL:
            middle = len(block.entrants) // 2
            halves = [_Block(block.entrants[:middle]), _Block(block.entrants[middle:])]
            self._blocks[number : number + 1] = halves
            self._lasts[number : number + 1] = [half.last() for half in halves]
        else:
            self._lasts[number] = block.last()

    def remove(self, entrant: Entrant) -> None:
        """Take somebody out, who is there."""
        number, index = self._find(rank(entrant))
        self._count(entrant, -1)
        block = self._blocks[number]
        block.delete(index)
        if block.entrants:
            self._lasts[number] = block.last()
        else:
            del self._blocks[number], self._lasts[number]

    def remove_all(self, keys: Collection[str]) -> None:
        """Take many out at once; all that stay are moved."""
        stay = [entrant for block in self._blocks for entrant in block.entrants if entrant.key not in keys]
        self._number, self._particular = 0, 0
        self._players.clear()
        for entrant in stay:
            self._count(entrant, 1)
        self._build(stay)

    def _count(self, entrant: Entrant, by: int) -> None:
        self._number += by
        self._particular += by * (not is_plain(entrant))
        times = self._players.get(entrant.players, 0) + by
        if times:
            self._players[entrant.players] = times
        else:
            del self._players[entrant.players]

    def _build(self, ordered: list[Entrant]) -> None:
        entrants = iter(ordered)
        self._blocks = [_Block(part) for part in iter(lambda: list(islice(entrants, FULL * 3 // 4)), [])]
        self._lasts = [block.last() for block in self._blocks]

    def _find(self, wanted: Rank) -> Place:
        number = bisect_left(self._lasts, wanted)
        if number == len(self._blocks):
            return number, 0
        return number, self._blocks[number].find(wanted)

    def beside(self, entrant: Entrant) -> tuple[Place, Place]:
        """Give where to begin to look downwards and upwards from somebody, who may be in another row."""
        place = number, index = self._find(rank(entrant))
        here = number < len(self._blocks) and self._blocks[number].entrants[index].key == entrant.key
        return place, (place if here else (number, index - 1))

    def older(self, place: Place, step: int, than: float) -> Place | None:
        """Give the next place from here, downwards (-1) or upwards (1), of one who came before a moment."""
        number, index = place
        blocks = self._blocks
        if number < len(blocks):
            sinces = blocks[number].sinces
            index += step
            while 0 <= index < len(sinces):
                if sinces[index] < than:
                    return number, index
                index += step
        number += step
        while 0 <= number < len(blocks):
            block = blocks[number]
            if block.oldest < than:
                return number, _first_older(block.sinces, step, than)
            number += step
        return None

    def columns(self) -> Columns:
        """Give all of them."""
        ratings, sinces = array("d"), array("d")
        entrants: list[Entrant] = []
        for block in self._blocks:
            ratings += block.ratings
            sinces += block.sinces
            entrants += block.entrants
        return Columns(ratings, sinces, entrants, not self._particular and len(self._players) == self._number)


def _first_older(sinces: array[float], step: int, than: float) -> int:
    indexes = range(len(sinces)) if step > 0 else range(len(sinces) - 1, -1, -1)
    return next(index for index in indexes if sinces[index] < than)
