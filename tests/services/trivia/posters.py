"""What the tests of guilds, registrations and posting are made of: a guild whose slots are asked when told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.services.trivia.closings import CHANNEL, GUILD, START, FaultyChat, a_question

from tenure import Change, Store, testing
from tenure.services.trivia.answering import Answering
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import Asked, Chat, Post, Told
from tenure.services.trivia.chat.lifecycle import ChatMessage
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.guilds import Guilds
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Game, Registration, Used
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.question import NoQuestion, Question
from tenure.services.trivia.registrations import Registrations, Terms

OPERATORS = "staff"


@dataclass
class Riddles:
    """A source with as many questions as it is told; it has none while `trouble` says why."""

    number: int = 50
    trouble: str = ""
    name: str = "riddles"
    categories: Sequence[str] = ("Sums",)

    async def some(self, category: str | None, difficulty: str | None, most: int) -> Sequence[Question]:  # noqa: ARG002
        if self.trouble:
            raise NoQuestion(self.trouble)
        return [a_question(number) for number in range(self.number)]


class Together(Choosing):
    """Lets several choose first, and go on only when all have chosen: so they write at the same time."""

    def __init__(self, store: Store, riddles: Riddles, parties: int) -> None:
        super().__init__(store, {riddles.name: riddles})
        self._barrier: asyncio.Barrier | None = asyncio.Barrier(parties)

    async def choose(
        self, guild: str, sources: Sequence[str], category: str | None, difficulty: str | None
    ) -> tuple[Question, Change[Used]]:
        chosen = await super().choose(guild, sources, category, difficulty)
        if self._barrier is not None:
            await self._barrier.wait()
            self._barrier = None
        return chosen


class Killed(BaseException):
    """The process is no more: nothing of what it was about to do is done."""


class Mortal:
    """A chat and a store's writes of a process that is killed at one step."""

    name, trouble = "web", ""

    def __init__(self, chat: Chat, step: str) -> None:
        self._chat, self._step, self.find, self.edit = chat, step, chat.find, chat.edit
        self.dead = False

    def at(self, step: str) -> None:
        """Be killed, if this is the step."""
        self.dead |= step == self._step
        if self.dead:
            raise Killed

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        self.at("before Chat.post")
        message = await self._chat.post(guild, channel, post, mark)
        self.at("after Chat.post")
        return message

    def write_by(self, store: Store) -> None:
        """Let a store's writes be steps too, each by its first change."""
        real: Any = store.apply

        async def apply(*changes: Change[Any], **more: Any) -> Any:
            step = f"{changes[0].kind}.{changes[0].name}"
            for change in changes:
                change.applied = True  # it is tried, if its process lives
            self.at(f"before {step}")
            applied = await real(*changes, **more)
            self.at(f"after {step}")
            return applied

        store.apply = apply  # type: ignore[method-assign]


@dataclass
class Posters:
    """A guild in the chat that comes along, and what asks there."""

    store: Store
    chat: FaultyChat
    riddles: Riddles
    guilds: Guilds
    registrations: Registrations
    posting: Posting
    answering: Answering
    ids: Any = field(default_factory=lambda: itertools.count(1))

    async def register(self, name: str = "daily", **terms: Any) -> Registration:
        """Register what is asked each day at 18 o'clock of the guild, unless told otherwise."""
        given = {"channel": CHANNEL, "schedule": "daily 18:00", "sources": (self.riddles.name,), **terms}
        return await self.registrations.create(GUILD, name, Terms(**given))

    async def work(self) -> None:
        """Take all steps that are due."""
        while await self.posting.once():
            pass

    async def until(self, at: datetime | timedelta, *, step: timedelta | None = None) -> None:
        """Let time pass, a step at a time, and take the steps that come due."""
        now = await self.store.now()
        end = now + at if isinstance(at, timedelta) else at
        while now < end:
            await self.store.advance(min(step or end - now, end - now))
            await self.work()
            now = await self.store.now()

    async def registration(self, id: str) -> Registration:
        return await self.store.get(Registration, id)

    async def games(self) -> list[Game]:
        """Give all games that are not over, in the order in which they were made."""
        return await self.store.find(Game.active)

    async def posts(self, channel: str = CHANNEL) -> list[Post | None]:
        """Give what people see in a channel."""
        there = await Channels(self.store).get(GUILD, channel)
        return [message.post for message in await self.store.find(ChatMessage.said, under=there)]

    async def questions(self, channel: str = CHANNEL) -> list[Asked]:
        """Give the questions that people see in a channel."""
        return [post for post in await self.posts(channel) if isinstance(post, Asked)]

    async def told(self) -> list[str]:
        """Give what those who run the guild were told."""
        return [post.text for post in await self.posts(OPERATORS) if isinstance(post, Told)]

    async def until_killed(self, step: str) -> None:
        """Let another process take the steps that are due until it is killed at this one."""
        mortal = Mortal(self.chat, step)
        posting = self.another(mortal)
        mortal.write_by(posting._store)
        with suppress(Killed):
            while await posting.once():
                pass
        assert mortal.dead, f"it never came to {step}"

    def another(self, chat: Chat | None = None, choosing: Choosing | None = None) -> Posting:
        """Give the posting of another process."""
        chats = {"web": chat or self.chat}
        choosing = choosing or Choosing(self.store, {self.riddles.name: self.riddles})
        return Posting(self.store.acting("another"), chats, choosing, new_id=lambda: f"other{next(self.ids)}")


def posters_on(store: Store) -> Posters:
    """Put the parts together over a store."""
    chat, riddles, ids = FaultyChat(WebChat(store)), Riddles(), itertools.count(1)
    choosing = Choosing(store, {riddles.name: riddles})
    return Posters(
        store,
        chat,
        riddles,
        Guilds(store),
        Registrations(store, choosing, new_id=lambda: f"{next(ids)}"),
        Posting(store.acting("poster"), {"web": chat}, choosing, new_id=lambda: f"{next(ids)}"),
        Answering(store),
    )


@asynccontextmanager
async def some_posters(*, url: str = "sqlite:", at: datetime = START, time_zone: str = "UTC") -> AsyncIterator[Posters]:
    """Make a guild whose time stands still until `posters.until(…)`. At the end its indexes must be right."""
    async with testing.store(*kinds, url=url, space="trivia", at=at) as store:
        posters = posters_on(store)
        await posters.guilds.meet(GUILD, chat="web", name="Home", time_zone=time_zone)
        await Channels(store).create(GUILD, CHANNEL)
        await Channels(store).create(GUILD, OPERATORS)
        yield posters
        assert list(await store.engine.audit("trivia", repair=False)) == []


async def closed(posters: Posters, channel: str = CHANNEL) -> None:
    """Let nobody post in a channel any more: the chat refuses it."""
    await Channels(posters.store).close(GUILD, channel)


async def reopened(posters: Posters, channel: str = CHANNEL) -> None:
    """Let the service post in a channel again."""
    await Channels(posters.store).reopen(GUILD, channel)
