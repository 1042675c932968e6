"""Players who are nothing but sockets, each from an address of its own."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from benchmarks.battles.servers import HOST, Server
from benchmarks.sockets import Line

PATIENCE_SECONDS = 60.0
WINDOW, PACKET = 4096, 1400


class Fields(msgspec.Struct):
    """What belongs to an event, as far as it is looked at here."""

    player: str = ""
    text: str = ""


class Heard(msgspec.Struct):
    """What a server says, as far as it is looked at here."""

    type: str
    to: str = ""
    id: str = ""
    code: str | int = ""
    text: str = ""
    battle: str | None = None
    instance: str = ""
    cursor: int = 0
    state: str = ""
    name: str = ""
    fields: Fields = msgspec.field(default_factory=Fields)
    data: Any = None

    @property
    def key(self) -> str:
        """Name what it is, for who waits for it."""
        match self.type:
            case "ack" | "error":
                return f"{self.to}:{self.id}"
            case "event":
                return f"event:{self.name}"
            case kind:
                return kind


_decoder, _encoder = msgspec.json.Decoder(Heard), msgspec.json.Encoder()
_addresses = itertools.count()


class NotDone(Exception):  # noqa: N818  it says what is so
    """A server refused what a player asked for."""


@dataclass
class Player:
    """One player. `notice` is given all that happens; `cursor` is the last event that was heard."""

    name: str
    notice: Callable[[Player, Heard], None] | None = None
    instance: str = ""
    cursor: int = 0
    _line: Line | None = None
    _waiting: dict[str, asyncio.Future[Heard]] = field(default_factory=dict)

    async def connect(self, server: Server, token: str = "", *, narrow: bool = False) -> None:
        """Connect from an address of its own, as players do. Raises `NotLetIn` and `OSError`.

        A narrow line has small packets and a small window, as over a network: little waits outside of the server.
        """
        loop = asyncio.get_running_loop()
        line = Line(self._heard, self._ended)
        await loop.create_connection(lambda: line, sock=await _socket(server.port, narrow=narrow))
        self._line = line
        welcome = self.expect("welcome") if token else None
        await line.open(f"/socket?token={token}", HOST, server.port)
        if welcome is not None:
            self.instance = (await self.wait(welcome)).instance

    def close(self) -> None:
        """End the connection without a word."""
        if self._line is not None:
            self._line.close()

    def read_no_more(self) -> None:
        """Read nothing of what the server sends from now on."""
        if self._line is not None:
            self._line.pause()

    def say(self, **message: Any) -> None:
        """Say something."""
        if self._line is not None:
            self._line.send(_encoder.encode(message))

    def expect(self, key: str) -> asyncio.Future[Heard]:
        """Give what is heard next of this key."""
        self._waiting[key] = found = asyncio.get_running_loop().create_future()
        return found

    async def wait(self, expected: asyncio.Future[Heard]) -> Heard:
        """Wait for it. Raises `NotDone` for a refusal, `TimeoutError`, and `ConnectionError` at the socket's end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            heard = await expected
        if heard.type == "error":
            raise NotDone(f"{self.name}: {heard.to} was refused: {heard.code}: {heard.text}")
        return heard

    async def ask(self, kind: str, id: str = "", **fields: Any) -> Heard:
        """Ask for something, and wait for the answer."""
        answer = self.expect(f"{kind}:{id}")
        self.say(type=kind, **({"id": id} if id else {}), **fields)
        return await self.wait(answer)

    def _heard(self, raw: bytes) -> None:
        if not raw.startswith(b"{"):
            return  # the bare server's welcome
        heard = _decoder.decode(raw)
        self.cursor = max(self.cursor, heard.cursor)
        expected = self._waiting.pop(heard.key, None)
        if expected is not None and not expected.done():
            expected.set_result(heard)
        if self.notice is not None:
            self.notice(self, heard)

    def _ended(self, code: int) -> None:
        self._line = None
        waiting, self._waiting = self._waiting, {}
        for expected in waiting.values():
            if not expected.done():
                expected.set_exception(ConnectionResetError(f"the socket of {self.name} ended with {code}"))
                expected.exception()  # nobody need have waited for it


async def _socket(port: int, *, narrow: bool) -> socket.socket:
    """Connect from the next address."""
    number = next(_addresses)
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setblocking(False)
        if narrow:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, PACKET)
        made.bind((f"127.{1 + number // 62_500 % 250}.{number // 250 % 250}.{1 + number % 250}", 0))
        await asyncio.get_running_loop().sock_connect(made, (HOST, port))
    except BaseException:
        made.close()
        raise
    return made
