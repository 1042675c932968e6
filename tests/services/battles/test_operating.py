"""What operators do by hand: they break battles off, and drain instances, whose players and battles go elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.making import a_world, seat_of, until
from tests.services.battles.operating import pass_without_sweeping
from tests.services.battles.serving import a_battle, servers

from tenure import Store, seconds
from tenure.services.battles.lifecycle import Battle, Instance, Seat
from tenure.services.battles.messages import Happened
from tenure.services.battles.operating import Operating
from tenure.services.battles.refusals import Elsewhere, NotThen, TryAgain, Unknown, Wrong


async def test_a_battle_that_is_broken_off_tells_its_players_why_and_frees_them() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        line = await node.hears(battle, "ann", cursor=0)
        broken = await node.service.acting("operator").break_off(battle, " The tournament is called off ")
        assert (broken.state, broken.reason) == (Battle.void, "The tournament is called off")
        await until(lambda: "break_off" in line.names)
        (told,) = [one for one in line.told if isinstance(one, Happened) and one.name == "break_off"]
        assert told.fields == {"reason": "The tournament is called off"}
        last = (await world.store.history(Battle, battle))[-1]
        assert (last.name, last.by) == ("break_off", "operator")
        await world.store.advance(seconds(1))
        assert (await seat_of(world.store, battle, "ann")).state == Seat.released
        await until(lambda: not node.running.owns(battle))


async def test_only_a_battle_that_goes_on_is_broken_off_and_for_a_short_reason() -> None:
    async with a_world() as world:
        node = await world.node()
        operator = Operating(world.store)
        with pytest.raises(Unknown):
            await operator.break_off("none")
        await node.waiting("ann")
        await node.waiting("bob")
        (offered,) = await world.match(node)
        with pytest.raises(NotThen, match="has started"):
            await operator.break_off(offered.id)
        for player in offered.players:
            await node.queue.confirm(player, offered.id)
        await world.runs(offered.id)
        for reason in ("x" * 201, "one\ntwo"):
            with pytest.raises(Wrong, match="at most 200"):
                await operator.break_off(offered.id, reason)
        assert (await operator.break_off(offered.id)).reason == "broken_off"
        with pytest.raises(NotThen):
            await operator.break_off(offered.id)


async def test_what_is_over_by_its_time_is_left_to_the_sweeper() -> None:
    async with a_world(longest_seconds=10) as world:
        node = await world.node()
        battle, instance = await world.a_battle(node, node), node.id
        await node.kill()
        left = (await world.store.get(Battle, battle)).ends_by - await world.store.now()
        await pass_without_sweeping(world.store, left - seconds(0.5))
        with pytest.raises(TryAgain):
            await Operating(world.store).break_off(battle)
        with pytest.raises(TryAgain):
            await Operating(world.store).drain(instance)
        await world.store.sweep()
        assert (await world.store.get(Battle, battle)).reason == "took_too_long"
        with pytest.raises(NotThen):
            await Operating(world.store).drain(instance)


async def test_a_drained_instance_lets_nobody_in_and_hands_its_battles_over_while_it_goes_on() -> None:
    async with a_world() as world:
        leaves = await world.node()
        battle = await world.a_battle(leaves, leaves)
        stays = await world.node()
        assert await world.owner(battle) is leaves
        await Operating(world.store).drain(leaves.id)
        await until(lambda: leaves.presence.draining)
        with pytest.raises(Elsewhere):
            await leaves.presence.connect("eve")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not stays.running.owns(battle):
                await world.pass_time(0.25)
        await stays.presence.connect("eve")
        claims = [one.id for one in await world.store.find(Instance.draining)]
        assert len(claims) == 1
        with pytest.raises(NotThen):
            await Operating(world.store).drain(claims[0])
        with pytest.raises(Unknown):
            await Operating(world.store).drain("none")
        assert leaves.service.counting.taken == {"first": 1}
        assert stays.service.counting.taken == {"over": 1}


async def test_clients_of_a_drained_server_are_told_to_come_to_another_and_resume_there(tmp_path: Path) -> None:
    async with servers(tmp_path, 2) as (one, two), one.socket("ada") as ada, two.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        store: Store = two.service.store
        await Operating(store).drain(one.service.presence.instance or "")
        code, _ = await ada.closed()
        assert code == 1012
        async with one.socket("eve", welcomed=False) as refused:
            assert (await refused.closed())[0] == 1013
        async with two.socket("ada") as again:
            await again.ask("resume", battle=battle.id, cursor=1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not two.service.running_battles.owns(battle.id):
                await asyncio.sleep(0.02)
