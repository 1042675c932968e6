"""What happens in a space as server-sent events: new counts and the events behind them, at most four times a second.

Each carries its position, so a browser that comes again goes on where it was; a page goes on from where it was read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request

from tenure.core.errors import TenureError
from tenure.explaining import plain_event
from tenure.http.reading import read_number
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

    async def stream(self, reader: Reader, after: int | None = None) -> AsyncIterator[str]:
        """Give what happens in a space after a position, or from now on; begun with how things are."""
        with self.room.taken(), reader.store.bell() as bell:
            try:
                last = await reader.store.position()
                # A position ahead of the last one is of a store that was set back.
                position = last if after is None else min(after, last)
                yield event("counts", {"counts": await reader.counts()}, position)
                if position < last:
                    change, position = await _change(reader, position)
                    if change["events"]:
                        yield event("change", change, position)
                async with aclosing(rings(bell, self._closing, coalesce_seconds=COALESCE_SECONDS)) as heard:
                    async for is_new in heard:
                        if not is_new:
                            yield SIGN_OF_LIFE
                            continue
                        change, position = await _change(reader, position)
                        yield event("change", change, position)
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


def heard_up_to(request: Request) -> int | None:
    """Give the position up to which a browser was told: by its last stream, else by its page."""
    kept = request.headers.get("Last-Event-ID", "")
    if re.fullmatch(r"[0-9]{1,18}", kept, re.ASCII):
        return int(kept)
    return read_number(request, "after", default=None, most=10**18 - 1)
