"""What the tests of the Discord adapter are made of: the real discord.py, and a Discord of our own to speak to."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from tests.services.trivia.closings import REGISTRATION, START, WINDOW, Sums, a_question

from tenure import Exists, Store, testing
from tenure.services.trivia.chat.contract import Asked
from tenure.services.trivia.closing import Closing
from tenure.services.trivia.discord import interactions, session
from tenure.services.trivia.discord.client import DiscordChat, open_chat
from tenure.services.trivia.discord.stand_in import Seen, StandIn, serving
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.settings import Settings
from tenure.store.keeping import Keeper

MARK, OTHER_MARK = "a" * 24, "b-_9" * 6
QUIZ = "quiz"
PATIENT_SECONDS = 60.0
"""How long this Discord waits for the first answer to a click, and we for Discord, where a test isn't about that."""

MARKED_UP = re.compile(r"\\(.)|\*\*|`|<t:\d+(?::\w)?>")


def an_asked(**more: Any) -> Asked:
    """Make a question as it is posted."""
    given = {
        "game": "daily.20991231T0900.1",
        "number": 1,
        "of": 1,
        "text": "What is 1 + 1?",
        "choices": ("1", "2", "3", "4"),
        "category": "Sums",
        "difficulty": "medium",
        "points": 2,
        "closes_at": START,
        **more,
    }
    return Asked(**given)


