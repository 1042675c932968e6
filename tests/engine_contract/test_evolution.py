"""Lifecycles change while records live: two builds side by side, nothing lost, nothing guessed."""

from __future__ import annotations

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.looking import pass_unswept

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    End,
    Lifecycle,
    Limit,
    LimitReached,
    State,
    UnknownState,
    days,
    field,
    lease,
    minutes,
)
from tenure.core.durations import to_microseconds
from tenure.store.timing import ManualClock
from tenure.testing import a


class Old:
    """The build of last month."""

    class Lamp(Lifecycle):
        room: str = field()
        watts: int = field(default=40)
        note: str | None = None

        off = State(initial=True)
        lit = State(rank=watts, per=room)
        broken = End(keep=days(1))

        ignite = off.to(lit)
        douse = lit.to(off, after=minutes(10))
        smash = (off | lit).to(broken)

        @(off | lit).stay()
        def describe(self, note: str) -> None: ...


class New:
    """The build of today: new fields, a new state, and better names."""

    class Lamp(Lifecycle):
        place: str = field(was="room")
        watts: int = field(default=40)
        note: str | None = None
        colour: str = field(default="white")
        maker: str = "unknown"

        off = State(initial=True)
        burning = State(rank=watts, per=place, was="lit")
        dimmed = State()
        broken = End(keep=days(1))

        ignite = off.to(burning)
        extinguish = burning.to(off, after=minutes(10), was="douse")
        dim = burning.to(dimmed)
        brighten = dimmed.to(burning, after=minutes(2))
        smash = (off | burning | dimmed).to(broken)

        @(off | burning).stay()
        def describe(self, note: str) -> None: ...

        @off.stay()
        def paint(self, colour: str, maker: str) -> None: ...


async def test_a_new_field_has_its_default_in_old_records(a_kept_store: Stores) -> None:
    async with a_kept_store(Old.Lamp) as store:
        await a(store, Old.Lamp.off, "l", room="hall")
    async with a_kept_store(New.Lamp) as store:
        lamp = await store.get(New.Lamp, "l")
        assert (lamp.place, lamp.colour, lamp.maker) == ("hall", "white", "unknown")
        painted = await store.apply(New.Lamp.paint(lamp, colour="red", maker="us"))
        assert (painted.place, painted.colour, painted.maker) == ("hall", "red", "us")


async def test_renamed_states_fields_and_transitions_are_the_same_ones(a_kept_store: Stores) -> None:
    async with a_kept_store(Old.Lamp) as old:
        await a(old, Old.Lamp.lit, "l", room="hall")
        async with a_kept_store(New.Lamp) as new:
            lamp = await new.get(New.Lamp, "l")
            assert (lamp.state, lamp.place) == (New.Lamp.burning, "hall")
            assert [x.id for x in await new.find(New.Lamp.burning, per="hall")] == ["l"]
            assert await new.count(New.Lamp) == {"burning": 1}
            await new.apply(New.Lamp.extinguish(lamp))
            assert (await old.get(Old.Lamp, "l")).state == Old.Lamp.off
            await old.apply(Old.Lamp.ignite("l"))
            assert [e.name for e in await new.history(New.Lamp, "l")] == ["create", "ignite", "extinguish", "ignite"]
            assert [e.name for e in await old.history(Old.Lamp, "l")] == ["create", "ignite", "douse", "ignite"]
            last = (await new.history(New.Lamp, "l"))[-1]
            assert (last.source, last.target, last.transition) == (New.Lamp.off, New.Lamp.burning, New.Lamp.ignite)
            assert (await new.history(New.Lamp, "l"))[0].fields == {"place": "hall"}


async def test_what_an_old_build_does_not_know_it_keeps(a_kept_store: Stores) -> None:
    async with a_kept_store(Old.Lamp) as old, a_kept_store(New.Lamp) as new:
        await new.apply(New.Lamp.create("l", place="hall", colour="red", maker="us"))
        await old.apply(Old.Lamp.describe("l", note="by the door"))
        await old.apply(Old.Lamp.ignite("l"))
        lamp = await new.get(New.Lamp, "l")
        assert (lamp.colour, lamp.maker, lamp.note) == ("red", "us", "by the door")


async def test_a_state_that_a_build_does_not_know_is_shown_and_not_touched(a_kept_store: Stores) -> None:
    async with a_kept_store(Old.Lamp) as old, a_kept_store(New.Lamp) as new:
        await a(new, New.Lamp.dimmed, "l", place="hall")
        lamp = await old.get(Old.Lamp, "l")
        assert str(lamp.state) == "dimmed"
        with pytest.raises(UnknownState, match="upgrade this process"):
            await old.apply(Old.Lamp.smash("l"))
        assert [e.name for e in await old.history(Old.Lamp, "l")] == ["create", "ignite", "dim"]
        assert await old.count(Old.Lamp) == {"dimmed": 1}
        assert (await new.apply(New.Lamp.brighten("l"))).state == New.Lamp.burning


async def test_an_old_builds_sweeper_leaves_to_the_new_one_what_it_does_not_know(a_kept_store: Stores) -> None:
    clock = ManualClock(to_microseconds(START))
    async with a_kept_store(New.Lamp, clock=clock) as new, a_kept_store(Old.Lamp, clock=clock) as old:
        await a(new, New.Lamp.dimmed, "l", place="hall")
        await new.sweep(minutes(30))
        pass_unswept(new, minutes(5))
        assert await old.sweep(minutes(90)) == 0
        assert str((await old.get(Old.Lamp, "l")).state) == "dimmed"
        assert await new.sweep(minutes(300)) == 1
        assert (await new.get(New.Lamp, "l")).state == New.Lamp.burning


