"""Servers for tests: the real service on real ports of this loop, and a client that says what it hears."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.resting import PATIENCE_SECONDS
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

import tenure
from tenure import Store
from tenure.http.serving import bind
from tenure.services.battles.service import BattlesService, kinds
from tenure.services.battles.settings import Settings
from tenure.services.battles.sockets.entrance import Entrance
from tenure.services.battles.sockets.limits import Limits
from tenure.services.battles.sockets.socketio import SocketIO
from tenure.services.battles.sockets.tokens import Tokens
from tenure.web.serving import serving

ORIGIN = "https://game.example.org"
TOKEN_KEY = "a key of thirty-two bytes or more"
TOKENS = Tokens(TOKEN_KEY.encode())
STEPS = ("advance", "finish")


@dataclass
class Socket:
    """A client's WebSocket."""

    connection: ClientConnection
    heard: list[Any] = field(default_factory=list)
    """All that came."""
    aside: deque[Any] = field(default_factory=deque)
    """What came while an answer was waited for."""

    async def say(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self, *types: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """Give the next message of one of these types, or of any."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = self.aside.popleft() if self.aside else await self._next()
                if (not types or message["type"] in types) and fits(message):
                    return message

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Ask for something, and give the answer; what comes of it may come before it, and is heard after it."""
        await self.say({"type": kind, **fields})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (message := await self._next())["type"] not in ("ack", "error") or message.get("to") != kind:
                self.aside.append(message)
        return message

    async def _next(self) -> Any:
        self.heard.append(json.loads(await self.connection.recv()))
        return self.heard[-1]

    async def closed(self) -> tuple[int, str]:
        """Wait for the end, and give its code and reason."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    self.heard.append(json.loads(await self.connection.recv()))
        return self.connection.close_code or 0, self.connection.close_reason or ""


@dataclass
class Server:
    """One instance of the service, on a port."""

    service: BattlesService
    entrance: Entrance
    socketio: SocketIO
    port: int

    def let_no_time_pass(self) -> None:
        """Let nothing come back of what was taken of a rate, however long the test takes."""
        now = self.entrance.clock()
        self.entrance.clock = self.entrance.addresses._now = lambda: now

    async def token(self, player: str) -> str:
        return TOKENS.issue(player, await self.service.store.now())

    @asynccontextmanager
    async def socket(
        self,
        player: str = "ada",
        *,
        token: str | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        welcomed: bool = True,
        **settings: Any,
    ) -> AsyncIterator[Socket]:
        """Connect as a player, and hear the welcome."""
        token = await self.token(player) if token is None else token
        url = f"ws://127.0.0.1:{self.port}/socket?token={token}{query}"
        settings = {"max_queue": None, "compression": None, **settings}
        async with connect(url, additional_headers=headers or {}, **settings) as connection:
            socket = Socket(connection)
            if welcomed:
                assert (await socket.hear())["type"] == "welcome"
            yield socket


@asynccontextmanager
async def a_server(store: Store, name: str = "one", *, limits: Limits | None = None) -> AsyncIterator[Server]:
    """Run an instance while the body runs."""
    own = store.acting(name)
    settings = Settings(
        base_url="http://127.0.0.1:1",
        admin_key="the-admins-key",
        token_key=TOKEN_KEY,
        origins=frozenset({ORIGIN}),
        pid=os.getpid(),
        grace_seconds=20,
    )
    service = BattlesService(own, settings, limits=limits)

    async def token(request: Request) -> Response:
        """Give anybody a token: this is no part of the service."""
        return PlainTextResponse(TOKENS.issue(request.query_params["player"], await own.now()))

    app = Starlette(routes=[*service.sockets.routes(), Route("/token", token)])
    taken = bind("127.0.0.1", 0)
    async with service.running():
        async with asyncio.timeout(PATIENCE_SECONDS):
            while service.presence.instance is None:
                await asyncio.sleep(0.005)
        async with serving(app, taken):
            yield Server(service, service.sockets.entrance, service.sockets.socketio, taken.getsockname()[1])
            await service.shut_down(keep=False)


@asynccontextmanager
async def servers(
    folder: Path, number: int = 1, *, url: str = "", limits: Limits | None = None, stands_still: bool = False
) -> AsyncIterator[list[Server]]:
    """Run some instances on one store while the body runs; for their rates time may stand still."""
    async with AsyncExitStack() as stack:
        url = url or f"sqlite:///{folder}/store.db"
        store = await stack.enter_async_context(tenure.open(url, *kinds, space="battles"))
        await stack.enter_async_context(store.sweeping())
        found = [await stack.enter_async_context(a_server(store, f"server-{n}", limits=limits)) for n in range(number)]
        for server in found if stands_still else ():
            server.let_no_time_pass()
        yield found


@dataclass
class Played:
    """A battle of two clients."""

    id: str
    clients: dict[str, Socket]
    acts: str
    """Whose turn it is."""
    turns: int = 0

    async def turn(self, spell: str = "spark") -> Any:
        """Let whose turn it is cast a spell, and give what came of it."""
        player = self.acts
        client = self.clients[player]
        self.turns += 1
        await client.say({"type": "act", "battle": self.id, "id": f"t{self.turns}", "move": {"spell": spell}})

        def came(message: Any) -> bool:
            """Tell what came of this move from what came of the other's before it."""
            return message["type"] == "error" or (
                message["name"] in STEPS and message["fields"]["shown"]["player"] == player
            )

        # The answer to the request and what comes of the move come in any order.
        event = await client.hear("event", "error", fits=came)
        assert event["type"] == "event", event
        self.acts = event["fields"].get("acts", [""])[0]
        return event

    async def to_its_end(self) -> Any:
        """Play on until it is over."""
        while (await self.turn())["name"] != "finish":
            pass


async def a_battle(one: Socket, other: Socket, level: int = 3) -> Played:
    """Let two clients be matched, confirm, and see the board."""
    clients, battle, acts = dict[str, Socket](), "", ""
    for socket in (one, other):
        assert (await socket.ask("join", level=level))["type"] == "ack"
    for socket in (one, other):
        battle = (await socket.hear("match"))["battle"]
        assert (await socket.ask("confirm", battle=battle))["type"] == "ack"
    for socket in (one, other):
        (acts,) = (await socket.hear("snapshot"))["acts"]
        clients[socket.heard[0]["player"]] = socket
    return Played(battle, clients, acts)
