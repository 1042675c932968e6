"""Discord as a chat: messages with buttons in channels, and commands, by discord.py.

Every process that asks may post. One of them at a time also listens: see `gateway.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import discord

from tenure import Store
from tenure.services.trivia.chat.contract import Asked, ChatRefused, Post
from tenure.services.trivia.chats import Acting
from tenure.services.trivia.discord.buttons import buttons
from tenure.services.trivia.discord.failures import NO_CHANNEL, NO_RIGHTS, is_gone
from tenure.services.trivia.discord.listening import Listening
from tenure.services.trivia.discord.rendering import embed_of, mark_of
from tenure.services.trivia.discord.session import Session
from tenure.services.trivia.questions.question import LETTERS
from tenure.services.trivia.settings import Settings
from tenure.store.keeping import Loop

NAME = "discord"
MOST_LOOKED_AT = 500
"""How far back a mark is looked for, in messages of the channel."""


def open_chat(store: Store, settings: Settings, acting: Acting) -> DiscordChat:
    """Give the chat. Nothing is connected before its loops run, or something is posted."""
    session = Session(settings.discord_token, settings.discord_api)
    return DiscordChat(session, Listening(store, session, acting))


class DiscordChat:
    """Posts as the bot whose token the session has."""

    name = NAME

    def __init__(self, session: Session, listening: Listening) -> None:
        self._session, self._listening = session, listening

    @property
    def trouble(self) -> str:
        """What is wrong with it as a whole, and what to do; empty if nothing is."""
        return self._session.trouble or self._listening.trouble

    def loops(self) -> Mapping[str, Loop]:
        """Give the loop that listens."""
        return {NAME: self._listening.run}

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        """Post and give the message's id; Discord itself knows a mark for some minutes as the message's nonce.

        Raises `ChatAway`, `ChatRefused`.
        """
        embed, view = embed_of(post, mark), _view(post)
        async with self._session.calling() as client:
            place = _channel(client, guild, channel)
            if view is None:
                message = await place.send(embed=embed, nonce=mark)
            else:
                message = await place.send(embed=embed, nonce=mark, view=view)
            return str(message.id)

    async def find(self, guild: str, channel: str, mark: str) -> str | None:
        """Look for the message with this mark among the channel's latest 500. Raises `ChatAway`, `ChatRefused`."""
        async with self._session.calling() as client:
            empty = True
            async for message in _channel(client, guild, channel).history(limit=MOST_LOOKED_AT):
                empty = False
                if message.author == client.user and mark_of(message.embeds) == mark:
                    return str(message.id)
            if empty:
                await _check_reading(client, guild, channel)
            return None

    async def edit(self, guild: str, channel: str, message: str, post: Post, mark: str) -> None:
        """Show a message anew; one that is gone is left alone. Raises `ChatAway`, `ChatRefused`."""
        embed, view = embed_of(post, mark), _view(post)
        async with self._session.calling() as client:
            try:
                shown = _channel(client, guild, channel).get_partial_message(_snowflake(message))
                await shown.edit(embed=embed, view=view)
            except discord.NotFound as error:
                if not is_gone(error):
                    raise

    async def close(self) -> None:
        """Let go of Discord."""
        await self._session.close()


async def _check_reading(client: discord.Client, guild: str, channel: str) -> None:
    """Refuse to say that a channel is empty whose messages are hidden: Discord shows none of them, and no error."""
    server = await client.fetch_guild(_snowflake(guild), with_counts=False)
    place = await server.fetch_channel(_snowflake(channel))
    if client.user is None or not place.permissions_for(await server.fetch_member(client.user.id)).read_message_history:
        raise ChatRefused(f"Discord hides that channel's messages from the bot: {NO_RIGHTS}")


def _view(post: Post) -> discord.ui.View | None:
    if not isinstance(post, Asked) or post.right is not None or post.taken_back:
        return None
    return buttons(post.game, LETTERS[: len(post.choices)])


def _channel(client: discord.Client, guild: str, channel: str) -> discord.PartialMessageable:
    return client.get_partial_messageable(_snowflake(channel), guild_id=_snowflake(guild))


def _snowflake(text: str) -> int:
    """Read an id of Discord's. Raises `ChatRefused` for one that is none: it leads to no place there."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):  # noqa: PLR2004  64 bits
        raise ChatRefused(f"{text[:40]!r} is no id of Discord's: {NO_CHANNEL}")
    return int(text)
