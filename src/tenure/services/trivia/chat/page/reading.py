"""What the page shows: the messages of a channel, what one has answered oneself, who leads, what comes next."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tenure import Store
from tenure.http.rejections import Invalid
from tenure.services.trivia.answering import answer_id
from tenure.services.trivia.boards import Place, Week
from tenure.services.trivia.chat.contract import Asked
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMember, ChatMessage
from tenure.services.trivia.lifecycle import Answer, Registration
from tenure.services.trivia.parts import Parts

MOST_MESSAGES = 50
MOST_PLACES = 10
MOST_COMING = 5
MARK = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Messages, the oldest first; `mine` has by game what one has answered; `earlier` leads to those before."""

    messages: Sequence[ChatMessage]
    mine: dict[str, str]
    earlier: str | None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads this week, and which registrations come next."""

    week: Week
    places: Sequence[Place]
    coming: Sequence[Registration]


class Reading:
    """Reads for the page."""

    def __init__(self, store: Store, parts: Parts) -> None:
        self._store, self._parts = store, parts

    async def messages(self, channel: ChatChannel, member: ChatMember, *, before: str | None = None) -> Listed:
        """Read the latest messages of a channel, or those before one, which is given by its mark."""
        if before is not None and not MARK.fullmatch(before):
            raise Invalid("`before` is the mark of a message")
        after = None if before is None else f"{channel.id}/{before}"
        found = await self._store.find(
            ChatMessage.said, under=channel, newest_first=True, limit=MOST_MESSAGES + 1, after=after
        )
        shown = found[:MOST_MESSAGES][::-1]
        earlier = shown[0].id.rpartition("/")[2] if len(found) > MOST_MESSAGES else None
        return Listed(messages=shown, mine=await self._answered(shown, member), earlier=earlier)

    async def _answered(self, messages: Sequence[ChatMessage], member: ChatMember) -> dict[str, str]:
        games = [message.post.game for message in messages if isinstance(message.post, Asked)]
        found = await self._store.get_many(Answer, [answer_id(game, member.id) for game in games])
        return {answer.game: answer.choice for answer in found.values()}

    async def outlook(self, guild: str) -> Outlook:
        """Read who leads a guild, and what is asked next."""
        week = await self._parts.boards.this_week(guild)
        registrations = [
            each for each in await self._parts.registrations.of(guild) if each.state == Registration.waiting
        ]
        return Outlook(
            week=week,
            places=await self._parts.boards.places(guild, week.board, limit=MOST_PLACES),
            coming=sorted(registrations, key=lambda each: each.next_at)[:MOST_COMING],
        )
