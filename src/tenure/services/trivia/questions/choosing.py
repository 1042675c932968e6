"""Choosing what a guild is asked next: a question that it has not seen, else the one that it saw longest ago."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tenure import Change, Store
from tenure.services.trivia.lifecycle import Used
from tenure.services.trivia.questions.question import DIFFICULTIES, NoQuestion, Question, Source

AT_ONCE = 100
"""How many questions are looked up at once."""


class Choosing:
    """Chooses questions out of sources by their names. What is used is remembered per guild, whatever its source."""

    def __init__(self, store: Store, sources: Mapping[str, Source]) -> None:
        self._store, self.sources = store, sources

    @property
    def categories(self) -> list[str]:
        """All categories of all sources, in order."""
        return sorted({category for source in self.sources.values() for category in source.categories})

    def check(self, sources: Sequence[str], category: str | None, difficulty: str | None) -> None:
        """Tell whether these can be asked for at all, before anything is kept. Raises `NoQuestion`."""
        if not sources:
            raise NoQuestion(f"no source of questions is named; name one of {_listed(self.sources)}")
        for name in sources:
            if name not in self.sources:
                raise NoQuestion(f"there is no source {name!r}; there are {_listed(self.sources)}")
        if difficulty is not None and difficulty not in DIFFICULTIES:
            raise NoQuestion(f"there is no difficulty {difficulty!r}; choose {_listed(DIFFICULTIES)}, or none for any")
        offered = sorted({each for name in sources for each in self.sources[name].categories})
        if category is not None and category not in offered:
            raise NoQuestion(f"{_listed(sources)} has no category {category!r}; choose one of {_listed(offered)}")

    async def choose(
        self, guild: str, sources: Sequence[str], category: str | None, difficulty: str | None
    ) -> tuple[Question, Change[Used]]:
        """Choose a question, and give the change that notes it as used: apply it with whatever asks the question.

        The first source that has one unknown to the guild gives it. Should another process take the same one at the
        same time, that change is refused (`Exists`, or `Stale`): choose again. Raises `NoQuestion`.
        """
        self.check(sources, category, difficulty)
        now, known, troubles = await self._store.now(), list[tuple[datetime, Question, Used]](), list[str]()
        for name in sources:
            try:
                found = await self._unknown(guild, self.sources[name], (category, difficulty), known)
            except NoQuestion as trouble:
                troubles.append(str(trouble))
                continue
            if found is not None:
                return found, Used.create(f"{guild}/{found.key}", guild=guild, used_at=now)
        if not known:
            raise NoQuestion("; ".join(troubles))
        _, question, used = min(known, key=lambda entry: entry[0])
        return question, Used.use_again(used, used_at=now)

    async def _unknown(
        self,
        guild: str,
        source: Source,
        terms: tuple[str | None, str | None],
        known: list[tuple[datetime, Question, Used]],
    ) -> Question | None:
        """Give a question of a source that the guild was never asked; those that it was are added to `known`."""
        seen: set[str] = set()
        while True:
            # A source that fetches its questions is asked for more only once all that it has are known.
            found = [each for each in await source.some(*terms, len(seen) + 1) if each.key not in seen]
            if not found:
                return None
            for some in _in_parts(found):
                used = await self._store.get_many(Used, [f"{guild}/{each.key}" for each in some])
                for each in some:
                    entry = used.get(f"{guild}/{each.key}")
                    if entry is None:
                        return each
                    known.append((entry.used_at, each, entry))
            seen |= {each.key for each in found}


def _in_parts(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), AT_ONCE):
        yield questions[start : start + AT_ONCE]


def _listed(words: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(words)
