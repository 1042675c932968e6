"""Signals: at most once, kept nowhere. Each listener has a queue of its own, so a slow one holds up nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Self

from tenure.core.errors import InvalidChange, Unavailable
from tenure.core.fields import fits_unicode
from tenure.core.signals import MOST_OF_A_SIGNAL, MOST_OF_A_TOPIC, Carrier

MOST_WAITING = 1000
MOST_BYTES_WAITING = 1 << 20


class Heard:
    """What one listener hears: iterate over it. It ends with its `async with`, or with the store."""

    def __init__(self) -> None:
        self.missed = 0
        """How many signals were dropped, the oldest first, because more came than this listener took."""
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._more = asyncio.Event()
        self._told: Callable[[bytes], None] | None = None
        self._failed: Exception | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._more.clear()
            await self._more.wait()
        payload = self._waiting.popleft()
        self._bytes -= len(payload)
        return payload

    async def each(self, told: Callable[[bytes], None]) -> None:
        """Call this with each signal in the moment in which it comes, until the end. It must not wait.

        So nothing is ever missed, and no task is woken for a signal. What it raises ends the listening, and is raised.
        """
        while self._waiting and not self._ended:
            told(await anext(self))
        self._told = told
        while not self._ended:
            self._more.clear()
            await self._more.wait()
        if self._failed is not None:
            raise self._failed

    def put(self, payload: bytes) -> None:
        """Let a signal wait for being taken; where there is no room, the oldest go."""
        if self._told is not None:
            self._tell(self._told, payload)
            return
        self._waiting.append(payload)
        self._bytes += len(payload)
        while len(self._waiting) > MOST_WAITING or self._bytes > MOST_BYTES_WAITING:
            self._bytes -= len(self._waiting.popleft())
            self.missed += 1
        self._more.set()

    def _tell(self, told: Callable[[bytes], None], payload: bytes) -> None:
        """Pass a signal on. We are called by whoever sent it, who has no part in what goes wrong here."""
        if self._ended:
            return
        try:
            told(payload)
        except Exception as error:  # noqa: BLE001  it is raised where it is listened
            self._failed = error
            self.end()

    def end(self) -> None:
        """Give what waits, and then nothing more."""
        self._ended = True
        self._more.set()


class Topic:
    """Those of this process who listen to one topic, and whether the engine knows of them."""

    def __init__(self) -> None:
        self.listeners: set[Heard] = set()
        self.subscribed = False
        self.lock = asyncio.Lock()

    def heard(self, payload: bytes) -> None:
        """Give a signal to all listeners."""
        for listener in self.listeners:
            listener.put(payload)


class Signals:
    """The listeners of one store in this process: the engine is subscribed to a topic while anybody listens to it."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._topics: dict[tuple[str, str], Topic] = {}
        self._closed = False

    async def send(self, space: str, topic: str, payload: bytes) -> None:
        """Send a signal. Raises `InvalidChange` and `Unavailable`."""
        check_signal(topic, payload)
        self._check_open()
        await self._carrier.send(space, topic, payload)

    def send_at_once(self, space: str, topic: str, payload: bytes) -> bool:
        """Send a signal if that goes without waiting. Raises `InvalidChange`, and `Unavailable` once it is closed."""
        check_signal(topic, payload)
        self._check_open()
        return self._carrier.send_at_once(space, topic, payload)

    @asynccontextmanager
    async def listen(self, space: str, name: str) -> AsyncGenerator[Heard]:
        """Hear a topic while the body runs."""
        check_topic(name)
        self._check_open()
        topic, heard = self._topics.setdefault((space, name), Topic()), Heard()
        topic.listeners.add(heard)
        try:
            async with topic.lock:
                if not topic.subscribed:
                    await self._carrier.subscribe(space, name, topic.heard)
                    topic.subscribed = True
            yield heard
        finally:  # nothing waits here, so a cancellation leaves nothing behind
            heard.end()
            topic.listeners.discard(heard)
            if not topic.listeners:
                del self._topics[space, name]
                self._carrier.unsubscribe(space, name)

    def renew(self) -> None:
        """Hear by other connections."""
        self._carrier.renew()

    def close(self) -> None:
        """End what all listeners hear, and take nothing more."""
        self._closed = True
        for topic in self._topics.values():
            for heard in topic.listeners:
                heard.end()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")


def check_signal(topic: str, payload: bytes) -> None:
    """Raise `InvalidChange` for what can't be sent."""
    check_topic(topic)
    if len(payload) > MOST_OF_A_SIGNAL:
        raise InvalidChange(
            f"a signal carries at most {MOST_OF_A_SIGNAL:,} bytes, not {len(payload):,}: keep the rest in a "
            f"record, and let the signal say where"
        )


def check_topic(topic: str) -> None:
    """Raise `InvalidChange` for what can't be a topic."""
    if len(topic) > MOST_OF_A_TOPIC or not fits_unicode(topic):
        raise InvalidChange(
            f"{topic[:30]!r}… can't be a topic: it has at most {MOST_OF_A_TOPIC} characters of valid text, without NUL"
        )
