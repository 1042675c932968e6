"""Lanes: what one turn asks, by where it is asked. What is refused in one lane holds up no other one.

Limited     that platform's or region's method, or all of its methods: its lane ends; the turn says when it is over
RiotAway    some in a row: that lane ends for this turn
any other   such as a refused API key: all lanes end, and it is raised
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from tenure import Store, Turn, seconds
from tenure.services.games.riot.contract import KeyRefused, Limited, RiotAway, RiotError

T = TypeVar("T")

MOST_IN_VAIN = 5
"""After so many requests in a row to which nobody answers, a lane ends."""
LEAST_PAUSE, LONGEST_PAUSE = 1.0, 120.0


class Lanes:
    """The lanes of one turn. One that has ended stays so: what is left in it is for another turn."""

    def __init__(self, store: Store, *, at_once: int) -> None:
        """`at_once` is how many are asked at the same time in each lane."""
        self._store, self._at_once = store, at_once
        self._in_vain: Counter[Hashable] = Counter()
        self._ended: dict[Hashable, datetime | None] = {}
        self._refused: KeyRefused | None = None

    def is_open(self, lane: Hashable) -> bool:
        """Tell whether a lane has not ended."""
        return self._refused is None and lane not in self._ended

    def again_at(self, turn: Turn, period: timedelta) -> datetime | None:
        """Give when the first lane may be asked again that was refused; None where that is no sooner than a period."""
        first = min((at for at in self._ended.values() if at is not None), default=None)
        return first if first is not None and first < turn.at + period else None

    def check(self) -> None:
        """Raise `KeyRefused`, if that was so. It is called when everything is written."""
        if self._refused is not None:
            raise self._refused

    async def each(
        self, items: Iterable[T], lane_of: Callable[[T], Hashable], work: Callable[[T], Awaitable[None]]
    ) -> None:
        """Work on each item whose lane is open. Raises what is no error of Riot's, when those at work have ended."""
        waiting, errors = defaultdict[Hashable, list[T]](list), list[Exception]()
        for item in items:
            if self.is_open(lane_of(item)):
                waiting[lane_of(item)].append(item)
        begun = [(lane, iter(those), min(self._at_once, len(those))) for lane, those in waiting.items()]
        await asyncio.gather(
            *(self._go_on(lane, those, work, errors) for lane, those, workers in begun for _ in range(workers))
        )
        if errors:
            raise errors[0]

    async def _go_on(
        self, lane: Hashable, waiting: Iterator[T], work: Callable[[T], Awaitable[None]], errors: list[Exception]
    ) -> None:
        for item in waiting:
            if errors or not self.is_open(lane):
                return
            try:
                await self._one(lane, work(item))
            except Exception as error:  # noqa: BLE001  raised by whoever began this, when the others have ended
                errors.append(error)

    async def _one(self, lane: Hashable, work: Awaitable[None]) -> None:
        try:
            await work
            self._in_vain[lane] = 0
        except Limited as refusal:
            self._ended.setdefault(lane, None)  # before anything else happens: nobody asks there meanwhile
            pause = seconds(min(max(refusal.retry_after, LEAST_PAUSE), LONGEST_PAUSE))
            self._ended[lane] = await self._store.now() + pause
        except RiotAway:
            self._in_vain[lane] += 1
            if self._in_vain[lane] >= MOST_IN_VAIN:
                self._ended.setdefault(lane, None)
        except KeyRefused as refusal:
            self._refused = refusal
        except RiotError:
            self._in_vain[lane] = 0
