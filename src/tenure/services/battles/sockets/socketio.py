"""The same sessions over Socket.IO: the library carries frames, and nothing else of it is used.

Rooms, fan-out and what connects several servers are the game's own, so the library needs no Redis, and a client that
comes back to another server goes on there. Clients that poll need a load balancer that keeps them on one server; with
`transports: ["websocket"]` they need none.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import socketio  # type: ignore[import-untyped]
from socketio.exceptions import ConnectionRefusedError as Refusal  # type: ignore[import-untyped]
from starlette.routing import Mount

from tenure.services.battles.sockets.contract import Gone
from tenure.services.battles.sockets.entrance import Entrance, TurnedAway
from tenure.services.battles.sockets.events import SAID, answer, event, request
from tenure.services.battles.sockets.gate import SOCKET, Gate, address_of
from tenure.services.battles.sockets.mistakes import NOT_JSON
from tenure.services.battles.sockets.protocol import Code, Error, Message
from tenure.services.battles.sockets.session import Session

PATH = "/socket.io"
CLOSE_SECONDS = 1.0
COMES_AGAIN = (Code.STOPPING, Code.TRY_LATER, Code.TOO_SLOW, Code.FAILED)
"""After these a client comes again by itself: it does where the line ends without a word of its own protocol."""

QUIET = logging.getLogger("tenure.battles.socketio")
QUIET.setLevel(logging.CRITICAL + 1)
"""What goes wrong is answered and counted here; the library would write a traceback for each broken frame."""


class Json:
    """JSON for the library: a text that is nested too deep is no JSON, and not an error of the server's."""

    dumps = staticmethod(json.dumps)

    @staticmethod
    def loads(text: str) -> Any:
        """Read a text. Raises `ValueError`."""
        try:
            return json.loads(text)
        except RecursionError:
            raise ValueError("nested too deep") from None


