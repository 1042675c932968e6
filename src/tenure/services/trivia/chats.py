"""Which chats there are: the page that comes along always, Discord where there is a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from tenure import Store
from tenure.http.environment import WrongSetting
from tenure.services.trivia.chat.contract import Asked, Chat, ChatRefused
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.lifecycle import Game, Guild
from tenure.services.trivia.marks import mark_of
from tenure.services.trivia.settings import Settings
from tenure.store.keeping import Loop

if TYPE_CHECKING:
    from tenure.services.trivia.parts import Parts

Acting = Callable[[str], "Parts"]
"""Gives the parts by which somebody acts, such as `discord:7`."""


class HostedChat(Chat, Protocol):
    """A chat that has work of its own in this process."""

    def loops(self) -> Mapping[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...


class Adapter(Protocol):
    """What the module of a chat that needs a library of its own has: `discord.client`."""

    def open_chat(self, store: Store, settings: Settings, acting: Acting) -> HostedChat:
        """Give the chat; it hears what is said there in its loops."""
        ...


def open_chats(store: Store, settings: Settings, acting: Acting) -> dict[str, HostedChat]:
    """Give the chats by name. Raises `WrongSetting` where a chat's library is missing."""
    chats: dict[str, HostedChat] = {"web": WebChat(store)}
    if settings.discord_token:
        discord = _adapter("tenure.services.trivia.discord.client").open_chat(store, settings, acting)
        chats[discord.name] = discord
    return chats


async def is_known(store: Store, guild: str) -> bool:
    """Tell whether a guild is there, and was not forgotten."""
    found = (await store.get_many(Guild, [guild])).get(guild)
    return found is not None and found.state in Guild.known


async def chat_of(store: Store, chats: Mapping[str, Chat], guild: str) -> Chat:
    """Give the chat that a guild is of. Raises `ChatRefused` where there is none, so that its games wait."""
    found = (await store.get_many(Guild, [guild])).get(guild)
    if found is None or found.state not in Guild.known:
        raise ChatRefused("the guild was forgotten")
    if found.chat not in chats:
        raise ChatRefused(f"this server is in no chat {found.chat}: give it the settings of that chat")
    return chats[found.chat]


async def show(store: Store, chats: Mapping[str, Chat], game: Game, post: Asked) -> None:
    """Show a game's question anew, if it was posted. Raises `ChatAway`, `ChatRefused`."""
    chat, mark = await chat_of(store, chats, game.guild), mark_of(game.id, "question")
    message = game.message or await chat.find(game.guild, game.channel, mark)
    if message is not None:
        await chat.edit(game.guild, game.channel, message, post, mark)


def _adapter(module: str) -> Adapter:
    """Import what needs an optional library, now that it is wanted."""
    try:
        return cast("Adapter", import_module(module))
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("tenure"):
            raise
        raise WrongSetting(
            "TENURE_TRIVIA_DISCORD_TOKEN needs discord.py: pip install '/path/to/tenure[trivia]'"
        ) from None
