"""What a session asks of the game and of its transport, and what the game may do with a session: all that they know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from tenure.services.battles.sockets.protocol import Code, Message


class Outlet(Protocol):
    """The way to one player's client. Nothing here waits: who reads too slowly is closed, and holds up nobody."""

    player: str
    transport: str

    def send(self, message: Message) -> None:
        """Send a message, after those that were sent before; nothing happens where the socket is closed."""
        ...

    def close(self, code: Code, text: str) -> None:
        """Say goodbye and close, after what was sent before."""
        ...


class Here(Protocol):
    """A player who is connected. Everything raises a `Rejected` that says what to do, and the store's own errors.

    A battle in which the player has no part is refused as one that there is not. The answers to what is asked come
    over the outlet, and so does all that happens to the player.
    """

    async def join(self, mode: str, level: int) -> None:
        """Queue the player."""
        ...

    async def leave(self, battle: str | None) -> None:
        """Take the player out of the queue, or give a battle up."""
        ...

    async def confirm(self, battle: str) -> None:
        """Accept a battle that is offered."""
        ...

    async def decline(self, battle: str) -> None:
        """Turn down a battle that is offered."""
        ...

    async def resume(self, battle: str, cursor: int) -> None:
        """Send what happened since the cursor, or a snapshot and the rest; and from now on what happens."""
        ...

    async def state(self, battle: str) -> None:
        """Send a snapshot."""
        ...

    async def act(self, battle: str, id: str, move: msgspec.Raw) -> None:
        """Make a move, once per id."""
        ...

    async def say(self, battle: str, id: str, text: str) -> None:
        """Say something that stays in the log, once per id."""
        ...

    async def signal(self, battle: str, data: msgspec.Raw) -> None:
        """Tell those who listen now, and nobody later."""
        ...

    def signal_at_once(self, battle: str, data: msgspec.Raw) -> bool:
        """Do the same without waiting; False where it is not done, and `signal` is to do it."""
        ...


Flow = Callable[[Outlet], AbstractAsyncContextManager[Here]]
"""Has a player here while the body runs, and sends the welcome. Whom the same player had connected is replaced."""


class Gone(Exception):  # noqa: N818  it says what is so
    """The other side is gone: there is nobody to send anything to."""


class Send(Protocol):
    """Sends one message, with its JSON, and waits until the other side takes it. Raises `Gone`."""

    def __call__(self, message: Message, encoded: bytes) -> Awaitable[None]:
        """Send it."""
        ...


class SendAtOnce(Protocol):
    """Sends a message's JSON without waiting; False where it is not sent, since the other side does not take it now."""

    def __call__(self, encoded: bytes, /) -> bool:
        """Send it."""
        ...


def never(encoded: bytes, /) -> bool:  # noqa: ARG001  the form that is wanted
    """Send nothing at once."""
    return False
