"""The boards of a guild: this week and the weeks before, all time, and each category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tenure.http.rejections import Invalid
from tenure.services.trivia.boards import ALL, KEPT_WEEKS, WEEK, Place, category_board
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.parts import Parts

MOST_PLACES = 100
A_WEEK = timedelta(days=7)
WEEKS = KEPT_WEEKS // A_WEEK + 1
"""How many weeks have a board that may still be there: this one, and those that are kept after their end."""


@dataclass(frozen=True, slots=True)
class Leading:
    """A board of a guild, from its top, and which boards there are by their titles; the first is this week's."""

    guild: Guild
    board: str
    title: str
    places: Sequence[Place]
    boards: dict[str, str]
    categories: Sequence[str]
    category: str | None


class Leaders:
    """Reads boards."""

    def __init__(self, by: Parts) -> None:
        self._by = by

    async def of(self, guild: str, board: str | None, category: str | None) -> Leading:
        """Give a board: this week's unless another one, or a category, is named. Raises `Unknown`, `Invalid`."""
        found = await self._by.guilds.get(guild)
        boards = await self._boards(guild)
        board = category_board(category) if category else board or next(iter(boards))
        if not category and board not in boards:
            raise Invalid(f"`board` must be one of {', '.join(boards)}")
        return Leading(
            guild=found,
            board=board,
            title=category or boards[board],
            places=await self._by.boards.places(guild, board, limit=MOST_PLACES),
            boards=boards,
            categories=self._by.choosing.categories,
            category=category,
        )

    async def _boards(self, guild: str) -> dict[str, str]:
        """Give the titles of the boards that are no category's. Each week is counted back from this one's first day."""
        first = (await self._by.boards.this_week(guild)).first_day
        days = [(first - number * A_WEEK).isoformat() for number in range(1, WEEKS)]
        return {f"{WEEK}{first}": "This week", ALL: "All time", **{f"{WEEK}{day}": f"Week of {day}" for day in days}}
