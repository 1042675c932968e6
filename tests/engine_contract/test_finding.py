"""Ranks, states, parents, counts and numbers: every index says what the records say (guarantee 8)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Bot, Connection, Instance, Match, Quiz, Ticket, Visit

from tenure import NEXT, Applied, Change, InvalidChange, StateOf, days, minutes, seconds
from tenure.testing import a


async def test_a_ranked_state_is_in_the_order_of_its_field_per_key(a_store: Stores) -> None:
    async with a_store() as store:
        for bot, pool, rating in (("c", "eu", 30), ("a", "eu", 10), ("x", "us", 5), ("b", "eu", 20)):
            await a(store, Bot.queued, bot, pool=pool, rating=rating)
        assert [b.id for b in await store.find(Bot.queued, per="eu")] == ["a", "b", "c"]
        assert [b.id for b in await store.find(Bot.queued, per="eu", newest_first=True)] == ["c", "b", "a"]
        assert [b.id for b in await store.find(Bot.queued, per="us")] == ["x"]
        assert await store.find(Bot.queued, per="none") == []


async def test_a_changed_rating_changes_the_place_in_the_queue(a_store: Stores) -> None:
    async with a_store() as store:
        for number in range(5):
            await a(store, Bot.queued, f"b{number}", pool="eu", rating=number * 10)
        await store.apply(Bot.rate("b4", rating=-5))
        await store.apply(Bot.rate("b0", rating=25))
        await store.apply(Bot.relocate("b2", pool="us"))
        assert [b.id for b in await store.find(Bot.queued, per="eu")] == ["b4", "b1", "b0", "b3"]


async def test_records_are_in_the_order_in_which_they_were_created_even_in_one_batch(a_store: Stores) -> None:
    async with a_store() as store:
        # Somebody asks for z before it is there, so it is read first.
        await store.submit([[Bot.enqueue("z")], [Bot.create("b", pool="eu")], [Bot.create("z", pool="eu")]])
        await store.submit([[Bot.create("a", pool="eu")]])
        assert [bot.id for bot in await store.find(Bot.idle)] == ["b", "z", "a"]
        assert [bot.id for bot in await store.find(Bot.idle, newest_first=True)] == ["a", "z", "b"]


async def test_whoever_leaves_the_state_leaves_the_queue(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="a", second="b")
        for bot in ("a", "b", "c"):
            await a(store, Bot.queued, bot, pool="eu")
        await store.apply(Bot.reserve("b", match="m"))
        await store.apply(Bot.withdraw("a"))
        assert [b.id for b in await store.find(Bot.queued, per="eu")] == ["c"]
        await store.advance(seconds(15))
        assert {b.id for b in await store.find(Bot.queued, per="eu")} == {"b", "c"}


async def noticed(_: object) -> None: ...


async def test_an_end_has_an_order_too_until_its_records_are_removed(a_store: Stores) -> None:
    async with a_store() as store:
        for number, house in ((3, "one"), (1, "one"), (2, "one"), (9, "two")):
            await store.apply(Visit.create_in(Visit.booked, f"v{number}", house=house, at=START + minutes(number)))
            await store.apply(Visit.end(f"v{number}"))
        assert [v.id for v in await store.find(Visit.over, per="one", newest_first=True)] == ["v3", "v2", "v1"]
        await store.apply(Visit.amend("v2", house="one", at=START + minutes(7)))
        await store.apply(Visit.amend("v3", house="two", at=START + minutes(3)))
        assert [v.id for v in await store.find(Visit.over, per="one", newest_first=True, limit=1)] == ["v2"]
        assert [v.id for v in await store.find(Visit.over, per="two")] == ["v3", "v9"]
        await store.apply(Visit.amend("v2", house="one", at=None))
        assert [v.id for v in await store.find(Visit.over, per="one")] == ["v1"]
        await store.deliver_once(Visit.noted, noticed)  # a message that waits would keep its record
        await store.advance(days(1))
        assert await store.find(Visit.over, per="one") == []


async def test_equal_ranks_come_in_the_order_of_creation(a_store: Stores) -> None:
    async with a_store() as store:
        for number in range(6):
            await a(store, Bot.queued, f"b{number}", pool="eu")
        assert [b.id for b in await store.find(Bot.queued, per="eu")] == [f"b{n}" for n in range(6)]


async def test_other_states_come_in_the_order_of_creation_in_pages(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n:02}", pool="eu")] for n in range(25)])
        pages, after = [], None
        while page := await store.find(Bot.idle, limit=10, after=after):
            pages.append([b.id for b in page])
            after = page[-1].id
        assert [len(page) for page in pages] == [10, 10, 5]
        assert [id for page in pages for id in page] == [f"b{n:02}" for n in range(25)]
        newest = await store.find(Bot.idle, limit=3, newest_first=True)
        assert [b.id for b in newest] == ["b24", "b23", "b22"]
        older = await store.find(Bot.idle, limit=2, newest_first=True, after="b22")
        assert [b.id for b in older] == ["b21", "b20"]


async def test_a_ranked_state_comes_in_pages_too(a_store: Stores) -> None:
    async with a_store() as store:
        for number in range(10):
            await a(store, Bot.queued, f"b{number}", pool="eu", rating=(number * 7) % 10)
        pages: list[int] = []
        after = None
        while page := await store.find(Bot.queued, per="eu", limit=4, after=after):
            pages += [b.rating for b in page]
            after = page[-1].id
        assert pages == list(range(10))


async def test_a_ranked_state_is_listed_by_creation_where_that_is_wanted_and_pages_miss_nobody_who_moves(
    a_store: Stores,
) -> None:
    async with a_store() as store:
        for number in range(7):
            await a(store, Bot.queued, f"b{number}", pool=f"p{number % 2}", rating=-number)
        found, after = list[str](), None
        while page := await store.find(Bot.queued, by_creation=True, newest_first=True, limit=2, after=after):
            found += [bot.id for bot in page]
            after = page[-1].id
            await store.apply(Bot.rate(after, rating=1000))
        assert found == [f"b{number}" for number in reversed(range(7))]


async def test_a_page_begins_after_a_record_that_has_left_since(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n}", pool="eu")] for n in range(6)])
        first = await store.find(Bot.idle, limit=3)
        await store.apply(Bot.enqueue(first[-1].id))
        assert [b.id for b in await store.find(Bot.idle, after=first[-1].id)] == ["b3", "b4", "b5"]


async def test_a_ranked_page_begins_after_a_record_that_has_left_since(a_store: Stores) -> None:
    async with a_store() as store:
        for number in range(6):
            await a(store, Bot.queued, f"b{number}", pool="eu", rating=number)
        first = await store.find(Bot.queued, per="eu", limit=3)
        await store.apply(Bot.withdraw(first[-1].id))
        found = [b.id for b in await store.find(Bot.queued, per="eu", after=first[-1].id)]
        assert found == ["b3", "b4", "b5"], "a queue that shrinks while it is read must not look empty"


async def test_a_page_after_a_record_that_nobody_knows_is_refused(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Instance.up, "i")
        await store.submit([[Connection.create(f"c{n}", instance="i")] for n in range(3)])
        await store.submit([[Bot.create(f"b{n}", pool="eu")] for n in range(3)])
        live = StateOf(Bot, ("idle", "queued"))
        lists: list[tuple[StateOf[Any], str | None]] = [
            (Bot.idle, None),
            (live, None),
            (Bot.queued, None),
            (Connection.open, "i"),
        ]
        for strange in ("none", "a\0b", "\ud800", "", "x" * 2000):
            for newest_first in (False, True):
                for states, under in lists:
                    with pytest.raises(InvalidChange, match="is gone"):
                        await store.find(states, under=under, after=strange, newest_first=newest_first)


async def test_a_page_begins_after_a_record_that_was_removed_until_its_trace_is_gone(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n}", pool="eu")] for n in range(4)])
        await store.apply(Bot.retire("b1"))
        await store.advance(minutes(61))
        assert await store.get_many(Bot, ["b1"]) == {}
        assert [b.id for b in await store.find(Bot.idle, after="b1")] == ["b2", "b3"]
        await store.advance(days(31))
        with pytest.raises(InvalidChange, match="is gone"):
            await store.find(Bot.idle, after="b1")


async def test_several_states_are_found_under_one_name(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "open", closes_at=START + minutes(9))
        await a(store, Quiz.closed, "closed", closes_at=START + minutes(9))
        await a(store, Quiz.posted, "posted", closes_at=START + minutes(9))
        assert [q.id for q in await store.find(StateOf(Quiz, ("open", "posted")))] == ["open", "posted"]


async def test_children_are_found_in_pages_under_their_parent(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Instance.up, "i")
        await a(store, Instance.up, "j")
        await store.submit([[Connection.create(f"{i}{n}", instance=i)] for n in range(5) for i in ("i", "j")])
        page = await store.find(Connection.open, under="i", limit=3)
        rest = await store.find(Connection.open, under="i", limit=3, after=page[-1].id)
        assert [c.id for c in (*page, *rest)] == ["i0", "i1", "i2", "i3", "i4"]


async def test_a_record_created_again_comes_last(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.retired, "first", pool="eu")
        await a(store, Bot.idle, "second", pool="eu")
        await store.advance(minutes(61))
        await a(store, Bot.idle, "first", pool="eu")
        assert [b.id for b in await store.find(Bot.idle)] == ["second", "first"]


async def test_counts_are_those_of_the_states(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n}", pool=f"p{n % 3}")] for n in range(9)])
        await store.submit([[Bot.enqueue(f"b{n}")] for n in range(4)])
        await store.submit([[Bot.retire("b0")]])
        assert await store.count(Bot) == {"idle": 5, "queued": 3, "retired": 1}
        assert await store.count(Match) == {}


async def test_records_are_read_together(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Bot.create(f"b{n}", pool="eu")] for n in range(3)])
        found = await store.get_many(Bot, ["b2", "none", "b0"])
        assert {id: record.id for id, record in found.items()} == {"b0": "b0", "b2": "b2"}


async def test_serials_count_from_one_without_a_gap_for_refusals(a_store: Stores) -> None:
    async with a_store() as store:
        first = await store.apply(Ticket.create(NEXT, title="a"))
        named = await store.apply(Ticket.create("mine", title="b"))
        verdicts = await store.submit([[Ticket.create("mine", title="c")], [Ticket.create(NEXT, title="d")]])
        assert (first.id, first.number, named.id, named.number) == ("1", 1, "mine", 2)
        assert isinstance(verdicts[1], Applied)
        assert verdicts[1].records[0].number == 3
        one, two = await store.apply(Ticket.create(NEXT, title="e"), Ticket.create(NEXT, title="f"))
        assert (one.number, two.number) == (4, 5)


async def test_serials_count_per_space_and_go_on_after_a_removal(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Ticket.create(NEXT, title="a"))
        await store.apply(Ticket.close("1"))
        assert (await store.space("other").apply(Ticket.create(NEXT, title="a"))).number == 1
        await store.advance(minutes(60 * 24 * 5))
        assert (await store.apply(Ticket.create(NEXT, title="b"))).number == 2


async def test_after_a_thousand_random_moves_every_index_is_right(a_store: Stores) -> None:
    async with a_store() as store:
        dice = random.Random(7)  # noqa: S311
        bots = [f"b{n}" for n in range(12)]
        moves: list[Callable[[str], Change[Bot]]] = [
            lambda bot: Bot.create(bot, pool=dice.choice("xy"), rating=dice.randrange(5)),
            Bot.enqueue,
            Bot.withdraw,
            lambda bot: Bot.rate(bot, rating=dice.randrange(5)),
            lambda bot: Bot.relocate(bot, pool=dice.choice("xy")),
            Bot.retire,
        ]
        for _ in range(40):
            await store.submit([[dice.choice(moves)(bot)] for bot in dice.choices(bots, k=25)])
            await store.advance(minutes(dice.choice((0, 1, 30))))
        assert await store.engine.audit("tests", repair=False) == []
