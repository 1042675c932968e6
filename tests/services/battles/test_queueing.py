"""The queue as players see it: joining, confirming, declining, leaving; and what they may not do."""

from __future__ import annotations

import msgspec
import pytest
from tests.services.battles.making import a_world, connection_of

from tenure.services.battles.checks import HIGHEST_LEVEL
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection
from tenure.services.battles.refusals import (
    AlreadyPlaying,
    AlreadyWaiting,
    NotThen,
    OtherCommand,
    Unknown,
    Wrong,
)
from tenure.services.battles.sockets.requests import Join


async def test_who_declines_goes_and_the_other_waits_on_from_the_first_moment() -> None:
    async with a_world() as world:
        node = await world.node()
        first = await node.waiting("ann")
        await world.pass_time(3)
        await node.waiting("bob")
        (battle,) = await world.match(node)
        await node.queue.confirm("ann", battle.id)
        assert (await node.queue.decline("bob", battle.id)).state == BattleTicket.left
        ann = await node.queue.ticket_of("ann")
        assert (ann.state, ann.queued_at) == (BattleTicket.waiting, first.queued_at)
        assert (await world.store.get(Battle, battle.id)).state == Battle.void


async def test_who_does_not_confirm_in_time_leaves_and_who_did_waits_on() -> None:
    async with a_world() as world:
        node = await world.node()
        await node.waiting("ann")
        lazy = await node.waiting("bob")
        (battle,) = await world.match(node)
        await node.queue.confirm("ann", battle.id)
        await world.pass_time(21)
        assert (await node.queue.ticket_of("ann")).state == BattleTicket.waiting
        bob = await world.store.get(BattleTicket, lazy.id)
        assert (bob.state, bob.reason) == (BattleTicket.left, "not_confirmed_in_time")


async def test_who_leaves_while_the_offer_stands_is_out_and_the_other_is_free_at_once() -> None:
    async with a_world() as world:
        node = await world.node()
        await node.waiting("ann")
        await node.waiting("bob")
        (battle,) = await world.match(node)
        await node.queue.confirm("bob", battle.id)
        (connection,) = [id for id, player in node.presence._players.items() if player == "bob"]
        await node.presence.disconnect(connection)
        assert (await node.queue.ticket_of("ann")).state == BattleTicket.waiting
        assert not await world.store.holding(BattleTicket.one_per_player, "bob")


async def test_a_battle_whose_player_has_gone_does_not_start_and_the_other_waits_on() -> None:
    async with a_world() as world:
        node = await world.node()
        await node.waiting("ann")
        gone = await node.waiting("bob")
        (battle,) = await world.match(node)
        await node.queue.confirm("bob", battle.id)
        await world.store.apply(Connection.close(gone.connection, reason="lost"))  # and nobody swept yet
        assert (await node.queue.confirm("ann", battle.id)).state == Battle.void
        assert (await node.queue.ticket_of("ann")).state == BattleTicket.waiting
        await world.store.sweep()
        assert (await world.store.get(BattleTicket, gone.id)).state == BattleTicket.left


async def test_nobody_plays_two_battles_at_once() -> None:
    async with a_world() as world:
        node = await world.node()
        first = await world.a_battle(node, node)
        connection = await connection_of(world.store, "ann")
        with pytest.raises(AlreadyPlaying) as refusal:
            await node.queue.join(connection.id, mode="wizards", level=1)
        assert refusal.value.battle == first
        # A ticket that slipped in all the same gets no second seat.
        ticket = BattleTicket.create(
            "t", connection=connection.id, player="ann", mode="wizards", level=1, queued_at=await world.store.now()
        )
        await world.store.apply(ticket)
        await node.waiting("cid")
        (battle,) = await world.match(node)
        await node.queue.confirm("cid", battle.id)
        assert (await node.queue.confirm("ann", battle.id)).state == Battle.void
        assert (await world.store.get(BattleTicket, "t")).state == BattleTicket.left
        assert (await node.queue.ticket_of("cid")).state == BattleTicket.waiting


async def test_a_player_waits_once_and_takes_part_in_no_foreign_battle() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        waits = await node.waiting("cid")
        with pytest.raises(AlreadyWaiting):
            await node.queue.join(waits.connection, mode="wizards", level=1)
        for id in (battle, "absent"):
            with pytest.raises(Unknown, match="no such battle of yours"):
                await node.cast(id, "cid")
            with pytest.raises(Unknown, match="no such battle of yours"):
                await node.hears(id, "cid")
        for wrong in ({"mode": "chess", "level": 1}, {"mode": "wizards", "level": -1}):
            with pytest.raises(Wrong):
                await node.queue.join(waits.connection, **wrong)  # type: ignore[arg-type]
        with pytest.raises(NotThen):
            await node.queue.confirm("cid", battle)


async def test_a_command_that_comes_again_counts_once_and_another_under_its_number_is_refused() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        player = (await world.store.get(Battle, battle)).acts[0]
        first = await node.cast(battle, player, number="one")
        assert await node.cast(battle, player, number="one") == first
        with pytest.raises(OtherCommand):
            await node.cast(battle, player, "heal", number="one")
        await world.turn(battle, 0)
        events = await world.store.history(Battle, battle)
        assert [event.name for event in events].count("act") == 1


async def test_a_level_has_the_same_bounds_whoever_names_one() -> None:
    read = msgspec.json.Decoder(Join).decode
    async with a_world() as world:
        node = await world.node()
        for number, level in enumerate((0, HIGHEST_LEVEL)):
            assert read(b'{"type": "join", "level": %d}' % level).level == level
            assert (await node.waiting(f"ann{number}", level=level)).level == level
        for level in (-1, HIGHEST_LEVEL + 1):
            with pytest.raises(msgspec.ValidationError):
                read(b'{"type": "join", "level": %d}' % level)
            with pytest.raises(Wrong):
                await node.waiting("bob", level=level)
