"""What happens by itself, and when; past its deadline a record refuses everything else (guarantee 9)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from typing import Any

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Bot, Connection, Guess, Instance, Job, Kettle, Match, Owner, Quiz
from tests.engine_contract.looking import assert_one_event_per_version, entries_of, names, pass_unswept

from tenure import End, Lifecycle, NotUnder, Overdue, State, hours, minutes, seconds
from tenure.testing import a

MICROSECOND = seconds(0.000001)


async def test_a_length_after_entering(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        assert await store.advance(seconds(15) - MICROSECOND) == 0
        assert await store.advance(MICROSECOND) == 1
        assert (await store.get(Match, "m")).state == Match.void


async def test_an_instant_in_a_field(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + hours(2))
        assert await store.advance(hours(2) - MICROSECOND) == 0
        assert await store.advance(MICROSECOND) == 1
        assert (await store.get(Quiz, "q")).entered_at == START + hours(2)


async def test_a_length_in_a_field(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Kettle.heating, "k", length=minutes(3))
        assert await store.advance(minutes(3) - MICROSECOND) == 0
        assert await store.advance(MICROSECOND) == 1


async def test_a_lease(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Instance.up, "i")
        assert await store.advance(seconds(10) - MICROSECOND) == 0
        assert await store.advance(MICROSECOND) == 1


async def test_the_end_of_the_parent(a_store: Stores) -> None:
    async with a_store() as store:
        instance = await a(store, Instance.up, "i")
        await a(store, Connection.open, "c", instance="i")
        await store.apply(Instance.leave(instance.claim))
        assert await store.sweep() == 1
        assert (await store.get(Connection, "c")).state == Connection.closed


async def test_a_field_that_holds_the_time_may_be_changed_both_ways(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "later", closes_at=START + minutes(1))
        await a(store, Quiz.open, "sooner", closes_at=START + minutes(9))
        await a(store, Kettle.heating, "kettle", length=minutes(9))
        await store.apply(Quiz.extend("later", closes_at=START + minutes(9)))
        await store.apply(Quiz.extend("sooner", closes_at=START + minutes(1)))
        await store.apply(Kettle.turn("kettle", length=minutes(1)))
        assert await store.advance(minutes(2)) == 2
        assert (await store.get(Quiz, "later")).state == Quiz.open
        assert (await store.get(Quiz, "sooner")).state == Quiz.closed
        assert (await store.get(Kettle, "kettle")).state == Kettle.boiled
        assert await store.advance(minutes(7)) == 1


async def test_a_timer_of_an_earlier_state_never_strikes_a_later_one(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await store.advance(seconds(10))
        await store.apply(Match.start("m"))
        assert await store.advance(minutes(59)) == 0
        assert await store.advance(minutes(1)) == 1
        assert await names(store, await store.get(Match, "m")) == ["create", "start", "break_off"]


async def test_a_state_left_and_entered_again_begins_its_time_anew(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        await store.advance(minutes(4))
        await store.apply(Bot.withdraw("ada"))
        await store.apply(Bot.enqueue("ada"))
        assert await store.advance(minutes(4)) == 0
        assert await store.advance(minutes(1)) == 1


async def test_what_is_due_later_in_one_advance_is_made_at_its_own_time(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.matched, "ada", pool="eu", match="m")
        assert await store.advance(minutes(10)) == 3
        events = (await store.history(Bot, "ada"))[-2:]
        assert [(e.name, e.at - START) for e in events] == [
            ("requeue", seconds(15)),
            ("withdraw", minutes(5) + seconds(15)),
        ]


async def test_past_its_deadline_everything_else_is_refused_though_nobody_swept(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.queued, "ada", pool="eu")
        await store.sweep(hours(1))
        pass_unswept(store, minutes(5))
        for change in (Match.start("m"), Bot.rate("ada", rating=1), Bot.retire("ada")):
            with pytest.raises(Overdue):
                await store.apply(change)
        assert (await store.apply(Bot.withdraw("ada"))).state == Bot.idle, "its timed transition is left to it"


async def test_a_window_is_over_at_its_instant_though_nobody_swept(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(1))
        pass_unswept(store, minutes(1) - MICROSECOND)
        await store.apply(Guess.create("in time", quiz="q", choice="a"))
        pass_unswept(store, MICROSECOND)
        with pytest.raises(NotUnder, match="is over") as refusal:
            await store.apply(Guess.create("late", quiz="q", choice="a"))
        assert refusal.value.overdue
        await store.sweep()
        with pytest.raises(NotUnder, match="is `closed`") as refusal:
            await store.apply(Guess.create("late", quiz="q", choice="a"))
        assert not refusal.value.overdue


async def test_an_answer_and_the_closing_at_one_instant_are_one_order(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(1))
        pass_unswept(store, minutes(1))
        guesses = [[Guess.create(f"g{n}", quiz="q", choice="a")] for n in range(20)]
        early, _, late = await asyncio.gather(store.submit(guesses), store.sweep(), store.submit(guesses))
        assert all(isinstance(verdict, NotUnder) for verdict in [*early, *late])
        assert await store.find(Guess.given, under="q") == []


async def test_a_sweeper_and_a_beat_at_the_deadline_have_one_outcome(a_store: Stores) -> None:
    async with a_store() as store:
        for number, (late, sweeper_first) in enumerate(itertools.product([True, False], [True, False])):
            instance = await a(store, Instance.up, f"i{number}")
            await store.sweep(hours(1))
            pass_unswept(store, seconds(10) - MICROSECOND * (not late))
            both: list[Awaitable[Any]] = [store.beat(instance.claim), store.sweep(hours(1))]
            answers = await asyncio.gather(*(reversed(both) if sweeper_first else both), return_exceptions=True)
            beat, made = reversed(answers) if sweeper_first else answers
            found = await store.get(Instance, instance.id)
            if not late:
                assert (beat, made, found.state) == ([], 0, Instance.up)
                await store.apply(Instance.leave(found.claim))
            else:
                assert isinstance(beat, Exception)
                assert (made, found.state) == (1, Instance.gone)


async def test_many_sweepers_make_one_expiry(a_store: Stores) -> None:
    async with a_store() as store:
        for number in range(30):
            await a(store, Match.offered, f"m{number}", first="ada", second="bob")
        await store.sweep(hours(1))  # so that the time until the expiry is no outage
        pass_unswept(store, seconds(15))
        made = await asyncio.gather(*(store.sweep(hours(1)) for _ in range(8)))
        assert sum(made) == 30
        assert await store.count(Match) == {"void": 30}
        assert len([e for e in await entries_of(store) if e.name == "expire"]) == 30
        await assert_one_event_per_version(store)


async def test_a_sweep_is_bounded_and_says_that_more_is_due(a_store: Stores) -> None:
    async with a_store() as store:
        await store.submit([[Kettle.create(f"k{n}", length=seconds(1))] for n in range(25)])
        pass_unswept(store, seconds(5))
        swept = [await store.engine.sweep("tests", 10, 10_000_000, store.clock()) for _ in range(3)]
        assert [s.made for s in swept] == [10, 10, 5]
        assert [s.more for s in swept] == [True, True, False]


async def test_what_is_due_next_is_told(a_store: Stores) -> None:
    async with a_store() as store:
        swept = await store.engine.sweep("tests", 10, 10_000_000, store.clock())
        assert swept.next_due is None
        await a(store, Kettle.heating, "k", length=seconds(7))
        swept = await store.engine.sweep("tests", 10, 10_000_000, store.clock())
        now = store.clock()
        assert now is not None
        assert swept.next_due == now + 7_000_000
        assert list(await store.engine.due("tests", 10)) == [(now + 7_000_000, "Kettle", "k")]


async def test_time_never_goes_back(a_store: Stores) -> None:
    async with a_store() as store:
        now = store.clock()
        assert now is not None
        change = Kettle.create("k", length=minutes(1))
        earlier = store._transaction((change,), "", "")
        await store.advance(minutes(1))
        await store.apply(Match.create("m", first="ada", second="bob"))
        await store.engine.write("tests", [earlier], now)
        assert (await store.get(Kettle, "k")).created_at == START + minutes(1)


async def test_a_timed_transition_that_a_limit_holds_up_is_made_once_there_is_room(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.matched, "ada", pool="eu", match="m")
        assert await store.advance(seconds(15)) == 2
        assert (await store.get(Bot, "ada")).state == Bot.queued
        assert await store.count(Job) == {}


class Zebra(Lifecycle):
    awake = State(initial=True)
    asleep = End(keep=minutes(1))
    rest = awake.to(asleep, after=minutes(1))


class Ant(Lifecycle):
    awake = State(initial=True)
    asleep = End(keep=minutes(1))
    rest = awake.to(asleep, after=minutes(1))


async def test_what_is_due_at_one_instant_comes_in_the_order_of_creation(a_store: Stores) -> None:
    async with a_store(Zebra, Ant) as store:
        await store.sweep(minutes(2))
        order = ["z2", "a2", "z1", "a1"]
        for id in order:
            await store.apply((Zebra if id.startswith("z") else Ant).create(id))
        assert [id for _, _, id in await store.engine.due("tests", 10)] == order
        pass_unswept(store, minutes(1))
        for most in (1, 1, 2):
            await store.engine.sweep("tests", most, 10_000_000, store.clock())
        assert [e.id for e in await entries_of(store) if e.name == "rest"] == order
