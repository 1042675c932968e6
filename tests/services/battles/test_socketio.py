"""The same over Socket.IO, with the library's own client."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]
from socketio.exceptions import ConnectionError as Refused  # type: ignore[import-untyped]
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.serving import ORIGIN, Server, servers

from tenure.services.battles.sockets.frames import frames_of, is_frame
from tenure.services.battles.sockets.limits import Limits, Rate
from tenure.services.battles.sockets.protocol import Code


@dataclass
class Client:
    """A Socket.IO client, and the events that came."""

    sio: Any
    events: asyncio.Queue[tuple[str, Any]] = field(default_factory=asyncio.Queue)
    heard: list[tuple[str, Any]] = field(default_factory=list)

    async def hear(self, name: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                event, data = await self.events.get()
                self.heard.append((event, data))
                if event == name and fits(data):
                    return data

    async def ask(self, event: str, **data: Any) -> Any:
        """Send an event, and give what is answered to it."""
        return await self.sio.call(event, data, timeout=PATIENCE_SECONDS)


@asynccontextmanager
async def a_client(
    server: Server, player: str = "ada", *, auth: Any = None, refused: list[Any] | None = None, **more: Any
) -> AsyncIterator[Client]:
    """Connect as a player."""
    sio = socketio.AsyncClient(reconnection=False)
    client = Client(sio)
    sio.on("*", lambda event, data=None: client.events.put_nowait((event, data)))
    sio.on("disconnect", lambda reason=None: client.events.put_nowait(("disconnect", reason)))
    sio.on("connect_error", lambda data=None: None if refused is None else refused.append(data))
    auth = {"token": await server.token(player)} if auth is None else auth
    more = {"transports": ["websocket"], **more}
    try:
        await sio.connect(f"http://127.0.0.1:{server.port}", auth=auth, wait_timeout=PATIENCE_SECONDS, **more)
        yield client
    finally:
        await sio.disconnect()
        await sio.shutdown()
        if sio.eio.http is not None:
            await sio.eio.http.close()


async def a_battle(*clients: Client, level: int = 2) -> tuple[str, str]:
    """Let clients be matched and confirm; give the room, and whose turn it is."""
    room, acts = "", ""
    for client in clients:
        assert await client.ask("joinMatchmaking", level=level) == {"ok": True}
    for client in clients:
        room = (await client.hear("matchFound"))["roomId"]
        assert await client.ask("confirmMatch", roomId=room) == {"ok": True}
    for client in clients:
        (acts,) = (await client.hear("gameState"))["acts"]
    return room, acts


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
async def test_two_clients_on_two_servers_play_a_battle_to_its_end(tmp_path: Path, transports: list[str]) -> None:
    async with servers(tmp_path, 2) as (one, other):
        async with a_client(one, "ada", transports=transports) as ada, a_client(other, "bob") as bob:
            clients = {"ada": ada, "bob": bob}
            room, acts = await a_battle(ada, bob)
            for turn in range(3):
                message = {"spell": "bolt" if turn == 0 else "spark"}
                assert (await clients[acts].ask("gameMessage", roomId=room, id=f"t{turn}", message=message))["ok"]
                step = await ada.hear("gameMessage", lambda event: event["name"] == "advance")
                (acts,) = step["fields"]["acts"]
            await ada.sio.emit("updatePlayerState", {"roomId": room, "state": {"typing": True}})
            state = await bob.hear("updatePlayerState")
            assert (state["player"], state["data"]) == ("ada", {"typing": True})
            await bob.ask("leaveGame", roomId=room)
            end = await ada.hear("gameEnd")
            assert dict(zip(end["players"], end["places"], strict=True)) == {"ada": 1, "bob": 2}


async def test_a_client_plays_with_one_of_the_plain_protocol_and_hears_when_it_is_gone(tmp_path: Path) -> None:
    async with servers(tmp_path, 2) as (one, other), a_client(one, "ada") as ada:
        async with other.socket("bob") as bob:
            assert await ada.ask("joinMatchmaking", level=5) == {"ok": True}
            await bob.ask("join", level=5)
            battle = (await bob.hear("match"))["battle"]
            await bob.ask("confirm", battle=battle)
            assert (await ada.hear("matchFound"))["players"]
            await ada.ask("confirmMatch", roomId=battle)
            await ada.hear("gameState")
            await bob.hear("snapshot")
        assert (await ada.hear("opponentDisconnected"))["player"] == "bob"
        async with one.socket("bob") as bob:
            await ada.hear("opponentReconnected")
            assert (await ada.ask("getGameState", roomId=battle))["ok"]


async def test_who_comes_back_resumes_at_the_cursor(tmp_path: Path) -> None:
    async with servers(tmp_path, 2) as (one, other), a_client(other, "bob") as bob:
        async with a_client(one, "ada") as ada:
            room, _ = await a_battle(ada, bob)
            await bob.ask("chatMessage", roomId=room, text="one")
            cursor = (await ada.hear("gameMessage", lambda event: event["name"] == "say"))["cursor"]
        await bob.hear("opponentDisconnected")
        await bob.ask("chatMessage", roomId=room, text="two")
        async with a_client(other, "ada") as ada:
            assert (await ada.hear("welcome"))["battle"] == room
            await ada.ask("resumeGame", roomId=room, cursor=cursor)
            event = await ada.hear("gameMessage", lambda event: event["name"] == "say")
            assert event["fields"]["text"] == "two"


# ---------------------------------------------------------------------------------------- who is let in


@pytest.mark.parametrize("auth", [{"token": ""}, {"token": "forged"}, {"token": 7}, {"key": "x"}])
@pytest.mark.parametrize("transports", [["websocket"], ["polling"]])
async def test_a_missing_or_forged_token_is_refused_with_its_code(
    tmp_path: Path, auth: Any, transports: list[str]
) -> None:
    heard: list[Any] = []
    async with servers(tmp_path) as (one,):
        with pytest.raises(Refused):
            async with a_client(one, auth=auth, transports=transports, refused=heard):
                pass
        assert one.entrance.sessions == set()
    assert heard[0]["data"] == {"code": Code.UNAUTHORIZED}
    assert "token" in heard[0]["message"]


@pytest.mark.parametrize("transports", [["websocket"], ["polling"]])
async def test_a_foreign_origin_is_refused(tmp_path: Path, transports: list[str]) -> None:
    async with servers(tmp_path) as (one,):
        with pytest.raises(Refused):
            async with a_client(one, headers={"Origin": "https://evil.example.org"}, transports=transports):
                pass
        assert len(one.socketio._server.eio.sockets) == 0
        async with a_client(one, headers={"Origin": ORIGIN}, transports=transports) as ada:
            await ada.hear("welcome")


async def test_a_player_who_connects_anew_takes_the_place_of_the_connection_before(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), a_client(one, "ada") as before, a_client(one, "ada") as ada:
        assert (await before.hear("bye"))["code"] == Code.REPLACED
        await before.hear("disconnect")
        assert (await ada.ask("joinMatchmaking", level=1))["ok"]


# ---------------------------------------------------------------------------------------- bad input


async def test_unknown_and_malformed_events_are_answered(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), a_client(one, "ada") as ada:
        assert (await ada.ask("shutdown"))["code"] == "malformed"
        assert (await ada.ask("connect", token="x")) in ({"ok": False, "code": "malformed"}, None, [])
        for event, data in (
            ("joinMatchmaking", {"level": "x"}),
            ("joinMatchmaking", [1]),
            ("joinMatchmaking", None),
            ("gameMessage", {"roomId": 7, "message": {}}),
        ):
            answer = await ada.sio.call(event, data, timeout=PATIENCE_SECONDS)
            assert answer["code"] == "malformed", event
            assert (await ada.hear("error"))["code"] == "malformed"
        assert (await ada.ask("joinMatchmaking", level=1, extra="is passed over"))["ok"]


async def test_a_foreign_battle_is_answered_as_one_that_there_is_not(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), a_client(one, "ada") as ada, a_client(one, "bob") as bob:
        async with a_client(one, "eve") as eve:
            room, _ = await a_battle(ada, bob)
            for event in ("getGameState", "resumeGame", "gameMessage", "chatMessage", "leaveGame", "confirmMatch"):
                data = {"message": {}, "text": "x", "id": "1"}
                foreign = await eve.ask(event, roomId=room, **data)
                assert foreign["ok"] is False
                assert foreign == await eve.ask(event, roomId="0" * len(room), **data), event


BROKEN = ["", "9", "x", "4", "45-", '451-["a",{"_placeholder":true,"num":0}]', "42", '42{"a":1}', "4" + "[" * 3000,
          "42" + "[" * 3000, "b!!", "42/other,[1]", '4999999999-["x"]', "40" + "{" * 2000, "2probe" * 9, "\ud7ff",
          '40"x"', '40["x"]', "40[", "42[1]", "42[]"]  # fmt: skip


@pytest.mark.parametrize("frame", BROKEN)
async def test_a_broken_frame_ends_what_has_no_session_with_its_code(tmp_path: Path, frame: str) -> None:
    async with servers(tmp_path) as (one,), aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{one.port}/socket.io/?EIO=4&transport=websocket"
        async with http.ws_connect(url) as line:
            await line.receive()
            await line.send_str(frame)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not line.closed:
                    await line.receive()
            assert line.close_code == Code.MALFORMED


async def test_broken_frames_are_counted_as_mistakes_and_nothing_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    running = servers(tmp_path, limits=Limits(mistakes=len(BROKEN) - 1), stands_still=True)
    async with running as (one,), a_client(one, "bob") as bob:
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{one.port}/socket.io/?EIO=4&transport=websocket"
            async with http.ws_connect(url) as line:
                await line.send_str("40" + json.dumps({"token": await one.token("ada")}))
                first = [(await line.receive()).data for _ in range(3)]
                # A client is told that it is connected before it is told anything else.
                assert [text[:2] for text in first] == ["0{", "40", "42"]
                for frame in BROKEN * 3:
                    await line.send_str(frame)
                said = [m.data async for m in line]
                assert line.close_code == Code.MALFORMED
                assert sum('"malformed"' in text for text in said) == len(BROKEN) - 1
                assert f'"code":{int(Code.MALFORMED)}' in next(text for text in said if '["bye"' in text)
        assert (await bob.ask("joinMatchmaking", level=1))["ok"]
    assert caplog.text == ""


async def test_a_polling_client_with_a_broken_or_large_body_is_refused(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{one.port}/socket.io/?EIO=4&transport=polling"
        opened = json.loads((await (await http.get(url)).text())[1:])
        for body, status in ((b"x", 400), (b"\xff\xfe", 400), (b"\x1e".join([b"3"] * 17), 400), (b"4" * 70_000, 413)):
            async with http.post(f"{url}&sid={opened['sid']}", data=body) as answer:
                assert answer.status == status
        async with http.post(f"{url}&sid=nobody", data=b"3") as answer:
            assert answer.status == 400


async def test_a_flood_and_an_oversized_event_close_their_own_connection_only(tmp_path: Path) -> None:
    limits = Limits(messages=Rate(a_second=1, at_once=20), mistakes=5)
    async with servers(tmp_path, limits=limits, stands_still=True) as (one,), a_client(one, "bob") as bob:
        async with a_client(one, "ada") as ada:
            for _ in range(100):
                await ada.sio.emit("leaveMatchmaking", {})
            assert (await ada.hear("bye"))["code"] == Code.FLOOD
            await ada.hear("disconnect")
        async with a_client(one, "eve") as eve:
            await eve.sio.emit("joinMatchmaking", {"level": "x" * 5000})
            assert (await eve.hear("bye"))["code"] == Code.TOO_LARGE
            await eve.hear("disconnect")
        assert (await bob.ask("joinMatchmaking", level=1))["ok"]


async def test_a_client_that_does_not_read_is_closed_and_others_do_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.services.battles.sockets.session.LAST_SECONDS", 0.1)
    any_rate = Rate(a_second=1e6, at_once=1e6)
    limits = Limits(waiting_messages=50, waiting_seconds=0.05, messages=any_rate, address_messages=any_rate)
    async with servers(tmp_path, limits=limits) as (one,), a_client(one, "ada") as ada, one.socket("bob") as bob:
        await ada.ask("joinMatchmaking", level=5)
        await bob.ask("join", level=5)
        battle = (await bob.hear("match"))["battle"]
        await bob.ask("confirm", battle=battle)
        await ada.ask("confirmMatch", roomId=battle)
        await ada.hear("gameState")
        session = next(s for s in one.entrance.sessions if s.player == "ada")
        line = one.socketio._server.eio.sockets[one.socketio._server.manager.eio_sid_from_sid(ada.sio.get_sid(), "/")]
        ada.sio.eio.ws._response.connection.transport.pause_reading()
        while session.code != Code.TOO_SLOW:
            await bob.say({"type": "signal", "battle": battle, "data": "x" * 3000})
            await asyncio.sleep(0)
            assert line.queue.qsize() <= 2  # what waits, waits in our outbox, which is bounded
        await bob.hear("seat", fits=lambda seat: seat["player"] == "ada" and seat["state"] == "away")
        ada.sio.eio.ws._response.connection.transport.resume_reading()


async def test_a_line_without_a_session_is_not_kept_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.services.battles.sockets.gate.BEGIN_SECONDS", 0.05)
    async with servers(tmp_path) as (one,), aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{one.port}/socket.io/?EIO=4&transport=websocket"
        async with http.ws_connect(url) as line, asyncio.timeout(PATIENCE_SECONDS):
            while not line.closed:
                await line.receive()
            assert line.close_code == Code.UNAUTHORIZED


def test_frames_of_ours_go_on_and_others_do_not() -> None:
    assert all(map(is_frame, ["1", "2", "2probe", "3", "3probe", "5", "6", "40", '40{"token":"x"}', "41", '42["a",{}]',
                              '4217["a"]', "4317[{}]"]))  # fmt: skip
    assert not any(map(is_frame, [*BROKEN, None, b"40"]))
    assert not is_frame('42["a"]', begun=False)
    assert frames_of(b'3\x1e42["a"]') == ["3", '42["a"]']
    assert frames_of(b"3\x1e") is None
