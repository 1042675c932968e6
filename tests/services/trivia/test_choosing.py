"""Choosing: nothing twice while there is something new, and then what was asked longest ago."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from tests.services.trivia.closings import START, a_question
from tests.services.trivia.opentdb_server import asking, some_questions

from tenure import Exists, Stale, Store, hours, minutes, testing
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Guild, Used
from tenure.services.trivia.questions.choosing import AT_ONCE, Choosing
from tenure.services.trivia.questions.packs import builtin
from tenure.services.trivia.questions.question import NoQuestion, Question


@dataclass
class Shelf:
    """A source that has some questions at hand, and fetches a few more whenever it is asked for more."""

    name: str
    at_hand: int
    most: int
    categories: Sequence[str] = ("Sums",)
    trouble: str = ""
    fetched: int = 0
    first: int = 0

    async def some(self, category: str | None, difficulty: str | None, most: int) -> Sequence[Question]:  # noqa: ARG002
        if self.trouble:
            raise NoQuestion(self.trouble)
        if most > self.at_hand and self.at_hand < self.most:
            self.at_hand, self.fetched = min(self.at_hand + 3, self.most), self.fetched + 1
        return [a_question(self.first + number, source=self.name) for number in range(self.at_hand)]


@asynccontextmanager
async def choosing(*shelves: Shelf, guilds: Sequence[str] = ("home",)) -> AsyncIterator[tuple[Store, Choosing]]:
    async with testing.store(*kinds, at=START, every_change_applied=False) as store:
        for guild in guilds:
            await store.apply(Guild.create(guild, chat="web"))
        yield store, Choosing(store, {shelf.name: shelf for shelf in shelves})


async def ask(store: Store, chooser: Choosing, *sources: str, guild: str = "home") -> str:
    """Choose a question, note it, and let a minute pass."""
    question, used = await chooser.choose(guild, sources, None, None)
    await store.apply(used)
    await store.advance(minutes(1))
    return question.key


async def test_no_question_comes_twice_before_all_have_come_and_then_the_oldest() -> None:
    async with choosing(Shelf("pack", 7, 7)) as (store, chooser):
        first = [await ask(store, chooser, "pack") for _ in range(7)]
        assert len(set(first)) == 7
        assert [await ask(store, chooser, "pack") for _ in range(14)] == first * 2
        assert len(await store.find(Used.remembered, under="home")) == 7


async def test_each_guild_has_its_own_memory() -> None:
    async with choosing(Shelf("pack", 5, 5), guilds=("home", "away")) as (store, chooser):
        home = {await ask(store, chooser, "pack") for _ in range(5)}
        assert {await ask(store, chooser, "pack", guild="away") for _ in range(5)} == home


async def test_the_first_source_that_has_something_new_gives_it() -> None:
    one, two = Shelf("one", 2, 2), Shelf("two", 2, 2, first=10)
    async with choosing(one, two) as (store, chooser):
        keys = [await ask(store, chooser, "two", "one") for _ in range(5)]
        assert [int(key.split("/")[1]) // 10 for key in keys] == [1, 1, 0, 0, 1]
        assert keys[4] == keys[0]  # all are known: the one of longest ago, whatever its source


async def test_a_question_that_two_sources_have_is_one() -> None:
    async with choosing(Shelf("one", 2, 2), Shelf("two", 3, 3)) as (store, chooser):
        assert len({await ask(store, chooser, "one", "two") for _ in range(3)}) == 3


async def test_a_source_is_asked_for_more_only_when_all_that_it_has_is_known() -> None:
    shelf = Shelf("shelf", 3, 8)
    async with choosing(shelf) as (store, chooser):
        fetched = []
        for _ in range(10):
            await ask(store, chooser, "shelf")
            fetched.append(shelf.fetched)
    assert fetched == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]


async def test_more_are_looked_up_than_fit_into_one_look() -> None:
    shelf = Shelf("shelf", AT_ONCE * 2 + 5, AT_ONCE * 2 + 5)
    async with choosing(shelf) as (store, chooser):
        for number in range(shelf.most - 1):
            await store.apply(Used.create(f"home/{a_question(number).key}", guild="home", used_at=await store.now()))
        assert await ask(store, chooser, "shelf") == a_question(shelf.most - 1).key
        question, _ = await chooser.choose("home", ["shelf"], None, None)
        assert question.key != a_question(shelf.most - 1).key


async def test_a_source_that_is_away_is_passed_over() -> None:
    away, pack = Shelf("away", 1, 1, trouble="it is away"), Shelf("pack", 1, 1)
    async with choosing(away, pack) as (store, chooser):
        assert await ask(store, chooser, "away", "pack") == a_question(0).key
        assert await ask(store, chooser, "away", "pack") == a_question(0).key
        pack.trouble = "it is empty"
        with pytest.raises(NoQuestion, match="it is away; it is empty"):
            await chooser.choose("home", ["away", "pack"], None, None)


async def test_what_two_choose_at_the_same_time_only_one_may_note() -> None:
    async with choosing(Shelf("pack", 1, 1)) as (store, chooser):
        (_, one), (_, two) = await asyncio.gather(*(chooser.choose("home", ["pack"], None, None) for _ in range(2)))
        await store.apply(one)
        with pytest.raises(Exists):
            await store.apply(two)
        await store.advance(hours(1))
        (_, one), (_, two) = await asyncio.gather(*(chooser.choose("home", ["pack"], None, None) for _ in range(2)))
        assert (await store.apply(one)).used_at == START + hours(1)
        with pytest.raises(Stale):
            await store.apply(two)


@pytest.mark.parametrize(
    ("sources", "category", "difficulty", "told"),
    [
        ([], None, None, "no source of questions is named; name one of builtin, pack"),
        (["builtin", "mine"], None, None, "there is no source 'mine'; there are builtin, pack"),
        (["builtin"], "cheese", None, "builtin has no category 'cheese'; choose one of animals, art, books"),
        (["builtin"], "Sums", None, "builtin has no category 'Sums'"),
        (["pack"], None, "harder", "there is no difficulty 'harder'; choose easy, medium, hard, or none for any"),
    ],
)
async def test_what_cannot_be_asked_for_is_told_at_once(
    sources: list[str], category: str | None, difficulty: str | None, told: str
) -> None:
    async with testing.store(*kinds, at=START) as store:
        chooser = Choosing(store, {"builtin": builtin(), "pack": Shelf("pack", 1, 1)})
        with pytest.raises(NoQuestion) as error:
            chooser.check(sources, category, difficulty)
        assert str(error.value).startswith(told)
        with pytest.raises(NoQuestion):
            await chooser.choose("home", sources, category, difficulty)
        chooser.check(["builtin", "pack"], "Sums", "hard")
        assert set(chooser.categories) == {*builtin().categories, "Sums"}


async def test_a_guild_is_asked_the_whole_pack_that_comes_along_before_anything_twice() -> None:
    async with testing.store(*kinds, at=START) as store:
        await store.apply(Guild.create("home", chat="web"))
        chooser = Choosing(store, {"builtin": builtin()})
        keys = []
        for _ in range(21):
            question, used = await chooser.choose("home", ["builtin"], "space", None)
            await store.apply(used)
            keys.append(question.key)
        assert len(set(keys)) == 21


async def test_a_guild_is_asked_the_whole_open_trivia_database_and_while_it_is_away_the_pack() -> None:
    async with asking(*some_questions(64)) as (database, source), testing.store(*kinds, at=START) as store:
        await store.apply(Guild.create("home", chat="web"))
        chooser = Choosing(store, {source.name: source, "builtin": builtin()})
        keys = [await ask(store, chooser, "opentdb", "builtin") for _ in range(64)]
        assert len(set(keys)) == 64
        assert len(database.questions_asked()) == 7
        assert {each.key for each in await builtin().some(None, None, 1)}.isdisjoint(keys)
        database.troubles = [500]
        question, used = await chooser.choose("home", ["opentdb", "builtin"], None, None)
        await store.apply(used)
        assert question.source == "builtin"
