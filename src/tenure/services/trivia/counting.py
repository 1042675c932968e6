"""Counting a closed game: each answer gets its points once, and with them its member's boards, whoever is killed.

An answer's points and what they change on the boards are one transaction, by the records as they were read. So what a
killed process had counted is not counted again: those answers are no longer `given`. The tempting wrong version adds
up all answers and then writes the boards: killed in between, it adds them twice, or never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tenure import Change, Exists, NotFound, Stale, Store, WrongState
from tenure.services.trivia.boards import ALL, category_board, score_id, standing, week_of
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Score
from tenure.services.trivia.refusals import TryAgain
from tenure.services.trivia.results import Results, Winner

AT_ONCE = 100
"""How many answers are counted in one transaction."""

MOST_CONFLICTS = 50
MOST_WINNERS = 50
PAGE = 1000


class Credit(NamedTuple):
    """What an answer brings, and the instant of the member's points by which the boards tell equals apart."""

    answer: Answer
    points: int
    correct: int
    reached_at: datetime


Boards = dict[str, datetime | None]
"""The boards that a game counts for, each with the instant until which it is kept; None for ever."""


class Counting:
    """Counts answers, by the store's clock alone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def count(self, game: Game) -> Results:
        """Give each answer of a closing game its points, and give the game's results. Raises `TryAgain`."""
        conflicts, before = 0, await self._instants(game)
        while answers := await self._store.find(Answer.given, under=game, limit=AT_ONCE):
            brought = credits_of(game, answers, before)
            try:
                await self._store.apply(*await self._counted(game, brought))
            except (Stale, Exists, WrongState, NotFound):
                conflicts += 1  # another closer counted them, or another game changed the same members' boards
                if conflicts > MOST_CONFLICTS:
                    raise TryAgain("the boards of this guild are being changed by many at once") from None
                before = await self._instants(game)
            else:
                before.update(answer.entered_at for answer in answers)
        return results_of(game, await self.counted(game), await self._asked_at(game))

    async def counted(self, game: Game) -> list[Answer]:
        """Read the answers of a game that have their points, in the order in which they were received."""
        answers, page = list[Answer](), list[Answer]()
        while len(page) == PAGE or not answers:
            page = await self._store.find(Answer.scored, under=game, after=page[-1] if page else None)
            answers += page
            if not page:
                break
        return sorted(answers, key=received_at)

    # ------------------------------------------------------------------------------------ inside

    async def _instants(self, game: Game) -> Counter[datetime]:
        """Give the instants at which the answers were received that are counted already."""
        return Counter(map(received_at, await self.counted(game)))

    async def _counted(self, game: Game, brought: Sequence[Credit]) -> list[Change[Any]]:
        """Give the transaction that counts some answers."""
        boards = await self._boards_of(game)
        ids = [score_id(game.guild, board, credit.answer.member) for credit in brought for board in boards]
        scores = await self._store.get_many(Score, ids)
        changes: list[Change[Any]] = []
        for credit in brought:
            answer = credit.answer
            changes.append(Answer.score(answer, points=credit.points, received_at=answer.entered_at))
            for board, until in boards.items():
                score = scores.get(score_id(game.guild, board, answer.member))
                changes.append(begun(game.guild, board, until, credit) if score is None else added(score, credit))
        return changes

    async def _boards_of(self, game: Game) -> Boards:
        """Give the boards of a game. That of a week which is long over is not begun any more."""
        guild = (await self._store.get_many(Guild, [game.guild])).get(game.guild)
        if guild is None or guild.state not in Guild.known:
            return {}
        boards: Boards = {ALL: None, category_board(game.question.category): None}
        week = week_of(guild, game.slot)
        return {**boards, week.board: week.until} if week.until > await self._store.now() else boards

    async def _asked_at(self, game: Game) -> datetime:
        """Give the instant at which a game's question was about to be posted."""
        events = await self._store.history(Game, game.id)
        names = [event.name for event in events]
        return events[names.index("announce") - 1].at if "announce" in names[1:] else game.created_at


def points_of(game: Game, answer: Answer) -> int:
    """Give what an answer brings."""
    return game.question.points if answer.choice == game.question.right else 0


def credits_of(game: Game, answers: Sequence[Answer], before: Counter[datetime]) -> list[Credit]:
    """Give what answers bring; `before` has the instants of those that are counted already.

    The store may receive many answers in one instant, and keeps them in their order: each later one of them is taken
    as later by a microsecond, so that boards show the first one first.
    """
    seen, found = before.copy(), list[Credit]()
    for answer in answers:
        at, points = answer.entered_at, points_of(game, answer)
        found.append(Credit(answer, points, int(points > 0), at + timedelta(microseconds=seen[at])))
        seen[at] += 1
    return found


def begun(guild: str, board: str, until: datetime | None, credit: Credit) -> Change[Score]:
    """Give the change by which a member comes onto a board."""
    answer = credit.answer
    return Score.create_in(
        Score.lasting if until is None else Score.weekly,
        score_id(guild, board, answer.member),
        guild=guild,
        board=board,
        until=until,
        member=answer.member,
        name=answer.name,
        standing=standing(credit.points, credit.reached_at),
        reached_at=credit.reached_at,
        points=credit.points,
        answered=1,
        correct=credit.correct,
    )


def added(score: Score, credit: Credit) -> Change[Score]:
    """Give the change by which an answer counts for a member who is on a board."""
    points = score.points + credit.points
    # Who wins nothing stays where they are among equals.
    reached_at = credit.reached_at if credit.points else score.reached_at
    return Score.add(
        score,
        standing=standing(points, reached_at),
        reached_at=reached_at,
        name=credit.answer.name,
        points=points,
        answered=score.answered + 1,
        correct=score.correct + credit.correct,
    )


def received_at(answer: Answer) -> datetime:
    """Give when the store received the answer that counts."""
    return answer.received_at or answer.entered_at


def results_of(game: Game, answers: Sequence[Answer], asked_at: datetime) -> Results:
    """Give a game's results; its answers come in the order in which they were received."""
    right = [answer for answer in answers if answer.choice == game.question.right]
    chosen = Counter(answer.choice for answer in answers)
    return Results(
        answers=len(answers),
        correct=len(right),
        by_choice={letter: chosen[letter] for letter in game.question.letters},
        winners=tuple(
            Winner(
                member=answer.member,
                name=answer.name,
                points=points_of(game, answer),
                seconds=max(0.0, (received_at(answer) - asked_at).total_seconds()),
            )
            for answer in right[:MOST_WINNERS]
        ),
    )
