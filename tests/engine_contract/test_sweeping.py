"""What one step of a sweep does to records that have to do with one another: nothing twice, nothing on half a step."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.looking import ALL, pass_unswept

from tenure import (
    Delivery,
    Effect,
    End,
    Lifecycle,
    Limit,
    NotFound,
    State,
    Store,
    end_of,
    field,
    hours,
    minutes,
    parent,
    seconds,
)
from tenure.core.engine import Swept
from tenure.core.errors import Refused
from tenure.core.pieces import RecordPiece

LONG_ALIVE = 10 * 3600 * 1_000_000


class Lobby(Lifecycle, history=hours(1)):
    """Is removed at once when it has ended."""

    opened = State(initial=True)
    shut = End(keep=seconds(0))
    close = opened.to(shut)


class Guest(Lifecycle, history=hours(1)):
    """Stands in every index while it is inside."""

    lobby: str | None = parent(Lobby, default=None)
    pool: str = field(default="eu")
    rating: int = field(default=0)

    outside = State(initial=True)
    inside = State(has=lobby, rank=rating, per=pool)
    staying = State(has=lobby, rank=rating, per=pool)
    gone = End(keep=seconds(0))
    seen_off = End(keep=seconds(0), has=lobby)

    @outside.to(inside)
    def enter(self, lobby: str) -> None: ...

    @outside.to(staying)
    def settle(self, lobby: str) -> None: ...

    leave = inside.to(outside, after=end_of(lobby))
    see_off = staying.to(seen_off, after=end_of(lobby))
    drop = (outside | inside).to(gone)

    room = Limit(at_most=10, per=lobby, over=inside | staying)


class Wisp(Lifecycle, history=hours(1)):
    """Fades by itself, and is forgotten soon."""

    lit = State(initial=True)
    faded = End(keep=minutes(2))
    fade = lit.to(faded, after=minutes(1))


class Other(Lifecycle):
    """Of another build of the program."""

    waits = State(initial=True)
    ended = End()
    end = waits.to(ended, after=minutes(1))


async def one_step(store: Store, most: int = 100) -> Swept:
    return await store.engine.sweep(store.space_name, most, LONG_ALIVE, store.clock())


async def is_gone(store: Store, kind: type[Lifecycle], id: str) -> bool:
    try:
        await store.get(kind, id)
    except NotFound:
        return True
    return False


async def traces(store: Store) -> list[str]:
    """Name all records that have left something, removed ones too."""
    found: list[str] = []
    mark: str | None = ""
    while mark is not None:
        part = await store.engine.dump(store.space_name, mark, ALL)
        found += [f"{piece.kind} {piece.id}" for piece in part.pieces if isinstance(piece, RecordPiece)]
        mark = part.mark
    return found


async def test_a_child_that_the_same_step_lets_go_does_not_hold_its_parent(a_store: Stores) -> None:
    async with a_store(Lobby, Guest) as store:
        await store.apply(Lobby.create("l"))
        await store.apply(Guest.create("g"), Guest.enter("g", lobby="l"))
        await store.apply(Lobby.close("l"))
        swept = await one_step(store)
        assert (swept.made, swept.removed) == (1, 1)
        assert await is_gone(store, Lobby, "l")
        assert (await store.get(Guest, "g")).state == Guest.outside


async def test_a_child_that_the_same_step_ends_is_removed_by_a_later_one(a_store: Stores) -> None:
    async with a_store(Lobby, Guest) as store:
        await store.apply(Lobby.create("l"))
        await store.apply(Guest.create("g"), Guest.settle("g", lobby="l"))
        await store.apply(Lobby.close("l"))
        swept = await one_step(store)
        assert (swept.made, swept.removed, swept.more) == (1, 0, True)
        assert await store.engine.audit(store.space_name, repair=False) == []
        assert (await one_step(store)).removed == 2
        assert await store.count(Guest) in ({}, {"staying": 0, "seen_off": 0})
        assert [e.name for e in await store.history(Guest, "g")] == ["create", "settle", "see_off"]
        assert await store.find(Guest.staying) == []


async def test_a_child_goes_once_with_its_parent_though_both_are_looked_at(a_store: Stores) -> None:
    async with a_store(Lobby, Guest, at=START) as store:
        await store.apply(Lobby.create("l"))
        for number in range(3):
            await store.apply(Guest.create(f"g{number}"), Guest.settle(f"g{number}", lobby="l"))
        await store.apply(Lobby.close("l"))
        assert (await one_step(store)).made == 3
        assert [id for _, _, id in await store.engine.due(store.space_name, ALL)] == ["l", "g0", "g1", "g2"]
        swept = await one_step(store)
        assert (swept.removed, swept.more) == (4, False)
        assert await store.engine.due(store.space_name, ALL) == []
        await store.advance(minutes(61))
        assert await traces(store) == []
        assert (await one_step(store)).next_due is None


async def test_a_removed_record_and_a_living_one_of_its_id_are_looked_at_in_one_step(a_store: Stores) -> None:
    async with a_store(Wisp) as store:
        await store.sweep(hours(1))
        await store.apply(Wisp.create("w"))
        for _ in range(2):
            pass_unswept(store, minutes(1))
            assert (await one_step(store)).more is False
        pass_unswept(store, minutes(1))
        assert (await one_step(store)).removed == 1
        pass_unswept(store, minutes(59))
        await store.apply(Wisp.create("w"), op="again")
        pass_unswept(store, minutes(1))
        assert (await one_step(store)).made == 1
        assert (await store.get(Wisp, "w")).state == Wisp.faded
        assert [(e.name, e.cause) for e in await store.history(Wisp, "w")] == [("create", "again"), ("fade", "")]
        assert len(await store.engine.feed(store.space_name, [], 0, ALL)) == 2, "the first one's history is over"
        await store.advance(minutes(63))
        assert await store.history(Wisp, "w") == []


async def test_a_record_that_is_removed_beside_those_of_another_build_is_forgotten_in_time(
    a_kept_store: Stores,
) -> None:
    async with a_kept_store(Lobby, Guest, Other) as store:
        await store.sweep(hours(1))
        await store.submit([[Other.create(f"o{number}")] for number in range(2)])
        await store.apply(Lobby.create("l"))
        await store.apply(Guest.create("g"), Guest.settle("g", lobby="l"))
    async with a_kept_store(Lobby, Guest, at=START + minutes(1)) as store:
        await store.apply(Lobby.close("l"))
        while (await one_step(store, 3)).more:
            pass
        for kind, id in ((Lobby, "l"), (Guest, "g")):
            assert await is_gone(store, kind, id)
        pass_unswept(store, minutes(61))
        while (await one_step(store)).more:
            pass
        assert await traces(store) == ["Other o0", "Other o1"]


async def test_a_follower_that_may_not_go_yet_is_looked_at_at_one_instant_only(a_store: Stores) -> None:
    class Bed(Lifecycle):
        lobby: str = parent(Lobby)

        made = State(initial=True)
        stored = State()
        lost = End()

        put_away = made.to(stored, after=end_of(lobby))
        lose = made.to(lost, after=minutes(10))
        throw = stored.to(lost)

        shelf = Limit(at_most=1, per=lobby, over=stored)

    async with a_store(Lobby, Bed) as store:
        await store.apply(Lobby.create("l"))
        for number in range(2):
            await store.apply(Bed.create(f"b{number}", lobby="l"))
        await store.apply(Lobby.close("l"))
        assert (await one_step(store)).made == 1
        assert await store.count(Bed) == {"made": 1, "stored": 1}
        looks = await store.engine.due(store.space_name, ALL)
        assert len({id for _, _, id in looks}) == len(looks)
        with pytest.raises(Refused):
            await store.apply(Bed.throw("b1"))


async def test_a_timed_transition_that_is_refused_is_tried_again_each_minute(a_store: Stores) -> None:
    class Parcel(Lifecycle):
        shelf: str = field()

        packed = State(initial=True)
        stored = State()
        gone = End()

        put_away = packed.to(stored, after=minutes(10))
        collect = stored.to(gone)

        one_each = Limit(at_most=1, per=shelf, over=stored)

    async with a_store(Parcel) as store:
        for number in range(2):
            await store.apply(Parcel.create(f"p{number}", shelf="s"))
        await store.advance(minutes(10))
        assert await store.count(Parcel) == {"packed": 1, "stored": 1}
        assert await store.engine.audit(store.space_name, repair=False) == [], "it waits, which is right"
        (there,) = await store.find(Parcel.stored)
        await store.apply(Parcel.collect(there))
        await store.advance(minutes(1))
        assert await store.count(Parcel) == {"gone": 1, "stored": 1}


async def noticed(_: object) -> None: ...


async def noticed_all_but_one(delivery: Delivery[Any]) -> None:
    if delivery.record.id == "undelivered":
        raise ZeroDivisionError


async def test_the_longer_something_keeps_an_ended_record_the_more_rarely_it_is_looked_for(a_store: Stores) -> None:
    class Letter(Lifecycle):
        written = State(initial=True)
        sent = End(keep=minutes(5))
        send = written.to(sent)
        posted = Effect(send)

    class Page(Lifecycle):
        letter: str = parent(Letter)
        kept = State(initial=True)
        burned = End(keep=minutes(5))
        burn = kept.to(burned)

    async with a_store(Letter, Page) as store:
        await store.apply(Letter.create("undelivered"), Letter.send("undelivered"))
        await store.apply(Letter.create("kept"), Page.create("p", letter="kept"), Letter.send("kept"))
        await store.apply(Letter.create("burned"), Page.create("q", letter="burned"), Page.burn("q"))
        await store.apply(Letter.send("burned"))
        await store.deliver_once(Letter.posted, noticed_all_but_one)
        sweep, steps = store.engine.sweep, 0

        async def counted(*args: Any) -> Swept:
            nonlocal steps
            steps += 1
            return await sweep(*args)

        store.engine.sweep = counted  # type: ignore[method-assign, assignment]
        await store.advance(hours(48))
        assert steps < 60, "once a minute it would be five thousand times"
        assert set(await store.get_many(Letter, ["undelivered", "kept", "burned"])) == {"undelivered", "kept"}
        await store.apply(Page.burn("p"))
        await store.deliver_once(Letter.posted, noticed)
        await store.advance(hours(48))
        assert await store.get_many(Letter, ["undelivered", "kept"]) == {}
