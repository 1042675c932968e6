"""Routes that answer interactions: the first response, the message that it made, and what follows."""

from __future__ import annotations

from tenure.services.trivia.discord.stand_in import interaction_shapes, shapes
from tenure.services.trivia.discord.stand_in.refusals import (
    Json,
    acknowledged,
    fields,
    invalid_form,
    spent_token,
    unknown,
)
from tenure.services.trivia.discord.stand_in.rest.calls import NOTHING, Answer, Call, Route
from tenure.services.trivia.discord.stand_in.rest.messages import edit, make
from tenure.services.trivia.discord.stand_in.validating import an_object, check_message, objects
from tenure.services.trivia.discord.stand_in.world import EPHEMERAL, LOADING, Interaction, Message, World

PONG, MESSAGE, LATER, UPDATE_LATER, UPDATE, CHOICES = 1, 4, 5, 6, 7, 8
COMMAND, CLICK, TYPING = 2, 3, 4
TAKEN = {COMMAND: {MESSAGE, LATER}, CLICK: {MESSAGE, LATER, UPDATE_LATER, UPDATE}, TYPING: {CHOICES}}
"""Which responses an interaction takes. Dialogues and activities are not shown here."""
CHOICES_MOST = 25
ALL_SECONDS = 900.0
"""What follows the first response is taken for so long."""


async def respond(call: Call) -> Answer:
    """Take the first response to an interaction, once."""
    world, form = call.world, call.form
    found = world.interactions.get(call.path["token"])
    if found is None or found.id != call.path["interaction"]:
        raise unknown("interaction")
    if found.response_type is not None:
        raise acknowledged()
    if world.now() - found.at > world.first_seconds:
        raise unknown("interaction")
    kind, data = form.get("type"), form.get("data") or {}
    if not isinstance(kind, int) or kind not in TAKEN[found.type]:
        raise invalid_form(fields([(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {TAKEN[found.type]}.")]))
    wrong = [*an_object(("data",), data)] or [*objects(("data", "choices"), data.get("choices") or [], CHOICES_MOST)]
    if wrong:
        raise invalid_form(fields(wrong))
    check_message(data, needs_something=kind == MESSAGE)
    _take(world, found, kind, data)
    found.response_type = kind
    found.answered.set()
    if kind not in (LATER, UPDATE_LATER):
        found.settled.set()
    return Answer(_told(world, found)) if call.query.get("with_response") in ("1", "true") else NOTHING


def _take(world: World, found: Interaction, kind: int, data: Json) -> None:
    if kind == MESSAGE:
        found.original = _add(world, found, data, int(data.get("flags") or 0) & EPHEMERAL)
    elif kind == LATER:
        found.original = _add(world, found, {}, int(data.get("flags") or 0) & EPHEMERAL | LOADING)
    elif kind == CHOICES:
        found.choices = data.get("choices") or []
    else:
        found.original = found.source
        if kind == UPDATE and found.source is not None:
            edit(found.source, data)
            world.changed(found.source)


def _add(world: World, found: Interaction, form: Json, flags: int) -> Message:
    """Add a message of the bot's that answers an interaction."""
    message = make(world, world.any_channel(found.channel), world.bot, form, flags=flags)
    message.interaction = interaction_shapes.metadata(world, found)
    message.answers = found.source.id if found.source else None
    message.seen_by = found.member if flags & EPHEMERAL else None
    world.add(message)
    return message


def _told(world: World, found: Interaction) -> Json:
    told: Json = {"id": found.id, "type": found.type}
    resource: Json = {"type": found.response_type}
    if found.original is not None:
        told["response_message_id"] = found.original.id
        told["response_message_loading"] = bool(found.original.flags & LOADING)
        told["response_message_ephemeral"] = found.original.ephemeral
        if found.response_type in (MESSAGE, LATER, UPDATE):
            resource["message"] = shapes.message(world, found.original)
    return {"interaction": told, "resource": resource}


# --------------------------------------------------------------------------------------------- what follows


def _followed(call: Call) -> Interaction:
    """Find the interaction whose token this is; without a first response nothing follows."""
    found = call.world.interactions.get(call.path["token"])
    if call.path["application"] != call.world.bot.id or found is None or found.response_type is None:
        raise unknown("Webhook")
    if call.world.now() - found.at > ALL_SECONDS:
        raise spent_token()
    return found


def _message(call: Call) -> tuple[Interaction, Message]:
    found, id = _followed(call), call.path["message"]
    message = found.original if id == "@original" else found.followups.get(id)
    if message is None and found.original is not None and found.original.id == id:
        message = found.original
    if message is None:
        raise unknown("Message")
    return found, message


async def follow_up(call: Call) -> Answer:
    """Add a message. The first one takes the place of "thinking"."""
    found, form = _followed(call), call.form
    check_message(form)
    if found.original is not None and found.original.flags & LOADING:
        return _settle(call.world, found, found.original, form)
    message = _add(call.world, found, form, int(form.get("flags") or 0) & EPHEMERAL)
    found.followups[message.id] = message
    return Answer(shapes.message(call.world, message))


def _settle(world: World, found: Interaction, message: Message, form: Json) -> Answer:
    edit(message, form)
    message.flags &= ~LOADING
    world.changed(message)
    found.settled.set()
    return Answer(shapes.message(world, message))


async def read(call: Call) -> Answer:
    """Show an answer again."""
    return Answer(shapes.message(call.world, _message(call)[1]))


async def change(call: Call) -> Answer:
    """Edit an answer; this ends "thinking"."""
    found, message = _message(call)
    return _settle(call.world, found, message, call.form)


async def remove(call: Call) -> Answer:
    """Take an answer back."""
    found, message = _message(call)
    call.world.remove(message)
    found.followups.pop(message.id, None)
    if message is found.original:
        found.original = None
        found.settled.set()
    return NOTHING


ROUTES = (
    Route("POST", "/interactions/{interaction}/{token}/callback", respond, with_bot_token=False),
    Route("POST", "/webhooks/{application}/{token}", follow_up, with_bot_token=False),
    Route("GET", "/webhooks/{application}/{token}/messages/{message}", read, with_bot_token=False),
    Route("PATCH", "/webhooks/{application}/{token}/messages/{message}", change, with_bot_token=False),
    Route("DELETE", "/webhooks/{application}/{token}/messages/{message}", remove, with_bot_token=False),
)
