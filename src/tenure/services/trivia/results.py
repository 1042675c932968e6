"""What came of a game, as it is posted and kept."""

from __future__ import annotations

import msgspec


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """A member who was right, in the order of the store's receive times; `seconds` after the question was asked."""

    member: str
    name: str
    points: int
    seconds: float


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a game's answers: all, the right ones, and by choice (`A` …); and who was right, the first ones."""

    answers: int
    correct: int
    by_choice: dict[str, int]
    winners: tuple[Winner, ...]
