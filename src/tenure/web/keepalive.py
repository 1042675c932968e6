"""WebSockets that are pinged only while they are silent, and many of them at one moment; and that send at once.

A server that wakes for each of five hundred connections by itself does little else: one wake costs more than a ping.
So does a write for each text: those that come of one thing that was heard go out together. And most of what an idle
socket holds is what its request went through: an application can let go of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

MOMENTS_SECONDS = 5.0
"""How far apart the moments are at which connections are looked at."""

AT_ONCE = "tenure.at_once"
"""The extension by which an application finds `send_at_once`, `hear_at_once` and `stay`, as "send", "hear", "stay"."""

MOST_UNSENT = 64 * 1024
"""Bytes after which texts are written without waiting for others: only so the transport tells how full it is."""


Work = Callable[[Receive, Send], Awaitable[None]]
"""What an application goes on doing once it has returned."""


class Unsent:
    """Connections of one event loop with texts that wait to be written together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[Connection] = []
        self.hearing = False
        """Whether something is worked off that came in, and whoever does it writes afterwards."""

    def add(self, connection: Connection) -> None:
        """Let a connection write when what came in is worked off, or else in the next turn."""
        if not (self._waiting or self.hearing):
            self._loop.call_soon(self.write)
        self._waiting.append(connection)

    def write(self) -> None:
        """Let all write that wait."""
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.write()


class Connection(WebSocketsSansIOProtocol):
    """One WebSocket of the server. What its other side says is as good a sign of life as its answer to a ping."""

    _spoke_at = 0.0
    _heard: Callable[[bytes], bool] | None = None
    _stays: Work | None = None
    _unsent = 0
    """Bytes of texts that wait to be written."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        self._all_unsent = unsent_of(self.loop)
        super().connection_made(transport)

    async def run_asgi(self) -> None:
        """Let the application find what a server need not have."""
        extensions = self.scope.get("extensions") or {}
        at_once: dict[object, object] = {"send": self.send_at_once, "hear": self.hear_at_once, "stay": self.stay}
        self.scope["extensions"] = {**extensions, AT_ONCE: at_once}
        self.app = self._serve
        await super().run_asgi()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application serve; what it stays for is done when it has returned."""
        self.app = self.config.loaded_app  # else we would hold ourselves
        await cast("ASGIApp", self.app)(scope, receive, send)
        if self._stays is not None:
            stays, self._stays = self._stays, None
            del scope
            if self.handshake_complete:  # nobody looks at these afterwards
                self.scope = self.request = self.response = None  # type: ignore[assignment]
            await stays(receive, send)

    def stay(self, work: Work) -> None:
        """Do this once the application has returned, and end the socket only then.

        Each layer between the server and an endpoint holds something while it waits for what it called, and all of
        them the request: with this, an idle socket holds none of it.
        """
        self._stays = work

    def hear_at_once(self, heard: Callable[[bytes], bool]) -> None:
        """Call this with each text in the moment in which it comes; what it gives False for is received as ever.

        It is not called while others wait to be received, so that the order stays. It must neither wait nor raise.
        """
        self._heard = heard

    def send_at_once(self, text: bytes) -> bool:
        """Send a text after all that was sent before, without waiting.

        False where it is not sent: the other side does not take what was sent, or the socket is closed. Then `send`
        waits until it does, or raises.
        """
        if not self.writable.is_set() or self.disconnected or not self.handshake_complete:
            return False
        try:
            self.conn.send_text(text)
        except InvalidState:
            return False
        if not self._unsent:
            self._all_unsent.add(self)
        self._unsent += len(text)
        if self._unsent > MOST_UNSENT:
            self.write()
        return True

    def write(self) -> None:
        """Write what waits. Whatever else was sent meanwhile, a ping or a close, has taken it along in its order."""
        self._unsent = 0
        output = self.conn.data_to_send()
        if output and not self.transport.is_closing():
            self.transport.write(b"".join(output))

    def data_received(self, data: bytes) -> None:
        """Work off what came, and then write what was sent at once meanwhile, to whomever."""
        self._all_unsent.hearing = True
        try:
            super().data_received(data)
        finally:
            self._all_unsent.hearing = False
            self._all_unsent.write()

    def handle_text(self, event: Frame) -> None:
        """Take a message, and note when it came."""
        self._spoke_at = self.loop.time()
        heard = self._heard if event.fin and self.queue.empty() else None
        if heard is None or not heard(bytes(event.data)):
            super().handle_text(event)

    def schedule_ping(self) -> None:
        """Look again at the last moment at which the silence from now on is no longer than the interval."""
        self._look_at(self._moment_after(self.loop.time()))

    def send_keepalive_ping(self) -> None:
        """Ping, unless there was a message meanwhile: then look again when that was the interval ago."""
        moment = self._moment_after(self._spoke_at)
        if moment > self.loop.time():
            self._look_at(moment)
        else:
            super().send_keepalive_ping()

    def _moment_after(self, silent_since: float) -> float:
        due = silent_since + (self.ping_interval or 0.0)
        return due - due % min(MOMENTS_SECONDS, self.ping_interval or MOMENTS_SECONDS)

    def _look_at(self, moment: float) -> None:
        self.ping_timer = self.loop.call_at(moment, self.send_keepalive_ping)


_unsent: WeakKeyDictionary[asyncio.AbstractEventLoop, Unsent] = WeakKeyDictionary()


def unsent_of(loop: asyncio.AbstractEventLoop) -> Unsent:
    """Give what waits in an event loop."""
    found = _unsent.get(loop)
    if found is None:
        found = _unsent[loop] = Unsent(loop)
    return found
