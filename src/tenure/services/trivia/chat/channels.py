"""The channels of the chat that comes along, and the guild in which one finds oneself without having made any."""

from __future__ import annotations

import re
from contextlib import suppress

from tenure import Change, Exists, LimitReached, NotFound, NotUnder, Store, WrongState
from tenure.services.trivia.chat.lifecycle import ChatChannel
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.refusals import Full, Unknown, Wrong

CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
WEB, HOME, GENERAL = "web", "home", "general"
NO_CHANNEL = "there is no such channel"


def channel_id(guild: str, channel: str) -> str:
    """Give the id of a channel's record. Neither part has a slash in it, so that two never share one."""
    return f"{guild}/{channel}"


async def check_channel(store: Store, guild: Guild, channel: str, what: str = "channel") -> None:
    """Refuse a channel of our own chat that is not there, before anything is planned for it. Raises `Wrong`."""
    id = channel_id(guild.id, channel)
    if guild.chat == WEB and id not in await store.get_many(ChatChannel, [id]):
        raise Wrong(f"`{what}` must be a channel of the guild: make it first, or take another one")


class Channels:
    """Makes channels, and opens and closes them. Acts as the store's actor."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, guild: str, channel: str) -> ChatChannel:
        """Read a channel. Raises `Unknown`."""
        try:
            return await self._store.get(ChatChannel, channel_id(guild, channel))
        except NotFound:
            raise Unknown(NO_CHANNEL) from None

    async def list(self, guild: str) -> list[ChatChannel]:
        """Read a guild's channels, in the order in which they were made."""
        return await self._store.find(ChatChannel.kept, under=guild)

    async def create(self, guild: str, channel: str) -> ChatChannel:
        """Make a channel, or give the one of this name. Raises `Wrong`, `Unknown`, `Full`."""
        if not CHANNEL.fullmatch(channel):
            raise Wrong("a channel's name must be 1 to 40 of a-z 0-9 _ - that begin with a letter or digit")
        try:
            return await self._store.apply(ChatChannel.create(channel_id(guild, channel), guild=guild, name=channel))
        except Exists:
            return await self.get(guild, channel)
        except NotUnder:
            raise Unknown("there is no such guild") from None
        except LimitReached as refusal:
            raise Full(f"a guild has at most {refusal.at_most} channels: remove one first") from None

    async def close(self, guild: str, channel: str) -> ChatChannel:
        """Let nobody write there any more, the service neither; games wait. A repeat changes nothing."""
        with suppress(WrongState):
            await self._changed(ChatChannel.close(channel_id(guild, channel)))
        return await self.get(guild, channel)

    async def reopen(self, guild: str, channel: str) -> ChatChannel:
        """Open it again. A repeat changes nothing."""
        with suppress(WrongState):
            await self._changed(ChatChannel.reopen(channel_id(guild, channel)))
        return await self.get(guild, channel)

    async def remove(self, guild: str, channel: str) -> None:
        """Remove a channel with all that was written there. Raises `Unknown`."""
        with suppress(WrongState):
            await self._changed(ChatChannel.remove(channel_id(guild, channel)))

    async def _changed(self, change: Change[ChatChannel]) -> None:
        try:
            await self._store.apply(change)
        except NotFound:
            raise Unknown(NO_CHANNEL) from None

    async def settle(self) -> None:
        """Make a guild with a channel if there is no guild at all: so people find a place to play."""
        if any((await self._store.count(Guild)).values()):
            return
        with suppress(Exists):
            await self._store.apply(
                Guild.create(HOME, chat=WEB, name="Home"),
                ChatChannel.create(channel_id(HOME, GENERAL), guild=HOME, name=GENERAL),
            )
