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
from typing import Any, NamedTuple, Protocol

from tenure import CursorAhead, Event, OutcomeUnknown, Store, TenureError, Unavailable
from tenure.services.meetings.lifecycle import Meeting, Segment, Token, User

TRY_AGAIN_SECONDS = 1.0
MOST_READ_AGAIN = 50_000
GOING_AWAY, FAILED, AGAIN, KEY_REVOKED = 1001, 1011, 1012, 4401


class CursorLost(TenureError):  # noqa: N818  what happened is the name
    """Nobody can go on from this cursor; the message says what to do instead."""


TOO_OLD = "too much has happened since this cursor: read the transcript, then follow again without one"
SET_BACK = "the store was set back to a time before this cursor: follow again without one"


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

        Raises `CursorLost`. It reads a feed of its own until that is where the common one is, and may so last until
        the next event. The tempting wrong version reads until a page is empty: a page may end early while others
        write, and what it left out is behind the common feed already.
        """
        try:
            await self._catch_up(following, room)
        except CursorAhead:
            raise CursorLost(SET_BACK) from None

    async def _catch_up(self, following: Following, room: Callable[[], Awaitable[None]]) -> None:
        meeting, position, _ = following.cursor
        if position >= self._position:
            # The common feed has passed on nothing that is newer; unless there never was such a position.
            if position > await self._store.position():
                raise CursorLost(SET_BACK)
            following.go_live()
            return
        async with aclosing(self._events(position)) as events:
            read = 0
            async for event in events:
                if event.kind in (Meeting, Segment) and meeting_of(event) == meeting:
                    await room()
                    following.give(event)
                if event.position >= self._position:
                    following.go_live()
                    return
                read += 1
                if read >= MOST_READ_AGAIN:
                    raise CursorLost(TOO_OLD)

    def _events(self, after: int) -> AsyncGenerator[Event[Any]]:
        return self._store.feed(Meeting, Segment, Token, User, after=after)

    # ------------------------------------------------------------------------------------ reading

    async def _begin(self) -> None:
        if self._reading is None or self._reading.done():
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
                self._begun = begun = asyncio.get_running_loop().create_future()
                self._end_all(AGAIN, "the store was set back to an earlier time: begin again")
            except Exception as error:  # whoever follows must hear that nothing comes any more
                self._store.log.error("live_feed_failed", error=repr(error))  # noqa: TRY400  the store's log has fields instead
                self._end_all(FAILED, "the server failed: begin again")
                raise

    async def _read(self) -> None:
        async with aclosing(self._events(self._position)) as events:
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