class Clients(socketio.AsyncManager):  # type: ignore[misc]
    """The library's table of its clients; it tells when one was answered that it is connected."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[str, asyncio.Event] = {}

    async def connect(self, sid: str, namespace: str) -> Any:
        """Note a client that was let in."""
        connected = await super().connect(sid, namespace)
        if sid in self.waiting:
            self.waiting.pop(sid).set()
        return connected


class Client:
    """One Socket.IO client."""

    def __init__(self, line: str, session: Session, address: str) -> None:
        self.line, self.session, self.address = line, session, address
        self.ready, self.gone = asyncio.Event(), asyncio.Event()
        self.accepted = asyncio.Event()


class SocketIO:
    """The Socket.IO clients of one server."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance
        self._clients: dict[str, Client] = {}
        self._serving = set[asyncio.Task[None]]()
        self._others = set[asyncio.Task[Any]]()
        self._manager = Clients()
        quiet: dict[str, Any] = {"logger": QUIET, "engineio_logger": QUIET}
        self._server: Any = socketio.AsyncServer(
            async_mode="asgi", client_manager=self._manager, async_handlers=False, json=Json,
            cors_allowed_origins=sorted(entrance.origins), http_compression=False, **quiet,
        )  # fmt: skip
        self._server.eio.start_background_task = self._background
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("*", self._hear)
        self.gate = Gate(entrance, self._server.handle_request, self._server.eio.sockets)

    def route(self) -> Mount:
        """Give the route."""
        return Mount(PATH, app=self.gate)

    async def close(self) -> None:
        """End everything; sessions should have been closed before."""
        for client in self._clients.values():
            client.gone.set()
        await asyncio.gather(*self._serving, return_exceptions=True)
        for line in list(self._server.eio.sockets.values()):
            await _hang_up(line)
        await self._server.shutdown()
        for task in self._others:
            task.cancel()
        await asyncio.gather(*self._others, return_exceptions=True)

    def _background(self, target: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> asyncio.Task[Any]:
        """Start a task of the library's, and keep it in sight: some outlive their client by a ping's interval."""
        task = asyncio.create_task(target(*given), name="a socketio client's")
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        return task

    # ------------------------------------------------------------------------------------ coming and going

    async def _connect(self, sid: str, *given: Any) -> None:
        """Let a client in, before the library tells it so. Raises `Refusal`."""
        if sid in self._clients:
            self._mistaken(self._clients[sid])  # an event of this name, from a client that is connected
            return
        environ, auth = given
        scope = environ["asgi.scope"]
        token = auth.get("token") if isinstance(auth, dict) else None
        try:
            session = await self._entrance.session(token, address_of(scope), "socketio")
            client = Client(str(self._manager.eio_sid_from_sid(sid, "/")), session, address_of(scope))
            if SOCKET in scope:
                scope[SOCKET].named(client.line)
            await self._begin(sid, client)
        except TurnedAway as no:
            self._entrance.counting.turned_away[no.code] += 1
            raise Refusal(no.text, {"code": int(no.code)}) from None

    async def _begin(self, sid: str, client: Client) -> None:
        self._clients[sid], self._manager.waiting[sid] = client, client.accepted
        self.gate.sessions[client.line] = client.session
        serving = asyncio.create_task(self._serve(sid, client), name="serves a socketio client")
        ready = asyncio.create_task(client.ready.wait())
        self._serving.add(serving)
        serving.add_done_callback(self._served)
        try:
            await asyncio.wait([serving, ready], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if serving.done():
            await serving  # raises why it could not begin

    def _served(self, serving: asyncio.Task[None]) -> None:
        self._serving.discard(serving)
        if not serving.cancelled():
            serving.exception()  # whoever let the client in tells it; nobody need hear of it twice

    async def _serve(self, sid: str, client: Client) -> None:
        """Serve a client to its end."""
        session = client.session

        async def send(message: Message, encoded: bytes) -> None:
            await client.accepted.wait()
            told = event(message, encoded, session.player)
            if told is not None:
                await self._send(client.line, told)

        async def read() -> None:
            client.ready.set()
            await client.gone.wait()

        try:
            await self._entrance.serve(session, client.address, read, send)
            await self._end(sid, client)
        finally:
            self._manager.waiting.pop(sid, None)
            self._clients.pop(sid, None)
            self.gate.sessions.pop(client.line, None)

    async def _send(self, line: str, told: bytes) -> None:
        """Send an event, and wait until the client's line has taken it: only so its outbox tells how slow it is."""
        socket = self._server.eio.sockets.get(line)
        if socket is None or socket.closed:
            raise Gone
        await self._server.eio.send(line, f"2{told.decode()}")
        await socket.queue.join()

    async def _end(self, sid: str, client: Client) -> None:
        """Close a line, but wait for nobody who does not read."""
        line = self._server.eio.sockets.get(client.line)
        if line is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                if client.session.code not in COMES_AGAIN:
                    await self._server.disconnect(sid)
                await line.queue.join()
        if client.line in self.gate.sockets:
            self.gate.sockets[client.line].end()
        else:
            await _hang_up(line)

    async def _disconnect(self, sid: str, *_: Any) -> None:
        client = self._clients.get(sid)
        if client is not None:
            client.gone.set()

    # ------------------------------------------------------------------------------------ what clients say

    async def _hear(self, name: str, sid: str, *given: Any) -> dict[str, Any] | None:
        """Do what an event asks for; what is given back goes to a client that wants to know."""
        client = self._clients.get(sid)
        if client is None:
            return None
        said = _request(name, given, self._entrance)
        done = await client.session.hear(said) if said is not None else client.session.mistaken(NO_EVENT)
        if isinstance(done, Error):
            client.session.send(done)
        return answer(done)

    def _mistaken(self, client: Client) -> None:
        error = client.session.mistaken(NOT_JSON)
        if error is not None:
            client.session.send(error)


NO_EVENT = f"an event is one of {', '.join(SAID)}, and carries one object"


def _request(name: str, given: Sequence[Any], entrance: Entrance) -> bytes | None:
    if len(given) > 1 or not all(isinstance(one, dict) for one in given):
        return None
    return request(name, given[0] if given else {}, entrance.make_id)


async def _hang_up(line: Any) -> None:
    """End a line; a request that waits for news is answered, which the library would leave waiting."""
    await line.close(wait=False)
    line.queue.put_nowait(None)
