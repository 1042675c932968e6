"""The chat that comes along, for the service: posts lie in the store, so a mark is posted exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tenure import Exists, NotFound, NotUnder, OutcomeUnknown, Store, Unavailable
from tenure.services.trivia.chat.channels import WEB, Channels, channel_id
from tenure.services.trivia.chat.contract import ChatAway, ChatRefused, Post
from tenure.services.trivia.chat.lifecycle import ChatMessage
from tenure.store.keeping import Loop

ITSELF = "Trivia"
"""The name under which the service posts."""


def message_id(guild: str, channel: str, mark: str) -> str:
    """Give the id of the message with a mark. By it a channel has each mark once: nothing else need be looked at."""
    return f"{channel_id(guild, channel)}/{mark}"


class WebChat:
    """Posts into the channels of the page that comes along."""

    name = WEB

    def __init__(self, store: Store) -> None:
        self._store = store.acting("trivia")

    @property
    def trouble(self) -> str:
        """Nothing can be wrong with it as a whole: it is where the games are."""
        return ""

    def loops(self) -> Mapping[str, Loop]:
        """Give the one loop, which makes a place to play where there is none, and then rests."""
        return {WEB: self._settle}

    async def close(self) -> None:
        """Do nothing: it holds nothing."""

    async def _settle(self) -> None:
        await Channels(self._store).settle()
        await asyncio.Event().wait()

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        """Post and give the message's id; the same one for the same mark, however often.

        Raises `ChatRefused` while the channel is closed or not there, `ChatAway` while the store can't be reached.
        """
        id = message_id(guild, channel, mark)
        with _reaching():
            try:
                await self._store.apply(
                    ChatMessage.create(id, channel=channel_id(guild, channel), name=ITSELF, post=post)
                )
            except Exists:
                return id
            except NotUnder as refusal:
                raise _refused(channel, is_there=refusal.parent is not None) from refusal
        return id

    async def find(self, guild: str, channel: str, mark: str) -> str | None:
        """Give the id of the message with this mark. Raises `ChatAway`."""
        id = message_id(guild, channel, mark)
        with _reaching():
            return id if await self._store.get_many(ChatMessage, [id]) else None

    async def edit(self, guild: str, channel: str, message: str, post: Post, mark: str) -> None:  # noqa: ARG002
        """Show a message anew; one that is gone is left alone. Raises `ChatAway`."""
        with _reaching():
            try:
                await self._store.apply(ChatMessage.show_anew(message, post=post))
            except NotFound:
                return


def _refused(channel: str, *, is_there: bool) -> ChatRefused:
    if is_there:
        return ChatRefused(f"the channel {channel} is closed: open it again")
    return ChatRefused(f"there is no channel {channel}: make it, or name another one in the registration")


@contextmanager
def _reaching() -> Iterator[None]:
    """Tell the store's being away as the chat's."""
    try:
        yield
    except (Unavailable, OutcomeUnknown) as error:
        raise ChatAway("the chat's store can't be reached") from error
