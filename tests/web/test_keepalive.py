"""WebSockets that are pinged while they are silent, and only then."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from tenure.web.keepalive import Connection
from tenure.web.serving import PING_SECONDS


class Loop:
    """A clock, and the one timer that a connection has set."""

    def __init__(self) -> None:
        self.now, self.at = 1003.0, 0.0

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Any) -> Any:
        self.at, self.call = at, call
        return None

    def come_to_the_timer(self) -> float:
        waited, self.now = self.at - self.now, self.at
        self.call()
        return waited


class Pinged(Exception):  # noqa: N818  what happened is the name
    """A ping was sent."""


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    def ping(_: Connection) -> None:
        raise Pinged

    monkeypatch.setattr(Connection.__mro__[1], "send_keepalive_ping", ping)
    return Loop()


async def a_connection(loop: Loop) -> Connection:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""

    config = uvicorn.Config(app, ws=Connection, ws_ping_interval=PING_SECONDS, ws_ping_timeout=PING_SECONDS)
    config.load()
    connection = Connection(config, ServerState(), {}, cast("asyncio.AbstractEventLoop", loop))
    connection.read_paused = True
    connection.start_keepalive()
    return connection


async def test_who_says_nothing_is_pinged_before_the_interval_is_over(loop: Loop) -> None:
    await a_connection(loop)
    began = loop.now
    with pytest.raises(Pinged):
        loop.come_to_the_timer()
    assert PING_SECONDS - 5 < loop.now - began <= PING_SECONDS


async def test_who_speaks_is_not_pinged_until_it_was_silent_for_the_interval(loop: Loop) -> None:
    connection, spoke = await a_connection(loop), 0.0
    for _ in range(10):
        loop.now = loop.at - 13
        connection.handle_text(Frame(Opcode.TEXT, b"{}"))
        spoke = loop.now
        loop.come_to_the_timer()
    with pytest.raises(Pinged):
        loop.come_to_the_timer()
    assert PING_SECONDS - 5 < loop.now - spoke <= PING_SECONDS


async def test_connections_are_looked_at_at_common_moments(loop: Loop) -> None:
    moments = set[float]()
    for number in range(100):
        loop.now = 1000 + number / 25
        await a_connection(loop)
        moments.add(loop.at)
    assert len(moments) == 1