@dataclass
class Server:
    """A Discord with one server, `Home`, with two channels and three people, and our chat there."""

    stand_in: StandIn
    store: Store
    turns: Store
    """Where processes take turns at listening: its time is its own, so no turn is lost while a test's time passes."""
    keeper: Keeper
    guild: str
    chat: DiscordChat = field(init=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    listening: asyncio.Task[None] | None = None

    def channel(self, name: str = QUIZ) -> str:
        """Give a channel's id."""
        return self.stand_in.people.channel(self.guild, name).id

    def messages(self, name: str = QUIZ) -> list[dict[str, Any]]:
        """Give what everybody sees in a channel."""
        return self.stand_in.people.messages(self.guild, name)

    async def post(self, mark: str = MARK, **asked: Any) -> str:
        """Post a question."""
        return await self.chat.post(self.guild, self.channel(), an_asked(**asked), mark)

    async def find(self, mark: str = MARK) -> str | None:
        """Look for a mark."""
        return await self.chat.find(self.guild, self.channel(), mark)

    async def a_game(self, **more: Any) -> Game:
        """Make a game of a registration, and post its question."""
        now, number = await self.store.now(), next(self.numbers)
        await self.register()
        made = Game.create(
            f"{REGISTRATION}.s{number}.1",
            **{
                "guild": self.guild, "registration": REGISTRATION, "channel": self.channel(), "slot": now, "of": 1,
                "question": a_question(number), "window": WINDOW, "closes_at": now + WINDOW, **more,
            },
        )  # fmt: skip
        game = await self.store.apply(made)
        await self.posting.once()
        return await self.store.get(Game, game.id)

    async def register(self) -> None:
        """Make the registration, once."""
        with contextlib.suppress(Exists):
            await self.store.apply(
                Registration.create(
                    REGISTRATION, guild=self.guild, name="daily", channel=self.channel(), schedule="daily 09:00",
                    sources=("sums",), next_at=await self.store.now() + timedelta(days=9999),
                )
            )  # fmt: skip

    async def finish(self, game: Game) -> Game:
        """Close a game, and take all steps that are due."""
        await self.store.apply(Game.close(game.id))
        while await self.closing.once():
            pass
        return await self.store.get(Game, game.id)

    async def answers(self, game: Game) -> dict[str, str]:
        """Give what was answered in a game, by name."""
        return {answer.name: answer.choice for answer in await self.store.find(Answer.given, under=game)}

    async def click(self, who: str, message: str, letter: str = "B") -> str:
        """Press a button of a question, and read what its member is told."""
        return read(await self.stand_in.people.click("Home", QUIZ, who, message, letter))

    async def press(self, who: str, message: str, custom_id: str) -> str:
        """Press a button that is shown no more, or never was."""
        return read(await self.stand_in.people.press("Home", QUIZ, who, message, custom_id))

    async def proposals(self, who: str, text: str) -> list[str]:
        """Give what is proposed while somebody types."""
        return [choice["value"] for choice in await self.stand_in.people.suggest("Home", QUIZ, who, f"/trivia {text}")]

    async def type(self, who: str, text: str) -> str:
        """Type a command, and read what its member is told."""
        return read(await self.stand_in.people.command("Home", QUIZ, who, f"/trivia {text}"))

    @property
    def posting(self) -> Posting:
        """What asks."""
        return Posting(self.store.acting("poster"), {"discord": self.chat}, self.choosing, new_id=lambda: "new")

    @property
    def closing(self) -> Closing:
        """What closes and scores."""
        return Closing(self.store.acting("closer"), {"discord": self.chat}, self.choosing)

    @property
    def choosing(self) -> Choosing:
        """What questions there are."""
        return Choosing(self.store, {"sums": Sums()})

    async def another_process(self) -> None:
        """Go on as a process that has just begun: nothing is remembered of what was before."""
        await self.deafen()
        await self.chat.close()
        self.chat = a_chat(self)

    async def listen(self, state: str = "present") -> None:
        """Let this process listen, until it is known whether we are in the server."""
        (loop,) = self.chat.loops().values()
        self.listening = asyncio.create_task(self.keeper.keep("discord", loop))
        await until(lambda: self.hears, "nobody listens")
        await self.known(state)

    @property
    def hears(self) -> bool:
        """Whether a gateway is connected."""
        return any(session.outgoing is not None for session in self.stand_in.hub.sessions.values())

    async def known(self, state: str) -> Guild:
        """Wait until the server is known in a state."""
        while True:
            guild = (await self.store.get_many(Guild, [self.guild])).get(self.guild)
            if guild is not None and guild.state.name == state:
                return guild
            await asyncio.sleep(0.01)

    async def deafen(self) -> None:
        """End what listens, as a process that stops."""
        if self.listening is not None:
            self.listening.cancel()
            await asyncio.gather(self.listening, return_exceptions=True)
            self.listening = None


def read(seen: Seen) -> str:
    """Give what a reply says to people; a failed one says so."""
    return seen.failed or displayed(seen.text)


def displayed(text: str) -> str:
    """Give a text as Discord displays it: what marks it up is gone, what was to mean nothing is there."""
    return MARKED_UP.sub(lambda found: found[1] or "", text)


async def until(condition: Callable[[], bool], what: str, seconds: float = PATIENT_SECONDS) -> None:
    """Wait for something that nobody tells."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)
    assert condition(), what


async def no_wait(_seconds: float) -> None:
    """Begin again at once what ended by an error."""
    await asyncio.sleep(0.05)


@contextlib.contextmanager
def patiently() -> Iterator[None]:
    """Let no call and no answer be given up because the machine is busy. A test of these times sets them itself."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session, "CALL_SECONDS", PATIENT_SECONDS)
        for name in ("ANSWER_SECONDS", "LAST_SECONDS", "LATE_SECONDS"):
            patched.setattr(interactions, name, PATIENT_SECONDS)
        yield


@asynccontextmanager
async def a_discord(**options: Any) -> AsyncIterator[StandIn]:
    """Give a Discord of our own; afterwards discord.py speaks to the real one again."""
    places = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    options = {"rate_limits": False, "first_seconds": PATIENT_SECONDS, **options}
    try:
        with patiently():
            async with serving(StandIn(**options)) as discord:
                yield discord
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = places


@asynccontextmanager
async def a_server(**options: Any) -> AsyncIterator[Server]:
    """Give a server of a Discord of our own, and a chat with its token."""
    async with a_discord(**options) as discord:
        guild = discord.people.add_guild("Home", channels=(QUIZ, "other"), managers=("ada",), members=("bob", "cora"))
        async with testing.store(*kinds, at=START) as store, testing.store(at=START) as turns:
            server = Server(discord, store, turns, Keeper(store, sleep=no_wait), guild.id)
            server.chat = a_chat(server)
            try:
                yield server
            finally:
                await server.deafen()
                await server.chat.close()


def a_chat(server: Server) -> DiscordChat:
    """Give the chat as a process has it."""
    settings = Settings(
        admin_key="no-key",
        discord_token=server.stand_in.token,
        discord_api=server.stand_in.api_url,
    )
    chats: dict[str, DiscordChat] = {}

    def acting(actor: str) -> Parts:
        return Parts(server.store.acting(actor), chats, Choosing(server.store, {"sums": Sums()}))

    chat = open_chat(server.turns, settings, acting)
    chats[chat.name] = chat
    return chat
