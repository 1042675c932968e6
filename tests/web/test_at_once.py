"""Texts that a server lets in and out at once: in their order, joined, and only while the other side takes them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect

from tenure.http.serving import bind
from tenure.web.keepalive import AT_ONCE, MOST_UNSENT, Connection
from tenure.web.serving import serving

PATIENCE_SECONDS = 60


class Served:
    """An accepted socket of the server, as an application has it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.receive, self.send = receive, send
        self.send_at_once: Callable[[bytes], bool] = scope["extensions"][AT_ONCE]["send"]
        self.hear: Callable[[Callable[[bytes], bool]], None] = scope["extensions"][AT_ONCE]["hear"]
        self.connection: Connection = scope["extensions"][AT_ONCE]["send"].__self__

    async def text(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})

    async def heard(self) -> Message:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.receive()


@asynccontextmanager
async def a_socket() -> AsyncIterator[tuple[Served, ClientConnection]]:
    """Give both ends of a socket."""
    accepted: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        accepted.set_result(Served(scope, receive, send))
        await done.wait()

    taken = bind("127.0.0.1", 0)
    url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
    async with serving(app, taken), connect(url, max_queue=None, compression=None, close_timeout=0.1) as client:
        yield await accepted, client
        done.set()


async def hear(client: ClientConnection, number: int) -> list[Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await client.recv() for _ in range(number)]


class Writes:
    """Counts what a connection gives to its transport."""

    def __init__(self, connection: Connection) -> None:
        self.number, self._write = 0, connection.transport.write
        connection.transport = self  # type: ignore[assignment]
        self._transport = self._write.__self__  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self.number += 1
        self._write(data)


async def test_texts_of_one_turn_are_one_write_and_keep_their_order_among_others() -> None:
    async with a_socket() as (served, client):
        writes = Writes(served.connection)
        for number in range(5):
            assert served.send_at_once(b"%d" % number)
        assert writes.number == 0
        await served.text("5")
        assert served.send_at_once(b"6")
        assert await hear(client, 7) == [str(number) for number in range(7)]
        assert writes.number == 2


async def test_what_comes_of_what_was_heard_is_written_before_anything_else_is_done() -> None:
    async with a_socket() as (served, client):
        writes, counts = Writes(served.connection), list[int]()

        def heard(text: bytes) -> bool:
            asyncio.get_running_loop().call_soon(lambda: counts.append(writes.number))
            return served.send_at_once(text) and served.send_at_once(text)

        served.hear(heard)
        await client.send("a")
        assert await hear(client, 2) == ["a", "a"]
        assert (counts, writes.number) == ([1], 1)


async def test_what_nobody_hears_at_once_is_received_and_nothing_overtakes_it() -> None:
    async with a_socket() as (served, client):
        heard: list[bytes] = []

        def hear_at_once(text: bytes) -> bool:
            heard.append(text)
            return text != b"wait"

        served.hear(hear_at_once)
        for text in ("1", "wait", "2"):
            await client.send(text)
        assert (await served.heard())["text"] == "wait"
        assert (await served.heard())["text"] == "2"
        await client.send("3")
        await client.send(["4", "4"])  # in two frames
        assert (await served.heard())["text"] == "44"
        assert heard == [b"1", b"wait", b"3"]


async def test_nothing_is_sent_at_once_to_who_does_not_read_and_all_of_it_comes_later() -> None:
    async with a_socket() as (served, client):
        client.transport.pause_reading()
        text, sent = b"x" * 10_000, 0
        while served.send_at_once(text):
            sent += 1
            assert served.connection._unsent <= MOST_UNSENT + len(text)
        assert not served.connection.writable.is_set()
        waiting = asyncio.ensure_future(served.text("last"))
        client.transport.resume_reading()
        assert await hear(client, sent + 1) == [text.decode()] * sent + ["last"]
        await waiting
        assert served.send_at_once(b"again")
        assert await hear(client, 1) == ["again"]


async def test_nothing_is_sent_at_once_when_the_socket_is_closed() -> None:
    async with a_socket() as (served, client):
        assert served.send_at_once(b"last")
        await served.send({"type": "websocket.close", "code": 4000})
        assert not served.send_at_once(b"late")
        assert await hear(client, 1) == ["last"]
    assert not served.send_at_once(b"later")  # now the client is gone, too


class Kept:
    """Something that an application holds while it serves."""


async def test_a_socket_lives_on_when_its_application_has_returned_and_what_that_held_is_let_go() -> None:
    found: list[Any] = []
    ends = asyncio.Event()

    async def stays(receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"] + "!"})
        ends.set()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kept = scope["kept"] = Kept()
        found.append(weakref.ref(kept))
        await receive()
        await send({"type": "websocket.accept"})
        scope["extensions"][AT_ONCE]["stay"](stays)

    taken = bind("127.0.0.1", 0)
    url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
    async with serving(app, taken):
        async with connect(url) as client:
            for text in ("a", "b"):
                await client.send(text)
                assert await hear(client, 1) == [f"{text}!"]
            gc.collect()
            assert [ref() for ref in found] == [None]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ends.wait()
