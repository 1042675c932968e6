"""Serving the page: its three files, and a WebSocket on which it is told how a channel looks to a member."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path as File
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure.services.trivia.discord.stand_in.standing import StandIn
from tenure.services.trivia.discord.stand_in.viewer.reading import view

FOLDER = File(__file__).parent
FILES = {"": "page.html", "viewer.css": "viewer.css", "viewer.js": "viewer.js"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
FOREIGN = 1008
AT_MOST_EVERY_SECONDS = 0.05


class Viewer:
    """The page of one stand-in; everybody who looks is told of every change."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._looking = set[asyncio.Event]()
        stand_in.world.listeners.append(self._ring)

    def routes(self) -> list[Route | WebSocketRoute]:
        """Give the routes of the page."""
        files = [Route(f"/{path}", self._file, name=name) for path, name in FILES.items()]
        return [*files, WebSocketRoute("/viewer/live", self._live)]

    def _ring(self, *_: object) -> None:
        for bell in self._looking:
            bell.set()

    async def _file(self, request: Request) -> Response:
        return FileResponse(FOLDER / FILES[request.url.path.removeprefix("/")], headers=HEADERS)

    async def _live(self, socket: WebSocket) -> None:
        if urlsplit(socket.headers.get("origin", "")).netloc != socket.headers.get("host"):
            await socket.close(FOREIGN)
            return
        await socket.accept()
        bell = asyncio.Event()
        self._looking.add(bell)
        leaving = asyncio.create_task(_left(socket))
        try:
            await self._show(socket, bell, leaving)
        finally:
            self._looking.discard(bell)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)

    async def _show(self, socket: WebSocket, bell: asyncio.Event, leaving: asyncio.Task[None]) -> None:
        wanted = {name: socket.query_params.get(name, "") for name in ("guild", "channel", "member")}
        while not leaving.done():
            bell.clear()
            with suppress(WebSocketDisconnect, RuntimeError):  # `leaving` tells that it has gone
                await socket.send_text(msgspec.json.encode(view(self._stand_in, **wanted)).decode())
            await asyncio.sleep(AT_MOST_EVERY_SECONDS)
            rung = asyncio.create_task(bell.wait())
            await asyncio.wait((rung, leaving), return_when=asyncio.FIRST_COMPLETED)
            rung.cancel()


async def _left(socket: WebSocket) -> None:
    """Wait until the page has gone; it sends nothing."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
