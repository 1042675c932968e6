"""One connection: commands go out in order, and each reply goes to the one that asked.

A caller that is cancelled leaves its place in the queue, so its reply is dropped and meets nobody else. No command is
ever sent twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Self, cast

from tenure.core.errors import Unavailable
from tenure.engines.valkey.location import Address, Login

try:
    import hiredis
except ImportError:
    raise Unavailable("Valkey and Redis need their driver: pip install '/path/to/tenure[valkey]'") from None

Part = bytes | str | int


class ServerError(Exception):
    """The server answered with an error; `code` is its first word. Where in our Lua it arose is nobody's concern."""

    def __init__(self, text: str) -> None:
        super().__init__(text.partition(" script: ")[0])

    @property
    def code(self) -> str:
        """The error's first word, such as MOVED."""
        return str(self).partition(" ")[0]


class Lost(Exception):  # noqa: N818  it says what became of the connection
    """The connection is gone. What was sent and not answered may have been done or not."""


class NotReached(Exception):  # noqa: N818  as above
    """No connection was made, so nothing was sent."""


class Link(asyncio.Protocol):
    """One connection to one server."""

    def __init__(self, pushed: Callable[[Any], None] | None = None) -> None:
        self._reader = hiredis.Reader(protocolError=ServerError, replyError=ServerError)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None
        self._pushed = pushed
        self.received = 0
        """How often something came: what does not rise is dead."""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, address: Address, login: Login, pushed: Callable[[Any], None] | None = None) -> Self:
        """Connect and log in. Raises `NotReached`, or `ServerError` if the server will not have us."""
        loop = asyncio.get_running_loop()
        host, port = address
        try:
            async with asyncio.timeout(login.timeout):
                _, link = await loop.create_connection(lambda: cls(pushed), host, port, ssl=login.tls)
        except (OSError, TimeoutError) as error:
            raise NotReached(f"{host}:{port} can't be reached ({str(error) or 'it does not answer'})") from None
        try:
            async with asyncio.timeout(login.timeout):
                await log_in(link, login)
        except (Lost, TimeoutError) as error:
            link.abort()
            raise NotReached(f"{host}:{port} takes the connection and does not answer ({error})") from None
        except BaseException:
            link.abort()
            raise
        return link

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return not self.closed.done() and self._transport is not None and not self._transport.is_closing()

    def send(self, *parts: Part) -> asyncio.Future[Any]:
        """Send a command; gives what its reply will be. Raises `NotReached` at once if nothing can be sent."""
        return self.send_all([parts])[0]

    def send_all(self, commands: Sequence[tuple[Part, ...]]) -> list[asyncio.Future[Any]]:
        """Send commands together."""
        if self._transport is None or not self.is_open:
            raise NotReached("the connection is closed")
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Any]] = [loop.create_future() for _ in commands]
        self._waiting.extend(futures)
        self._transport.write(b"".join([_packed(command) for command in commands]))
        return futures

    def push(self, *parts: Part) -> None:
        """Send a command whose reply, or error, comes as a push: a subscription."""
        if self._transport is None or not self.is_open:
            raise NotReached("the connection is closed")
        self._transport.write(_packed(parts))

    def check(self) -> None:
        """Raise `Lost` if the connection is gone."""
        if not self.is_open:
            raise Lost("the connection was lost")

    def abort(self) -> None:
        """Drop the connection: whoever waits for a reply gets `Lost`."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Drop the connection and wait until it is gone."""
        if self._transport is not None:
            self._transport.abort()
            await self.closed

    # ------------------------------------------------------------------------------------ as a protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Give each reply to the one that asked."""
        self.received += 1
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            if self._pushed is not None and (isinstance(reply, list) or not self._waiting):
                self._pushed(reply)
            else:
                _settle(self._waiting.popleft(), reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all that wait."""
        lost = Lost(f"the connection was lost ({exc or 'closed by the server'})")
        for future in self._waiting:
            _settle(future, lost)
        self._waiting.clear()
        if not self.closed.done():
            self.closed.set_result(None)


async def log_in(link: Link, login: Login) -> None:
    """Say who we are."""
    if login.password:
        await link.send("AUTH", *((login.user,) if login.user else ()), login.password)
    await link.send("CLIENT", "SETNAME", "tenure")
    if login.database:
        await link.send("SELECT", login.database)


def _packed(command: tuple[Part, ...]) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type] # its stub knows one part only
    return packed


def _settle(future: asyncio.Future[Any], reply: Any) -> None:
    if future.done():
        return  # its caller was cancelled
    if isinstance(reply, Exception):
        future.set_exception(reply)
        future.exception()  # it counts as seen: its caller may be cancelled before it looks
    else:
        future.set_result(reply)