async def test_a_sweeper_rests_though_another_builds_records_are_overdue(a_kept_store: Stores) -> None:
    clock = ManualClock(to_microseconds(START))
    async with a_kept_store(New.Lamp, clock=clock) as new, a_kept_store(Old.Lamp, clock=clock) as old:
        await a(new, New.Lamp.dimmed, "l", place="hall")
        await new.sweep(minutes(30))
        pass_unswept(new, minutes(5))
        swept = await old.engine.sweep("tests", 10, to_microseconds(minutes(90)), clock())
        now = clock()
        assert now is not None
        assert not swept.more
        assert swept.next_due is None or swept.next_due > now, "it would sweep again at once, for ever"
        assert await new.sweep(minutes(300)) == 1


async def test_an_old_builds_event_is_shown_by_a_new_one_and_the_other_way_round(a_kept_store: Stores) -> None:
    async with a_kept_store(Old.Lamp) as old, a_kept_store(New.Lamp) as new:
        await a(new, New.Lamp.off, "l", place="hall")
        await new.apply(New.Lamp.paint("l", colour="red", maker="us"))
        painted = (await old.history(Old.Lamp, "l"))[-1]
        assert (painted.name, painted.transition, painted.fields) == ("paint", None, {"colour": "red", "maker": "us"})


class Before:
    """A build whose kettles boil when somebody says so."""

    class Kettle(Lifecycle):
        cold = State(initial=True)
        hot = End()
        boil = cold.to(hot)


class After:
    """One whose kettles boil by themselves."""

    class Kettle(Lifecycle):
        cold = State(initial=True)
        hot = End()
        boil = cold.to(hot, after=minutes(3))


async def test_a_new_limit_or_rank_holds_for_old_records_from_the_opening_on(a_kept_store: Stores) -> None:
    class Strict:
        class Lamp(Lifecycle):
            room: str = field()
            watts: int = field(default=40)
            colour: str = field(default="white")
            brightness: int = field(default=7)

            off = State(initial=True, rank=brightness, per=colour)
            lit = State()

            ignite = off.to(lit)
            douse = lit.to(off)

            same_colour = Limit(at_most=2, per=colour, over=lit)

    async with a_kept_store(Old.Lamp) as store:
        for number in range(3):
            await a(store, Old.Lamp.lit, f"l{number}", room="hall")
        await a(store, Old.Lamp.off, "dark", room="hall")
    async with a_kept_store(Strict.Lamp) as store:
        holders = await store.holding(Strict.Lamp.same_colour, "white")
        assert [lamp.id for lamp in holders] == ["l0", "l1", "l2"], "the default is what the record says"
        assert [lamp.id for lamp in await store.find(Strict.Lamp.off, per="white")] == ["dark"]
        with pytest.raises(LimitReached):
            await store.apply(Strict.Lamp.ignite("dark"))
        await store.apply(Strict.Lamp.douse("l0"))
        await store.apply(Strict.Lamp.douse("l1"))
        await store.apply(Strict.Lamp.ignite("dark"))


async def test_a_deadline_that_a_new_build_declares_is_kept_by_old_records_too(a_kept_store: Stores) -> None:
    async with a_kept_store(Before.Kettle) as store:
        await a(store, Before.Kettle.cold, "k")
    async with a_kept_store(After.Kettle) as store:
        assert await store.advance(minutes(4)) == 1


async def test_an_old_builds_sweeper_drops_no_deadline_that_it_does_not_know(a_kept_store: Stores) -> None:
    clock = ManualClock(to_microseconds(START))
    async with a_kept_store(After.Kettle, clock=clock) as new, a_kept_store(Before.Kettle, clock=clock) as old:
        await a(new, After.Kettle.cold, "k")
        await new.sweep(minutes(30))
        pass_unswept(new, minutes(3))
        assert await old.sweep(minutes(90)) == 0
        assert await new.sweep(minutes(300)) + await new.advance(minutes(5)) == 1


async def test_a_new_lease_is_that_of_old_holders(a_kept_store: Stores) -> None:
    class Short:
        class Task(Lifecycle):
            held = State(initial=True, by=CLAIMANT)
            over = End()
            finish = held.to(over, by=HOLDER)
            lose = held.to(over, by=SWEEPER, after=lease(seconds=10))

    class Long:
        class Task(Lifecycle):
            held = State(initial=True, by=CLAIMANT)
            over = End()
            finish = held.to(over, by=HOLDER)
            lose = held.to(over, by=SWEEPER, after=lease(minutes=10))

    async with a_kept_store(Short.Task) as store:
        await a(store, Short.Task.held, "t")
    async with a_kept_store(Long.Task) as store:
        assert await store.advance(minutes(1)) == 0
        assert await store.advance(minutes(10)) == 1


async def test_the_store_tells_under_which_tables_it_was_opened(a_kept_store: Stores) -> None:
    async with a_kept_store(New.Lamp) as store:
        declared = await store.engine.declarations()
        assert declared["Lamp"] == New.Lamp._table.plain
