"""One socket: what it reads, what it sends, and the meetings that it follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure import Event, OutcomeUnknown, Unavailable
from tenure.http.rejections import Absent
from tenure.services.meetings.api.frames import Frames, encode, error
from tenure.services.meetings.api.outbox import Outbox
from tenure.services.meetings.archive import Archive
from tenure.services.meetings.following import FAILED, Cursor, CursorLost, Feed, Following
from tenure.services.meetings.lifecycle import Meeting, Token, User

MOST_MEETINGS = 100
MOST_MISTAKES = 10
CLOSE_SECONDS = 0.3
NORMAL, POLICY, TRY_LATER = 1000, 1008, 1013
CALL_FAILED, UNREACHABLE = "authorization_call_failed", "the store can't be reached: try again in a moment"
MEETINGS = f"`meetings` must be a list of {{least}} to {MOST_MEETINGS} objects with `platform` and `native_id`"
AFTER = "; `after` is the `cursor` of a frame about that meeting"

# How the server says that the other side is gone, or that it closed the socket itself.
GONE = (WebSocketDisconnect, RuntimeError)

Name = Annotated[str, Meta(max_length=200)]
Reference = tuple[str, str]


class Wanted(msgspec.Struct):
    """A meeting by its name; `after` is the cursor of the last frame about it that the client got."""

    platform: Name
    native_id: Name
    after: Name = ""


class Subscribe(msgspec.Struct):
    """Subscribe to meetings; with `bundles` words come as `transcript`, else as `transcription_segment`."""

    meetings: Annotated[list[Wanted], Meta(min_length=1, max_length=MOST_MEETINGS)]
    bundles: bool = False


class Unsubscribe(msgspec.Struct):
    """Unsubscribe from meetings."""

    meetings: Annotated[list[Wanted], Meta(max_length=MOST_MEETINGS)]


class Socket:
    """One socket: what it reads, what it sends, and the meetings that it follows."""

    def __init__(self, websocket: WebSocket, archive: Archive, feed: Feed, user: User, token: Token) -> None:
        self.user: str | None = user.id
        self.token: str | None = token.id
        self._websocket, self._archive, self._feed, self._who = websocket, archive, feed, user
        self._outbox = Outbox()
        self._followings: dict[Reference, Following] = {}
        self._catching_up: dict[Reference, asyncio.Task[None]] = {}
        self._mistakes = 0
        self._ended = asyncio.Event()
        self._end = (NORMAL, "")

    # ------------------------------------------------------------------------------------ its life

    async def serve(self) -> None:
        """Read and send until one of both ends, or somebody ends it."""
        work: list[asyncio.Task[Any]] = [
            asyncio.create_task(step, name="websocket") for step in (self._read(), self._send(), self._ended.wait())
        ]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            work += self._catching_up.values()
            for reference in list(self._followings):
                self._leave(reference)
            for task in work:
                task.cancel()
            ended = await asyncio.gather(*work, return_exceptions=True)
        await close(self._websocket, *self._end)
        for failure in ended:
            if isinstance(failure, Exception):
                raise failure

    def end(self, code: int, reason: str) -> None:
        """Send what is still to be sent, then close."""
        self._end = (code, reason)
        self._outbox.close()

    def _break_off(self, code: int, reason: str) -> None:
        self._end = (code, reason)
        self._ended.set()

    # ------------------------------------------------------------------------------------ sending

    async def _send(self) -> None:
        with suppress(*GONE):
            while (text := await self._outbox.next()) is not None:
                await self._websocket.send_text(text)

    def _say(self, frame: dict[str, Any]) -> None:
        if not self._outbox.put(encode(frame)):
            self._break_off(TRY_LATER, "you read too slowly: come again with the last cursor")

    # ------------------------------------------------------------------------------------ reading

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._hear(message.get("text"))

    async def _hear(self, text: str | None) -> None:
        try:
            request = msgspec.json.decode(text if text is not None else b"")
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            self._complain("invalid_json", details="a message must be one JSON object, as text")
            return
        action = request.get("action")
        steps: dict[object, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "ping": self._pong,
        }
        step = steps.get(action) if isinstance(action, str) else None
        if step is None:
            self._complain("unknown_action")
        else:
            await step(request)

    def _complain(self, code: str, **more: object) -> None:
        self._say(error(code, **more))
        self._mistakes += 1
        if self._mistakes >= MOST_MISTAKES:
            self.end(POLICY, "too many messages that are not understood")

    async def _pong(self, request: dict[str, Any]) -> None:  # noqa: ARG002
        self._say({"type": "pong"})

    async def _unsubscribe(self, request: dict[str, Any]) -> None:
        try:
            wanted = msgspec.convert(request, Unsubscribe)
        except msgspec.ValidationError:
            self._complain("invalid_unsubscribe_payload", details=MEETINGS.format(least=0))
            return
        left = [one for one in wanted.meetings if self._leave((one.platform, one.native_id))]
        self._say({"type": "unsubscribed", "meetings": [_reference(one) for one in left]})

    async def _subscribe(self, request: dict[str, Any]) -> None:
        try:
            wanted = msgspec.convert(request, Subscribe)
        except msgspec.ValidationError:
            self._complain("invalid_subscribe_payload", details=MEETINGS.format(least=1) + AFTER)
            return
        unique = {(one.platform, one.native_id): one for one in wanted.meetings}
        if len(unique.keys() | self._followings.keys()) > MOST_MEETINGS:
            details = f"a socket follows at most {MOST_MEETINGS} meetings: unsubscribe from some, or open another one"
            self._complain("invalid_subscribe_payload", details=details)
            return
        try:
            await self._follow(unique, bundles=wanted.bundles)
        except (Unavailable, OutcomeUnknown):
            self._say(error(CALL_FAILED, details=UNREACHABLE))

    # ------------------------------------------------------------------------------------ following

    async def _follow(self, wanted: dict[Reference, Wanted], *, bundles: bool) -> None:
        """Acknowledge the meetings that are this user's, then give each's status, or what came since its cursor."""
        found: dict[Reference, Meeting] = {}
        for reference in wanted:
            with suppress(Absent):
                found[reference] = await self._archive.named(self._who, *reference)
        self._say({"type": "subscribed", "meetings": [_reference(wanted[reference]) for reference in found]})
        for reference, meeting in found.items():
            await self._outbox.room()
            await self._follow_one(reference, meeting, Cursor.read(wanted[reference].after), bundles=bundles)

    async def _follow_one(self, reference: Reference, meeting: Meeting, after: Cursor | None, *, bundles: bool) -> None:
        self._leave(reference)
        frames = Frames(meeting)

        def take(event: Event[Any], cursor: Cursor) -> None:
            if event.kind is Meeting:
                frame = frames.changed(event, cursor)
            elif event.fields.get("text"):
                frame = frames.bundle(event, cursor) if bundles else frames.heard(event, cursor)
            else:
                return  # it was redacted meanwhile
            if frame is not None:
                self._say(frame)

        # A cursor of another meeting under the same name is that of an earlier bot: this one is followed from now on.
        after = after if after is not None and after.meeting == meeting.id else None
        following = self._followings[reference] = self._feed.follow(meeting.id, take, after=after)
        if after is None:
            # Read after the feed was told to keep what comes: what is older than this is in it, what is newer follows.
            meeting = await self._archive.by_id(meeting.id)
            following.begin_at(meeting.version, lambda cursor: self._say(frames.now(meeting, cursor)))
        else:
            task = asyncio.create_task(self._catch_up(reference, following), name="websocket")
            self._catching_up[reference] = task
            task.add_done_callback(self._caught_up)

    async def _catch_up(self, reference: Reference, following: Following) -> None:
        """Give what came since a cursor, beside the reading of further requests."""
        try:
            await self._feed.catch_up(following, self._outbox.room)
        except CursorLost as lost:
            self._leave(reference)
            self._complain("invalid_subscribe_payload", details=str(lost))
        except (Unavailable, OutcomeUnknown):
            self._leave(reference)
            self._say(error(CALL_FAILED, details=UNREACHABLE))

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._break_off(FAILED, "the server failed: come again with the last cursor")

    def _leave(self, reference: Reference) -> bool:
        following = self._followings.pop(reference, None)
        if following is None:
            return False
        self._feed.leave(following)
        task = self._catching_up.pop(reference, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        return True


def _reference(wanted: Wanted) -> dict[str, str]:
    return {"platform": wanted.platform, "native_id": wanted.native_id}


async def close(websocket: WebSocket, code: int, reason: str) -> None:
    """Close, but wait for nobody who does not read."""
    with suppress(*GONE, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(code, reason.encode()[:120].decode(errors="ignore"))
