"""All sources of questions together: the pack that comes along, packs of one's own, and the Open Trivia Database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tenure.services.trivia.questions.entries import Entry
from tenure.services.trivia.questions.opentdb import OpenTriviaDatabase
from tenure.services.trivia.questions.packs import Pack, builtin, read_packs
from tenure.services.trivia.questions.question import Source


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A source as it is listed: how many questions it has at hand, in all and by category.

    `trouble` says why its last call failed, if it calls anybody; empty if it did not.
    """

    name: str
    questions: int
    categories: dict[str, int]
    trouble: str = ""


class Sources:
    """The sources by name. The one on the web is called inside `async with` only, and says no outside of it."""

    def __init__(self, packs: Iterable[Pack], opentdb: OpenTriviaDatabase | None = None) -> None:
        self.opentdb, self._packs = opentdb, tuple(packs)
        self.by_name: dict[str, Source] = {pack.name: pack for pack in self._packs}
        if opentdb is not None:
            self.by_name[opentdb.name] = opentdb

    @classmethod
    def read(cls, folder: Path | None, opentdb_url: str = "") -> Self:
        """Read the pack that comes along and those of a folder; without a URL there is no source on the web.

        Raises `WrongPacks`.
        """
        packs = [builtin(), *(read_packs(folder) if folder is not None else [])]
        return cls(packs, OpenTriviaDatabase(opentdb_url) if opentdb_url else None)

    def listed(self) -> list[Listed]:
        """List the sources, as they are in this moment."""
        found = [_listed(pack.name, pack.entries, pack.categories) for pack in self._packs]
        if self.opentdb is not None:
            found.append(
                _listed(self.opentdb.name, self.opentdb.entries, self.opentdb.categories, self.opentdb.trouble)
            )
        return found

    async def __aenter__(self) -> Self:
        if self.opentdb is not None:
            await self.opentdb.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.opentdb is not None:
            await self.opentdb.__aexit__(kind, error, trace)


def _listed(name: str, entries: Sequence[Entry], categories: Sequence[str], trouble: str = "") -> Listed:
    counts = Counter(entry.category for entry in entries)
    return Listed(
        name=name,
        questions=len(entries),
        categories={category: counts[category] for category in categories},
        trouble=trouble,
    )
