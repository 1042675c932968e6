"""Meetings live over a WebSocket: who subscribes hears each change of status and each word, once and in order.

The key comes in the header X-API-Key, or as `?api_key=` where a browser can't set headers; no log line shows it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure import CursorAhead, Event, OutcomeUnknown, Unavailable
from tenure.services.meetings.accounts import Accounts
from tenure.services.meetings.api.frames import Frames, encode, error
from tenure.services.meetings.api.outbox import Outbox
from tenure.services.meetings.api.rejections import Absent, Rejected, TooMany
from tenure.services.meetings.archive import Archive
from tenure.services.meetings.following import KEY_REVOKED, Cursor, Feed, Following, TooOld
from tenure.services.meetings.lifecycle import Meeting, Token, User

PATH = "/ws"
MOST_SOCKETS = 2000
MOST_OF_A_USER = 50
MOST_MEETINGS = 100
MOST_MISTAKES = 10
CLOSE_SECONDS = 0.3
NORMAL, POLICY, TRY_LATER = 1000, 1008, 1013

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


AUTHORIZATION, CALL_FAILED = "authorization_service_error", "authorization_call_failed"
UNREACHABLE = "the store can't be reached: try again in a moment"
MEETINGS = f"`meetings` must be a list of {{least}} to {MOST_MEETINGS} objects with `platform` and `native_id`"
AFTER = "; `after` is the `cursor` of a frame about that meeting"


class Sockets:
    """All sockets of this process, counted by user."""

    def __init__(self, accounts: Accounts, archive: Archive, feed: Feed) -> None:
        self.accounts, self.archive, self.feed = accounts, archive, feed
        self._open: Counter[str] = Counter()

    def route(self) -> WebSocketRoute:
        """Give the route."""
        return WebSocketRoute(PATH, self.serve)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket to its end."""
        key = websocket.headers.get("x-api-key") or websocket.query_params.get("api_key", "")
        # Whoever logs the request from here on, the server itself too, finds no key in it.
        websocket.scope["query_string"] = b""
        await websocket.accept()
        if not key:
            await _turn_away(websocket, error("missing_api_key"), KEY_REVOKED)
            return
        try:
            token, user = await self.accounts.holder_of(key)
            await self._serve(websocket, user, token)
        except Rejected as no:
            code = TRY_LATER if isinstance(no, TooMany) else KEY_REVOKED
            await _turn_away(websocket, error(AUTHORIZATION, status=no.status, detail=no.detail), code)
        except (Unavailable, OutcomeUnknown):
            await _turn_away(websocket, error(CALL_FAILED, details=UNREACHABLE), TRY_LATER)

    async def _serve(self, websocket: WebSocket, user: User, token: Token) -> None:
        if self._open.total() >= MOST_SOCKETS:
            raise TooMany("this server has as many sockets as it takes: try again later")
        if self._open[user.id] >= MOST_OF_A_USER:
            raise TooMany(f"you have {MOST_OF_A_USER} sockets open: close some, or follow more meetings with one")
        self._open[user.id] += 1
        try:
            socket = Socket(websocket, self, user, token)
            async with self.feed.joined(socket):
                # The key may have been revoked just before the feed began to watch for that.
                await self.accounts.still_holds(token.id)
                await socket.serve()
        finally:
            self._open[user.id] -= 1
            self._open += Counter()  # drops the zeros


class Socket:
    """One socket: what it reads, what it sends, and the meetings that it follows."""

    def __init__(self, websocket: WebSocket, sockets: Sockets, user: User, token: Token) -> None:
        self.user: str | None = user.id
        self.token: str | None = token.id
        self._websocket, self._sockets, self._who = websocket, sockets, user
        self._outbox = Outbox()
        self._followings: dict[Reference, Following] = {}
        self._mistakes = 0
        self._ended = asyncio.Event()
        self._end = (NORMAL, "")

    # ------------------------------------------------------------------------------------ its life

    async def serve(self) -> None:
        """Read and send until one of both ends, or somebody ends it."""
        work = [
            asyncio.create_task(step, name="websocket") for step in (self._read(), self._send(), self._ended.wait())
        ]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for following in self._followings.values():
                self._sockets.feed.leave(following)
            for task in work:
                task.cancel()
            ended = await asyncio.gather(*work, return_exceptions=True)
        await _close(self._websocket, *self._end)
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
        except (TooOld, CursorAhead) as refusal:
            for reference in unique:
                self._leave(reference)
            self._complain("invalid_subscribe_payload", details=str(refusal))

    # ------------------------------------------------------------------------------------ following

    async def _follow(self, wanted: dict[Reference, Wanted], *, bundles: bool) -> None:
        """Acknowledge the meetings that are this user's, then give each's status, or what came since its cursor."""
        found: dict[Reference, Meeting] = {}
        for reference in wanted:
            with suppress(Absent):
                found[reference] = await self._sockets.archive.named(self._who, *reference)
        self._say({"type": "subscribed", "meetings": [_reference(wanted[reference]) for reference in found]})
        for reference, meeting in found.items():
            await self._outbox.room()
            await self._follow_one(reference, meeting, Cursor.read(wanted[reference].after), bundles=bundles)

    async def _follow_one(self, reference: Reference, meeting: Meeting, after: Cursor | None, *, bundles: bool) -> None:
        self._leave(reference)
        feed, frames = self._sockets.feed, Frames(meeting)

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
        following = self._followings[reference] = feed.follow(meeting.id, take, after=after)
        if after is None:
            # Read after the feed was told to keep what comes: what is older than this is in it, what is newer follows.
            meeting = await self._sockets.archive.by_id(meeting.id)
            following.begin_at(meeting.version, lambda cursor: self._say(frames.now(meeting, cursor)))
        else:
            await feed.catch_up(following, self._outbox.room)

    def _leave(self, reference: Reference) -> bool:
        following = self._followings.pop(reference, None)
        if following is not None:
            self._sockets.feed.leave(following)
        return following is not None


def _reference(wanted: Wanted) -> dict[str, str]:
    return {"platform": wanted.platform, "native_id": wanted.native_id}


async def _turn_away(websocket: WebSocket, frame: dict[str, Any], code: int) -> None:
    with suppress(*GONE):
        await websocket.send_text(encode(frame))
    await _close(websocket, code, str(frame.get("detail", frame["error"])))


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    """Close, but wait for nobody who does not read."""
    with suppress(*GONE, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(code, reason.encode()[:120].decode(errors="ignore"))
