"""Counting a closed game: each answer gets its points once, and with them its member's boards, whoever is killed.

An answer's points and what they change on the boards are one transaction, by the records as they were read. So what a
killed process had counted is not counted again: those answers are no longer `given`. The tempting wrong version adds
up all answers and then writes the boards: killed in between, it adds them twice, or never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

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

Boards = dict[str, datetime | None]
"""The boards that a game counts for, each with the instant until which it is kept; None for ever."""


class Counting:
    """Counts answers, by the store's clock alone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def count(self, game: Game) -> Results:
        """Give each answer of a closing game its points, and give the game's results. Raises `TryAgain`."""
        conflicts = 0
        while answers := await self._store.find(Answer.given, under=game, limit=AT_ONCE):
            try:
                await self._store.apply(*await self._counted(game, answers))
            except (Stale, Exists, WrongState, NotFound):
                conflicts += 1  # another closer counted them, or another game changed the same members' boards
                if conflicts > MOST_CONFLICTS:
                    raise TryAgain("the boards of this guild are being changed by many at once") from None
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

    async def _counted(self, game: Game, answers: Sequence[Answer]) -> list[Change[Any]]:
        """Give the transaction that counts some answers."""
        boards = await self._boards_of(game)
        ids = [score_id(game.guild, board, answer.member) for answer in answers for board in boards]
        scores = await self._store.get_many(Score, ids)
        changes: list[Change[Any]] = []
        for answer in answers:
            points = points_of(game, answer)
            changes.append(Answer.score(answer, points=points, received_at=answer.entered_at))
            changes += [credited(game, answer, points, boards, board, scores) for board in boards]
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


def credited(
    game: Game, answer: Answer, points: int, boards: Boards, board: str, scores: dict[str, Score]
) -> Change[Score]:
    """Give the change by which a member's answer counts on one board."""
    id, until = score_id(game.guild, board, answer.member), boards[board]
    score, correct, reached_at = scores.get(id), int(answer.choice == game.question.right), answer.entered_at
    if score is None:
        return Score.create_in(
            Score.lasting if until is None else Score.weekly,
            id,
            guild=game.guild,
            board=board,
            until=until,
            member=answer.member,
            name=answer.name,
            standing=standing(points, reached_at),
            points=points,
            answered=1,
            correct=correct,
        )
    return Score.add(
        score,
        # Who wins nothing stays where they are among equals.
        standing=standing(score.points + points, reached_at) if points else score.standing,
        name=answer.name,
        points=score.points + points,
        answered=score.answered + 1,
        correct=score.correct + correct,
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
