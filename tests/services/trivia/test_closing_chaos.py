"""Closers in processes of their own, one of which is killed at each step: all that was accepted is scored, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from discord.http import Route
from tests.places import KEPT, Place
from tests.services.trivia.closer import SPACE, STEPS
from tests.services.trivia.closers import Closers, closers_of
from tests.services.trivia.closings import a_question

import tenure
from tenure import Store, days, minutes, seconds
from tenure.services.trivia.answering import Answering
from tenure.services.trivia.boards import Boards
from tenure.services.trivia.counting import Counting
from tenure.services.trivia.discord.client import open_chat
from tenure.services.trivia.discord.stand_in import StandIn, serving
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.marks import mark_of
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.settings import Settings

AT_ONCE = 110
"""How many members answer the first game at once, and how many others come on and on until its window is over."""

WINDOW, LEFT = minutes(30), seconds(0.3)
"""The window of a game, which is long enough for any machine, and what is left of it once many have answered."""


@dataclass
class Crowd:
    """A guild of our Discord, games that are asked there, and those who answer them."""

    store: Store
    discord: StandIn
    posting: Posting
    guild: str
    channel: str
    accepted: dict[str, set[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    async def settle(self) -> None:
        """Make the guild and its registration."""
        await self.store.apply(
            Guild.create(self.guild, chat="discord", name="Home"),
            Registration.create(
                "daily", guild=self.guild, name="daily", channel=self.channel, schedule="daily 09:00",
                next_at=await self.store.now() + days(1),
            ),
        )  # fmt: skip

    async def games(self, number: int, batch: int) -> list[Game]:
        """Ask questions, whose windows end at the same time."""
        now = await self.store.now()
        made = [
            Game.create(
                f"daily.batch{batch}-{n}.1", guild=self.guild, registration="daily", channel=self.channel, slot=now,
                question=a_question(n), window=WINDOW, closes_at=now + WINDOW,
            )
            for n in range(number)
        ]  # fmt: skip
        await self.store.submit([[change] for change in made])
        await self.posting.once()
        return [await self.store.get(Game, str(change.id)) for change in made]

    async def submit(self, game: Game, member: str) -> bool:
        """Answer, and note whether it was accepted."""
        answer = await Answering(self.store).submit(game.id, member, member.title(), choice(member))
        if answer.taken:
            self.accepted.setdefault(game.id, set()).add(member)
        else:
            self.refused[answer.code] += 1
        return answer.taken

    async def answer(self, game: Game, at_once: int) -> None:
        """Let members answer at once."""
        assert all(await asyncio.gather(*(self.submit(game, f"m{n}") for n in range(at_once))))

    async def come_on(self, game: Game, number: int) -> None:
        """Let members answer one after the other until a game takes none any more."""
        turn = 0
        while await self.submit(game, f"late-{number}-{turn}"):
            turn += 1

    async def over(self, game: Game) -> None:
        """Wait until a game is in history."""
        async for event in self.store.watch(Game, game.id):
            if event.target == Game.archived:
                return

    async def play(self, number: int, batch: int) -> list[Game]:
        """Ask, answer and close some games: the first is one that many answer."""
        games = await self.games(number, batch)
        await asyncio.gather(*(self.answer(game, 5 if n else AT_ONCE) for n, game in enumerate(games)))
        closes_at = await self.store.now() + LEFT
        await self.store.submit([[Game.extend(game, closes_at=closes_at)] for game in games])
        await asyncio.gather(*(self.come_on(games[0], number) for number in range(AT_ONCE)))
        await asyncio.gather(*(self.over(game) for game in games))
        return games

    # ------------------------------------------------------------------------------------ what is right

    async def check(self, games: list[Game]) -> None:
        """Compare what was accepted with what was scored, posted, and credited."""
        posted = Counter(mark for mark in map(mark_of_message, self.discord.people.messages(self.guild, self.channel)))
        credited, points = Counter[str](), Counter[str]()
        for asked in games:
            game, accepted = await self.store.get(Game, asked.id), self.accepted[asked.id]
            scored = await Counting(self.store).counted(game)
            assert {answer.member for answer in scored} == accepted
            assert len(scored) == len(accepted)
            assert await self.store.find(Answer.given, under=game) == []
            assert game.results is not None
            assert game.results.answers == len(accepted)
            assert posted[mark_of(game.id, "question")] == 1
            assert posted[mark_of(game.id, "results")] == 1
            credited.update(accepted)
            points.update({answer.member: answer.points or 0 for answer in scored})
        assert posted.total() == 2 * len(games)
        board = {place.member: place for place in await Boards(self.store).places(self.guild, limit=1000)}
        for member, answered in credited.items():
            if member in board:  # a board shows its first thousand
                assert (board[member].answered, board[member].points) == (answered, points[member])
        assert len(board) == min(len(credited), 1000)
        assert list(await self.store.engine.audit(SPACE, repair=False)) == []


def choice(member: str) -> str:
    """Give what a member thinks is right."""
    return "ABCD"[sum(member.encode()) % 4]


def mark_of_message(message: dict[str, Any]) -> str:
    """Give the mark that people see at a message."""
    return str(message["embeds"][0]["footer"]["text"]).rpartition(" ")[2]


async def chaos(url: str, folder: Path, *, times: int = 1) -> tuple[Crowd, Closers]:
    """Play games until so many times at each step a closer was killed."""
    place = Route.BASE
    try:
        async with (
            serving(StandIn(rate_limits=False)) as discord,
            tenure.open(url, *kinds, space=SPACE, actor="crowd") as store,
            store.sweeping(),
        ):
            async with a_crowd(store, discord) as crowd, closers_of(url, discord, folder, times) as closers:
                played: list[Game] = []
                while closers.left.total():
                    played += await crowd.play(len(STEPS) + 2, len(played))
            await crowd.check(played)
    finally:
        Route.BASE = place
    return crowd, closers


@asynccontextmanager
async def a_crowd(store: Store, discord: StandIn) -> AsyncIterator[Crowd]:
    """Give a guild with a crowd, and a chat by which its questions are posted."""
    guild = discord.people.add_guild("Home", channels=("quiz",), managers=("ada",), members=("bob",))
    settings = Settings(admin_key="none", discord_token=discord.token, discord_api=discord.api_url)
    choosing = Choosing(store, {})
    chat = open_chat(store, settings, lambda actor: Parts(store.acting(actor), {}, choosing))
    posting = Posting(store.acting("poster"), {"discord": chat}, choosing, new_id=lambda: "new")
    crowd = Crowd(store, discord, posting, guild.id, discord.people.channel(guild.id, "quiz").id)
    await crowd.settle()
    try:
        yield crowd
    finally:
        await chat.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("engine", KEPT)
async def test_of_three_closers_one_is_killed_at_each_step_and_what_was_accepted_is_scored_and_posted_once(
    place_of: Callable[[str], Place], tmp_path: Path, engine: str
) -> None:
    crowd, closers = await chaos(place_of(engine).fresh(), tmp_path)
    assert sorted(closers.killed) == sorted(STEPS)
    assert sum(crowd.refused.values()) >= AT_ONCE  # all of them answered at the closing instant
    assert set(crowd.refused) <= {"WINDOW_CLOSED", "GAME_CLOSED"}


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("engine", KEPT)
async def test_closers_that_are_killed_again_and_again(
    place_of: Callable[[str], Place], tmp_path: Path, engine: str
) -> None:
    crowd, closers = await chaos(place_of(engine).fresh(), tmp_path, times=10)
    assert Counter(closers.killed) == Counter(STEPS * 10)
    accepted = sum(map(len, crowd.accepted.values()))
    print(  # noqa: T201  what a soak is for
        f"\n{engine}: {len(crowd.accepted)} games, {accepted} answers accepted and scored, "
        f"{crowd.refused.total()} refused at the closing instant, {len(closers.killed)} closers killed"
    )
