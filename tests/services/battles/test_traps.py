"""The known traps of battles behind many instances, each as a test that fails where somebody falls into it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.places import ENGINES, Place
from tests.services.battles.making import a_world, seat_of

from tenure import NotHolder, Store, seconds
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Instance, Seat

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", ENGINES)
FEW, MANY, MOST = 20, 200, 4000

# ------------------------------------------------------------------------------------ 1: an id of its own


async def test_each_start_is_another_instance_though_host_pid_and_moment_are_the_same() -> None:
    async with a_world(host="container", pid=1) as world:
        one, two = await world.node(), await world.node()
        first = one.id
        assert first != two.id
        await one.end()
        await one.begin()
        ids = [one.id, two.id, first]
        assert len(set(ids)) == 3
        found = await world.store.get_many(Instance, ids)
        assert {(instance.host, instance.pid) for instance in found.values()} == {("container", 1)}
        assert len({instance.created_at for instance in found.values()}) == 1


# ------------------------------------------------------------------------------------ 2: a killed instance


@on_each_engine
async def test_nothing_of_a_killed_instance_stays_though_it_said_nothing(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        dies, lives = await world.node(), await world.node()
        battle = await world.a_battle(dies, dies)
        await dies.waiting("cid", level=9)
        gone = dies.id
        await dies.kill()
        await world.pass_time(12)  # the lease, and two seconds
        assert await world.store.find(Connection.open, under=gone) == []
        assert (await world.store.get(Instance, gone)).state == Instance.gone
        assert not await world.store.holding(BattleTicket.one_per_player, "cid")
        assert (await seat_of(world.store, battle, "ann")).state == Seat.away
        assert (await world.runs(battle)).instance == lives.id


# ------------------------------------------------------------------------------------ 3: one who runs a battle


@on_each_engine
async def test_of_many_that_would_run_a_battle_one_does_and_a_late_one_is_refused(
    engine: str, place_of: PlaceOf
) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        nodes = [await world.node() for _ in range(3)]
        await nodes[0].waiting("ann")
        await nodes[1].waiting("bob")
        (battle,) = await world.match(nodes[0])
        for node in nodes:
            node.running._others_after = seconds(0)
        await asyncio.gather(*(nodes[0].queue.confirm(player, battle.id) for player in ("ann", "bob")))
        await asyncio.gather(*(node.running.look() for node in nodes * 3))
        taken = await world.runs(battle.id)
        assert [node.running.owns(battle.id) for node in nodes].count(True) == 1
        await world.store.apply(Battle.hand_over(taken.claim))
        again = await world.runs(battle.id)
        assert again.fence > taken.fence
        late: Any = Battle.finish(
            taken.claim, board=taken.board, turn=1, places=(1, 2), reason="late", shown=taken.board, answer_to=None
        )
        with pytest.raises(NotHolder):
            await world.store.apply(late)
        takes = [e for e in await world.store.history(Battle, battle.id) if e.name == "take"]
        assert [event.fence for event in takes] == sorted({event.fence for event in takes})


# ------------------------------------------------------------------------------------ 5: what a death costs


@on_each_engine
async def test_a_dead_instance_is_handled_in_so_many_transitions_as_it_had_things(
    engine: str, place_of: PlaceOf
) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await _an_instance(world.store, "lives", MANY)
        for _ in range(2):
            made, _ = await _a_death(world.store)
            assert made == 1 + FEW
            assert len(await world.store.find(Connection.open)) == MANY


async def test_a_dead_instance_costs_no_more_where_others_have_many_connections() -> None:
    """Compare processor time, of which noise only adds some: the least of several deaths."""
    least: list[float] = []
    for others in (1, MOST):
        async with a_world() as world:
            await _an_instance(world.store, "lives", others)
            least.append(min([(await _a_death(world.store))[1] for _ in range(5)]))
    assert least[1] < 3 * least[0]


async def _an_instance(store: Store, id: str, connections: int) -> None:
    await store.apply(Instance.create(id))
    made = [Connection.create(f"{id}-{n}", instance=id, player=f"{id}.{n}") for n in range(connections)]
    await store.submit([[one] for one in made])


async def _a_death(store: Store) -> tuple[int, float]:
    """Let an instance die, and give how many transitions that makes, and how many seconds of the processor it costs."""
    lives = (await store.get(Instance, "lives")).claim
    await _an_instance(store, f"dies-{(await store.now()).timestamp():.0f}", FEW)
    await store.advance(seconds(5))
    await store.beat(lives)
    began = time.process_time()
    made = await store.advance(seconds(6))
    cost = time.process_time() - began
    await store.beat(lives)
    return made, cost


# ------------------------------------------------------------------------------------ 6: two who wait elsewhere


@on_each_engine
async def test_two_lone_players_of_a_level_meet_wherever_they_are_connected(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        one, two = await world.node(), await world.node()
        await one.waiting("ann", level=3)
        await two.waiting("bob", level=3)
        await two.waiting("cid", level=4)
        (battle,) = await world.match(two)
        assert (set(battle.players), battle.level) == ({"ann", "bob"}, 3)
        assert (await two.queue.ticket_of("cid")).state == BattleTicket.waiting
        await world.pass_time(5)
        assert await world.match(one) == [battle]  # nobody is near enough to cid, however long the wait


# ------------------------------------------------------------------------------------ 9: one that begins


@on_each_engine
async def test_an_instance_that_begins_leaves_the_queue_as_it_is(engine: str, place_of: PlaceOf) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        first = await world.node()
        before = [await first.waiting(player, level=level) for level, player in enumerate(("ann", "bob", "cid"))]
        battle = await world.a_battle(first, first, ("dan", "eve"), level=7)
        second = await world.node()
        await second.end()
        await second.begin()
        await world.match(second)
        found = await world.store.get_many(BattleTicket, [ticket.id for ticket in before])
        assert [(ticket.state, ticket.version) for ticket in found.values()] == [(BattleTicket.waiting, 1)] * 3
        assert (await world.store.get(Battle, battle)).instance == first.id
        assert len(await world.store.find(Connection.open)) == 5
