"""The JSON of Discord's objects, with the fields that version 10 of its API documents."""

from __future__ import annotations

from datetime import UTC, datetime

from tenure.services.trivia.discord.stand_in import permissions
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.world import Channel, Guild, Member, Message, User, World

LOCALE = "en-US"
MEMBER_TYPE = 1


def time(at: float | None) -> str | None:
    """Write a time as Discord does."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def user(of: User) -> Json:
    """Show a user."""
    shown: Json = {
        "id": of.id,
        "username": of.name.lower().replace(" ", "_"),
        "discriminator": "0000" if of.bot else "0",
        "global_name": None if of.bot else of.name,
        "avatar": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "banner": None,
        "accent_color": None,
        "public_flags": 0,
        "flags": 0,
    }
    return {**shown, "bot": True, "username": of.name} if of.bot else shown


def member(world: World, guild: Guild, of: Member, *, with_user: bool = True) -> Json:
    """Show a member."""
    own = [guild.bot_role] if of.user.id == world.bot.id else [guild.managers_role] * of.manages
    shown: Json = {
        "roles": own,
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": time(of.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    return {**shown, "user": user(of.user)} if with_user else shown


def roles(world: World, guild: Guild) -> list[Json]:
    """Show a guild's roles: everybody's, that of those who run it, the bot's own."""
    return [
        _role(guild.id, "@everyone", 0, permissions.EVERYBODY),
        _role(guild.managers_role, "managers", 1, permissions.MANAGERS),
        {
            **_role(guild.bot_role, world.bot.name, 2, permissions.EVERYBODY, managed=True),
            "tags": {"bot_id": world.bot.id},
        },
    ]


def _role(id: str, name: str, position: int, allowed: int, *, managed: bool = False) -> Json:
    return {
        "id": id,
        "name": name,
        "description": None,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(allowed),
        "managed": managed,
        "mentionable": False,
        "flags": 0,
    }


def channel(world: World, of: Channel) -> Json:
    """Show a text channel."""
    denied = [{"id": world.bot.id, "type": MEMBER_TYPE, "allow": "0", "deny": str(of.denied)}] if of.denied else []
    return {
        "id": of.id,
        "type": 0,
        "guild_id": of.guild,
        "name": of.name,
        "position": of.position,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "flags": 0,
        "last_message_id": max(of.messages, key=int, default=None),
        "last_pin_timestamp": None,
        "rate_limit_per_user": 0,
        "permission_overwrites": denied,
    }


def guild(world: World, of: Guild) -> Json:
    """Show a guild as the API gives it."""
    return {
        "id": of.id,
        "name": of.name,
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "features": [],
        "owner_id": of.owner,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "roles": roles(world, of),
        "emojis": [],
        "stickers": [],
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": LOCALE,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "nsfw": False,
        "nsfw_level": 0,
        "incidents_data": None,
    }


def guild_created(world: World, of: Guild, *, everybody: bool = False) -> Json:
    """Show a guild as the gateway gives it, with what is in it. Only some are told of every member."""
    members = [Member(world.bot, of.bot_joined_at), *(of.members.values() if everybody else ())]
    return {
        **guild(world, of),
        "joined_at": time(of.bot_joined_at),
        "large": False,
        "member_count": len(of.members) + 1,
        "members": [member(world, of, one) for one in members],
        "channels": [channel(world, one) for one in of.channels.values()],
        "threads": [],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(world: World, of: Message) -> Json:
    """Show a message."""
    shown: Json = {
        "id": of.id,
        "channel_id": of.channel,
        "type": 0,
        "author": user(of.author),
        "content": of.content,
        "timestamp": time(of.at),
        "edited_timestamp": time(of.edited_at),
        "tts": of.tts,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": of.embeds,
        "components": of.components,
        "pinned": False,
        "flags": of.flags,
    }
    if of.interaction is not None:
        kind = 20 if of.interaction["type"] == 2 else 19  # noqa: PLR2004  answers to a command, and to a click
        shown |= {"type": kind, "interaction_metadata": of.interaction}
        shown |= {"webhook_id": world.bot.id, "application_id": world.bot.id}
    if of.answers is not None:
        shown |= {"message_reference": {"type": 0, "channel_id": of.channel, "message_id": of.answers}}
        shown |= {} if of.interaction is not None else {"type": 19}
    return shown


def application(world: World) -> Json:
    """Show the bot's application to itself."""
    return {
        "id": world.bot.id,
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": user(world.owner),
        "flags": 0,
        "hook": True,
        "storefront_available": False,
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "redirect_uris": [],
        "team": None,
        "approximate_guild_count": sum(1 for _ in world.guilds_of_bot()),
        "approximate_user_install_count": 0,
        "integration_types_config": {"0": {}},
        "guild": None,
        "tags": [],
    }
