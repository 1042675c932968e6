"""Meetings live over a WebSocket: who subscribes hears each change of status and each word, once and in order.

The key comes in the header X-API-Key, or as `?api_key=` where a browser can't set headers; no log line shows it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from tenure import OutcomeUnknown, Unavailable
from tenure.http.rejections import Rejected, TooMany
from tenure.services.meetings.accounts import Accounts
from tenure.services.meetings.api.frames import encode, error
from tenure.services.meetings.api.socket import CALL_FAILED, GONE, TRY_LATER, UNREACHABLE, Socket, close
from tenure.services.meetings.archive import Archive
from tenure.services.meetings.following import KEY_REVOKED, Feed
from tenure.services.meetings.lifecycle import Token, User

PATH = "/ws"
MOST_SOCKETS = 2000
MOST_OF_A_USER = 50


class Sockets:
    """All sockets of this process, counted by user."""

    def __init__(self, accounts: Accounts, archive: Archive, feed: Feed) -> None:
        self._accounts, self._archive, self._feed = accounts, archive, feed
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
            token, user = await self._accounts.holder_of(key)
            await self._serve(websocket, user, token)
        except Rejected as no:
            code = TRY_LATER if isinstance(no, TooMany) else KEY_REVOKED
            await _turn_away(websocket, error("authorization_service_error", status=no.status, detail=no.detail), code)
        except (Unavailable, OutcomeUnknown):
            await _turn_away(websocket, error(CALL_FAILED, details=UNREACHABLE), TRY_LATER)

    async def _serve(self, websocket: WebSocket, user: User, token: Token) -> None:
        if self._open.total() >= MOST_SOCKETS:
            raise TooMany("this server has as many sockets as it takes: try again later")
        if self._open[user.id] >= MOST_OF_A_USER:
            raise TooMany(f"you have {MOST_OF_A_USER} sockets open: close some, or follow more meetings with one")
        self._open[user.id] += 1
        try:
            socket = Socket(websocket, self._archive, self._feed, user, token)
            async with self._feed.joined(socket):
                # The key may have been revoked just before the feed began to watch for that.
                await self._accounts.still_holds(token.id)
                await socket.serve()
        finally:
            self._open[user.id] -= 1
            self._open += Counter()  # drops the zeros


async def _turn_away(websocket: WebSocket, frame: dict[str, Any], code: int) -> None:
    with suppress(*GONE):
        await websocket.send_text(encode(frame))
    await close(websocket, code, str(frame.get("detail", frame["error"])))
