"""What is live on the page, as server-sent events: `change` says that there is something new, `words` are said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from tenure import Event, Store, TenureError
from tenure.pages.streaming import SIGN_OF_LIFE, SIGN_OF_LIFE_SECONDS, Room, event
from tenure.services.meetings.api.outbox import Outbox
from tenure.services.meetings.console.access import Viewer
from tenure.services.meetings.following import Cursor, CursorLost, Feed
from tenure.services.meetings.lifecycle import Meeting, Segment

MOST_STREAMS = 200
COALESCE_SECONDS = 0.5


class Stream:
    """One open page. It follows as a socket does, and ends with the key that it was opened with."""

    def __init__(self, viewer: Viewer) -> None:
        self.user = None if viewer.user is None else viewer.user.id
        self.token = viewer.token
        self.outbox = Outbox()

    def end(self, code: int, reason: str) -> None:  # noqa: ARG002
        """End it; the browser comes again by itself, and is asked for its session."""
        self.outbox.close()

    def say(self, name: str, data: object, cursor: Cursor | None = None) -> None:
        """Send an event; a page that reads too slowly begins anew."""
        if not self.outbox.put(event(name, data, cursor)):
            self.outbox.close()


class Streams:
    """The streams of one process."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store, self._feed = store, feed
        self.room = Room(MOST_STREAMS)

    async def of_one(self, viewer: Viewer, cursor: Cursor) -> AsyncIterator[str]:
        """Give what happens to a meeting after the cursor."""
        stream = Stream(viewer)

        def take(told: Event[Any], cursor: Cursor) -> None:
            if told.kind is Segment and told.fields.get("text"):
                stream.say("words", _words(told), cursor)
            else:
                stream.say("change", {}, cursor)

        async def follow() -> None:
            following = self._feed.follow(cursor.meeting, take, after=cursor)
            try:
                await self._feed.catch_up(following, stream.outbox.room)
                await asyncio.Event().wait()
            except CursorLost:
                stream.say("begin", {})
            finally:
                self._feed.leave(following)

        async for part in self._live(stream, follow):
            yield part

    async def of_all(self, viewer: Viewer) -> AsyncIterator[str]:
        """Say when one of the viewer's meetings has changed, at most twice a second."""
        stream, changed, ring = Stream(viewer), set[str](), asyncio.Event()

        def take(told: Event[Any]) -> None:
            if told.kind is Meeting:
                changed.add(told.id)
                ring.set()

        async def follow() -> None:
            self._feed.follow_all(stream, take)
            while await ring.wait():
                await asyncio.sleep(COALESCE_SECONDS)
                ids = set(changed)
                changed.clear()
                ring.clear()
                if viewer.is_admin or await self._has_any(viewer, ids):
                    stream.say("change", {})

        async for part in self._live(stream, follow):
            yield part

    async def _has_any(self, viewer: Viewer, ids: set[str]) -> bool:
        with suppress(TenureError):
            found = await self._store.get_many(Meeting, ids)
            return any(viewer.user is not None and meeting.user == viewer.user.id for meeting in found.values())
        return True

    async def _live(self, stream: Stream, follow: Callable[[], Awaitable[None]]) -> AsyncIterator[str]:
        with self.room.taken():
            async with self._feed.joined(stream):
                following = asyncio.ensure_future(follow())
                try:
                    yield ": here\n\n"
                    while (text := await _next(stream.outbox)) is not None:
                        yield text
                finally:
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)


async def _next(outbox: Outbox) -> str | None:
    """Take the next event, or a sign of life for the browser if nothing happens; None at the end."""
    try:
        async with asyncio.timeout(SIGN_OF_LIFE_SECONDS):
            return await outbox.next()
    except TimeoutError:
        return SIGN_OF_LIFE


def _words(told: Event[Any]) -> dict[str, Any]:
    said = told.fields
    return {"id": told.id, "speaker": said.get("speaker"), "text": said["text"], "at": said["at"]}
