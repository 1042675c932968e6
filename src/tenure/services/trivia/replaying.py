"""Replaying a game for those who dispute it: all that happened, by the store's own history."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tenure import Event, Store
from tenure.services.trivia.answering import EVERY
from tenure.services.trivia.counting import PAGE
from tenure.services.trivia.lifecycle import Answer, Game


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A choice of a member, and when the store received it."""

    choice: str
    received_at: datetime


class MemberAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """All that a member chose in a game, the last of which counts, and the points; None if none were given."""

    member: str
    name: str
    given: tuple[Given, ...]
    points: int | None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a game: who made it happen, `sweeper` if it came by itself."""

    name: str
    state: str
    at: datetime
    by: str
    why: str


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One game from its first event to its last, with all answers in the order in which those that count came."""

    game: Game
    events: tuple[Happened, ...]
    answers: tuple[MemberAnswered, ...]


class Replaying:
    """Reads what happened."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def replay(self, game: Game) -> Replay:
        """Give all that happened in a game."""
        answers = [await self.answered(answer) for answer in await self._answers(game)]
        return Replay(
            game=game,
            events=tuple(_happened(event) for event in await self._store.history(Game, game.id)),
            answers=tuple(sorted(answers, key=lambda answered: answered.given[-1].received_at)),
        )

    async def answered(self, answer: Answer) -> MemberAnswered:
        """Give all that a member chose in a game."""
        return MemberAnswered(
            member=answer.member, name=answer.name, points=answer.points, given=tuple(await self._given(answer))
        )

    # ------------------------------------------------------------------------------------ inside

    async def _answers(self, game: Game) -> list[Answer]:
        answers = page = await self._store.find(EVERY, under=game)
        while len(page) == PAGE:
            page = await self._store.find(EVERY, under=game, after=page[-1])
            answers = [*answers, *page]
        return answers

    async def _given(self, answer: Answer) -> list[Given]:
        """Give what was chosen; the history is read only of answers that were revised."""
        revisions = answer.version - (1 if answer.state == Answer.given else 2)
        if not revisions:
            return [Given(choice=answer.choice, received_at=answer.created_at)]
        events = await self._store.history(Answer, answer.id)
        return [Given(choice=e.fields["choice"], received_at=e.at) for e in events if "choice" in e.fields]


def _happened(event: Event[Game]) -> Happened:
    return Happened(name=event.name, state=event.target.name, at=event.at, by=event.by, why=event.why)
