"""What the tests of answers, closing and boards are made of: open games in the chat that comes along."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tenure import Store, minutes, testing
from tenure.services.trivia.answering import Answering, Submission
from tenure.services.trivia.boards import Boards
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import Answered, Chat, ChatAway, Post
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMessage
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.closing import Closing
from tenure.services.trivia.games import Games
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Game, Guild, Registration
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.question import Question

START = datetime(2100, 1, 4, 12, tzinfo=UTC)
"""A Monday, and later than any machine's clock: where an engine reads its own, the test's time still holds."""

GUILD, CHANNEL, REGISTRATION = "home", "general", "daily"
WINDOW = minutes(10)


def a_question(number: int = 1, **more: Any) -> Question:
    """Make a question whose right choice is B."""
    given = {
        "key": f"sums/{number}",
        "source": "sums",
        "text": f"What is {number} + 1?",
        "choices": (f"{number}", f"{number + 1}", f"{number + 2}", f"{number + 3}"),
        "correct": 1,
        "category": "Sums",
        "difficulty": "medium",
        **more,
    }
    return Question(**given)


class Sums:
    """A source of questions, each of which is asked once at most until all were."""

    name = "sums"
    categories = ("Sums",)

    async def some(self, category: str | None, difficulty: str | None, most: int) -> Sequence[Question]:  # noqa: ARG002
        return [a_question(number) for number in range(100, 120)]


@dataclass
class FaultyChat:
    """The chat that comes along, which fails as told: before a post, or after it, so that only its answer is lost."""

    chat: Chat
    name: str = "web"
    trouble: str = ""
    before: list[Exception | None] = field(default_factory=list)
    after: list[Exception | None] = field(default_factory=list)
    posted: dict[str, list[str]] = field(default_factory=dict)
    """The messages by mark."""
    forgets_marks: bool = False
    """Whether the time is over in which it knows a repeat: then it posts it once more."""

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        self.fail(self.before)
        messages = self.posted.setdefault(mark, [])
        again = f"{mark[:20]}{len(messages):04}" if self.forgets_marks and messages else mark
        message = await self.chat.post(guild, channel, post, again)
        messages.append(message)
        self.fail(self.after)
        return message

    async def find(self, guild: str, channel: str, mark: str) -> str | None:
        return await self.chat.find(guild, channel, mark)

    async def edit(self, guild: str, channel: str, message: str, post: Post, mark: str) -> None:
        self.fail(self.before)
        await self.chat.edit(guild, channel, message, post, mark)

    def fail(self, errors: list[Exception | None]) -> None:
        """Fail with the first of these errors; None lets it pass once."""
        if errors and (error := errors.pop(0)) is not None:
            raise error


@dataclass
class Closings:
    """A guild with a registration, whose games are opened, answered and closed as told."""

    store: Store
    chat: FaultyChat
    chats: Mapping[str, Chat]
    posting: Posting
    closing: Closing
    answering: Answering
    games: Games
    boards: Boards
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def a_game(self, **more: Any) -> Game:
        """Make a game and post its question."""
        return await self.open(await self.asked(**more))

    async def asked(self, *, of: int = 1, question: Question | None = None, **more: Any) -> Game:
        """Make a game whose question is not posted yet."""
        now, number = await self.store.now(), next(self.numbers)
        window = more.pop("window", WINDOW)
        return await self.store.apply(
            Game.create(
                f"{REGISTRATION}.s{number}.1",
                **{
                    "guild": GUILD, "registration": REGISTRATION, "channel": CHANNEL, "slot": now, "of": of,
                    "question": question or a_question(number), "window": window, "closes_at": now + window, **more,
                },
            )
        )  # fmt: skip

    async def open(self, game: Game) -> Game:
        """Let a game's question be posted."""
        await self.posting.once()
        return await self.games.get(game.id)

    async def answer(self, game: Game | str, member: str, choice: str = "B") -> Submission:
        id = game if isinstance(game, str) else game.id
        return await self.answering.submit(id, member, member.title(), choice)

    async def finish(self, game: Game) -> Game:
        """Close a game now, and take all steps that are due."""
        await self.games.close(game.id)
        while await self.closing.once():
            pass
        return await self.games.get(game.id)

    async def results_of(self, game: Game | str) -> list[Answered]:
        """Give the results of a game that people see in its channel."""
        id = game if isinstance(game, str) else game.id
        messages = await self.store.find(
            ChatMessage.said, under=await self.store.get(ChatChannel, f"{GUILD}/{CHANNEL}")
        )
        return [m.post for m in messages if isinstance(m.post, Answered) and m.post.game == id]


async def settle(store: Store, **guild: Any) -> None:
    """Make the guild, its channel and its registration."""
    await store.apply(Guild.create(GUILD, **{"chat": "web", "name": "Home", **guild}))
    await Channels(store).create(GUILD, CHANNEL)
    await store.apply(
        Registration.create(
            REGISTRATION, guild=GUILD, name="daily", channel=CHANNEL, schedule="daily 09:00", sources=("sums",),
            next_at=await store.now() + timedelta(days=9999), category=None, difficulty=None,
        )
    )  # fmt: skip


def closings_on(store: Store, chat: Chat | None = None) -> Closings:
    """Put the parts together over a store."""
    faulty = FaultyChat(chat or WebChat(store))
    chats: dict[str, Chat] = {"web": faulty}
    choosing = Choosing(store, {"sums": Sums()})
    posting = Posting(store.acting("poster"), chats, choosing, new_id=lambda: "new")
    closing = Closing(store.acting("closer"), chats, choosing)
    return Closings(store, faulty, chats, posting, closing, Answering(store), Games(store, chats), Boards(store))


@asynccontextmanager
async def some_closings(*, url: str = "sqlite:", **guild: Any) -> AsyncIterator[Closings]:
    """Make a guild whose time stands still until `closings.store.advance(…)`. At the end its indexes must be right."""
    async with testing.store(*kinds, url=url, space="trivia", at=START) as store:
        await settle(store, **guild)
        yield closings_on(store)
        assert list(await store.engine.audit("trivia", repair=False)) == []


LOST = ChatAway("the answer was lost")
