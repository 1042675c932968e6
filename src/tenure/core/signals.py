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

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        """Call this for each signal of a topic from now on, also after connections were lost. Raises `Unavailable`.

        A topic is subscribed to once at a time; one that failed or was cancelled is to be unsubscribed, too.
        """
        ...

    def unsubscribe(self, space: str, topic: str) -> None:
        """Hear no more of a topic."""
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
        heard = self._heard.get((space, topic))
        if heard is not None:
            heard(payload)

    async def subscribe(self, space: str, topic: str, heard: Receive) -> None:
        """Call this for each signal of a topic from now on."""
        self._heard[space, topic] = heard

    def unsubscribe(self, space: str, topic: str) -> None:
        """Hear no more of a topic."""
        self._heard.pop((space, topic), None)

    async def close(self) -> None:
        """Hear no more."""
        self._heard.clear()
