"""Routes about the bot itself, its guilds, their channels and members."""

from __future__ import annotations

from tenure.services.trivia.discord.stand_in import permissions, shapes
from tenure.services.trivia.discord.stand_in.refusals import unknown
from tenure.services.trivia.discord.stand_in.rest.calls import NOTHING, Answer, Call, Route


async def me(call: Call) -> Answer:
    """Show the bot as a user."""
    own = {"mfa_enabled": False, "locale": shapes.LOCALE, "premium_type": 0, "email": None, "verified": True, "bio": ""}
    return Answer({**shapes.user(call.world.bot), **own})


async def user(call: Call) -> Answer:
    """Show a user."""
    if call.path["user"] not in call.world.users:
        raise unknown("User")
    return Answer(shapes.user(call.world.users[call.path["user"]]))


async def application(call: Call) -> Answer:
    """Show the bot's application."""
    return Answer(shapes.application(call.world))


async def my_guilds(call: Call) -> Answer:
    """List the guilds that the bot is in."""
    return Answer(
        [
            {
                "id": guild.id,
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": False,
                "permissions": str(permissions.EVERYBODY),
                "features": [],
            }
            for guild in call.world.guilds_of_bot()
        ]
    )


async def leave(call: Call) -> Answer:
    """Let the bot leave a guild."""
    guild = call.world.guild(call.path["guild"])
    guild.has_bot = False
    call.world.tell("GUILD_DELETE", {"id": guild.id}, guild.id)
    return NOTHING


async def guild(call: Call) -> Answer:
    """Show a guild."""
    return Answer(shapes.guild(call.world, call.world.guild(call.path["guild"])))


async def channels(call: Call) -> Answer:
    """List a guild's channels, also those that the bot does not see."""
    found = call.world.guild(call.path["guild"])
    return Answer([shapes.channel(call.world, one) for one in found.channels.values()])


async def roles(call: Call) -> Answer:
    """List a guild's roles."""
    return Answer(shapes.roles(call.world, call.world.guild(call.path["guild"])))


async def members(call: Call) -> Answer:
    """List a guild's members by their ids."""
    found = call.world.guild(call.path["guild"])
    after, most = call.id("after") or 0, call.number("limit", 1, 1, 1000)
    everybody = [call.world.member(found, call.world.bot.id), *found.members.values()]
    listed = sorted((one for one in everybody if int(one.user.id) > after), key=lambda one: int(one.user.id))
    return Answer([shapes.member(call.world, found, one) for one in listed[:most]])


async def member(call: Call) -> Answer:
    """Show a member."""
    found = call.world.guild(call.path["guild"])
    return Answer(shapes.member(call.world, found, call.world.member(found, call.path["user"])))


async def channel(call: Call) -> Answer:
    """Show a channel."""
    return Answer(shapes.channel(call.world, call.world.channel(call.path["channel"])))


ROUTES = (
    Route("GET", "/users/@me", me),
    Route("GET", "/users/@me/guilds", my_guilds),
    Route("DELETE", "/users/@me/guilds/{guild}", leave),
    Route("GET", "/users/{user}", user),
    Route("GET", "/oauth2/applications/@me", application),
    Route("GET", "/applications/@me", application),
    Route("GET", "/guilds/{guild}", guild),
    Route("GET", "/guilds/{guild}/channels", channels),
    Route("GET", "/guilds/{guild}/roles", roles),
    Route("GET", "/guilds/{guild}/members", members),
    Route("GET", "/guilds/{guild}/members/{user}", member),
    Route("GET", "/channels/{channel}", channel),
)
