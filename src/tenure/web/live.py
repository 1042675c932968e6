"""What happens in a space as server-sent events: new counts and the events behind them, at most four times a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from tenure.core.errors import TenureError
from tenure.explaining import plain_event
from tenure.pages.streaming import SIGN_OF_LIFE, Room, event, rings
from tenure.web.reading import Reader

MOST_STREAMS = 64
MOST_EVENTS = 100
COALESCE_SECONDS = 0.25


class Live:
    """The streams of one process; they end when it is about to stop."""

    def __init__(self, closing: asyncio.Event) -> None:
        self._closing = closing
        self.room = Room(MOST_STREAMS)

    async def stream(self, reader: Reader) -> AsyncIterator[str]:
        """Give what happens in a space, begun with how things are."""
        with self.room.taken(), reader.store.bell() as bell:
            try:
                position = await reader.store.engine.last_position(reader.store.space_name)
                yield event("counts", {"counts": await reader.counts()})
                async with aclosing(rings(bell, self._closing, coalesce_seconds=COALESCE_SECONDS)) as heard:
                    async for is_new in heard:
                        change, position = await _change(reader, position) if is_new else (None, position)
                        yield SIGN_OF_LIFE if change is None else event("change", change)
            except TenureError:
                return  # the browser comes again by itself


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
