"""Routes about messages: posting with a nonce, editing, reading back."""

from __future__ import annotations

from typing import Any

from tenure.services.trivia.discord.stand_in import permissions, shapes
from tenure.services.trivia.discord.stand_in.refusals import (
    Json,
    empty_message,
    missing_access,
    missing_permissions,
    not_its_author,
)
from tenure.services.trivia.discord.stand_in.rest.calls import NOTHING, Answer, Call, Route
from tenure.services.trivia.discord.stand_in.validating import check_message
from tenure.services.trivia.discord.stand_in.world import Channel, Message, User, World

ALLOWED_FLAGS = 1 << 2 | 1 << 12
"""What a bot may set: no previews of links, no notifications."""


def content_of(form: Json) -> Json:
    """Give the parts of a message that a form sets."""
    parts: Json = {}
    if "content" in form:
        parts["content"] = form["content"] or ""
    for name in ("embeds", "components"):
        if name in form:
            parts[name] = [_numbered(name, one) for one in form[name] or []]
    return parts


def _numbered(name: str, part: Json) -> Json:
    """Add what Discord adds: the type of an embed, the number of a component."""
    if name == "embeds":
        fields = [{"inline": False, **one} for one in part.get("fields", [])]
        return {"type": "rich", **part, **({"fields": fields} if fields else {})}
    return part


def make(world: World, channel: Channel, author: User, form: Json, *, flags: int = 0) -> Message:
    """Make a message from a form; it isn't in its channel yet."""
    return Message(
        id=world.next_id(),
        channel=channel.id,
        author=author,
        at=world.now(),
        flags=flags,
        tts=bool(form.get("tts")),
        nonce=form.get("nonce"),
        answers=(form.get("message_reference") or {}).get("message_id"),
        **{"content": "", **content_of(form)},
    )


def edit(message: Message, form: Json) -> None:
    """Change what a form names; nothing may be left empty."""
    check_message(form, needs_something=False)
    parts = content_of(form)
    left: dict[str, Any] = {"content": message.content, "embeds": message.embeds, "components": message.components}
    if not any((left | parts).values()):
        raise empty_message()
    for name, value in parts.items():
        setattr(message, name, value)


def allow(channel: Channel, *needed: int) -> None:
    """Refuse what the bot may not do in a channel."""
    if any(channel.denied & one for one in needed):
        raise missing_permissions()


async def post(call: Call) -> Answer:
    """Post a message. With `enforce_nonce` a repeat of its nonce gives the first one, for some minutes."""
    world, form = call.world, call.form
    channel = world.channel(call.path["channel"])
    allow(channel, permissions.SEND_MESSAGES)
    if form.get("embeds"):
        allow(channel, permissions.EMBED_LINKS)
    check_message(form)
    nonce = form.get("nonce")
    if nonce is not None and form.get("enforce_nonce"):
        first = world.first_with(world.bot.id, nonce)
        if first is not None:
            return Answer({**shapes.message(world, first), "nonce": nonce})
    message = make(world, channel, world.bot, form, flags=int(form.get("flags") or 0) & ALLOWED_FLAGS)
    if nonce is not None:
        world.note_nonce(world.bot.id, nonce, message)
    world.add(message)
    shown = shapes.message(world, message)
    return Answer(shown if nonce is None else {**shown, "nonce": nonce})


async def history(call: Call) -> Answer:
    """List a channel's messages, the latest first."""
    channel = call.world.channel(call.path["channel"])
    most = call.number("limit", 50, 1, 100)
    if channel.denied & permissions.READ_MESSAGE_HISTORY:
        return Answer([])
    before, after, around = call.id("before"), call.id("after"), call.id("around")
    ids = sorted(map(int, channel.messages), reverse=True)
    if around is not None:
        ids = sorted(sorted(ids, key=lambda one: abs(one - around))[:most], reverse=True)
    elif before is not None:
        ids = [one for one in ids if one < before][:most]
    elif after is not None:
        ids = [one for one in ids if one > after][-most:]
    else:
        ids = ids[:most]
    return Answer([shapes.message(call.world, channel.messages[str(one)]) for one in ids])


async def read(call: Call) -> Answer:
    """Show one message."""
    channel = call.world.channel(call.path["channel"])
    allow(channel, permissions.READ_MESSAGE_HISTORY)
    return Answer(shapes.message(call.world, call.world.message(channel, call.path["message"])))


async def change(call: Call) -> Answer:
    """Edit a message of the bot's own. This needs no permission to post, only to see the channel."""
    channel = call.world.channel(call.path["channel"])
    message = call.world.message(channel, call.path["message"])
    if message.author.id != call.world.bot.id:
        raise not_its_author()
    edit(message, call.form)
    call.world.changed(message)
    return Answer(shapes.message(call.world, message))


async def remove(call: Call) -> Answer:
    """Delete a message; one of somebody else needs the permission."""
    channel = call.world.channel(call.path["channel"])
    message = call.world.message(channel, call.path["message"])
    if message.author.id != call.world.bot.id:
        raise missing_permissions()
    call.world.remove(message)
    return NOTHING


async def typing(call: Call) -> Answer:
    """Show that the bot is typing, which nobody sees here."""
    channel = call.world.channel(call.path["channel"])
    if channel.denied & permissions.SEND_MESSAGES:
        raise missing_access()
    return NOTHING


ROUTES = (
    Route("POST", "/channels/{channel}/messages", post),
    Route("GET", "/channels/{channel}/messages", history),
    Route("GET", "/channels/{channel}/messages/{message}", read),
    Route("PATCH", "/channels/{channel}/messages/{message}", change),
    Route("DELETE", "/channels/{channel}/messages/{message}", remove),
    Route("POST", "/channels/{channel}/typing", typing),
)
