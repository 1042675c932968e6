"""Whatever one client sends, over either transport: it is answered or closed with its documented code.

Beside it a battle goes on: after each attempt its next turn is played, and in the end its players have heard nothing
but their own game.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.making import until
from tests.services.battles.serving import TOKENS, Server, a_battle, servers
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tenure import hours
from tenure.services.battles.sockets.limits import Limits, Rate
from tenure.services.battles.sockets.protocol import Code

MISTAKES = 5
LIMITS = Limits(mistakes=MISTAKES, messages=Rate(a_second=1, at_once=60))
FLOOD = 100
FOREIGN = "https://evil.example.org"
FORBIDDEN = 403
REFUSED = -1
"""Stands for: each was answered by an error, alike for a foreign battle and for none, and the connection stays."""

Attempt = Callable[[Server, str], Awaitable[int]]


async def old_token(server: Server) -> str:
    return TOKENS.issue("eve", await server.service.store.now() - hours(1))


async def token_of_another_key(server: Server) -> str:
    name, expires, signature = (await server.token("eve")).split(".")
    return f"{name}.{expires}.{signature[::-1]}"


# ---------------------------------------------------------------------------------------- over a WebSocket


def says(*messages: str | bytes | dict[str, Any]) -> Attempt:
    """Say these, and give the code with which the connection is closed."""

    async def attempt(server: Server, _: str) -> int:
        async with server.socket("eve") as eve:
            for message in messages:
                try:
                    await eve.say(message)
                except ConnectionClosed:
                    break
            return (await eve.closed())[0]

    return attempt


def shows(token: Callable[[Server], Awaitable[str]]) -> Attempt:
    async def attempt(server: Server, _: str) -> int:
        async with server.socket(token=await token(server), welcomed=False) as eve:
            return (await eve.closed())[0]

    return attempt


async def comes_from_a_foreign_page(server: Server, _: str) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with server.socket("eve", headers={"Origin": FOREIGN}):
            pass
    return refused.value.response.status_code


async def asks_for_a_foreign_battle(server: Server, battle: str) -> int:
    asked: list[dict[str, Any]] = [
        {"type": "state"},
        {"type": "resume", "cursor": 1},
        {"type": "act", "id": "1", "move": {"spell": "spark"}},
        {"type": "say", "id": "2", "text": "hello"},
        {"type": "signal", "data": 1},
        {"type": "leave"},
        {"type": "confirm"},
        {"type": "decline"},
    ]
    async with server.socket("eve") as eve:
        for request in asked:
            answers = []
            for id in (battle, "0" * len(battle)):
                await eve.say({**request, "battle": id})
                answers.append(await eve.hear("error", "ack"))
            assert answers[0] == answers[1], request
            assert answers[0]["type"] == "error", request
        assert {message["type"] for message in eve.heard} == {"welcome", "error"}
    return REFUSED


PLAIN: dict[str, tuple[Attempt, int]] = {
    "malformed frames": (says(*["{"] * (MISTAKES + 1)), Code.MALFORMED),
    "binary frames": (says(*[b"\xff\x00"] * (MISTAKES + 1)), Code.MALFORMED),
    "unknown events": (says(*[{"type": "shutdown"}] * (MISTAKES + 1)), Code.MALFORMED),
    "an oversized frame": (says({"type": "leave", "battle": "x" * 5000}), Code.TOO_LARGE),
    "a very large frame": (says("x" * 5_000_000), Code.TOO_LARGE),
    "a flood": (says(*[{"type": "leave"}] * FLOOD), Code.FLOOD),
    "a forged token": (shows(token_of_another_key), Code.UNAUTHORIZED),
    "an old token": (shows(old_token), Code.UNAUTHORIZED),
    "a foreign origin": (comes_from_a_foreign_page, FORBIDDEN),
    "a foreign battle": (asks_for_a_foreign_battle, REFUSED),
}

# ---------------------------------------------------------------------------------------- over Socket.IO


@asynccontextmanager
async def a_line(server: Server, token: str, **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a line of this transport, and show a token by it."""
    url = f"http://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=headers, max_msg_size=0) as line:
        await line.send_str("40" + json.dumps({"token": token}))
        assert (await line.receive()).data[:2] == "0{"
        yield line


