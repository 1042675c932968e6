"""Who has how many points: the boards of a guild (all time, a category, a week), and what is known of one member."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from tenure import NotFound, Refused, Store, days
from tenure.services.trivia.lifecycle import Guild, Score
from tenure.services.trivia.refusals import Unknown

ALL = "all"
CATEGORY, WEEK = "category:", "week:"
MOST_OF_A_CATEGORY = 50
"""Characters of a category in the name of its board: an id has a bounded length."""

MOST_PLACES = 1000
"""How far down a board a member's place is counted."""

KEPT_WEEKS = days(28)
"""How long a week's board is kept after the week's end."""

EPOCH, TICKS_PER_SECOND, TICKS = datetime(2020, 1, 1, tzinfo=UTC), 16, 2**36
"""A rank tells times apart by a sixteenth of a second until 2156, beyond 2¹⁷ points by less; `reached_at` wholly."""

TIES = 50
"""How many more are read at once of those whom a rank does not tell from the last of a page."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A member's place on a board, counted from 1; None beyond the first 1,000."""

    place: int | None
    member: str
    name: str
    points: int
    answered: int
    correct: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has: of all time, this week (None without an answer in it), and by category."""

    member: str
    name: str
    all_time: Place
    week: Place | None
    categories: dict[str, Place]


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """A guild's week: its first day, and the instants at which it begins and ends."""

    first_day: date
    begins_at: datetime
    ends_at: datetime

    @property
    def board(self) -> str:
        """The name of its board."""
        return f"{WEEK}{self.first_day.isoformat()}"

    @property
    def until(self) -> datetime:
        """Until when its board is kept."""
        return self.ends_at + KEPT_WEEKS


def category_board(category: str) -> str:
    """Give the name of a category's board: one that can be in an id, whatever a source calls its categories."""
    named = "".join(c if c.isprintable() and c != "/" else "-" for c in category)
    return f"{CATEGORY}{named[:MOST_OF_A_CATEGORY]}"


def week_of(guild: Guild, at: datetime) -> Week:
    """Give the week of a guild in which an instant is. It begins at 0 o'clock in the guild's own time zone."""
    zone = ZoneInfo(guild.time_zone)
    today = at.astimezone(zone).date()
    first = today - timedelta(days=(today.weekday() - guild.week_starts) % 7)
    begins, ends = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, first + timedelta(days=7)))
    return Week(first_day=first, begins_at=begins, ends_at=ends)


def standing(points: int, reached_at: datetime) -> float:
    """Give the order on a board, the least first: by points, and among equals whoever came there first."""
    tick = int((reached_at - EPOCH).total_seconds() * TICKS_PER_SECOND)
    return float(min(max(tick, 0), TICKS - 1) - points * TICKS)


def score_id(guild: str, board: str, member: str) -> str:
    """Give the id of what a member has on a board."""
    return f"{guild}/{board}/{member}"


class Boards:
    """Reads boards."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def places(self, guild: str, board: str = ALL, *, limit: int = 10) -> list[Place]:
        """Read a board from its top, 1,000 places at most; one that nobody is on is empty. Raises `Unknown`."""
        await self._guild(guild)
        scores = await self._read(guild, board, limit)
        return [_placed(score, number) for number, score in enumerate(scores, start=1)]

    async def this_week(self, guild: str) -> Week:
        """Give the week that a guild is in. Raises `Unknown`."""
        return week_of(await self._guild(guild), await self._store.now())

    async def stats(self, guild: str, member: str) -> Stats:
        """Say what a member has. Raises `Unknown` for a member who has no answer counted."""
        week = (await self.this_week(guild)).board
        scores = {score.board: score for score in await self.of(guild, member)}
        if ALL not in scores:
            raise Unknown("no answer of that member is counted yet: the first one is when its question has closed")
        all_time = scores[ALL]
        return Stats(
            member=member,
            name=all_time.name,
            all_time=await self._place(all_time),
            week=await self._place(scores[week]) if week in scores else None,
            categories={
                board.removeprefix(CATEGORY): _placed(score, None)
                for board, score in sorted(scores.items())
                if board.startswith(CATEGORY)
            },
        )

    async def of(self, guild: str, member: str) -> list[Score]:
        """Read what a member has on each board of a guild."""
        found = await self._store.holding(Score.of_member, guild, member)
        return [score for score in found if score.state in Score.kept]

    async def erase(self, guild: str, member: str) -> int:
        """Take a member off all boards of a guild, and give how many they were. What is counted later begins anew."""
        number = 0
        for score in await self.of(guild, member):
            try:
                await self._store.apply(Score.erase(score.id))
                number += 1
            except Refused:
                continue  # the week's board ended meanwhile
        return number

    # ------------------------------------------------------------------------------------ inside

    async def _guild(self, id: str) -> Guild:
        try:
            return await self._store.get(Guild, id)
        except NotFound:
            raise Unknown("there is no such guild: it is known from the moment its chat lets us in") from None

    async def _read(self, guild: str, board: str, limit: int = MOST_PLACES) -> list[Score]:
        """Read a board from its top. Whom the ranks do not tell apart, exact times do."""
        state, limit = Score.weekly if board.startswith(WEEK) else Score.lasting, min(limit, MOST_PLACES)
        page = partial(self._store.find, state, per=(guild, board))
        scores = more = await page(limit=limit)
        while more and len(scores) >= limit:
            last = scores[-1]
            more = [score for score in await page(limit=TIES, after=last) if score.standing == last.standing]
            scores = [*scores, *more]
        return sorted(scores, key=lambda score: (score.standing, score.reached_at))[:limit]

    async def _place(self, score: Score) -> Place:
        board = await self._read(score.guild, score.board)
        place = next((number for number, other in enumerate(board, start=1) if other.id == score.id), None)
        return _placed(score, place)


def _placed(score: Score, place: int | None) -> Place:
    return Place(
        place=place,
        member=score.member,
        name=score.name,
        points=score.points,
        answered=score.answered,
        correct=score.correct,
    )
