"""A question with its choices, and what questions are taken from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Difficulty = Literal["easy", "medium", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")
POINTS: dict[Difficulty, int] = {"easy": 1, "medium": 2, "hard": 3}
LETTERS = "ABCD"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question as it is asked: `choices` in the order shown, `correct` the index of the right one.

    `key` tells it from all others of its source, whatever the order of its choices; `source` is a pack's name, or
    `opentdb`.
    """

    key: str
    source: str
    text: str
    choices: tuple[str, ...]
    correct: int
    category: str
    difficulty: Difficulty
    explanation: str | None = None

    @property
    def letters(self) -> str:
        """The letters of its choices."""
        return LETTERS[: len(self.choices)]

    @property
    def right(self) -> str:
        """The letter of the right choice."""
        return LETTERS[self.correct]

    @property
    def points(self) -> int:
        """What a right answer brings."""
        return POINTS[self.difficulty]


class NoQuestion(Exception):  # noqa: N818
    """The source has none that fits, or can't be asked now; the message says which, and what to do."""


class Source(Protocol):
    """Something that questions are taken from."""

    name: str

    @property
    def categories(self) -> Sequence[str]:
        """The categories of its questions, in order."""
        ...

    async def some(self, category: str | None, difficulty: str | None, most: int) -> Sequence[Question]:
        """Give questions that fit, in an order by chance; `most` is what is wanted, more or fewer may come.

        Raises `NoQuestion`.
        """
        ...
