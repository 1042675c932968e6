"""Routes about application commands: bulk overwrite and single ones, global and of one guild."""

from __future__ import annotations

from tenure.services.trivia.discord.stand_in.refusals import Json, fields, invalid_form, missing_access, unknown
from tenure.services.trivia.discord.stand_in.rest.calls import NOTHING, Answer, Call, Route
from tenure.services.trivia.discord.stand_in.rest.command_forms import CHAT_INPUT, check_commands, key_of
from tenure.services.trivia.discord.stand_in.world import World

COMMANDS = 100


def _place(call: Call) -> tuple[World, str | None]:
    world, guild = call.world, call.path.get("guild")
    if call.path["application"] != world.bot.id:
        raise missing_access()
    return world, None if guild is None else world.guild(guild).id


def _kept(world: World, guild: str | None, command: Json, id: str | None = None) -> Json:
    kept: Json = {
        "id": id or world.next_id(),
        "application_id": world.bot.id,
        "version": world.next_id(),
        "default_member_permissions": None,
        "type": CHAT_INPUT,
        "description": "",
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        **command,
    }
    if kept["default_member_permissions"] is not None:
        kept["default_member_permissions"] = str(kept["default_member_permissions"])
    return kept if guild is None else {**kept, "guild_id": guild}


async def overwrite(call: Call) -> Answer:
    """Replace all commands. One that goes on under its name keeps its id."""
    world, guild = _place(call)
    if not isinstance(call.body, list) or len(call.body) > COMMANDS:
        raise invalid_form(fields([((), "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {COMMANDS} in length.")]))
    check_commands(call.body, listed=True)
    before = {key_of(command): command["id"] for command in world.commands.get(guild, {}).values()}
    kept = [_kept(world, guild, command, before.get(key_of(command))) for command in call.body]
    world.commands[guild] = {command["id"]: command for command in kept}
    world.tell("commands", None, guild)
    return Answer(kept)


async def every(call: Call) -> Answer:
    """List all commands."""
    world, guild = _place(call)
    return Answer(list(world.commands.get(guild, {}).values()))


async def create(call: Call) -> Answer:
    """Add a command, or replace the one of its name."""
    world, guild = _place(call)
    check_commands([call.body], listed=False)
    own = world.commands.setdefault(guild, {})
    before = next((command["id"] for command in own.values() if key_of(command) == key_of(call.form)), None)
    kept = _kept(world, guild, call.form, before)
    own[kept["id"]] = kept
    world.tell("commands", None, guild)
    return Answer(kept, 201 if before is None else 200)


def _found(call: Call) -> tuple[World, str | None, Json]:
    world, guild = _place(call)
    found = world.commands.get(guild, {}).get(call.path["command"])
    if found is None:
        raise unknown("application command")
    return world, guild, found


async def one(call: Call) -> Answer:
    """Show a command."""
    return Answer(_found(call)[2])


async def change(call: Call) -> Answer:
    """Edit a command."""
    world, guild, found = _found(call)
    check_commands([{**found, **call.form}], listed=False)
    changed = _kept(world, guild, {**found, **call.form, "version": world.next_id()})
    world.commands[guild][found["id"]] = changed
    world.tell("commands", None, guild)
    return Answer(changed)


async def remove(call: Call) -> Answer:
    """Delete a command."""
    world, guild, found = _found(call)
    del world.commands[guild][found["id"]]
    world.tell("commands", None, guild)
    return NOTHING


ROUTES = tuple(
    Route(method, place + path, handler)
    for place in ("/applications/{application}/commands", "/applications/{application}/guilds/{guild}/commands")
    for method, path, handler in (
        ("GET", "", every),
        ("PUT", "", overwrite),
        ("POST", "", create),
        ("GET", "/{command}", one),
        ("PATCH", "/{command}", change),
        ("DELETE", "/{command}", remove),
    )
)
