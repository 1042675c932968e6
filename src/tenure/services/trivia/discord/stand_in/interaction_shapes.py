"""The JSON of interactions: as the bot is told of one, and as its answer says what it answers."""

from __future__ import annotations

from tenure.services.trivia.discord.stand_in import permissions, shapes
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.world import Interaction, World


def interaction(world: World, of: Interaction) -> Json:
    """Show a member's click or command to the bot."""
    guild_of = world.guilds[of.guild]
    place = world.any_channel(of.channel)
    who = guild_of.members[of.member]
    shown: Json = {
        "id": of.id,
        "application_id": world.bot.id,
        "type": of.type,
        "data": of.data,
        "guild": {"id": guild_of.id, "locale": shapes.LOCALE, "features": []},
        "guild_id": guild_of.id,
        "channel": {**shapes.channel(world, place), "permissions": str(who.permissions)},
        "channel_id": place.id,
        "member": {**shapes.member(world, guild_of, who), "permissions": str(who.permissions)},
        "token": of.token,
        "version": 1,
        "app_permissions": str(permissions.EVERYBODY & ~place.denied),
        "locale": shapes.LOCALE,
        "guild_locale": shapes.LOCALE,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": guild_of.id},
        "context": 0,
        "attachment_size_limit": 10_485_760,
    }
    if of.source is not None:
        shown["message"] = shapes.message(world, of.source)
    return shown


def metadata(world: World, of: Interaction) -> Json:
    """Show on an answer what it answers."""
    shown: Json = {
        "id": of.id,
        "type": of.type,
        "user": shapes.user(world.users[of.member]),
        "authorizing_integration_owners": {"0": of.guild},
    }
    return {**shown, "interacted_message_id": of.source.id} if of.source else {**shown, "name": words_of(of.data)}


def words_of(data: Json) -> str:
    """Give a command with the words below it, such as `trivia post`."""
    below = next((option for option in data.get("options", []) if "options" in option), None)
    return f"{data['name']} {words_of(below)}" if below else str(data["name"])
