"""What carries signals: messages that are kept nowhere, heard at most once by whoever listens at that moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Receive = Callable[[bytes], None]
"""Called in the event loop with a payload, in the order in which one sender sent them. It must not wait."""

MOST_OF_A_TOPIC = 200
"""Characters of a topic."""

MOST_OF_A_SIGNAL = 4096
"""Bytes of a payload; PostgreSQL's notifications are texts of less than 8,000."""


class Carrier(Protocol):
    """Carries the signals of one store, between all processes that have it open."""

    async def send(self, space: str, topic: str, payload: bytes) -> None:
        """Hand a signal over; whether anybody hears it is not known. Raises `Unavailable` if nobody can be reached."""
        ...

    def send_at_once(self, space: str, topic: str, payload: bytes) -> bool:
        """Hand a signal over without waiting; False where that can't be, and nothing was done: `send` is to do it."""
        ...

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        """Call this for each signal of a topic from now on, also after connections were lost. Raises `Unavailable`.

        A topic is subscribed to once at a time; one that failed or was cancelled is to be unsubscribed, too.
        """
        ...

    def unsubscribe(self, space: str, topic: str) -> None:
        """Hear no more of a topic."""
        ...

    def renew(self) -> None:
        """Hear by other connections: nothing comes by these any more, however well they look. It waits for nothing."""
        ...

    async def close(self) -> None:
        """Hand on what was sent, and hear no more."""
        ...


class InProcess:
    """Carries signals no further than this process, where nothing lies between it and others."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], Receive] = {}

    async def send(self, space: str, topic: str, payload: bytes) -> None:
        """Give a signal to who listens."""
        self.send_at_once(space, topic, payload)

    def send_at_once(self, space: str, topic: str, payload: bytes) -> bool:
        """Give a signal to who listens; this never has to wait."""
        heard = self._heard.get((space, topic))
        if heard is not None:
            heard(payload)
        return True

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        """Call this for each signal of a topic from now on."""
        self._heard[space, topic] = heard

    def unsubscribe(self, space: str, topic: str) -> None:
        """Hear no more of a topic."""
        self._heard.pop((space, topic), None)

    def renew(self) -> None:
        """Go on: there is no connection."""

    async def close(self) -> None:
        """Hear no more."""
        self._heard.clear()
