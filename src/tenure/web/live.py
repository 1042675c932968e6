"""What happens in a space as server-sent events: new counts and the events behind them, at most four times a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tenure.core.errors import TenureError
from tenure.explaining import plain_event
from tenure.store.waking import Bell
from tenure.web.reading import Reader

MOST_STREAMS = 64
MOST_EVENTS = 100
COALESCE_SECONDS = 0.25
SIGN_OF_LIFE_SECONDS = 15.0


class Live:
    """The streams of one process; they end when it is about to stop."""

    def __init__(self, closing: asyncio.Event) -> None:
        self._closing = closing
        self._number = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many streams as are allowed."""
        return self._number >= MOST_STREAMS

    async def stream(self, reader: Reader) -> AsyncIterator[bytes]:
        """Give what happens in a space, begun with how things are."""
        self._number += 1
        closing = asyncio.create_task(self._closing.wait(), name="waits for the end of live streams")
        try:
            position = await reader.store.engine.last_position(reader.store.space_name)
            with reader.store.bell() as bell:
                yield _message("counts", {"counts": await reader.counts()})
                while not self._closing.is_set():
                    rings = await _rings(bell, closing)
                    await asyncio.wait([closing], timeout=COALESCE_SECONDS)
                    if rings and not self._closing.is_set():
                        change, position = await _change(reader, position)
                        yield _message("change", change)
                    elif not self._closing.is_set():
                        yield b": still here\n\n"
        except TenureError:
            return  # the browser comes again by itself
        finally:
            self._number -= 1
            closing.cancel()


async def _rings(bell: Bell, closing: asyncio.Task[Any]) -> bool:
    """Wait for a write, the end, or until a sign of life is needed; tells whether it was a write."""
    ring = asyncio.create_task(bell.heard(SIGN_OF_LIFE_SECONDS))
    try:
        await asyncio.wait([ring, closing], return_when=asyncio.FIRST_COMPLETED)
        return ring.done() and not ring.cancelled() and ring.result()
    finally:
        if not ring.done():
            ring.cancel()
            await asyncio.gather(ring, return_exceptions=True)


async def _change(reader: Reader, position: int) -> tuple[dict[str, Any], int]:
    engine, space = reader.store.engine, reader.store.space_name
    entries = await engine.feed(space, [], position, MOST_EVENTS)
    position = entries[-1].position if entries else position
    if len(entries) == MOST_EVENTS:  # more than anybody reads: go on with what comes
        position = await engine.last_position(space)
    events = [plain_event(reader.kinds[e.kind], e) for e in entries if e.kind in reader.kinds]
    shown = [
        {name: getattr(e, name) for name in ("kind", "id", "at", "by", "transition", "source", "target")}
        for e in events
    ]
    return {"counts": await reader.counts(), "events": shown}, position


def _message(name: str, data: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data, enc_hook=str))
