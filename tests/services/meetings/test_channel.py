"""A bot's calls over one socket: as good as POSTs, no less guarded, and POSTs where the socket is not there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.services.meetings.making import Bot, a_world
from tests.services.meetings.sockets import PATIENCE_SECONDS, Socket, a_port
from websockets.asyncio.client import connect

from tenure.services.meetings.api import channel
from tenure.services.meetings.bot.server import Server
from tenure.services.meetings.bot.settings import BotSettings
from tenure.services.meetings.signing import sign

PATH = "/bots/internal/callback"


@asynccontextmanager
async def a_channel(state: str = "starting") -> AsyncIterator[tuple[Bot, Socket]]:
    async with a_world() as world, a_port(world) as port:
        bot = await world.a_bot(await world.a_user(), state=state)
        url = f"{port.address.replace('http', 'ws')}{PATH}/channel"
        async with connect(url, max_queue=None, open_timeout=PATIENCE_SECONDS, ping_interval=None) as connection:
            yield bot, Socket(connection)


def call(bot: Bot, name: str, *, secret: str | None = None, **more: Any) -> dict[str, str]:
    """Sign a call as a bot does."""
    bot.numbers += 1
    id, timestamp, body = f"{name}-{bot.numbers}", str(int(bot.world.now)), bot.body(**more)
    signature = sign(bot.settings.callback_secret if secret is None else secret, id, timestamp, body)
    return {"name": name, "id": id, "timestamp": timestamp, "signature": signature, "body": body.decode()}


async def hear(socket: Socket) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return json.loads(await socket.connection.recv())


async def test_calls_over_a_channel_move_the_meeting_as_posts_do() -> None:
    async with a_channel() as (bot, socket):
        await socket.say(call(bot, "joined", capturing=True))
        assert await hear(socket) == {"id": "joined-2", "status": 200, "answer": {"status": "active", "commands": []}}
        await socket.say(call(bot, "status", status="starting"))
        refused = await hear(socket)
        assert (refused["status"], "never back" in refused["detail"]) == (409, True)
        await socket.say(call(bot, "dance"))
        assert (await hear(socket))["status"] == 404
        await socket.say(call(bot, "heartbeat"))  # none of this closed the channel
        assert (await hear(socket))["answer"]["status"] == "active"


async def test_commands_come_as_soon_as_they_are_given_while_other_calls_go_on() -> None:
    async with a_channel("active") as (bot, socket):
        await socket.say(call(bot, "commands"))
        await socket.say(call(bot, "heartbeat"))
        assert (await hear(socket))["id"].startswith("heartbeat")
        assert (await bot.world.user_call(1, "DELETE", "/bots/google_meet/abc")).status == 202
        told = await hear(socket)
        assert told["id"].startswith("commands")
        assert [command["action"] for command in told["answer"]["commands"]] == ["leave"]


@pytest.mark.parametrize("how", ["another secret", "twice"])
async def test_a_call_that_is_not_freshly_signed_is_refused_and_the_channel_closed(how: str) -> None:
    async with a_channel() as (bot, socket):
        forged = call(bot, "joined", secret="guessed" if how == "another secret" else None)
        if how == "twice":
            await socket.say(forged)
            assert (await hear(socket))["status"] == 200
        await socket.say(forged)
        assert (await hear(socket))["status"] == 401
        assert (await socket.closed())[0] == 1008
        if how == "another secret":
            assert (await bot.world.meeting(1))["status"] == "starting"


@pytest.mark.parametrize("junk", ["", "[]", "{", '{"name": 1}', b"\xff\x00", "[" * 5000])
async def test_junk_closes_the_channel_and_says_what_is_wanted(junk: str | bytes) -> None:
    async with a_channel() as (_, socket):
        await socket.say(junk)
        code, reason = await socket.closed()
        assert (code, "name, id, timestamp, signature, body" in reason) == (1008, True)


async def test_who_calls_too_often_at_once_is_turned_away() -> None:
    async with a_channel("active") as (bot, socket):
        for _ in range(channel.MOST_AT_ONCE + 1):
            await socket.say(call(bot, "commands"))
        code, reason = await socket.closed()
        assert (code, "at once" in reason) == (1008, True)


async def test_who_says_nothing_signed_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "PROVE_SECONDS", 0.05)
    async with a_channel() as (_, socket):
        assert await socket.closed() == (1008, "nothing signed was said")


async def test_a_server_has_so_many_channels_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST_CHANNELS", 0)
    async with a_channel() as (_, socket):
        assert (await socket.closed())[0] == 1013


# ------------------------------------------------------------------------------------ the bot's side


@dataclass
class Stub:
    """A server whose channel does what a test wants; POSTs are always answered."""

    channel: str
    heard: list[str] = field(default_factory=list)
    opened: int = 0

    async def post(self, request: web.Request) -> web.Response:
        self.heard.append(f"POST {request.match_info['name']}")
        return web.json_response({"status": "active"})

    async def socket(self, request: web.Request) -> web.StreamResponse:
        self.opened += 1
        if self.channel == "absent":
            raise web.HTTPNotFound
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            said = json.loads(message.data)
            if self.channel == "breaks":
                break
            self.heard.append(f"channel {said['name']}")
            await socket.send_json({"id": said["id"], "status": 200, "answer": {"status": "active"}})
        return socket


@asynccontextmanager
async def a_stub(channel: str) -> AsyncIterator[tuple[Stub, Server]]:
    stub, app = Stub(channel), web.Application()
    app.add_routes([web.get("/channel", stub.socket), web.post("/{name}", stub.post)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    settings = BotSettings(
        meeting_id=1, connection_id="Meeting/1#1", callback_url=f"http://127.0.0.1:{runner.addresses[0][1]}",
        callback_secret="s", platform="local", native_meeting_id="a", meeting_url="", bot_name="b",
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http:
            server = Server(settings, http)
            try:
                yield stub, server
            finally:
                await server.close()
    finally:
        await runner.cleanup()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a bot on a busy machine wait for its channel, and not try it again."""
    monkeypatch.setattr("tenure.services.meetings.bot.channel.OPEN_SECONDS", 50.0)
    monkeypatch.setattr("tenure.services.meetings.bot.channel.AGAIN_SECONDS", 1000.0)
    monkeypatch.setattr("tenure.services.meetings.bot.server.TRY_SECONDS", 50.0)


@pytest.mark.usefixtures("patient")
async def test_a_bot_calls_over_one_channel_and_posts_what_is_long() -> None:
    async with a_stub("open") as (stub, server):
        for _ in range(3):
            assert (await server.tell("heartbeat")).status == "active"
        await server.tell("screenshot", picture="x" * 100_000)
        assert (stub.heard, stub.opened) == ([*["channel heartbeat"] * 3, "POST screenshot"], 1)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("how", ["absent", "breaks"])
async def test_a_bot_without_a_channel_posts_and_does_not_try_it_each_time(how: str) -> None:
    async with a_stub(how) as (stub, server):
        for _ in range(3):
            assert (await server.tell("heartbeat")).status == "active"
        assert (stub.heard, stub.opened) == (["POST heartbeat"] * 3, 1)
