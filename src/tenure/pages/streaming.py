"""Server-sent events: how a page that is open hears that there is something new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse

from tenure.store.waking import Bell

SIGN_OF_LIFE_SECONDS = 15.0
SIGN_OF_LIFE = ": still here\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


def event(name: str, data: object, id: object = None) -> str:
    """Write one event; `id` is what the browser gives back when it comes again."""
    number = "" if id is None else f"id: {id}\n"
    return f"event: {name}\n{number}data: {msgspec.json.encode(data, enc_hook=str).decode()}\n\n"


def answer(parts: AsyncIterator[str]) -> Response:
    """Answer with a stream."""
    return StreamingResponse(parts, media_type="text/event-stream", headers=HEADERS)


class Room:
    """How many streams are open, of how many that are allowed."""

    def __init__(self, most: int) -> None:
        self._most, self._number = most, 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many as are allowed."""
        return self._number >= self._most

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Count one while the body runs."""
        self._number += 1
        try:
            yield
        finally:
            self._number -= 1


async def rings(bell: Bell, closing: asyncio.Event, *, coalesce_seconds: float) -> AsyncGenerator[bool, None]:
    """Say that something was written, at most so often; False when a sign of life is due. Ends with `closing`."""
    end = asyncio.create_task(closing.wait(), name="waits for the end of live streams")
    try:
        while not closing.is_set():
            heard = await _heard(bell, end)
            await asyncio.wait([end], timeout=coalesce_seconds)
            if not closing.is_set():
                yield heard
    finally:
        end.cancel()


async def _heard(bell: Bell, end: asyncio.Task[Any]) -> bool:
    """Wait for a write, the end, or until a sign of life is needed; tells whether it was a write."""
    ring = asyncio.create_task(bell.heard(SIGN_OF_LIFE_SECONDS))
    try:
        await asyncio.wait([ring, end], return_when=asyncio.FIRST_COMPLETED)
        return ring.done() and not ring.cancelled() and ring.result()
    finally:
        if not ring.done():
            ring.cancel()
            await asyncio.gather(ring, return_exceptions=True)
