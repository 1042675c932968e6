"""A real game over HTTP for tests, which misbehaves as it is told; and matches that are being played."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from starlette.types import ASGIApp

from tenure import Store, seconds
from tenure.services.bots.lifecycle import Bot, Match, Pool, Seat, Ticket
from tenure.services.bots.offers import Offers
from tenure.services.bots.pools import Pools
from tenure.services.bots.queueing import Queue

KEY = "the-games-secret-key"


@dataclass
class Game:
    """What was asked of it so far, and how the next calls are answered."""

    url: str = ""
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    opened: list[str] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    troubles: list[int] = field(default_factory=list)
    """Answers that come before the right one; 0 stands for none at all, 1 for one that is lost on its way."""
    status: int = 0
    """What all calls are answered with, if not 0."""
    location: str = ""
    """Where an answer of 302 leads."""
    body: bytes | None = None
    hangs: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.calls[request.method] += 1
        self.keys.add(request.headers.get("Authorization"))
        match, told = request.path.rpartition("/")[2], await request.read()
        made = request.method == "PUT" and match not in self.rooms
        if self.status:
            headers = {"Location": self.location} if self.location else {}
            return web.json_response({"detail": "so I was told"}, status=self.status, headers=headers)
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None and trouble >= 400:
            return web.json_response({"detail": "so I was told"}, status=trouble)
        if made:
            self.opened.append(match)
            self.rooms[match] = {"told": told, "result": {"state": "playing"}}
        if trouble == 0:
            await self.hangs.wait()  # it has opened the room, and nobody hears of it
        if trouble == 1:
            return await self.broken_off(request)
        return self.answer(request, match)

    async def broken_off(self, request: web.Request) -> web.StreamResponse:
        """End in the middle of an answer."""
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        if request.transport is not None:
            request.transport.close()
        return answer

    def answer(self, request: web.Request, match: str) -> web.StreamResponse:
        if self.body is not None:
            return web.Response(body=self.body, content_type="application/json")
        if request.path == "/health":
            return web.json_response({})
        if match not in self.rooms:
            return web.json_response({"detail": "no such room"}, status=404)
        if request.method == "DELETE":
            del self.rooms[match]
            return web.Response(status=204)
        if request.method == "GET":
            return web.json_response(self.rooms[match]["result"])
        return web.json_response({"room": f"{self.url}/play/{match}"})


@dataclass
class Answer:
    """An answer over HTTP."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def call(
    app: ASGIApp, method: str, path: str, body: bytes | object = b"", headers: Mapping[str, str | bytes] | None = None
) -> Answer:
    """Call an application as a server would."""
    target, _, query = path.partition("?")
    given = {name: value.encode() if isinstance(value, str) else value for name, value in (headers or {}).items()}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": target,
        "raw_path": target.encode(), "root_path": "", "query_string": query.encode(), "scheme": "http",
        "headers": [(name.lower().encode(), value) for name, value in given.items()],
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    received = [{"type": "http.request", "body": content, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return received.pop() if received else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Answer(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]))


@asynccontextmanager
async def a_game() -> AsyncIterator[Game]:
    """Run a game on a free port of the loopback address."""
    game = Game()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", game.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    game.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield game
    finally:
        game.hangs.set()
        await runner.cleanup()


def a_seat(id: str, kind: str = "Bot") -> Seat:
    return Seat(kind=kind, id=id, players=(id,), rating=1500.0, waited=1.0)


async def a_pool(store: Store, id: str = "duel", **fields: Any) -> Pool:
    """Make a pool of the local game."""
    return await store.apply(Pool.create(id, mode="duel", region="eu", **{"max_deployed": 1000, **fields}))


async def a_ticket(store: Store, id: str, pool: str = "duel") -> Ticket:
    """Let a person wait, who has the ticket's name."""
    return await Queue(store, Pools(store), Offers(store)).join(pool, [id], request=id)


async def a_match(store: Store, id: str, *seats: Bot | Ticket, pool: str = "duel") -> Match:
    """Offer a match to who waits, one team for each, as a matcher does."""
    teams = tuple((a_seat(seat.id, type(seat).__name__),) for seat in seats)
    shares = (1 / len(teams),) * len(teams)
    terms = await store.get(Pool, pool)
    match = Match.create(
        id,
        pool=pool,
        mode="duel",
        accept_for=seconds(terms.accept_seconds),
        longest=seconds(terms.longest_seconds),
        teams=teams,
        gap=0.0,
        expected=shares,
    )
    reserves = [Bot.reserve(s, match=id) if isinstance(s, Bot) else Ticket.reserve(s, match=id) for s in seats]
    return (await store.apply(match, *reserves))[0]  # type: ignore[no-any-return]


async def a_playing_match(store: Store, id: str, *names: str) -> Match:
    """Offer, accept and start a match between people."""
    tickets = [await a_ticket(store, name) for name in names]
    await a_match(store, id, *tickets)
    for name in names:
        await store.apply(Ticket.accept(name))
    return (await store.apply(Match.start(id), *(Ticket.begin(name) for name in names)))[0]  # type: ignore[no-any-return]
