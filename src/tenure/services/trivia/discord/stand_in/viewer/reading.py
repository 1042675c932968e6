"""What the page is told: one channel as one member sees it, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterator

from tenure.services.trivia.discord.stand_in import permissions, shapes
from tenure.services.trivia.discord.stand_in.control import guild_shown
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.standing import StandIn
from tenure.services.trivia.discord.stand_in.typed import CHANNEL, GROUP, SUBCOMMAND, commands_for
from tenure.services.trivia.discord.stand_in.world import Channel, Guild, Member, Message, World

MOST_MESSAGES = 200


def view(stand_in: StandIn, *, guild: str, channel: str, member: str) -> Json:
    """Show a channel to a member; what is not named, or is gone, is the first one there is."""
    world = stand_in.world
    shown: Json = {
        "bot": {"id": world.bot.id, "name": world.bot.name, "connected": _connected(stand_in)},
        "guilds": [guild_shown(one) for one in world.guilds.values()],
        "names": {user.id: user.name for user in world.users.values()},
        "guild": None,
    }
    found = world.guilds.get(guild) or next(iter(world.guilds.values()), None)
    if found is None or not found.channels or not found.members:
        return shown
    place = found.channels.get(channel) or next(iter(found.channels.values()))
    who = found.members.get(member) or next(iter(found.members.values()))
    return shown | {
        "guild": found.id,
        "channel": place.id,
        "member": who.user.id,
        "denied": _denied(place),
        "messages": [_shown(world, message) for message in _seen(world, place, who)],
        "commands": list(_commands(world, found, who)),
    }


def _connected(stand_in: StandIn) -> bool:
    return any(session.outgoing is not None for session in stand_in.hub.sessions.values())


def _denied(channel: Channel) -> list[str]:
    named = {"view_channel": permissions.VIEW_CHANNEL, "send_messages": permissions.SEND_MESSAGES}
    return [name for name, bit in named.items() if channel.denied & bit]


def _seen(world: World, channel: Channel, who: Member) -> list[Message]:
    own = [one for one in world.private.values() if one.channel == channel.id and one.seen_by == who.user.id]
    return sorted((*channel.messages.values(), *own), key=lambda one: int(one.id))[-MOST_MESSAGES:]


def _shown(world: World, message: Message) -> Json:
    shown = shapes.message(world, message)
    answered = shown.get("interaction_metadata")
    name = answered["user"]["global_name"] if answered else None
    return shown | {"private": message.ephemeral, "asked_by": name, "command": (answered or {}).get("name")}


def _commands(world: World, guild: Guild, who: Member) -> Iterator[Json]:
    for command in commands_for(world, guild, who):
        yield from _flat(guild, command, f"/{command['name']}")


def _flat(guild: Guild, part: Json, words: str) -> Iterator[Json]:
    """Give a command, or each of those below it, with its options."""
    options = part.get("options") or []
    below = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    for option in below:
        yield from _flat(guild, option, f"{words} {option['name']}")
    if not below:
        shown = [_option(guild, option) for option in options]
        yield {"words": words, "description": part["description"], "options": shown}


def _option(guild: Guild, option: Json) -> Json:
    choices = [str(choice["name"]) for choice in option.get("choices") or []]
    if option["type"] == CHANNEL:
        choices = [f"#{channel.name}" for channel in guild.channels.values()]
    return {
        "name": option["name"],
        "description": option["description"],
        "required": bool(option.get("required")),
        "choices": choices,
        "proposed": bool(option.get("autocomplete")),
    }
