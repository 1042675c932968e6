"""Following meetings live: each event is read once, however many follow, and nobody misses one or gets one twice.

A follower is what sits behind a socket or a page's stream. It follows a meeting from now on, or from the cursor of
the last message that it got; what happened between is read again up to where the feed stands, and the feed goes on
from there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple, Protocol, cast

from tenure import CursorAhead, Event, OutcomeUnknown, Store, TenureError, Unavailable
from tenure.services.meetings.lifecycle import Meeting, Segment, Token, User

TRY_AGAIN_SECONDS = 1.0
MOST_PAGES = 50
GOING_AWAY, FAILED, AGAIN, KEY_REVOKED = 1001, 1011, 1012, 4401


class TooOld(TenureError):  # noqa: N818  what happened is the name
    """So much has happened since the cursor that it is cheaper to begin again."""


class Cursor(NamedTuple):
    """How far somebody has followed a meeting: the position of the last event, and the version of the last status."""

    meeting: str
    position: int
    version: int

    def __str__(self) -> str:
        """Give it as clients keep it."""
        return ".".join(map(str, self))

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """Read one that a client kept; None if it is none."""
        found = re.fullmatch(r"([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,18})", text, re.ASCII)
        return cls(found[1], int(found[2]), int(found[3])) if found else None


class Follower(Protocol):
    """Who follows: as whom, with which key, and how it learns that it is over."""

    user: str | None
    token: str | None

    def end(self, code: int, reason: str) -> None:
        """Say what is still to be said, and end."""
        ...


class Following:
    """One meeting, followed by one follower. `take` gets each of its events once, in order."""

    def __init__(self, cursor: Cursor, take: Callable[[Event[Any], Cursor], None]) -> None:
        self.cursor, self._take = cursor, take
        self._early: list[Event[Any]] | None = []

    def hear(self, event: Event[Any]) -> None:
        """Take an event of the feed; those that come before all older ones were read wait."""
        if self._early is None:
            self.give(event)
        else:
            self._early.append(event)

    def give(self, event: Event[Any]) -> None:
        """Hand an event on, unless it was handed on before."""
        meeting, position, version = self.cursor
        if event.kind is Meeting:
            # The first status was read from the record, which may be ahead of the feed: here the version decides.
            if event.version <= version:
                return
            version = event.version
        elif event.position <= position:
            return
        self.cursor = Cursor(meeting, max(event.position, position), version)
        self._take(event, self.cursor)

    def begin_at(self, version: int, say: Callable[[Cursor], None]) -> None:
        """Say the status of this version, which was read from the record after `follow`; then go live."""
        self.cursor = self.cursor._replace(version=version)
        say(self.cursor)
        self.go_live()

    def go_live(self) -> None:
        """Give what came meanwhile, and from now on what comes."""
        early, self._early = self._early or [], None
        for event in early:
            self.give(event)


class Feed:
    """The events of all meetings for those who follow some. It reads while somebody does, and costs nothing else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._followers: set[Follower] = set()
        self._by_meeting: dict[str, set[Following]] = {}
        self._by_all: dict[Follower, Callable[[Event[Any]], None]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._begun: asyncio.Future[None] | None = None
        self._left = asyncio.Event()
        self._position = 0
        self.closed = False

    # ------------------------------------------------------------------------------------ coming and going

    @asynccontextmanager
    async def joined(self, follower: Follower) -> AsyncIterator[None]:
        """Let somebody follow meetings while the body runs."""
        self._followers.add(follower)
        try:
            await self._begin()
            if self.closed:
                follower.end(GOING_AWAY, "the server is stopping")
            yield
        finally:
            self._followers.discard(follower)
            self._by_all.pop(follower, None)
            self._left.set()
            if not self._followers:
                await self._stop()

    async def close(self) -> None:
        """End all followers, and wait until they have said so to whom they serve."""
        self.closed = True
        self._end_all(GOING_AWAY, "the server is stopping")
        while self._followers:
            self._left.clear()
            await self._left.wait()

    # ------------------------------------------------------------------------------------ following

    def follow(
        self, meeting: str, take: Callable[[Event[Any], Cursor], None], *, after: Cursor | None = None
    ) -> Following:
        """Follow a meeting from a cursor, or from where the feed is; until `catch_up` its events wait."""
        following = Following(after or Cursor(meeting, self._position, 0), take)
        self._by_meeting.setdefault(meeting, set()).add(following)
        return following

    def follow_all(self, follower: Follower, take: Callable[[Event[Any]], None]) -> None:
        """Hear of each event of each meeting."""
        self._by_all[follower] = take

    def leave(self, following: Following) -> None:
        """Follow a meeting no longer."""
        followings = self._by_meeting.get(following.cursor.meeting, set())
        followings.discard(following)
        if not followings:
            self._by_meeting.pop(following.cursor.meeting, None)

    async def catch_up(self, following: Following, room: Callable[[], Awaitable[None]]) -> None:
        """Give what happened since the cursor, then go live; `room` waits until more can be taken.

        Raises `TooOld`, and `CursorAhead` if the store was set back.
        """
        upto, position = self._position, following.cursor.position
        if position > max(upto, await self._store.position()):
            raise CursorAhead("the store was set back to an earlier time: follow again without a cursor")
        for _ in range(MOST_PAGES):
            events = await self._store.events(Meeting, Segment, after=position)
            for event in events:
                if meeting_of(event) == following.cursor.meeting:
                    await room()
                    following.give(event)
            if not events or events[-1].position >= upto:
                following.go_live()
                return
            position = events[-1].position
        raise TooOld("too much has happened since: read the transcript, then follow again without a cursor")

    # ------------------------------------------------------------------------------------ reading

    async def _begin(self) -> None:
        if self._reading is None:
            self._begun = asyncio.get_running_loop().create_future()
            self._reading = asyncio.create_task(self._read_for_ever(self._begun), name="live meetings")
        if self._begun is not None:
            await asyncio.shield(self._begun)

    async def _stop(self) -> None:
        reading, self._reading, self._begun = self._reading, None, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read_for_ever(self, begun: asyncio.Future[None]) -> None:
        while True:
            try:
                if not begun.done():
                    self._position = await self._store.position()
                    begun.set_result(None)
                await self._read()
            except (Unavailable, OutcomeUnknown):
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            except CursorAhead:
                begun = asyncio.get_running_loop().create_future()
                self._end_all(AGAIN, "the store was set back to an earlier time: begin again")
            except Exception as error:  # whoever follows must hear that nothing comes any more
                self._store.log.error("live_feed_failed", error=repr(error))  # noqa: TRY400  the store's log has fields instead
                self._end_all(FAILED, "the server failed: begin again")
                raise

    async def _read(self) -> None:
        feed = self._store.feed(Meeting, Segment, Token, User, after=self._position)
        async with aclosing(cast("AsyncGenerator[Event[Any]]", feed)) as events:
            async for event in events:
                self._position = event.position
                self._pass_on(event)

    def _end_all(self, code: int, reason: str) -> None:
        for follower in list(self._followers):
            follower.end(code, reason)

    def _pass_on(self, event: Event[Any]) -> None:
        if event.kind in (Token, User):
            self._end_whose_key_is_gone(event)
            return
        for following in list(self._by_meeting.get(meeting_of(event), ())):
            following.hear(event)
        for take in list(self._by_all.values()):
            take(event)

    def _end_whose_key_is_gone(self, event: Event[Any]) -> None:
        if event.target not in (Token.revoked, User.deleted):
            return
        for follower in list(self._followers):
            if event.id == (follower.token if event.kind is Token else follower.user):
                follower.end(KEY_REVOKED, "the API key was revoked")


def meeting_of(event: Event[Any]) -> str:
    """Give the id of the meeting to which an event of a meeting or a segment belongs."""
    return event.id.partition(".")[0]
