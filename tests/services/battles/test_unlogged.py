"""What is said in the moment and kept nowhere: passed on at once, within limits, in order, and dropped first."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.serving import Played, Socket, a_battle, servers

from tenure.services.battles.counting import Counting
from tenure.services.battles.sockets.limits import Bucket, Limits, Rate
from tenure.services.battles.sockets.protocol import Ack, Bye, Code, Message, Signalled
from tenure.services.battles.sockets.session import Session
from tenure.store.logging import Log

ANY = Rate(a_second=1e6, at_once=1e6)
TYPING = Signalled(battle="b", player="bob", data=msgspec.Raw(b"1"))


def signal(battle: Played, data: object = 1) -> dict[str, Any]:
    return {"type": "signal", "battle": battle.id, "data": data}


async def hear_signals(socket: Socket, number: int) -> list[Any]:
    return [(await socket.hear("signal"))["data"] for _ in range(number)]


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "by any server"])
async def test_a_burst_of_thousands_closes_nobody_who_reads_and_comes_in_order(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: bool,  # noqa: FBT001
) -> None:
    if not at_once:
        monkeypatch.setattr("tenure.services.battles.sockets.websocket.AT_ONCE", "what no server has")
    async with servers(tmp_path, limits=Limits(messages=ANY, address_messages=ANY)) as (one,):
        async with one.socket("ada") as ada, one.socket("bob") as bob:
            battle = await a_battle(ada, bob)
            for number in range(3000):
                await bob.say(signal(battle, number))
            heard = [0]
            while heard[-1] < 2999:
                heard += await hear_signals(ada, 1)
            assert heard[1:] == sorted(set(heard[1:]))
            assert (await ada.ask("state", battle=battle.id))["type"] == "ack"
            if at_once:
                assert heard[1:] == list(range(3000))


async def test_signals_count_against_the_rate_of_what_a_connection_may_say(tmp_path: Path) -> None:
    limits = Limits(messages=Rate(a_second=0.001, at_once=30), mistakes=5)
    running = servers(tmp_path, limits=limits, stands_still=True)
    async with running as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)  # to which each said two things
        for number in range(100):
            await ada.say(signal(battle, number))
        assert (await ada.closed())[0] == Code.FLOOD
        assert [m["code"] for m in ada.heard if m["type"] == "error"] == ["too_many"] * 5
        await bob.hear("seat", fits=lambda seat: seat["state"] == "away")
        assert [m["data"] for m in bob.heard if m["type"] == "signal"] == list(range(28))


async def test_a_signal_does_not_overtake_what_was_asked_for_before_it(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        ada.heard.clear()
        wrong = json.dumps(signal(battle, "?")).replace('"?"', "1e999")
        for _ in range(3):
            await ada.say({"type": "state", "battle": battle.id})
        await ada.say(wrong)
        await ada.say({"type": "state", "battle": battle.id})
        answers = [(await ada.hear("ack", "error"))["type"] for _ in range(5)]
        assert answers == ["ack", "ack", "ack", "error", "ack"]
        await ada.say(wrong)
        error = await ada.hear("error")
        assert (error["code"], error["to"]) == ("invalid", "signal")


async def test_who_has_left_the_room_or_was_never_in_it_is_refused_as_before(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        async with one.socket("eve") as eve:
            await eve.say(signal(battle))
            assert (await eve.hear("error"))["code"] == "not_found"
        await bob.ask("leave", battle=battle.id)
        await ada.hear("end")
        await ada.say(signal(battle))  # of a battle that is over, to whoever still listens: nobody
        assert (await ada.ask("state", battle=battle.id))["type"] == "ack"


class Reader:
    """A session whose other side takes something only when it is told to."""

    def __init__(self, limits: Limits) -> None:
        self.now, self.counting = 0.0, Counting()
        self.sent: list[Message] = []
        self.takes = asyncio.Event()
        self.session = Session(
            "ada",
            "websocket",
            limits=limits,
            clock=lambda: self.now,
            shared=Bucket(limits.address_messages, 0.0),
            log=Log(logging.getLogger("test")),
            counting=self.counting,
        )
        self.session._tell = self._send

    async def _send(self, message: Message, encoded: bytes) -> None:  # noqa: ARG002
        await self.takes.wait()
        self.sent.append(message)

    async def end(self) -> None:
        self.takes.set()
        self.session.close(Code.NORMAL, "")
        await self.sent_all()

    async def sent_all(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.session._sender is not None:
                await self.session._sender


async def test_signals_for_a_slow_client_are_dropped_and_what_is_logged_still_gets_through() -> None:
    reader = Reader(Limits(waiting_messages=10, waiting_seconds=5))
    for _ in range(100):
        reader.session.send(TYPING)
    reader.session.send(Ack(to="act", id="1"))
    assert reader.session.code == Code.NORMAL
    assert reader.counting.signals["dropped"] == 100
    reader.session.send(TYPING)
    await reader.end()
    assert [type(message) for message in reader.sent] == [Ack, Signalled, Bye]


async def test_who_takes_nothing_for_too_long_is_closed_by_signals_too() -> None:
    reader = Reader(Limits(waiting_messages=10, waiting_seconds=5))
    for _ in range(10):
        reader.session.send(TYPING)
        await asyncio.sleep(0)
    reader.now = 4.9
    for _ in range(20):
        reader.session.send(TYPING)
    assert not reader.session._over
    reader.now = 5.1
    for _ in range(10):
        reader.session.send(TYPING)
    assert reader.session.code == Code.TOO_SLOW
    reader.takes.set()
    await reader.sent_all()


async def test_who_is_sent_too_much_that_must_not_get_lost_is_closed() -> None:
    reader = Reader(Limits(waiting_messages=10))
    for number in range(11):
        reader.session.send(Ack(to="act", id=str(number)))
    assert reader.session.code == Code.TOO_SLOW
    reader.takes.set()
    await reader.sent_all()


async def test_nothing_overtakes_what_waits_though_the_other_side_takes_it_at_once_again() -> None:
    reader = Reader(Limits())
    at_once: list[bytes] = []
    await asyncio.sleep(0)
    reader.session.send(Ack(to="act", id="1"))
    await asyncio.sleep(0)  # it is taken out, and on its way

    def send_at_once(encoded: bytes) -> bool:
        at_once.append(encoded)
        return True

    reader.session._send_at_once = send_at_once
    reader.session.send(TYPING)
    assert at_once == []
    reader.takes.set()
    while len(reader.sent) < 2:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    reader.session.send(TYPING)
    assert len(at_once) == 1
    await reader.end()
    assert [type(message) for message in reader.sent] == [Ack, Signalled, Bye]


class Asked:
    """A game that takes its time for a move, and passes signals on at once, if it can."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.can = True
        self.signals: list[bytes] = []

    async def act(self, battle: str, id: str, move: msgspec.Raw) -> None:  # noqa: ARG002
        await self.answers.wait()

    def signal_at_once(self, battle: str, data: msgspec.Raw) -> bool:  # noqa: ARG002
        if self.can:
            self.signals.append(bytes(data))
        return self.can


async def test_a_signal_waits_for_the_request_before_it_and_counts_once_if_it_must_wait() -> None:
    reader, asked = Reader(Limits(messages=Rate(a_second=0.001, at_once=3))), Asked()
    said = b'{"type":"signal","battle":"b","data":1}'
    assert not reader.session.hear_at_once(said)  # nobody is let in yet
    reader.session._here = asked  # type: ignore[assignment]
    acting = asyncio.create_task(reader.session.hear('{"type":"act","battle":"b","id":"1","move":1}'))
    await asyncio.sleep(0)
    assert not reader.session.hear_at_once(said)
    asked.answers.set()
    assert await acting == Ack(to="act", id="1")
    asked.can = False
    for _ in range(5):
        assert not reader.session.hear_at_once(said)
    asked.can = True
    assert [reader.session.hear_at_once(said) for _ in range(3)] == [True, True, False]
    assert asked.signals == [b"1", b"1"]
    await reader.end()
