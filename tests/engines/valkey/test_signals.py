"""Signals as Valkey carries them: what it knows of who listens, slots that move, and a server that does not read.

Only for Valkey, because only there a topic is a channel that can be asked for, and lies on a node.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.kinds import KINDS
from tests.engines.valkey.asking import ask, at_port, until
from tests.engines.valkey.test_cluster import SPACES, Cluster, cluster
from tests.proxy import proxy_to

import tenure
from tenure import Store, Unavailable
from tenure.engines.valkey.engine import ValkeyEngine
from tenure.servers import Server

__all__ = ["cluster"]


def channels(url: str) -> list[str]:
    """Give the topics' channels to which anybody is subscribed."""
    found: list[bytes] = ask(url, "PUBSUB", "SHARDCHANNELS", "*signal*")
    return sorted(channel.decode() for channel in found)


async def test_the_server_is_subscribed_to_while_anybody_listens(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        assert channels(server.url) == []
        async with store.signals("t"):
            async with store.signals("t"), store.signals("u"):
                assert channels(server.url) == ["tenure:{main}:signal:0:t", "tenure:{main}:signal:0:u"]
            until(lambda: channels(server.url) == ["tenure:{main}:signal:0:t"])
        until(lambda: channels(server.url) == [])


async def test_who_leaves_and_comes_back_at_once_hears_and_nothing_is_begun_again(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        assert isinstance(store.engine, ValkeyEngine)
        for number in range(50):
            async with store.signals("t") as heard:
                await store.signal("t", b"%d" % number)
                assert await anext(heard) == b"%d" % number
        async with store.signals("t") as heard:
            await store.signal("t", b"")
            await anext(heard)
            assert not store.engine._subscriptions._moved.done()
            assert not store.engine._subscriptions._left.total()


async def test_a_server_that_does_not_read_is_given_no_more_than_it_takes(server: Server) -> None:
    async with proxy_to(server.port) as proxy:
        async with tenure.open(at_port(server.url, proxy.port) + "?timeout=3", *KINDS) as store:
            await store.signal("t", b"")
            proxy.to_server.stall()
            for _ in range(250):  # no answer is waited for
                await store.signal("t", bytes(4096))
            with pytest.raises(Unavailable, match="does not take what it is sent"):
                await asyncio.gather(*(store.signal("t", bytes(4096)) for _ in range(10)))
            proxy.resume()


async def hears(listening: Store, sending: Store) -> None:
    """Signal until one is heard."""
    async with listening.signals("t") as heard:
        await sending.signal("t", b"")
        await anext(heard)


async def test_topics_of_all_nodes_are_heard(cluster: Cluster) -> None:
    async with tenure.open(cluster.url, *KINDS) as one, tenure.open(cluster.url, *KINDS) as two:
        assert {cluster.owner(space) for space in SPACES} == {0, 1, 2}
        for space in SPACES:
            await hears(one.space(space), two.space(space))


async def test_a_topic_whose_slot_has_moved_is_heard_again(cluster: Cluster) -> None:
    space = SPACES[0]
    async with tenure.open(cluster.url, *KINDS) as one, tenure.open(cluster.url, *KINDS) as two:
        here, there = one.space(space), two.space(space)
        async with here.signals("t") as heard:
            await there.signal("t", b"before")
            assert await anext(heard) == b"before"
            source = cluster.owner(space)
            slot = cluster.begin_to_move(space, source, (source + 1) % 3)
            cluster.move_keys(slot, source, (source + 1) % 3)
            cluster.end_of_move(slot, (source + 1) % 3)
            hearing = asyncio.ensure_future(anext(heard))
            while not hearing.done():
                await there.signal("t", b"after")
                await asyncio.sleep(0.01)
            assert await hearing == b"after"
