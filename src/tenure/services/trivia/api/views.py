"""Our records as the API shows them. The right choice of a question is shown once nobody can answer it any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tenure import Lifecycle, StateOf
from tenure.services.trivia.answering import Submission
from tenure.services.trivia.boards import Place, Stats, Week
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMember
from tenure.services.trivia.counting import received_at
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.replaying import MemberAnswered, Replay

Json = dict[str, Any]
SECRET = StateOf(Game, ("asked", "held", "open"))
"""As long as a game is in one of these, its right choice is not shown to anybody."""


def when(instant: datetime | None) -> str | None:
    """Write an instant as RFC 3339, in UTC."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def page(name: str, records: Sequence[Lifecycle], limit: int, shown: Sequence[Json]) -> Json:
    """Show one page of a list; `next` is what `after` takes for the one behind it, null at the end."""
    return {name: shown, "next": records[-1].id if len(records) == limit else None}


def guild(guild: Guild) -> Json:
    """Show a guild."""
    return {
        "id": guild.id,
        "state": guild.state.name,
        "since": when(guild.entered_at),
        "chat": guild.chat,
        "name": guild.name,
        "time_zone": guild.time_zone,
        "week_starts": guild.week_starts,
        "operators": guild.operators,
    }


def channel(channel: ChatChannel) -> Json:
    """Show a channel of the chat that comes along."""
    return {"name": channel.name, "state": channel.state.name, "since": when(channel.entered_at)}


def chat_member(member: ChatMember) -> Json:
    """Show a member of the chat that comes along, without the key."""
    return {
        "id": member.id,
        "state": member.state.name,
        "since": when(member.entered_at),
        "name": member.name,
        "manages": member.manages,
    }


def registration(registration: Registration) -> Json:
    """Show a registration: its terms, what comes next, and why it waits, if it does."""
    return {
        "id": registration.id,
        "state": registration.state.name,
        "since": when(registration.entered_at),
        "guild": registration.guild,
        "name": registration.name,
        "channel": registration.channel,
        "schedule": registration.schedule,
        "questions": registration.questions,
        "category": registration.category,
        "difficulty": registration.difficulty,
        "window_seconds": registration.window.total_seconds(),
        "sources": registration.sources,
        "counts": registration.counts,
        "catch_up": registration.catch_up,
        "next_at": when(registration.next_at) if registration.state in Registration.enabled else None,
        "posted_at": when(registration.posted_at),
        "trouble": registration.trouble,
    }


def game(game: Game) -> Json:
    """Show a game: its question, its window, what came of it, and why it waits, if it does."""
    waits = game.state in (Game.held, Game.withheld)
    return {
        "id": game.id,
        "state": game.state.name,
        "since": when(game.entered_at),
        "guild": game.guild,
        "registration": game.registration,
        "channel": game.channel,
        "slot": when(game.slot),
        "number": game.number,
        "of": game.of,
        "question": _question(game),
        "counts": game.counts,
        "window_seconds": game.window.total_seconds(),
        "closes_at": when(game.closes_at),
        "message": game.message,
        "results": msgspec.to_builtins(game.results),
        "results_message": game.results_message,
        "trouble": game.trouble,
        "tried_again_at": when(game.entered_at + game.retry_for) if waits else None,
        "created_at": when(game.created_at),
    }


def _question(game: Game) -> Json:
    question, secret = game.question, game.state in SECRET
    return {
        "text": question.text,
        "choices": dict(zip(question.letters, question.choices, strict=True)),
        "category": question.category,
        "difficulty": question.difficulty,
        "points": question.points,
        "source": question.source,
        "right": None if secret else question.right,
        "explanation": None if secret else question.explanation,
    }


def answer(answer: Answer) -> Json:
    """Show a member's answer. Its points are null until they are counted."""
    return {
        "member": answer.member,
        "name": answer.name,
        "state": answer.state.name,
        "choice": answer.choice,
        "received_at": when(received_at(answer)),
        "points": answer.points,
    }


def submission(submission: Submission) -> Json:
    """Show what became of an answer; `choice` is the one that counts."""
    return {"code": submission.code, "detail": submission.text, "choice": submission.choice}


def replay(replay: Replay) -> Json:
    """Show all that happened in a game."""
    return {
        "game": game(replay.game),
        "events": [{**msgspec.to_builtins(event), "at": when(event.at)} for event in replay.events],
        "answers": [_member_answered(answered) for answered in replay.answers],
    }


def _member_answered(answered: MemberAnswered) -> Json:
    given = [{"choice": each.choice, "received_at": when(each.received_at)} for each in answered.given]
    return {"member": answered.member, "name": answered.name, "given": given, "points": answered.points}


def place(place: Place) -> Json:
    """Show a member's place on a board."""
    shown: Json = msgspec.to_builtins(place)
    return shown


def week(week: Week) -> Json:
    """Show a guild's week."""
    return {
        "first_day": week.first_day.isoformat(),
        "begins_at": when(week.begins_at),
        "ends_at": when(week.ends_at),
    }


def stats(stats: Stats) -> Json:
    """Show what a member has reached."""
    shown: Json = msgspec.to_builtins(stats)
    return shown
