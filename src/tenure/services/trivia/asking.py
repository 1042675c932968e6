"""What is asked when: a game's id, the slot that a due registration is asked for, and a question as it is shown."""

from __future__ import annotations

from datetime import datetime, timedelta

from tenure import Change, minutes
from tenure.services.trivia.chat.contract import Asked
from tenure.services.trivia.lifecycle import Game, Registration
from tenure.services.trivia.questions.question import Question

LATE = minutes(5)
"""A slot counts as missed once it is older than this, and than its questions' window."""


def game_id(registration: str, slot: datetime | str, number: int = 1) -> str:
    """Give a game's id: one registration, one slot, one number in its round, so nobody asks it twice.

    `slot` is an instant, or the name of what was asked out of turn.
    """
    named = slot if isinstance(slot, str) else f"{slot:%Y%m%dT%H%M}"
    return f"{registration}.{named}.{number}"


def slot_of(registration: Registration, latest: datetime | None, now: datetime) -> datetime | None:
    """Give the slot for which a due registration is asked, if any: one at most, and none that was planned before.

    `latest` is the last slot of its schedule by now. Of several that were missed it is the only one that counts.
    """
    if latest is None or latest < registration.next_at:
        return None  # the schedule, or the guild's clock, is another one since it was planned
    missed = now - latest > max(registration.window, LATE)
    return None if missed and registration.catch_up == "skip" else latest


def game_of(registration: Registration, question: Question, *, id: str, slot: datetime, now: datetime) -> Change[Game]:
    """Give the change that makes the first game of a slot."""
    return Game.create(
        id,
        guild=registration.guild,
        registration=registration.id,
        channel=registration.channel,
        slot=slot,
        of=registration.questions,
        question=question,
        counts=registration.counts,
        window=registration.window,
        closes_at=now + registration.window,
    )


def next_game_of(game: Game, registration: Registration, question: Question, now: datetime) -> Change[Game]:
    """Give the change that makes the game that follows another one in its round, with the same rules."""
    return Game.create(
        f"{game.id.rpartition('.')[0]}.{game.number + 1}",
        guild=game.guild,
        registration=registration.id,
        channel=game.channel,
        slot=game.slot,
        number=game.number + 1,
        of=game.of,
        question=question,
        counts=game.counts,
        window=game.window,
        closes_at=now + game.window,
    )


def asked_of(game: Game, *, right: bool = False, taken_back: bool = False) -> Asked:
    """Give a game's question as it is shown: with the right choice, once it is over; or as taken back."""
    question = game.question
    return Asked(
        game=game.id,
        number=game.number,
        of=game.of,
        text=question.text,
        choices=question.choices,
        category=question.category,
        difficulty=question.difficulty,
        points=question.points,
        closes_at=game.closes_at,
        right=question.right if right else None,
        taken_back=taken_back,
    )


def time_left(game: Game, now: datetime) -> float:
    """Give which part of a game's window is left."""
    return max((game.closes_at - now) / game.window, 0.0) if game.window > timedelta(0) else 0.0
