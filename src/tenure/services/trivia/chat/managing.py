"""The commands of those who manage a guild: what is asked and when, and to end or take back a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from tenure.services.trivia.chat.asking import Call, Handler, Reply
from tenure.services.trivia.chat.wording import channel, instant
from tenure.services.trivia.lifecycle import CatchUp, Counts, Game
from tenure.services.trivia.refusals import Wrong
from tenure.services.trivia.registrations import Terms

NOTHING_TO_END = "no question is open in this channel"


async def register(call: Call) -> Reply:
    """Make a registration for the channel where it is asked for."""
    first = Terms(channel=call.asker.channel, schedule=call.text("schedule") or "")
    terms = Terms(
        channel=first.channel,
        schedule=first.schedule,
        questions=call.whole("questions", first.questions),
        category=call.text("category"),
        difficulty=call.text("difficulty"),
        window_seconds=timedelta(minutes=call.whole("minutes", 0)).total_seconds() or first.window_seconds,
        sources=_sources(call.text("sources")) or first.sources,
        counts=cast("Counts", call.text("counts") or first.counts),
        catch_up=cast("CatchUp", call.text("missed") or first.catch_up),
    )
    made = await call.parts.registrations.create(call.asker.guild, call.text("name") or "", terms)
    return Reply(
        text=f"Registered `{made.name}` in {channel(made.channel)}. The first question comes {instant(made.next_at)}."
    )


def _sources(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


async def enable(call: Call) -> Reply:
    """Let a registration go on."""
    registration = await call.registration(call.text("name") or "")
    enabled = await call.parts.registrations.enable(registration.id)
    return Reply(text=f"`{enabled.name}` goes on. The next question comes {instant(enabled.next_at)}.")


async def disable(call: Call) -> Reply:
    """Let a registration rest."""
    registration = await call.registration(call.text("name") or "")
    await call.parts.registrations.disable(registration.id)
    return Reply(text=f"`{registration.name}` rests; a question that is open goes on. `enable` lets it go on.")


async def post(call: Call) -> Reply:
    """Ask a question now."""
    registration = await call.registration(call.text("name") or "")
    game = await call.parts.posting.post_now(registration.id, request=call.op or None)
    return Reply(text=f"A question of `{registration.name}` comes to {channel(game.channel)} now: `{game.id}`.")


async def close(call: Call) -> Reply:
    """End a question before its time."""
    game = await call.game(Game.open, otherwise=NOTHING_TO_END)
    closed = await call.parts.games.close(game.id)
    return Reply(text=f"`{closed.id}` is closed. Its results come as soon as the answers are counted.")


async def delete(call: Call) -> Reply:
    """Take back a question, or delete a registration."""
    name = call.text("registration")
    if name is None:
        game = await call.game(Game.open, otherwise=NOTHING_TO_END)
        await call.parts.games.delete(game.id)
        return Reply(text=f"`{game.id}` is taken back. What was answered does not count.")
    if call.text("game"):
        raise Wrong("give either `game` or `registration`, not both")
    registration = await call.registration(name)
    await call.parts.registrations.delete(registration.id)
    return Reply(text=f"`{registration.name}` is deleted; a question that is open goes on.")


HANDLERS: Mapping[str, Handler] = {
    "register": register,
    "enable": enable,
    "disable": disable,
    "post": post,
    "close": close,
    "delete": delete,
}
