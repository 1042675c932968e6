"""Records that belong to another: need it, end with it, are removed with it (guarantee 10)."""

from __future__ import annotations

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.drawing import Room, Seat
from tests.engine_contract.kinds import Bot, Connection, Guess, Instance, Job, Match, Owner, Quiz
from tests.engine_contract.looking import entries_of, pass_unswept

from tenure import (
    NEXT,
    End,
    Lifecycle,
    NotFound,
    NotUnder,
    State,
    Store,
    WrongState,
    days,
    end_of,
    hours,
    minutes,
    parent,
    seconds,
    serial,
)
from tenure.testing import a


async def test_a_state_is_entered_under_the_parents_state_only(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.matched, "ada", pool="eu", match="m")
        with pytest.raises(NotUnder, match="is `offered`, and it must be `running`"):
            await store.apply(Bot.begin("ada"))
        _, begun = await store.apply(Match.start("m"), Bot.begin("ada"))
        assert begun.state == Bot.playing


async def test_the_parent_may_be_created_and_moved_in_the_same_transaction(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        *_, ada = await store.apply(
            Match.create("m", first="ada", second="bob"),
            Bot.reserve("ada", match="m"),
            Match.start("m"),
            Bot.begin("ada"),
        )
        assert ada.state == Bot.playing


async def test_a_parent_that_moves_on_stops_a_late_child(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await store.apply(Owner.delete("o"))
        with pytest.raises(NotUnder, match="is `deleted`"):
            await store.apply(Job.create("j", owner="o", place="here"))


async def test_a_stay_does_not_ask_the_parent_again(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(1))
        await a(store, Guess.given, "g", quiz="q", choice="a")
        await store.advance(minutes(1))
        assert (await store.apply(Guess.revise("g", choice="b"))).choice == "b"


async def test_a_window_that_is_over_lets_no_child_in(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(1))
        await a(store, Guess.given, "in time", quiz="q", choice="a")
        pass_unswept(store, minutes(1))
        with pytest.raises(NotUnder):
            await store.apply(Guess.create("late", quiz="q", choice="a"))


async def test_a_child_that_left_its_parent_when_that_ended_is_not_removed_with_it(a_store: Stores) -> None:
    async with a_store(Room, Seat) as store:
        await a(store, Room.open, "r")
        await a(store, Seat.waiting, "s", pool="eu", room="r")
        await store.apply(Room.finish("r"))
        pass_unswept(store, minutes(5))
        await store.sweep()
        seat = await store.get(Seat, "s")
        assert (seat.state, seat.room) == (Seat.lost, None)
        await store.advance(minutes(5))
        with pytest.raises(NotFound):
            await store.get(Room, "r")
        assert (await store.get(Seat, "s")).state == Seat.lost, "its end is kept for ever"


async def test_children_end_with_their_parent_and_with_no_other(a_store: Stores) -> None:
    async with a_store() as store:
        for instance in ("i1", "i2"):
            await a(store, Instance.up, instance)
            for number in range(3):
                await a(store, Connection.open, f"{instance}/{number}", instance=instance)
        await store.apply(Instance.leave((await store.get(Instance, "i1")).claim))
        assert await store.sweep() == 3
        assert {c.id for c in await store.find(Connection.open)} == {"i2/0", "i2/1", "i2/2"}


async def test_a_child_refuses_everything_else_from_the_instant_its_parent_ends(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.matched, "ada", pool="eu", match="m")
        await store.sweep(hours(1))
        pass_unswept(store, seconds(15))
        await store.engine.sweep("tests", 1, 60_000_000, store.clock())
        with pytest.raises(WrongState):
            await store.apply(Bot.begin("ada"))
        await store.sweep()
        assert (await store.get(Bot, "ada")).state == Bot.queued


async def test_two_thousand_children_end_in_bounded_steps(a_store: Stores) -> None:
    async with a_store() as store:
        instance = await a(store, Instance.up, "i")
        await store.submit([[Connection.create(f"c{n}", instance="i")] for n in range(2000)])
        await store.apply(Instance.leave(instance.claim))
        steps, made = 0, 0
        while True:
            swept = await store.engine.sweep("tests", 150, 10_000_000, store.clock())
            assert swept.made <= 151
            steps, made = steps + 1, made + swept.made
            if not swept.more:
                break
        assert made == 2000
        assert steps >= 13
        assert await store.count(Connection) == {"closed": 2000}
        closed = [e for e in await entries_of(store) if e.name == "close"]
        assert len({e.id for e in closed}) == len(closed) == 2000


async def test_children_of_a_parent_that_ends_mid_way_through_a_bounded_sweep_are_all_found(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Instance.up, "i")
        await store.submit([[Connection.create(f"c{n}", instance="i")] for n in range(50)])
        pass_unswept(store, seconds(10))
        made = 0
        for _ in range(200):
            swept = await store.engine.sweep("tests", 1, 10_000_000, store.clock())
            made += swept.made
            if not swept.more:
                break
        assert made == 51
        assert await store.count(Connection) == {"closed": 50}


async def test_an_end_is_kept_as_long_as_it_says_and_then_removed(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.over, "m", first="ada", second="bob")
        await store.advance(days(1) - seconds(1))
        assert (await store.get(Match, "m")).state == Match.over
        await store.advance(seconds(1))
        with pytest.raises(NotFound):
            await store.get(Match, "m")
        assert await store.find(Match.over) == []
        assert (await store.count(Match)).get("over", 0) == 0


async def test_a_record_without_a_stated_time_is_kept_for_ever(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.failed, "j", owner="o", place="here", reason="rain")
        await store.advance(days(400))
        assert (await store.get(Job, "j")).state == Job.failed


async def test_ended_children_are_removed_with_their_parent(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(1))
        for number in range(5):
            await a(store, Guess.given, f"g{number}", quiz="q", choice="a")
        await store.advance(minutes(1))
        await store.apply(Quiz.post("q"))
        await store.advance(days(7))
        await settled_sweep(store)
        assert await store.count(Guess) in ({}, {"given": 0})
        with pytest.raises(NotFound):
            await store.get(Quiz, "q")


async def test_a_living_child_keeps_its_parent(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.waiting, "j", owner="o", place="here")
        await store.apply(Owner.delete("o"))
        await store.advance(hours(1) + minutes(5))  # what is kept for longer is looked at each minute
        assert (await store.get(Owner, "o")).state == Owner.deleted
        await store.apply(Job.stop("j", reason="moved out"))
        await store.deliver_once(Job.ended, taken)
        await store.advance(hours(1))
        for kind, id in ((Owner, "o"), (Job, "j")):
            with pytest.raises(NotFound):
                await store.get(kind, id)


async def test_removal_of_many_children_is_bounded(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Quiz.open, "q", closes_at=START + minutes(1))
        await store.submit([[Guess.create(f"g{n}", quiz="q", choice="a")] for n in range(300)])
        await store.advance(minutes(1))
        await store.apply(Quiz.post("q"))
        pass_unswept(store, days(7))
        removed = []
        for _ in range(100):
            swept = await store.engine.sweep("tests", 40, 10_000_000, store.clock())
            removed.append(swept.removed)
            if not swept.more:
                break
        assert sum(removed) == 301
        assert max(removed) <= 42


async def test_a_child_is_found_under_its_parent(a_store: Stores) -> None:
    async with a_store() as store:
        for quiz in ("q1", "q2"):
            await a(store, Quiz.open, quiz, closes_at=START + minutes(1))
            for number in range(3):
                await a(store, Guess.given, f"{quiz}/{number}", quiz=quiz, choice="a")
        assert [g.id for g in await store.find(Guess.given, under="q1")] == ["q1/0", "q1/1", "q1/2"]
        second = await store.get(Quiz, "q2")
        assert [g.id for g in await store.find(Guess.given, under=second)] == ["q2/0", "q2/1", "q2/2"]


async def taken(_: object) -> None:
    """Take an effect, and be done."""


async def settled_sweep(store: Store) -> None:
    """Sweep, also what is looked at again in a while."""
    await store.advance(minutes(2))


async def test_a_record_may_come_to_end_with_a_parent_that_nothing_has_read_yet(a_store: Stores) -> None:
    class Lobby(Lifecycle):
        opened = State(initial=True)
        shut = End(keep=hours(1))
        close = opened.to(shut)

    class Guest(Lifecycle):
        lobby: str | None = parent(Lobby, default=None)

        outside = State(initial=True)
        inside = State(has=lobby)
        gone = End()

        @outside.to(inside)
        def enter(self, lobby: str) -> None: ...

        leave = inside.to(gone, after=end_of(lobby))

    async with a_store(Lobby, Guest) as store:
        await store.apply(Lobby.create("l"))
        await store.apply(Guest.create("g"))
        await store.apply(Guest.enter("g", lobby="l"))
        await store.apply(Lobby.close("l"))
        assert await store.sweep() == 1
        assert (await store.get(Guest, "g")).state == Guest.gone


async def test_two_fields_may_name_parents_of_one_kind_and_the_same_one(a_store: Stores) -> None:
    class Club(Lifecycle):
        """Somebody who plays."""

        there = State(initial=True)
        gone = End(keep=minutes(1))
        go = there.to(gone)

    class Game(Lifecycle):
        """Two clubs, which may change."""

        host: str = parent(Club)
        guest: str | None = parent(Club, default=None)

        planned = State(initial=True)
        over = End(keep=minutes(1))

        @planned.stay()
        def replan(self, host: str, guest: str | None) -> None: ...

        end = planned.to(over)

    async with a_store(Club, Game) as store:
        await store.apply(*(Club.create(id) for id in ("a", "b", "c")))
        await store.apply(Game.create("g", host="a"))
        for host, guest in [("a", "b"), ("b", "b"), ("b", None), ("b", "a"), ("a", "b"), ("a", "a"), ("c", "a")]:
            await store.apply(Game.replan("g", host=host, guest=guest))
            for club in ("a", "b", "c"):
                found = await store.find(Game.planned, under=club)
                assert [game.id for game in found] == (["g"] if club in (host, guest) else []), (host, guest)


async def test_the_refusal_of_a_record_without_a_number_yet_names_its_kind(a_store: Stores) -> None:
    class Hall(Lifecycle):
        opened = State(initial=True)
        shut = End()
        close = opened.to(shut)

    class Visitor(Lifecycle):
        number: int = serial()
        hall: str = parent(Hall)
        waiting = State(initial=True, under=Hall.opened)
        gone = End()
        go = waiting.to(gone)

    async with a_store(Hall, Visitor) as store:
        with pytest.raises(NotUnder) as caught:
            await store.apply(Visitor.create(NEXT, hall="h"))
        assert str(caught.value) == "can't `create` a Visitor: there is no Hall 'h', and it must be `opened`"
        assert caught.value.id == ""
