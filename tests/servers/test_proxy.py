"""The proxy of the network tests does what it is told, so that they test what they say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.proxy import Proxy, proxy_to

Both = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


@asynccontextmanager
async def an_echo() -> AsyncIterator[Proxy]:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    async with proxy_to(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Both]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield reader, writer
    writer.transport.abort()


async def test_bytes_pass_both_ways() -> None:
    async with an_echo() as proxy, connected(proxy) as (reader, writer):
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert (proxy.to_server.passed, proxy.to_client.passed, proxy.accepted) == (5, 5, 1)


@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_what_is_stalled_comes_later_and_whole(way: str) -> None:
    async with an_echo() as proxy, connected(proxy) as (reader, writer):
        flow = getattr(proxy, way)
        flow.stall()
        writer.write(b"hello")
        await flow.arrived()
        assert proxy.to_client.passed == 0
        flow.resume()
        assert await reader.readexactly(5) == b"hello"


@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_what_is_dropped_never_comes(way: str) -> None:
    async with an_echo() as proxy, connected(proxy) as (reader, writer):
        flow = getattr(proxy, way)
        flow.drop()
        writer.write(b"lost")
        await flow.arrived()
        flow.resume()
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"


@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_a_connection_is_cut_at_the_very_byte(way: str) -> None:
    async with an_echo() as proxy, connected(proxy) as (reader, writer):
        getattr(proxy, way).cut_after(3)
        writer.write(b"hello")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(5)
        assert getattr(proxy, way).passed == 3


async def test_after_a_cut_new_connections_work_again() -> None:
    async with an_echo() as proxy:
        proxy.to_server.cut_after(0)
        async with connected(proxy) as (reader, writer):
            writer.write(b"hello")
            assert await reader.read(5) == b""
        proxy.resume()
        async with connected(proxy) as (reader, writer):
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"


async def test_a_reset_is_told_to_the_client() -> None:
    async with an_echo() as proxy, connected(proxy) as (reader, writer):
        writer.write(b"hello")
        await reader.readexactly(5)
        await proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)


async def test_a_refused_connection_ends_at_once() -> None:
    async with an_echo() as proxy:
        proxy.refusing = True
        async with connected(proxy) as (reader, _):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await reader.readexactly(1)
        assert proxy.accepted == 0


async def test_a_delay_is_at_least_so_long() -> None:
    async with an_echo() as proxy, connected(proxy) as (reader, writer):
        proxy.to_client.delay_seconds = 0.05
        began = asyncio.get_running_loop().time()
        writer.write(b"hello")
        await reader.readexactly(5)
        assert asyncio.get_running_loop().time() - began >= 0.05


@pytest.mark.parametrize("steps", range(6))
async def test_a_connection_that_comes_as_the_proxy_ends_leaves_nothing_behind(steps: int) -> None:
    async with proxy_to(0) as proxy:  # where nobody listens
        with socket.create_connection(("127.0.0.1", proxy.port)):
            for _ in range(steps):
                await asyncio.sleep(0)
