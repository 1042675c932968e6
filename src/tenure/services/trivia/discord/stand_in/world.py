"""What the stand-in keeps: guilds with channels and members, messages, commands, interactions. All in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tenure.services.trivia.discord.stand_in import permissions
from tenure.services.trivia.discord.stand_in.refusals import Json, missing_access, unknown
from tenure.services.trivia.discord.stand_in.snowflakes import Snowflakes

NONCE_SECONDS = 300.0
"""How long a nonce is remembered. Discord says no more than "the past few minutes"."""
EPHEMERAL, LOADING = 1 << 6, 1 << 7


@dataclass(slots=True)
class User:
    """A person, or the bot."""

    id: str
    name: str
    bot: bool = False


@dataclass(slots=True)
class Member:
    """A user in a guild; `manages` gives those permissions that running the guild needs."""

    user: User
    joined_at: float
    manages: bool = False

    @property
    def permissions(self) -> int:
        """What this member may do."""
        return permissions.MANAGERS if self.manages else permissions.EVERYBODY


@dataclass(slots=True)
class Channel:
    """A text channel; `denied` are the permissions that the bot lacks there."""

    id: str
    guild: str
    name: str
    position: int
    denied: int = 0
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass(slots=True)
class Guild:
    """A server; without `has_bot` the bot sees nothing of it."""

    id: str
    name: str
    owner: str
    managers_role: str
    bot_role: str
    bot_joined_at: float
    has_bot: bool = True
    channels: dict[str, Channel] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """What somebody wrote. One that is ephemeral is seen by one member only, and is in no list."""

    id: str
    channel: str
    author: User
    content: str
    at: float
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    edited_at: float | None = None
    interaction: Json | None = None
    answers: str | None = None
    """The message that it answers."""
    seen_by: str | None = None

    @property
    def ephemeral(self) -> bool:
        """Whether only one member sees it."""
        return bool(self.flags & EPHEMERAL)


@dataclass(slots=True)
class Interaction:
    """A member's click or command, and what the bot answered."""

    id: str
    token: str
    type: int
    guild: str
    channel: str
    member: str
    at: float
    data: Json
    source: Message | None = None
    """The message with the button."""
    response_type: int | None = None
    original: Message | None = None
    """The message that answers it; after an edit in place, the one with the button."""
    followups: dict[str, Message] = field(default_factory=dict)
    choices: list[Json] = field(default_factory=list)
    """What was proposed for an option that is being typed."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first response, also by one that only asks for patience."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once there is something to see."""

    @property
    def messages(self) -> list[Message]:
        """What the bot wrote in answer, in order."""
        own = [] if self.original is None or self.original is self.source else [self.original]
        return [*own, *self.followups.values()]


Event = Callable[[str, Any, str | None], None]
"""Hears the name, what it was about, and the guild."""


class World:
    """Everything there is. Whoever changes it tells those who listen: the gateway, and the viewers."""

    def __init__(self, clock: Callable[[], float], token: str, bot: str, first_seconds: float = 3.0) -> None:
        self._clock, self._offset = clock, 0.0
        self.first_seconds = first_seconds
        """So long an interaction waits for its first response."""
        self.next_id = Snowflakes(self.now)
        self.token = token
        self.bot = User(self.next_id(), bot, bot=True)
        self.owner = User(self.next_id(), "owner")
        self.users = {user.id: user for user in (self.bot, self.owner)}
        self.guilds: dict[str, Guild] = {}
        self.commands: dict[str | None, dict[str, Json]] = {None: {}}
        """Application commands: the global ones below None, else by guild."""
        self.interactions: dict[str, Interaction] = {}
        """By token."""
        self.private: dict[str, Message] = {}
        """Ephemeral messages, which are in no channel's list."""
        self.nonces: dict[tuple[str, str], tuple[Message, float]] = {}
        self.revoked = False
        self.refused_intents = 0
        """Privileged intents that nobody granted in the developer portal."""
        self.listeners: list[Event] = []

    def now(self) -> float:
        """Give the time, in seconds since 1970."""
        return self._clock() + self._offset

    def advance(self, seconds: float) -> None:
        """Let time pass: windows of nonces and of rate limits, and the times of interactions."""
        self._offset += seconds

    def tell(self, event: str, about: Any, guild: str | None = None) -> None:
        """Say that something happened."""
        for listener in self.listeners:
            listener(event, about, guild)

    # ------------------------------------------------------------------------------------ as the bot sees it

    def guilds_of_bot(self) -> Iterator[Guild]:
        """Give the guilds that the bot is in."""
        return (guild for guild in self.guilds.values() if guild.has_bot)

    def guild(self, id: str) -> Guild:
        """Find a guild that the bot is in."""
        guild = self.guilds.get(id)
        if guild is None:
            raise unknown("Guild")
        if not guild.has_bot:
            raise missing_access()
        return guild

    def channel(self, id: str) -> Channel:
        """Find a channel that the bot sees."""
        channel = self.any_channel(id)
        if not self.guilds[channel.guild].has_bot or channel.denied & permissions.VIEW_CHANNEL:
            raise missing_access()
        return channel

    def any_channel(self, id: str) -> Channel:
        """Find a channel, seen by the bot or not."""
        for guild in self.guilds.values():
            if id in guild.channels:
                return guild.channels[id]
        raise unknown("Channel")

    def message(self, channel: Channel, id: str) -> Message:
        """Find a message of a channel."""
        if id not in channel.messages:
            raise unknown("Message")
        return channel.messages[id]

    def member(self, guild: Guild, id: str) -> Member:
        """Find a member, who may be the bot."""
        if id == self.bot.id:
            return Member(self.bot, guild.bot_joined_at)
        if id not in guild.members:
            raise unknown("Member")
        return guild.members[id]

    # ------------------------------------------------------------------------------------ writing

    def add(self, message: Message) -> None:
        """Put a message into its channel, or before the eyes of the one member who sees it."""
        channel = self.any_channel(message.channel)
        (self.private if message.ephemeral else channel.messages)[message.id] = message
        self._tell_of("MESSAGE_CREATE", message, channel)

    def changed(self, message: Message) -> None:
        """Say that a message was edited."""
        message.edited_at = self.now()
        self._tell_of("MESSAGE_UPDATE", message, self.any_channel(message.channel))

    def remove(self, message: Message) -> None:
        """Take a message out of its channel."""
        channel = self.any_channel(message.channel)
        (self.private if message.ephemeral else channel.messages).pop(message.id, None)
        self._tell_of("MESSAGE_DELETE", message, channel)

    def _tell_of(self, event: str, message: Message, channel: Channel) -> None:
        self.tell("private" if message.ephemeral else event, message, channel.guild)

    def first_with(self, author: str, nonce: str | int) -> Message | None:
        """Find the message that its author sent with this nonce in the last minutes.

        If that was deleted since, Discord makes no other: it answers that it doesn't know the message.
        """
        message, at = self.nonces.get((author, str(nonce)), (None, 0.0))
        if message is None or self.now() - at >= NONCE_SECONDS:
            return None
        return self.message(self.any_channel(message.channel), message.id)

    def note_nonce(self, author: str, nonce: str | int, message: Message) -> None:
        """Remember a nonce, and forget those whose window is over."""
        self.nonces.pop((author, str(nonce)), None)
        self.nonces[author, str(nonce)] = message, self.now()
        while self.now() - next(iter(self.nonces.values()))[1] >= NONCE_SECONDS:
            del self.nonces[next(iter(self.nonces))]
