"""A battle from the queue to its end, over instances that come and go: on each engine, in explicit time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from tests.places import ENGINES, Place
from tests.services.battles.making import World, a_world, seat_of, until

from tenure import Delivery, NotHolder, OutcomeUnknown, Overdue, Store, Unavailable, WrongState, seconds
from tenure.services.battles.lifecycle import Battle, Instance, Seat
from tenure.services.battles.owner import Owner
from tenure.services.battles.refusals import (
    Elsewhere,
    TryAgain,
)
from tenure.services.battles.rules.contract import Standing
from tenure.services.battles.rules.wizards import Wizards
from tenure.store.timing import ManualClock

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", ENGINES)


@on_each_engine
async def test_a_battle_goes_on_to_its_end_though_the_instance_that_runs_it_dies_in_the_middle(
    engine: str, place_of: PlaceOf
) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        dies = await world.owner(battle)
        lives = two if dies is one else one
        before = await world.play(battle, turns=5, through=lives)
        line = await lives.hears(battle, "ann")
        await dies.kill()
        # The move of whose turn it is comes while nobody runs the battle, and twice.
        for _ in range(2):
            await lives.cast(battle, before.acts[0], number="once")
        await world.pass_time(12)
        after = await world.runs(battle)
        assert after.instance == lives.id
        assert after.fence > before.fence
        over = await world.play(battle, through=lives)
        assert over.state == Battle.over
        assert sorted(over.places or ()) == [1, 2]
        events = await world.store.history(Battle, battle)
        turns = [event.fields["turn"] for event in events if event.name in ("advance", "finish")]
        assert turns == list(range(1, over.turn + 1))
        answers = Counter(
            event.fields["answer_to"] for event in events if event.name in ("advance", "finish", "refuse")
        )
        asked = [event.version for event in events if event.name == "act"]
        assert sorted(answers) == asked
        assert set(answers.values()) == {1}
        await until(lambda: "finish" in line.names)
        assert line.names[-1] == "finish"


@on_each_engine
async def test_an_owner_that_wakes_up_late_is_refused(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        dies = await world.owner(battle)
        zombie = Owner(world.store, Wizards(), await world.store.get(Battle, battle))
        await dies.kill()
        await world.pass_time(12)
        taken = await world.runs(battle)
        await zombie.live()  # it ends at once, since nothing is its own any more
        with pytest.raises(NotHolder):
            await world.store.apply(Battle.hand_over(zombie.claim))
        assert (await world.store.get(Battle, battle)).fence == taken.fence
        assert not [event for event in await world.store.history(Battle, battle) if event.name == "advance"]


@on_each_engine
async def test_an_instance_that_drains_hands_its_battles_over_at_once(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        leaves = await world.owner(battle)
        stays = two if leaves is one else one
        await leaves.presence.drain()
        await leaves.running.hand_over()
        await world.pass_time(1)
        assert (await world.runs(battle)).instance == stays.id
        assert (await world.play(battle, turns=2, through=stays)).turn == 2


@on_each_engine
async def test_who_does_not_come_back_in_time_has_lost(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh(), grace_seconds=5) as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        (connection,) = [id for id, player in two.presence._players.items() if player == "bob"]
        await two.presence.disconnect(connection)
        assert (await seat_of(world.store, battle, "bob")).state == Seat.away
        await world.pass_time(6)
        over = await until(lambda: _in(world.store, Battle.over, battle))
        assert over.reason == "conceded"
        assert over.places == ((1, 2) if over.players == ("ann", "bob") else (2, 1))
        concede = next(e for e in await world.store.history(Battle, battle) if e.name == "concede")
        assert (concede.fields["player"], concede.fields["cause"]) == ("bob", "did_not_come_back")


async def _in(store: object, state: object, id: str) -> Battle | None:
    record = await store.get(Battle, id)  # type: ignore[attr-defined]
    return record if record.state == state else None


@pytest.mark.parametrize("made", [True, False], ids=["answer lost", "not made"])
async def test_each_turn_counts_once_though_every_third_write_fails(made: bool) -> None:  # noqa: FBT001
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        failing = Failing(world.store, made=made)
        record = await world.store.get(Battle, battle)
        while record.state in Battle.played and record.turn < 12:
            turn = record.turn
            await failing.until_done(world, partial(node.cast, battle, record.acts[0], number=f"t{turn}"))
            while record.state in Battle.played and record.turn == turn:
                await world.store.advance(seconds(0.5))
                await world.rest.comes()
                record = await world.store.get(Battle, battle)
        assert failing.failed > 8
        events = await world.store.history(Battle, battle)
        answers = [e for e in events if e.name in ("advance", "finish", "refuse")]
        assert [e.fields["turn"] for e in answers] == list(range(1, record.turn + 1))
        assert [e.fields["answer_to"] for e in answers] == [e.version for e in events if e.name == "act"]


class Failing:
    """Lets every third write of a store fail: before it is made, or after, when only its answer is lost."""

    def __init__(self, store: Store, *, made: bool) -> None:
        self.failed, self._count, self._made, self._write = 0, 0, made, store.engine.write
        store.engine.write = self.write  # type: ignore[method-assign, assignment]

    async def write(self, *args: Any) -> Any:
        self._count += 1
        if self._count % 3:
            return await self._write(*args)
        self.failed += 1
        if self._made:
            await self._write(*args)
            raise OutcomeUnknown("the answer was lost")
        raise Unavailable("the store is away")

    async def until_done(self, world: World, ask: Callable[[], Awaitable[Any]]) -> None:
        while True:
            try:
                await ask()
            except (Unavailable, OutcomeUnknown, TryAgain):
                await world.store.advance(seconds(0.1))
                await world.rest.comes()
                continue
            return


async def test_who_comes_back_through_another_instance_has_the_seat_again() -> None:
    async with a_world(grace_seconds=15) as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        dies, lives = (one, two) if await world.owner(battle) is one else (two, one)
        player = "ann" if dies is one else "bob"
        await dies.kill()
        await world.pass_time(12)
        assert (await seat_of(world.store, battle, player)).state == Seat.away
        back = await lives.presence.connect(player)
        seat = await seat_of(world.store, battle, player)
        assert (seat.state, seat.connection) == (Seat.present, back.id)
        await world.pass_time(20)
        assert (await seat_of(world.store, battle, player)).state == Seat.present


async def test_what_comes_while_a_battle_is_about_to_change_hands_is_not_lost() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        await node.running.fork()
        await world.store.apply(Instance.leave((await world.store.get(Instance, node.id)).claim))
        # The instance is gone, and nobody swept yet.
        with pytest.raises(TryAgain):
            await node.cast(battle, "ann", number="n")
        (made,) = await world.store.history(Seat, f"{battle}/bob")
        lost = Delivery("lost", await seat_of(world.store, battle, "bob"), made, 1)
        with pytest.raises(Overdue):
            await node.seats.concede(lost)
        await world.store.sweep()
        await node.cast(battle, "ann", number="n")
        for _ in range(2):
            await node.seats.concede(lost)
        names = [event.name for event in await world.store.history(Battle, battle)]
        assert names[-2:] == ["act", "concede"]


async def test_a_newer_connection_replaces_the_older_one_and_the_seat_moves_along() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, one)
        old = (await seat_of(world.store, battle, "ann")).connection
        new = await two.presence.connect("ann")
        seat = await seat_of(world.store, battle, "ann")
        assert (seat.state, seat.connection) == (Seat.present, new.id)
        await until(lambda: one.lost == [old])
        await one.presence.disconnect(str(old))  # late: its transport ends only now
        assert (await seat_of(world.store, battle, "ann")).state == Seat.present


async def test_what_was_replaced_elsewhere_is_found_though_no_signal_was_heard() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        old = await one.presence.connect("ann")
        two.presence._replaced = lambda _: asyncio.sleep(0)  # type: ignore[method-assign,assignment]
        await two.presence.connect("ann")
        assert one.lost == []
        await world.pass_time(6)
        await until(lambda: one.lost == [old.id])


async def test_a_turn_ends_by_itself_and_the_next_owner_goes_on_with_its_time() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        begun = await world.store.get(Battle, battle)
        assert begun.turn_ends_at is not None
        await (await world.owner(battle)).kill()
        await world.pass_time((begun.turn_ends_at - await world.store.now()).total_seconds() - 1)
        taken = await world.store.get(Battle, battle)
        assert (taken.turn, taken.turn_ends_at) == (0, begun.turn_ends_at)
        await world.pass_time(2)
        passed = await world.turn(battle, 0)
        assert (passed.turn, passed.acts) != (0, begun.acts)
        (advance,) = [e for e in await world.store.history(Battle, battle) if e.name == "advance"]
        assert (advance.fields["answer_to"], advance.fields["turn"]) == (None, 1)


async def test_a_move_that_came_in_time_counts_though_it_is_read_after_the_turn() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        begun = await world.store.get(Battle, battle)
        for node in (one, two):
            node.running._most = 0
            await node.running.fork()
        move = await one.cast(battle, begun.acts[0])
        await world.pass_time(31)
        owner = Owner(world.store, Wizards(), begun)
        living = asyncio.ensure_future(owner.live())
        await world.turn(battle, 0)
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        advance = next(e for e in await world.store.history(Battle, battle) if e.name == "advance")
        assert advance.fields["answer_to"] == move


async def test_rules_that_fail_end_their_battle_and_no_other() -> None:
    class Failing(Wizards):
        def act(self, board: msgspec.Raw, player: str, move: msgspec.Raw) -> Standing:  # noqa: ARG002
            raise RuntimeError("a bug")

    async with a_world(rules=(Failing(),)) as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        await node.cast(battle, (await world.store.get(Battle, battle)).acts[0])
        over = await until(lambda: _in(world.store, Battle.void, battle))
        assert over.reason == "the_rules_failed"
        await until(lambda: not node.running.battles)


async def test_an_instance_that_was_taken_for_dead_has_nothing_more() -> None:
    async with a_world() as world:
        node = await world.node()
        connection = await node.presence.connect("ann")
        claim = (await world.store.get(Instance, node.id)).claim
        clock = world.store.clock
        assert isinstance(clock, ManualClock)
        await world.store.sweep(seconds(20))  # somebody is there who sees it
        clock.move_to(clock.now + 11_000_000)  # all at once: no beat was possible
        await until(lambda: node.lost == [connection.id])
        await world.store.sweep()
        with pytest.raises(WrongState):
            await world.store.apply(Instance.drain(claim))
        with pytest.raises(Elsewhere):
            await node.presence.connect("bob")


async def test_an_instance_takes_no_more_battles_than_it_may() -> None:
    async with a_world(most_battles=1) as world:
        one, two = await world.node(), await world.node()
        first = await world.a_battle(one, one, ("ann", "bob"))
        second = await world.a_battle(one, one, ("cid", "dan"))
        owners = {(await world.store.get(Battle, id)).instance for id in (first, second)}
        assert owners == {one.id, two.id}
