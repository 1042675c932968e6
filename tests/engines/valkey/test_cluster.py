"""A real cluster of three primaries: spaces on different nodes, slots that move while they are written.

Only for Valkey, because only it is a cluster.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Owner
from tests.engine_contract.looking import assert_one_event_per_version
from tests.engines.valkey.asking import ask, listening_port, until
from tests.engines.valkey.conftest import Start
from tests.resting import PATIENCE_SECONDS

import tenure
import tenure.testing
from tenure import LimitReached, Store, Unavailable, days
from tenure.engines.valkey.library import LIBRARY
from tenure.engines.valkey.nodes import SLOTS, slot_of
from tenure.servers import Server
from tenure.testing import a

SPACES = [f"space-{n}" for n in range(12)]
PASSWORD = "cluster"


class Cluster:
    """Three nodes, each with a third of the slots."""

    def __init__(self, nodes: list[Server]) -> None:
        self.nodes = nodes
        self.urls = [f"valkey://:{PASSWORD}@127.0.0.1:{node.port}" for node in nodes]
        self.url = f"valkey+cluster://:{PASSWORD}@" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        self.ids = [ask(url, "CLUSTER", "MYID").decode() for url in self.urls]

    def owner(self, space: str) -> int:
        """Tell which node has a space."""
        slot = slot_of(f"tenure:{{{space}}}:meta")
        for first, last, primary, *_ in ask(self.urls[0], "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return [node.port for node in self.nodes].index(primary[1])
        raise AssertionError(slot)

    def begin_to_move(self, space: str, source: int, target: int) -> int:
        """Announce that a slot moves key by key; gives the slot."""
        slot = slot_of(f"tenure:{{{space}}}:meta")
        ask(self.urls[target], "CLUSTER", "SETSLOT", slot, "IMPORTING", self.ids[source])
        ask(self.urls[source], "CLUSTER", "SETSLOT", slot, "MIGRATING", self.ids[target])
        return slot

    def move_keys(self, slot: int, source: int, target: int, most: int = 1000) -> None:
        """Move some keys of a slot."""
        keys = ask(self.urls[source], "CLUSTER", "GETKEYSINSLOT", slot, most)
        port = self.nodes[target].port
        if keys:
            ask(self.urls[source], "MIGRATE", "127.0.0.1", port, "", 0, 5000, "AUTH", PASSWORD, "KEYS", *keys)

    def end_of_move(self, slot: int, target: int) -> None:
        """Tell all nodes who has the slot now."""
        for url in (self.urls[target], *self.urls):
            ask(url, "CLUSTER", "SETSLOT", slot, "NODE", self.ids[target])


@pytest.fixture
def cluster(start: Start) -> Cluster:
    """Run three nodes on this machine."""
    nodes = []
    for number in range(3):
        settings = {"cluster_enabled": "yes", "cluster_port": str(listening_port()), "cluster_node_timeout": "60000"}
        nodes.append(start(f"node-{number}", **settings))
    for node in nodes:
        ask(node.url, "CONFIG", "SET", "masterauth", PASSWORD)
        ask(node.url, "CONFIG", "SET", "requirepass", PASSWORD)
    made = Cluster(nodes)
    bounds = [0, SLOTS // 3, 2 * SLOTS // 3, SLOTS]
    for number, url in enumerate(made.urls):
        ask(url, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        ask(url, "CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
    for node in nodes[1:]:
        bus = ask(f"valkey://:{PASSWORD}@127.0.0.1:{node.port}", "CONFIG", "GET", "cluster-port")
        ask(made.urls[0], "CLUSTER", "MEET", "127.0.0.1", node.port, int(_value(bus)))
    until(lambda: all(_is_whole(url) for url in made.urls))
    return made


def _value(reply: Any) -> str:
    found = reply["cluster-port"] if isinstance(reply, dict) and "cluster-port" in reply else next(iter(reply.values()))
    return str(found.decode() if isinstance(found, bytes) else found)


def _is_whole(url: str) -> bool:
    info = ask(url, "CLUSTER", "INFO")
    text = info if isinstance(info, dict) else dict(line.split(":") for line in info.decode().split() if ":" in line)
    return bool(text["cluster_state"] == "ok" and text["cluster_known_nodes"] == "3")


async def live(store: Store, name: str) -> None:
    """Do something of everything in a space."""
    here = store.space(name)
    await a(here, Owner.enabled, "o", email="e", most=2)
    await a(here, Job.running, "j", owner="o", place="here")
    await a(here, Job.waiting, "k", owner="o", place="there")
    with pytest.raises(LimitReached):
        await here.apply(Job.create("l", owner="o", place="elsewhere"))
    for number in range(3):
        await a(here, Bot.queued, f"b{number}", pool="eu", rating=number)
    assert [bot.id for bot in await here.find(Bot.queued, per="eu")] == ["b0", "b1", "b2"]
    await here.sweep()
    assert await here.engine.audit(name, repair=False) == []


async def test_spaces_lie_on_all_nodes_and_each_holds_everything(cluster: Cluster) -> None:
    async with tenure.open(cluster.url, *KINDS) as store:
        await asyncio.gather(*(live(store, space) for space in SPACES))
        assert sorted(await store.engine.spaces()) == sorted(SPACES)
        assert {cluster.owner(space) for space in SPACES} == {0, 1, 2}
        for space in SPACES:
            keys = ask(cluster.urls[cluster.owner(space)], "KEYS", f"tenure:{{{space}}}:*")
            assert len(keys) > 10
    for url in cluster.urls:
        listed = str(ask(url, "FUNCTION", "LIST"))
        assert LIBRARY in listed


async def test_two_processes_hear_of_one_another_in_every_space(cluster: Cluster) -> None:
    async with tenure.open(cluster.url, *KINDS) as one, tenure.open(cluster.url, *KINDS) as two:
        for space in SPACES[:6]:
            here, there = one.space(space), two.space(space)
            await here.apply(Bot.create("ada", pool="eu"))
            events = there.watch(Bot, "ada")
            assert (await anext(events)).name == "create"
            waiting = asyncio.ensure_future(anext(events))
            await here.apply(Bot.enqueue("ada"))
            assert (await waiting).name == "enqueue"
            await events.aclose()


async def test_a_slot_that_has_moved_is_followed(cluster: Cluster) -> None:
    space = SPACES[0]
    async with tenure.open(cluster.url, *KINDS) as store, tenure.open(cluster.url, *KINDS) as other:
        here = store.space(space)
        await live(store, space)
        await other.space(space).get(Bot, "b0")
        source = cluster.owner(space)
        target = (source + 1) % 3
        slot = cluster.begin_to_move(space, source, target)
        cluster.move_keys(slot, source, target)
        cluster.end_of_move(slot, target)
        ada = await here.apply(Bot.withdraw("b0"))
        assert (await here.get(Bot, "b0")).version == ada.version
        events = other.space(space).watch(Bot, "b0", after=ada.version)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await here.apply(Bot.enqueue("b0"))
        assert (await waiting).name == "enqueue", "listening has moved along"
        await events.aclose()
        assert await here.engine.audit(space, repair=False) == []


async def test_a_space_whose_slot_moved_before_it_was_used_is_found_at_once(cluster: Cluster) -> None:
    space = SPACES[2]
    async with tenure.open(cluster.url, *KINDS) as store, tenure.open(cluster.url, *KINDS) as late:
        await store.space(space).apply(Bot.create("ada", pool="eu"))
        await late.space(SPACES[3]).find(Bot.idle)  # it knows by now where the slots were
        source = cluster.owner(space)
        target = (source + 1) % 3
        slot = cluster.begin_to_move(space, source, target)
        cluster.move_keys(slot, source, target)
        cluster.end_of_move(slot, target)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await late.space(space).get(Bot, "ada")).pool == "eu"


async def test_a_slot_that_moves_key_by_key_is_written_whole_or_not_at_all(cluster: Cluster) -> None:
    """Half of a space is elsewhere then: whatever would need that half is refused before anything is written."""
    space = SPACES[1]
    async with tenure.open(cluster.url, *KINDS) as store:
        here = store.space(space)
        await live(store, space)
        source = cluster.owner(space)
        target = (source + 1) % 3
        slot = cluster.begin_to_move(space, source, target)
        refused = made = 0
        reasons: set[str] = set()
        for turn in range(40):
            for change in (
                Bot.rate(f"b{turn % 3}", rating=turn),
                Job.create(f"n{turn}", owner="o", place=f"n{turn}"),
                Bot.create(f"n{turn}", pool=f"n{turn}"),
            ):
                try:
                    await here.apply(change, op=f"{turn}/{change.name}")
                    made += 1
                except LimitReached:
                    made += 1
                except Unavailable as error:
                    refused += 1
                    reasons.add(str(error).partition(": ")[2])
            try:
                await here.sweep()
            except Unavailable:
                refused += 1
            cluster.move_keys(slot, source, target, most=1)
        cluster.move_keys(slot, source, target)
        cluster.end_of_move(slot, target)
        assert refused > 10
        assert reasons == {"the slot of this space is being moved; try again when it is there"}
        assert await here.engine.audit(space, repair=False) == []
        await assert_one_event_per_version(here)
        await here.apply(Bot.withdraw("b0"))


async def test_timed_transitions_of_many_spaces_are_made(cluster: Cluster) -> None:
    async with tenure.testing.store(*KINDS, url=cluster.url) as store:
        for space in SPACES[:4]:
            here = store.space(space)
            await here.sweep()
            await a(here, Owner.enabled, "o", email="e", most=2)
            await a(here, Job.running, "j", owner="o", place="here")
            assert await here.advance(days(1)) == 1
