"""Many rooms and sockets: what a death costs is counted here; the soak measures real servers under load."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from benchmarks import battling
from benchmarks.battles import chat, deaths, idle, slow
from benchmarks.battles.rooms import a_world as real_servers
from tests.services.battles.making import Node, World, a_world, seat_of

import tenure
from tenure import Store
from tenure.benchmarks.stand import Stand, stand_of
from tenure.services.battles.kinds import kinds
from tenure.services.battles.lifecycle import Battle, Connection, Seat
from tenure.services.battles.presence import Presence

ROOMS, OTHERS = 5, 200
LEASE_AND_TWO_SECONDS = 12


class Name(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    compared = 0

    def __eq__(self, other: object) -> bool:
        Name.compared += 1
        return str.__eq__(self, other)


async def test_whether_a_player_is_here_is_known_without_a_look_at_all_who_are() -> None:
    async with a_world() as world:
        node = await world.node()
        for number in range(20):
            await node.presence.connect(f"player-{number}")
        gone = await node.presence.connect("gone")
        await node.presence.disconnect(gone.id)
        Name.compared = 0
        assert node.presence.has(Name("player-7"))
        assert not node.presence.has(Name("gone"))
        assert not node.presence.has(Name("nobody"))
        assert Name.compared <= 3


async def test_a_player_is_here_until_the_last_of_several_connections_ends() -> None:
    async with a_world() as world:
        other = (await world.node()).presence
        presence = Presence(world.store, world.nodes[0].queue)
        async with presence.living():  # it hears nothing: what was replaced elsewhere it finds when it looks
            await presence.connect("ann")
            await other.connect("ann")
            last = await presence.connect("ann")
            assert presence.connections == 2
            await presence.look()
            assert presence.connections == 1
            assert presence.has("ann")
            await presence.disconnect(last.id)
            assert not presence.has("ann")
            assert presence.players == set()


async def test_a_dead_instances_rooms_and_sockets_are_handled_in_the_same_steps_however_many_others_have() -> None:
    steps = [await _a_death(others) for others in (0, OTHERS)]
    assert steps[0] == steps[1]
    lost = steps[0]["lose"]
    assert lost == 1 + ROOMS, "the instance, and one connection for each room; the others came back"
    assert steps[0]["take"] == steps[0]["orphan"] == ROOMS


async def _a_death(others: int) -> Counter[str]:
    """Kill an instance that runs rooms with all their players; one of each comes back. Give what was written."""
    async with a_world() as world:
        dies, lives = await world.node(), await world.node()
        pairs = [(f"ann-{n}", f"bob-{n}") for n in range(ROOMS)]
        battles = [await world.a_battle(dies, dies, pair, level=n) for n, pair in enumerate(pairs)]
        assert [await world.owner(battle) for battle in battles] == [dies] * ROOMS
        for number in range(others):
            await lives.presence.connect(f"other-{number}")
        gone, before = dies.id, await world.store.position()
        await dies.kill()
        for battle, (player, _) in zip(battles, pairs, strict=True):
            await lives.presence.connect(player)
            await lives.hears(battle, player, cursor=1)
        await world.pass_time(LEASE_AND_TWO_SECONDS)
        await _is_handled(world, lives, gone, battles)
        assert len(await world.store.find(Connection.open, limit=1000)) == ROOMS + others
        until = await world.store.position()
        return Counter([event.name async for event in world.store.feed(after=before, until=until)])


async def _is_handled(world: World, lives: Node, gone: str, battles: list[str]) -> None:
    assert await world.store.find(Connection.open, under=gone) == []
    for number, battle in enumerate(battles):
        assert (await world.store.get(Battle, battle)).instance == lives.id
        assert (await seat_of(world.store, battle, f"ann-{number}")).state == Seat.present
        assert (await seat_of(world.store, battle, f"bob-{number}")).state == Seat.away


# ---------------------------------------------------------------------------------------- real servers


@contextlib.asynccontextmanager
async def _valkey(folder: Path) -> AsyncIterator[tuple[Stand, str]]:
    with stand_of("valkey", folder) as stand:
        yield stand, await stand.fresh()


@pytest.mark.soak
@pytest.mark.timeout(120)
async def test_what_two_hundred_rooms_say_is_with_the_others_within_a_tenth_of_a_second(tmp_path: Path) -> None:
    async with _valkey(tmp_path) as (_, url), real_servers(url, 2) as world:
        rooms = await world.rooms(battling.ROOMS, *world.servers)
        for way in battling.WAYS:
            await chat.talk(rooms, way, a_second=battling.A_SECOND, seconds=2.0)
            figures = (await chat.talk(rooms, way, a_second=battling.A_SECOND, seconds=10.0)).figures()
            assert figures[chat.ARRIVED] == 100
            assert figures[chat.MOST] <= 100, figures


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_killed_server_is_handled_within_its_lease_and_two_seconds_beside_any_number_of_sockets(
    tmp_path: Path,
) -> None:
    found = []
    for others in (0, battling.MANY):
        async with _valkey(tmp_path) as (stand, url), _opened(url) as store, real_servers(url, 2) as world:
            found.append(await deaths.measure_death(world, store, stand, others))
    for figures in found:
        assert figures[deaths.AFTER_LEASE] <= 2, figures
        assert figures[deaths.HANDLED] <= LEASE_AND_TWO_SECONDS
    assert found[1][deaths.WRITTEN] == pytest.approx(found[0][deaths.WRITTEN], rel=0.02)
    assert found[1][deaths.OTHERS_TIME] <= 1.5 * found[0][deaths.OTHERS_TIME]


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    async with tenure.open(url, *kinds, space="main") as store:
        yield store


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_one_who_reads_nothing_is_closed_and_nobody_else_notices(tmp_path: Path) -> None:
    async with _valkey(tmp_path) as (_, url), real_servers(url, 2) as world:
        rounds = await slow.measure_slow(
            world, battling.SLOW_ROOMS, battling.SLOW_ROUNDS, a_second=battling.A_SECOND, seconds=battling.SLOW_SECONDS
        )
    assert all(figures[slow.CLOSED] for figures in rounds)
    assert sorted(figures[slow.BEYOND] for figures in rounds)[2] <= 1, rounds


@pytest.mark.soak
@pytest.mark.timeout(120)
async def test_an_idle_socket_takes_little_more_memory_than_its_transport(tmp_path: Path) -> None:
    async with _valkey(tmp_path) as (_, url):
        figures = await idle.measure_idle(url)
    assert figures[idle.BEYOND] <= 15, figures
