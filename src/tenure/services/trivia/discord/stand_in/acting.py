"""What people do in the stand-in, and what they see: write, click, type commands; let the bot in and out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from tenure.services.trivia.discord.stand_in import permissions, shapes
from tenure.services.trivia.discord.stand_in.gateway.sessions import Hub
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.rest.interactions import CLICK, COMMAND, TYPING
from tenure.services.trivia.discord.stand_in.seeing import NO_ANSWER, NotThere, Seen, named
from tenure.services.trivia.discord.stand_in.typed import Mistyped, Reader
from tenure.services.trivia.discord.stand_in.world import Channel, Guild, Interaction, Member, Message, User, World

BUTTON = 2
THINKING_SECONDS = 60.0
KEPT_INTERACTIONS = 10_000


class People:
    """The people of one stand-in. Guilds, channels and members go by name or id."""

    def __init__(
        self, world: World, hub: Hub, new_token: Callable[[], str] = lambda: secrets.token_urlsafe(48)
    ) -> None:
        self._world, self._hub, self._new_token = world, hub, new_token

    # ------------------------------------------------------------------------------------ guilds and channels

    def add_guild(
        self,
        name: str,
        *,
        channels: tuple[str, ...] = ("general",),
        managers: tuple[str, ...] = (),
        members: tuple[str, ...] = (),
        with_bot: bool = True,
    ) -> Guild:
        """Make a guild; the bot is in it unless it is to come later."""
        world = self._world
        role, bot_role = world.next_id(), world.next_id()
        guild = Guild(world.next_id(), name, world.owner.id, role, bot_role, world.now(), has_bot=False)
        world.guilds[guild.id] = guild
        for channel in channels:
            self.add_channel(guild.id, channel)
        for member in (*managers, *members):
            self.add_member(guild.id, member, manages=member in managers)
        if with_bot:
            self.invite(guild.id)
        return guild

    def add_channel(self, guild: str, name: str) -> Channel:
        """Make a text channel."""
        found = self.guild(guild)
        channel = Channel(self._world.next_id(), found.id, name, len(found.channels))
        found.channels[channel.id] = channel
        self._world.tell("CHANNEL_CREATE", shapes.channel(self._world, channel), found.id)
        return channel

    def remove_channel(self, guild: str, channel: str) -> None:
        """Delete a channel with its messages."""
        found = self.channel(guild, channel)
        del self.guild(guild).channels[found.id]
        self._world.tell("CHANNEL_DELETE", shapes.channel(self._world, found), found.guild)

    def add_member(self, guild: str, name: str, *, manages: bool = False) -> Member:
        """Let a person join; the same name is the same person in every guild."""
        world, found = self._world, self.guild(guild)
        user = next((one for one in world.users.values() if one.name == name), None)
        if user is None:
            user = User(world.next_id(), name)
            world.users[user.id] = user
        member = Member(user, world.now(), manages)
        found.members[user.id] = member
        world.tell("GUILD_MEMBER_ADD", shapes.member(world, found, member) | {"guild_id": found.id}, found.id)
        return member

    def invite(self, guild: str) -> None:
        """Let the bot join a guild."""
        found = self.guild(guild)
        if not found.has_bot:
            found.has_bot, found.bot_joined_at = True, self._world.now()
            self._world.tell("GUILD_CREATE", found, found.id)

    def kick(self, guild: str) -> None:
        """Send the bot out of a guild."""
        found = self.guild(guild)
        if found.has_bot:
            found.has_bot = False
            self._world.tell("GUILD_DELETE", {"id": found.id}, found.id)

    def permit(
        self,
        guild: str,
        channel: str,
        *,
        view_channel: bool | None = None,
        send_messages: bool | None = None,
        embed_links: bool | None = None,
        read_message_history: bool | None = None,
    ) -> None:
        """Let the bot do things in a channel, or not; what is not named stays as it is."""
        found = self.channel(guild, channel)
        for bit, allow in (
            (permissions.VIEW_CHANNEL, view_channel),
            (permissions.SEND_MESSAGES, send_messages),
            (permissions.EMBED_LINKS, embed_links),
            (permissions.READ_MESSAGE_HISTORY, read_message_history),
        ):
            if allow is not None:
                found.denied = found.denied & ~bit if allow else found.denied | bit
        self._world.tell("CHANNEL_UPDATE", shapes.channel(self._world, found), found.guild)

    # ------------------------------------------------------------------------------------ members act

    def write(self, guild: str, channel: str, member: str, text: str) -> Message:
        """Let a member write a message."""
        place, who = self.channel(guild, channel), self.member(guild, member)
        message = Message(self._world.next_id(), place.id, who.user, text, self._world.now())
        self._world.add(message)
        return message

    async def command(self, guild: str, channel: str, member: str, text: str) -> Seen:
        """Let a member type a slash command, such as `/trivia register channel:#quiz`, and wait for the answer."""
        found, who = self.guild(guild), self.member(guild, member)
        data = Reader(self._world, found, who).read(text)
        return await self._ask(COMMAND, self.channel(guild, channel), who, data, None)

    async def suggest(self, guild: str, channel: str, member: str, text: str) -> list[Json]:
        """Let a member begin to type a command, and give what is proposed for its last option."""
        found, who = self.guild(guild), self.member(guild, member)
        data = Reader(self._world, found, who, begun=True).read(text)
        asked = self._told(TYPING, self.channel(guild, channel), who, data, None)
        return asked.choices if (await self._answer(asked)).failed is None else []

    async def click(self, guild: str, channel: str, member: str, message: str, button: str) -> Seen:
        """Let a member click the button with this label or custom id, and wait for the answer."""
        place, who = self.channel(guild, channel), self.member(guild, member)
        source = place.messages.get(message) or self._private(message, who)
        found = self._button(source, button)
        data = {"custom_id": found["custom_id"], "component_type": BUTTON, "id": found.get("id", 0)}
        return await self._ask(CLICK, place, who, data, source)

    async def press(self, guild: str, channel: str, member: str, message: str, custom_id: str) -> Seen:
        """Send a click whatever the message shows now, as one comes that was made before the message was edited."""
        place, who = self.channel(guild, channel), self.member(guild, member)
        source = place.messages.get(message) or self._private(message, who)
        return await self._ask(CLICK, place, who, {"custom_id": custom_id, "component_type": BUTTON}, source)

    def _button(self, message: Message, wanted: str) -> Json:
        buttons = [part for row in message.components for part in row.get("components", []) if part["type"] == BUTTON]
        for button in buttons:
            if wanted in (button.get("custom_id"), button.get("label")):
                if button.get("disabled"):
                    raise Mistyped(f"the button {wanted!r} is disabled")
                return dict(button)
        labels = ", ".join(str(button.get("label") or button.get("custom_id")) for button in buttons) or "none"
        raise NotThere(f"there is no button {wanted!r}; there are: {labels}")

    def _private(self, id: str, who: Member) -> Message:
        message = self._world.private.get(id)
        if message is None or message.seen_by != who.user.id:
            raise NotThere(f"{who.user.name} sees no message {id} there")
        return message

    async def _ask(self, type: int, place: Channel, who: Member, data: Json, source: Message | None) -> Seen:  # noqa: A002
        return await self._answer(self._told(type, place, who, data, source))

    def _told(self, type: int, place: Channel, who: Member, data: Json, source: Message | None) -> Interaction:  # noqa: A002
        """Tell the bot what a member did."""
        world = self._world
        id, token = world.next_id(), self._new_token()
        told = Interaction(id, token, type, place.guild, place.id, who.user.id, world.now(), data, source)
        world.interactions[token] = told
        while len(world.interactions) > KEPT_INTERACTIONS:
            del world.interactions[next(iter(world.interactions))]
        if world.guilds[place.guild].has_bot:
            world.tell("INTERACTION_CREATE", told, place.guild)
        return told

    async def _answer(self, asked: Interaction) -> Seen:
        """Wait as Discord does: some seconds for the first response, then as long as the bot asked for."""
        try:
            async with asyncio.timeout(self._world.first_seconds):
                await asked.answered.wait()
            async with asyncio.timeout(THINKING_SECONDS):
                await asked.settled.wait()
        except TimeoutError:
            return Seen(interaction=asked.id, failed=NO_ANSWER)
        shown = [shapes.message(self._world, message) for message in asked.messages]
        return Seen(interaction=asked.id, messages=shown, private=any(one.ephemeral for one in asked.messages))

    # ------------------------------------------------------------------------------------ what is there

    def messages(self, guild: str, channel: str) -> list[Json]:
        """List all messages of a channel, the oldest first, as everybody sees them."""
        found = self.channel(guild, channel)
        return [shapes.message(self._world, message) for message in found.messages.values()]

    def guild(self, wanted: str) -> Guild:
        """Find a guild."""
        return named("guild", self._world.guilds, wanted)

    def channel(self, guild: str, wanted: str) -> Channel:
        """Find a channel of a guild."""
        return named("channel", self.guild(guild).channels, wanted.removeprefix("#"))

    def member(self, guild: str, wanted: str) -> Member:
        """Find a member of a guild."""
        members = self.guild(guild).members
        for id, member in members.items():
            if wanted in (id, member.user.name):
                return member
        raise NotThere(f"there is no member {wanted!r}; there are: {', '.join(m.user.name for m in members.values())}")
