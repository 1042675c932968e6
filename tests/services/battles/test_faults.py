"""Faults between two steps: a process that dies, a sweeper that comes later than the player."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from tests.places import ENGINES, Place
from tests.services.battles.making import Node, World, a_world, spin

from tenure import Change, OutcomeUnknown, Store, seconds
from tenure.services.battles.lifecycle import Battle, BattleTicket, Seat
from tenure.services.battles.refusals import AlreadyPlaying, AlreadyWaiting, NotThen

PlaceOf = Callable[[str], Place]
CONFIRMED = {BattleTicket.confirmed}
on_each_engine = pytest.mark.parametrize("engine", ENGINES)

# ---------------------------------------------------------------------------------------- the start


async def an_offer(one: Node, two: Node, world: World) -> str:
    """Let two players be offered a battle."""
    await one.waiting("ann")
    await two.waiting("bob")
    (battle,) = await world.match(one)
    return battle.id


async def test_a_battle_starts_though_whoever_confirmed_last_dies_in_the_next_moment() -> None:
    async with a_world() as world:
        dies, lives = await world.node(), await world.node()
        battle = await an_offer(dies, lives, world)
        await lives.queue.confirm("bob", battle)
        write, last = world.store.engine.write, asyncio.Event()

        async def dying(*given: Any) -> Any:
            await write(*given)
            last.set()
            raise OutcomeUnknown("the process died before it heard of it")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(world.store.engine, "write", dying)
            with pytest.raises(OutcomeUnknown):
                await dies.queue.confirm("ann", battle)
        assert last.is_set()
        await dies.kill()
        await world.pass_time(2)
        assert (await world.runs(battle)).instance == lives.id


class Killed(Exception):  # noqa: N818  it says what is so
    """The process goes no further."""


class Halting:
    """A store whose process stands still at one of its calls, before or after it is made, and perhaps for ever."""

    def __init__(
        self, store: Store, at: int, meanwhile: Callable[[], Awaitable[object]], *, made: bool, goes_on: bool
    ) -> None:
        self._store, self._at, self._meanwhile, self._made, self._goes_on = store, at, meanwhile, made, goes_on
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return partial(self._call, found) if inspect.iscoroutinefunction(found) else found

    async def _call(self, found: Callable[..., Awaitable[Any]], *given: Any, **more: Any) -> Any:
        self.calls += 1
        if self.calls != self._at:
            return await found(*given, **more)
        answer = await found(*given, **more) if self._made else None
        await self._meanwhile()
        if not self._goes_on:
            for change in given:
                if isinstance(change, Change):
                    change.applied = True  # else it is gone with its process
            raise Killed
        return answer if self._made else await found(*given, **more)


@pytest.mark.parametrize("other", ["before", "meanwhile"])
@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "dies"])
async def test_an_offer_that_all_have_confirmed_has_started_wherever_one_stood_still(other: str, goes_on: bool) -> None:  # noqa: FBT001
    """One stands still after more and more calls; the other one confirms before that, or in that moment."""
    states, halted = list[str](), True
    for at, made in ((number // 2, bool(number % 2)) for number in itertools.count(2)):
        async with a_world() as world:
            one, two = await world.node(), await world.node()
            one.running._most = two.running._most = 0
            battle = await an_offer(one, two, world)
            confirms = partial(two.queue.confirm, "bob", battle)
            if other == "before":
                await confirms()
            meanwhile = spin if other == "before" else confirms
            store = Halting(world.store, at, meanwhile, made=made, goes_on=goes_on)
            one.queue._store = one.service.offers._store = store  # type: ignore[assignment]
            with suppress(Killed):
                await one.queue.confirm("ann", battle)
            halted = store.calls >= at
            record = await world.store.get(Battle, battle)
            tickets = await world.store.find(BattleTicket.reserved, under=record)
            assert record.state != Battle.offered or {ticket.state for ticket in tickets} != CONFIRMED, (at, made)
        if not halted:
            break
        states.append(record.state.name)
    assert len(states) >= 8
    assert set(states) == ({"ready"} if goes_on else {"offered", "ready"})


@on_each_engine
async def test_of_two_who_confirm_at_once_the_later_one_starts_the_battle(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        one, two = await world.node(), await world.node()
        for _ in range(3):
            battle = await an_offer(one, two, world)
            given = await asyncio.gather(one.queue.confirm("ann", battle), two.queue.confirm("bob", battle))
            assert {record.state for record in given} <= {Battle.offered, Battle.ready}
            events = [event.name for event in await world.store.history(Battle, battle)]
            assert events[:3] == ["create", "confirm", "start"]
            await world.runs(battle)
            await world.store.apply(Battle.break_off(battle, reason="enough"))
            await world.store.sweep()


async def test_a_repeated_confirmation_changes_nothing() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await an_offer(node, node, world)
        first = await node.queue.confirm("ann", battle)
        assert (await node.queue.confirm("ann", battle)).version == first.version
        started = await node.queue.confirm("bob", battle)
        assert started.state == Battle.ready
        for player in ("ann", "bob"):
            assert (await node.queue.confirm(player, battle)).state in Battle.played


async def test_an_offer_whose_time_is_over_is_not_confirmed_though_nobody_swept() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await an_offer(node, node, world)
        await node.queue.confirm("ann", battle)
        await world.store.sweep(seconds(30))  # somebody is there who sees the time pass
        await world.pass_unswept(21, step=1)
        with pytest.raises(NotThen):
            await node.queue.confirm("bob", battle)
        assert (await world.store.get(Battle, battle)).state == Battle.offered


# ---------------------------------------------------------------------------------------- joining again


async def test_who_joins_right_after_a_battles_end_waits_at_once_though_nobody_swept() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        seats = await world.store.holding(Seat.one_per_player, "ann")
        over = await world.play(battle)
        assert over.state == Battle.over
        ticket = await node.queue.join(seats[0].connection, mode="wizards", level=1)
        assert ticket.state == BattleTicket.waiting
        assert (await world.store.get(Seat, seats[0].id)).state == Seat.released
        assert not await world.store.holding(Seat.one_per_player, "ann")
        with pytest.raises(AlreadyWaiting):
            await node.queue.join(seats[0].connection, mode="wizards", level=1)


async def test_who_comes_back_and_joins_again_takes_over_the_ticket_of_the_connection_before() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        before = await one.waiting("ann")
        after = await two.waiting("ann", level=2)  # and nobody swept yet
        assert (after.state, after.level) == (BattleTicket.waiting, 2)
        left = await world.store.get(BattleTicket, before.id)
        assert (left.state, left.reason) == (BattleTicket.left, "connection_lost")


async def test_a_late_request_of_a_connection_that_was_replaced_takes_nothing_from_the_new_one() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        before = await one.presence.connect("ann")
        asking = world.store.holding

        async def late(*given: Any) -> Any:
            """Let the player connect and join elsewhere in the midst of the older connection's request."""
            world.store.holding = one.store.holding = asking  # type: ignore[method-assign]
            await two.waiting("ann", level=2)
            return await asking(*given)

        one.store.holding = late  # type: ignore[method-assign,assignment]
        with pytest.raises(AlreadyWaiting):
            await one.queue.join(before.id, mode="wizards", level=1)
        assert (await two.queue.ticket_of("ann")).level == 2


async def test_who_has_an_offer_and_joins_again_frees_a_place_in_the_queue_and_not_the_offer() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await an_offer(one, one, world)
        await one.queue.confirm("bob", battle)
        again = await two.waiting("ann")
        assert again.state == BattleTicket.waiting
        with pytest.raises(NotThen):
            await two.queue.confirm("ann", battle)
        await world.pass_time(21)
        (offer,) = await world.match(one)
        assert set(offer.players) == {"ann", "bob"}


async def test_a_seat_in_a_battle_that_goes_on_is_not_left_by_joining() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, one)
        back = await two.presence.connect("ann")
        with pytest.raises(AlreadyPlaying):
            await two.queue.join(back.id, mode="wizards", level=1)
        (seat,) = await world.store.holding(Seat.one_per_player, "ann")
        assert (seat.battle, seat.state, seat.connection) == (battle, Seat.present, back.id)