async def heard_by(line: aiohttp.ClientWebSocketResponse) -> list[str]:
    """Hear what comes until the line ends."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [message.data async for message in line]


def emits(*frames: str) -> Attempt:
    """Send these, and give the code with which the line is closed, which the goodbye before it says, too."""

    async def attempt(server: Server, _: str) -> int:
        async with a_line(server, await server.token("eve")) as line:
            assert (await line.receive()).data[:2] == "40"
            for frame in frames:
                try:
                    await line.send_str(frame)
                except (ConnectionError, aiohttp.ClientError):
                    break
            told = await heard_by(line)
            bye = json.loads(next(text for text in told if text.startswith('42["bye"'))[2:])
            assert bye[1]["code"] == line.close_code
            return line.close_code or 0

    return attempt


def connects_with(token: Callable[[Server], Awaitable[str]]) -> Attempt:
    async def attempt(server: Server, _: str) -> int:
        async with a_line(server, await token(server)) as line:
            refused = (await line.receive()).data
            assert refused.startswith("44")
            return cast("int", json.loads(refused[2:])["data"]["code"])

    return attempt


async def connects_from_a_foreign_page(server: Server, _: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with a_line(server, await server.token("eve"), Origin=FOREIGN):
            pass
    return refused.value.status


async def emits_for_a_foreign_battle(server: Server, battle: str) -> int:
    events = (
        "getGameState", "resumeGame", "gameMessage", "chatMessage", "updatePlayerState", "leaveGame", "confirmMatch",
        "declineMatch",
    )  # fmt: skip
    async with a_line(server, await server.token("eve")) as line:
        for number, event in enumerate(events):
            answers = []
            for id in (battle, "0" * len(battle)):
                data = {"roomId": id, "message": {}, "text": "x", "state": 1, "id": "1"}
                await line.send_str(f"42{number}{json.dumps([event, data])}")
                answers.append(await _answered(line, f"43{number}"))
            assert answers[0] == answers[1], event
            assert answers[0]["ok"] is False, event
    return REFUSED


async def _answered(line: aiohttp.ClientWebSocketResponse, head: str) -> Any:
    """Give the answer to an event; nothing else is heard meanwhile but what was not understood or refused."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (text := (await line.receive()).data).startswith(head):
            assert text.startswith(('40{"sid"', '42["welcome"', '42["error"')), text
        return json.loads(text[len(head) :])[0]


def event(name: str, **data: object) -> str:
    return f"42{json.dumps([name, data])}"


SOCKETIO: dict[str, tuple[Attempt, int]] = {
    "malformed frames": (emits(*["42["] * (MISTAKES + 1)), Code.MALFORMED),
    "binary frames": (emits(*['451-["a",{"_placeholder":true,"num":0}]'] * (MISTAKES + 1)), Code.MALFORMED),
    "unknown events": (emits(*[event("shutdown")] * (MISTAKES + 1)), Code.MALFORMED),
    "an oversized frame": (emits(event("leaveMatchmaking", x="x" * 5000)), Code.TOO_LARGE),
    "a flood": (emits(*[event("leaveMatchmaking")] * FLOOD), Code.FLOOD),
    "a forged token": (connects_with(token_of_another_key), Code.UNAUTHORIZED),
    "an old token": (connects_with(old_token), Code.UNAUTHORIZED),
    "a foreign origin": (connects_from_a_foreign_page, FORBIDDEN),
    "a foreign battle": (emits_for_a_foreign_battle, REFUSED),
}


@pytest.mark.parametrize("attempts", [PLAIN, SOCKETIO], ids=["websocket", "socketio"])
async def test_whatever_one_sends_has_its_code_and_a_battle_beside_it_goes_on(
    tmp_path: Path, attempts: dict[str, tuple[Attempt, int]]
) -> None:
    running = servers(tmp_path, limits=LIMITS, stands_still=True)
    async with running as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        for name, (attempt, code) in attempts.items():
            assert (name, await attempt(one, battle.id)) == (name, code)
            assert (await battle.turn("shield"))["name"] == "advance", name
        for socket in (ada, bob):
            await socket.ask("state", battle=battle.id)
            assert not [message for message in socket.heard if message["type"] in ("error", "bye", "signal", "mode")]
            events = [message for message in socket.heard if message["type"] == "event"]
            assert {event["fields"].get("player", "ada") for event in events} <= {"ada", "bob"}
            cursors = [event["cursor"] for event in events]
            assert cursors == list(range(cursors[0], cursors[0] + len(cursors)))
            assert [event["name"] for event in events].count("advance") == len(attempts)
        # Whoever has left is let go of a moment later.
        await until(lambda: {session.player for session in one.entrance.sessions} == {"ada", "bob"})
