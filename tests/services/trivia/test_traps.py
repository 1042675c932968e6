"""The known traps of a timed question in a chat, each as a test that fails where somebody falls into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from tests.places import ENGINES, Place
from tests.services.trivia.closings import GUILD, START, some_closings
from tests.services.trivia.posters import Riddles, Together, some_posters

from tenure import Delivery, hours, minutes, seconds
from tenure.services.trivia.chat.contract import Chat, Post
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.closing import Closing
from tenure.services.trivia.lifecycle import Game, Registration, Score
from tenure.services.trivia.questions.choosing import Choosing

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", ENGINES)
PAST_EVERY_LEASE = minutes(10)


@dataclass
class SlowChat:
    """A chat in which whoever posts is paused just before, until told to go on."""

    chat: Chat
    name: str = "web"
    trouble: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        self.reached.set()
        await self.go_on.wait()
        return await self.chat.post(guild, channel, post, mark)

    async def find(self, guild: str, channel: str, mark: str) -> str | None:
        return await self.chat.find(guild, channel, mark)

    async def edit(self, guild: str, channel: str, message: str, post: Post, mark: str) -> None:
        await self.chat.edit(guild, channel, message, post, mark)


# ------------------------------------------------------------------------------------ 2: locks that run out


@on_each_engine
async def test_a_poster_that_was_paused_past_every_lease_asks_nothing_twice(engine: str, place_of: PlaceOf) -> None:
    async with some_posters(url=place_of(engine).fresh()) as posters:
        await posters.register()
        await posters.store.advance(hours(6))
        slow = SlowChat(WebChat(posters.store))
        paused = posters.another(slow)
        work = asyncio.create_task(all_of(paused.once))
        await slow.reached.wait()
        await posters.until(PAST_EVERY_LEASE)
        (game,) = await posters.games()
        assert game.state == Game.open, "another took it up"
        slow.go_on.set()
        await work
        assert len(await posters.questions()) == 1
        assert [each.version for each in await posters.games()] == [game.version], "who woke up late changed nothing"


@on_each_engine
async def test_a_closer_that_was_paused_past_every_lease_posts_and_counts_nothing_twice(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_closings(url=place_of(engine).fresh()) as closings:
        game = await closings.a_game()
        await closings.answer(game, "ada", "B")
        await closings.games.close(game.id)
        slow = SlowChat(WebChat(closings.store))
        paused = Closing(closings.store.acting("paused"), {"web": slow}, Choosing(closings.store, {}))
        work = asyncio.create_task(all_of(paused.once))
        await slow.reached.wait()
        await closings.store.advance(PAST_EVERY_LEASE)
        await all_of(closings.closing.once)
        over = await closings.games.get(game.id)
        assert over.state == Game.archived, "another took it up"
        slow.go_on.set()
        await work
        assert len(await closings.results_of(game)) == 1
        assert (await closings.games.get(game.id)).version == over.version, "who woke up late changed nothing"
        score = await closings.store.get(Score, f"{GUILD}/all/ada")
        assert (score.answered, score.points) == (1, game.question.points)


async def all_of(once: Callable[[], Awaitable[int]]) -> None:
    """Take all steps that are due."""
    while await once():
        pass


# ------------------------------------------------------------------------------------ 6: whose clock


@on_each_engine
async def test_the_window_goes_by_the_stores_clock_whatever_the_clock_of_a_caller_says(
    engine: str, place_of: PlaceOf
) -> None:
    assert datetime.now(UTC) < START, "the clock of this machine is another"
    async with some_posters(url=place_of(engine).fresh()) as posters:
        registration = await posters.register(window_seconds=60.0)
        game = await posters.posting.post_now(registration.id)
        await posters.work()
        opened = await posters.store.get(Game, game.id)
        assert opened.closes_at == START + minutes(1)

        await posters.store.advance(seconds(59))
        assert (await posters.answering.submit(game.id, "ada", "Ada", "B")).code == "SUBMITTED"
        posters.store.clock.move_to(round(opened.closes_at.timestamp() * 1e6))  # type: ignore[attr-defined]
        assert (await posters.store.get(Game, game.id)).state == Game.open, "nobody swept yet"
        assert (await posters.answering.submit(game.id, "bob", "Bob", "B")).code == "WINDOW_CLOSED"


# ------------------------------------------------------------------------------------ 8: check, then create


@on_each_engine
async def test_one_slot_is_one_game_whoever_asks_it_and_however_often_it_falls_due(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_posters(url=place_of(engine).fresh()) as posters:
        made = await posters.register()
        await posters.store.advance(hours(6))
        # Both have seen that the slot is due, and have a question for it, before either writes.
        together = Together(posters.store, Riddles(), 2)
        due = await posters.registration(made.id)
        (*_, fell_due) = await posters.store.history(Registration, due.id)
        delivery = Delivery(f"{fell_due.op}/ask", due, fell_due, 1)
        await asyncio.gather(*(posters.another(choosing=together).ask_slot(delivery) for _ in range(2)))
        await posters.work()
        (game,) = await posters.games()
        assert (game.slot, len(await posters.questions())) == (START.replace(hour=18), 1)

        # An older copy of the registration was put back, say: its slot comes once more.
        planned = await posters.registration(made.id)
        await posters.store.apply(Registration.plan_anew(planned, next_at=game.slot))
        await posters.until(minutes(2))
        assert [each.id for each in await posters.games()] == [game.id]
        assert len(await posters.questions()) == 1
        after = await posters.registration(made.id)
        assert (after.state, after.next_at) == (Registration.waiting, planned.next_at)
