"""The Open Trivia Database as a source: fifty questions at a time, kept at hand; never faster than it allows."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeAlias

from tenure.services.trivia.questions.entries import Entry
from tenure.services.trivia.questions.opentdb_api import (
    MOST_AT_ONCE,
    NAME,
    NUMBERS,
    URL,
    ApiAway,
    ApiRefused,
    NoneLeft,
    OpenTriviaApi,
    Sleep,
    TokenLost,
)
from tenure.services.trivia.questions.question import NoQuestion, Question

AMOUNTS = (MOST_AT_ONCE, 10, 3, 1)
"""It gives as many as we ask for or none at all: towards the end of its questions we ask for fewer."""
DAY_SECONDS = 86_400.0
MOST_CALLS = 8
"""In a row, for one caller's sake."""
Terms: TypeAlias = tuple[str | None, str | None]


class OpenTriviaDatabase:
    """Keeps what it was given and gives it to all guilds; asks the API only for what they have used up.

    One token serves the process. All calls are made in `async with`, by tasks that go on when their caller has lost
    patience: what they bring is there for the next one.
    """

    name = NAME

    def __init__(
        self,
        url: str = URL,
        *,
        patience_seconds: float = 12.0,
        rest_seconds: float = 30.0,
        pause_seconds: float = 5.0,
        try_seconds: float = 8.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        self.api = OpenTriviaApi(url, pause_seconds=pause_seconds, try_seconds=try_seconds, clock=clock, sleep=sleep)
        self.trouble = ""
        """Why the last call failed; empty if it did not."""
        self._patience_seconds, self._rest_seconds = patience_seconds, rest_seconds
        self._clock, self._chance = clock, chance or random.SystemRandom()
        self._entries: dict[str, Entry] = {}
        self._token, self._rests_until = "", clock()
        self._amounts: dict[Terms, int] = {}
        self._complete_until: dict[Terms, float] = {}
        self._turn = asyncio.Lock()
        self._fetching: dict[Terms, asyncio.Task[None]] = {}

    def __repr__(self) -> str:
        return f"<OpenTriviaDatabase {self.api.url}: {len(self._entries)} questions at hand>"

    async def __aenter__(self) -> Self:
        await self.api.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.api.__aexit__(kind, error, trace)

    @property
    def categories(self) -> list[str]:
        """The categories of its questions, in order."""
        return sorted(NUMBERS)

    @property
    def entries(self) -> Sequence[Entry]:
        """The questions that are at hand."""
        return tuple(self._entries.values())

    async def some(self, category: str | None, difficulty: str | None, most: int) -> Sequence[Question]:
        """Give all that is at hand and fits, in an order by chance, and fetch more before if it is less than `most`.

        Raises `NoQuestion`.
        """
        if category is not None and category not in NUMBERS:
            raise NoQuestion(
                f"the Open Trivia Database has no category {category!r}; it has {', '.join(self.categories)}"
            )
        terms = (category, difficulty)
        if not self.api.is_open:
            raise NoQuestion("the Open Trivia Database is not called by this process; choose another source")
        said = ""
        if len(self._fitting(terms)) < most and not self._is_complete(terms):
            said = await self._fetched(terms)
        fitting = self._fitting(terms)
        if not fitting:
            said = said or "it has no such question; take another category or difficulty"
            raise NoQuestion(f"the Open Trivia Database gives no question now: {said}")
        return [entry.asked(self._chance) for entry in self._chance.sample(fitting, len(fitting))]

    # ------------------------------------------------------------------------------------ inside

    def _fitting(self, terms: Terms) -> list[Entry]:
        category, difficulty = terms
        return [
            entry
            for entry in self._entries.values()
            if category in (None, entry.category) and difficulty in (None, entry.difficulty)
        ]

    def _is_complete(self, terms: Terms) -> bool:
        return self._clock() < self._complete_until.get(terms, 0.0)

    async def _fetched(self, terms: Terms) -> str:
        """Wait for more questions, together with all who want the same; give why there are none, or nothing."""
        task = self._fetching.get(terms)
        if task is None:
            if self._clock() < self._rests_until:
                return self.trouble
            task = self._fetching[terms] = asyncio.create_task(self._fetch(terms), name=f"{NAME} {terms}")
            task.add_done_callback(lambda _: self._fetching.pop(terms))
        done, _ = await asyncio.wait({task}, timeout=self._patience_seconds)
        if done:
            task.result()
        return self.trouble if done else "it may be called once in five seconds, and others are before us; try again"

    async def _fetch(self, terms: Terms) -> None:
        try:
            async with self._turn:
                await self._until_there_are_more(terms)
        except (ApiAway, ApiRefused) as error:
            # A lost answer may have held questions, which would not come again under this token.
            self._token, self._rests_until = "", self._clock() + self._rest_seconds
            self.trouble = f"{error}; it is asked again in {self._rest_seconds:g} s"
        else:
            self.trouble = ""

    async def _until_there_are_more(self, terms: Terms) -> None:
        if terms in self._complete_until:
            del self._complete_until[terms]  # a day ago: since then some may have been added
            await self._begin_again(terms)
        before, may_begin_again = len(self._fitting(terms)), True
        for _ in range(MOST_CALLS):
            try:
                self._keep(await self._questions(terms))
            except NoneLeft:
                if self._asks_for_fewer(terms):
                    continue
                if self._fitting(terms) or not may_begin_again:
                    self._complete_until[terms] = self._clock() + DAY_SECONDS
                    return
                may_begin_again = False
                await self._begin_again(terms)
            if len(self._fitting(terms)) > before:
                return

    async def _questions(self, terms: Terms) -> list[Entry]:
        amount = AMOUNTS[self._amounts.get(terms, 0)]
        for _ in range(2):
            self._token = self._token or await self.api.token()
            try:
                return await self.api.questions(amount, *terms, self._token)
            except TokenLost:
                self._token = ""
        raise ApiRefused("it does not know the token that it just gave us")

    def _asks_for_fewer(self, terms: Terms) -> bool:
        """Ask for fewer from now on; tells whether that is possible."""
        step = self._amounts.get(terms, 0) + 1
        if step == len(AMOUNTS):
            return False
        self._amounts[terms] = step
        return True

    async def _begin_again(self, terms: Terms) -> None:
        """Let what was given under the token come once more."""
        self._amounts.pop(terms, None)
        if self._token:
            try:
                await self.api.reset(self._token)
            except TokenLost:
                self._token = ""

    def _keep(self, entries: Sequence[Entry]) -> None:
        self._entries |= {entry.key: entry for entry in entries}
