"""A player who is connected hears everything once, whatever is asked at one moment, and whatever the store does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.services.battles.making import Node, World, a_world, spin, until

from tenure import OutcomeUnknown, Unavailable
from tenure.services.battles.checks import checked_move
from tenure.services.battles.lifecycle import Battle, Connection, Instance, Seat
from tenure.services.battles.refusals import Elsewhere, TryAgain, Wrong
from tenure.services.battles.sockets.attending import Attendant
from tenure.services.battles.sockets.protocol import Code, Happened, Match, Message, Snapshot


class Client:
    """A client that keeps what it is sent."""

    transport = "websocket"

    def __init__(self, player: str) -> None:
        self.player = player
        self.told: list[Message] = []
        self.closed: list[Code] = []

    def send(self, message: Message) -> None:
        self.told.append(message)

    def close(self, code: Code, text: str) -> None:  # noqa: ARG002  the form that is wanted
        self.closed.append(code)

    def has(self, kind: type[Message]) -> bool:
        return any(isinstance(message, kind) for message in self.told)

    @property
    def cursors(self) -> list[int]:
        return [message.cursor for message in self.told if isinstance(message, Happened)]


@asynccontextmanager
async def attending(node: Node, player: str) -> AsyncIterator[tuple[Client, Any]]:
    """Have a player at an instance while the body runs."""
    client, attendance = Client(player), node.service.sockets._attendance
    async with attendance.attend(client) as here:
        yield client, here
    await asyncio.gather(*attendance._leaving)


async def test_who_asks_twice_at_one_moment_how_a_battle_stands_hears_each_event_once_and_leaves_nothing() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        async with attending(node, "ann") as (client, here):
            await asyncio.gather(here.state(battle), here.resume(battle, 1), here.state(battle))
            await world.play(battle, turns=3)
            await until(lambda: len(client.cursors) >= 6)
            await spin()
            assert client.cursors == sorted(set(client.cursors))
        assert len(node.rooms) == 0


@pytest.mark.parametrize("lost", ["match", "seat"])
async def test_what_a_player_is_to_be_told_of_the_queue_is_told_though_the_store_was_away_at_that_moment(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world() as world:
        node = await world.node()
        failed = list[int]()

        def once(call: Any, when: bool) -> Any:  # noqa: FBT001
            async def failing(*given: Any, **more: Any) -> Any:
                if when and not failed:
                    failed.append(1)
                    raise Unavailable("the store is away")
                return await call(*given, **more)

            return failing

        async with attending(node, "ann") as (ann, here), attending(node, "bob") as (_, other):
            for each in (here, other):
                assert isinstance(each, Attendant)
                await each.join("wizards", 1)
            if lost == "match":
                monkeypatch.setattr(node.store, "get", once(node.store.get, True))
            (battle,) = await world.match(node)
            await until(lambda: failed or lost != "match")
            await world.pass_time(2)
            await until(lambda: ann.has(Match))
            monkeypatch.setattr(node.rooms, "enter", once(node.rooms.enter, lost == "seat"))
            await here.confirm(battle.id)
            await other.confirm(battle.id)
            await until(lambda: failed)
            await world.pass_time(2)
            await until(lambda: ann.has(Snapshot))


async def test_a_connection_whose_answer_was_lost_and_to_which_nobody_is_connected_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        submit = node.store.submit

        async def lost(*given: Any, **more: Any) -> Any:
            await submit(*given, **more)
            raise OutcomeUnknown("the answer was lost")

        with monkeypatch.context() as patched:
            patched.setattr(node.store, "submit", lost)
            with pytest.raises(OutcomeUnknown):
                await node.presence.connect("ann")
        (connection,) = await world.store.holding(Connection.one_per_player, "ann")
        assert connection.id not in node.presence._players
        await world.pass_time(16)
        await until(lambda: _is_closed(world, connection))
        assert not await world.store.holding(Connection.one_per_player, "ann")
        (bob,) = await world.store.holding(Connection.one_per_player, "bob")
        assert bob.id in node.presence._players
        assert (await world.store.get(Seat, f"{battle}/ann")).state == Seat.away


async def _is_closed(world: World, connection: Connection) -> bool:
    return (await world.store.get(Connection, connection.id)).state == Connection.closed


async def test_a_connection_that_is_just_being_made_is_none_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        node = await world.node()
        submit, made, go_on = node.store.submit, asyncio.Event(), asyncio.Event()

        async def slow(*given: Any, **more: Any) -> Any:
            verdicts = await submit(*given, **more)
            made.set()
            await go_on.wait()
            return verdicts

        with monkeypatch.context() as patched:
            patched.setattr(node.store, "submit", slow)
            connecting = asyncio.create_task(node.presence.connect("ann"))
            await made.wait()
        await node.presence.look()
        await node.presence.look()
        go_on.set()
        connection = await connecting
        assert (await world.store.get(Connection, connection.id)).state == Connection.open


async def test_whoever_comes_again_after_the_store_was_set_back_hears_the_battle_though_another_has_not_left() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        line = await node.hears(battle, "ann")
        node.rooms._rooms[battle]._cursor = 1_000  # as if the store had been put back to before what was told
        await node.rooms._rooms[battle].close()
        node.rooms._rooms[battle]._tasks = [asyncio.create_task(node.rooms._rooms[battle]._follow())]
        await until(lambda: line.closed == ["begin_again"])
        again = await node.hears(battle, "bob")
        await world.play(battle, turns=1)
        await until(lambda: "advance" in again.names)


async def test_how_a_battle_stands_is_never_told_as_it_stood_before_what_was_told_already() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        line = await node.hears(battle, "ann")
        read, reads = node.rooms._battle, []

        async def late(id: str) -> Battle:
            record = await read(id)
            reads.append(record)
            if len(reads) == 1:
                await world.play(battle, turns=1)
                await until(lambda: "advance" in line.names)
            return record

        node.rooms._battle = late  # type: ignore[method-assign]
        await node.rooms.refresh(battle)
        assert line.told[-1].cursor >= line.cursor  # type: ignore[attr-defined]


def test_a_signal_that_is_no_text_at_all_is_refused_and_not_failed_at() -> None:
    for data in (b'"\xff"', b'{"\xed\xa0\x80":1}'):
        with pytest.raises(Wrong):
            checked_move(data)


async def test_who_is_connected_elsewhere_is_told_so_by_a_server_that_is_drained_too() -> None:
    async with a_world() as world:
        node, other = await world.node(), await world.node()
        attendance = node.service.sockets._attendance
        node.presence.lost = attendance._lost
        async with attending(node, "ann") as (client, _):
            await node.presence.drain()
            await other.presence.connect("ann")
            await until(lambda: client.closed)
            assert client.closed == [Code.REPLACED]


async def test_a_drained_server_that_loses_its_lease_lets_nobody_in_as_the_next_instance_either() -> None:
    async with a_world() as world:
        node = await world.node()
        await node.presence.drain()
        node._tasks[0].cancel()
        await asyncio.gather(node._tasks[0], return_exceptions=True)
        assert node.presence.claim is None
        node._tasks[0] = asyncio.ensure_future(node.presence.run())
        await until(lambda: node.presence.claim)
        await spin()
        assert node.presence.instance is None
        with pytest.raises(Elsewhere):
            await node.presence.connect("ann")
        await until(lambda: _is_draining(node))


async def _is_draining(node: Node) -> bool:
    assert node.presence.claim is not None
    return (await node.store.get(Instance, node.presence.claim.id)).state == Instance.draining


async def test_who_connects_while_the_lease_is_lost_is_not_taken_for_somebody_who_is_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        node = await world.node()
        submit = node.store.submit

        async def slow(*given: Any, **more: Any) -> Any:
            verdicts = await submit(*given, **more)
            node._tasks[0].cancel()
            await asyncio.gather(node._tasks[0], return_exceptions=True)
            return verdicts

        monkeypatch.setattr(node.store, "submit", slow)
        with pytest.raises(Elsewhere):
            await node.presence.connect("ann")
        assert not node.presence.players


async def test_who_leaves_is_gone_in_the_end_though_the_seat_changed_too_fast_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        node = await world.node()
        disconnect, tried = node.presence.disconnect, list[str]()

        async def failing(connection: str) -> None:
            tried.append(connection)
            if len(tried) == 1:
                raise TryAgain("the connection's seat changes too fast")
            await disconnect(connection)

        monkeypatch.setattr(node.presence, "disconnect", failing)
        attendance = node.service.sockets._attendance
        async with attendance.attend(Client("ann")):
            pass
        (leaving,) = attendance._leaving
        await until(lambda: tried)
        await world.pass_time(1)
        await leaving
        assert (await world.store.get(Connection, tried[0])).state == Connection.closed
