"""The protocol over real WebSockets, with the real game behind it."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.serving import ORIGIN, TOKENS, Server, Socket, a_battle, servers
from websockets.exceptions import InvalidStatus

from tenure import hours
from tenure.services.battles.sockets.limits import Limits, Rate
from tenure.services.battles.sockets.protocol import Code


async def test_two_clients_on_two_servers_play_a_battle_to_its_end(tmp_path: Path) -> None:
    async with servers(tmp_path, 2) as (one, other), one.socket("ada") as ada, other.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        await battle.to_its_end()
        end = await ada.hear("end")
        assert end == await bob.hear("end")
        assert end["players"] == ["ada", "bob"] or end["players"] == ["bob", "ada"]
        assert sorted(end["places"]) == [1, 2]


async def test_a_repeated_move_counts_once_and_each_event_has_the_next_cursor(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        client, (waits,) = battle.clients[battle.acts], {"ada", "bob"} - {battle.acts}
        for _ in range(3):
            await client.say({"type": "act", "battle": battle.id, "id": "same", "move": {"spell": "spark"}})
        battle.acts = waits
        await battle.clients[waits].hear("event", fits=lambda event: event["name"] == "advance")
        await battle.turn()
        answers = [await client.ask("state", battle=battle.id)] and [m for m in client.heard if m["type"] == "ack"]
        assert answers.count({"type": "ack", "to": "act", "id": "same"}) == 3
        events = [m for m in client.heard if m["type"] == "event"]
        assert [m["fields"]["id"] for m in events if m["name"] == "act"] == ["same", "t1"]
        assert [m["name"] for m in events].count("advance") == 2
        cursors = [m["cursor"] for m in events]
        assert cursors == list(range(cursors[0], cursors[0] + len(cursors)))


async def test_who_comes_back_to_another_server_gets_what_was_missed_and_no_more(tmp_path: Path) -> None:
    async with servers(tmp_path, 2) as (one, other), other.socket("bob") as bob:
        async with one.socket("ada") as ada:
            battle = await a_battle(ada, bob)
            await bob.ask("say", battle=battle.id, id="s1", text="one")
            cursor = (await ada.hear("event", fits=lambda event: event["name"] == "say"))["cursor"]
        await bob.hear("seat", fits=lambda seat: seat["player"] == "ada" and seat["state"] == "away")
        await bob.ask("say", battle=battle.id, id="s2", text="two")
        async with other.socket("ada") as ada:
            assert ada.heard[0]["battle"] == battle.id
            await ada.say({"type": "resume", "battle": battle.id, "cursor": cursor})
            await ada.hear("ack")
            says = [m["fields"]["text"] for m in ada.heard if m["type"] == "event" and m["name"] == "say"]
            assert says == ["two"]
            assert not [m for m in ada.heard if m["type"] == "snapshot"]
            await bob.hear("seat", fits=lambda seat: seat["player"] == "ada" and seat["state"] == "present")


async def test_a_signal_reaches_the_other_server_and_not_its_own_sender(tmp_path: Path) -> None:
    async with servers(tmp_path, 2) as (one, other), one.socket("ada") as ada, other.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        await ada.say({"type": "signal", "battle": battle.id, "data": {"typing": True}})
        signal = await bob.hear("signal")
        assert signal == {"type": "signal", "battle": battle.id, "player": "ada", "data": {"typing": True}}
        await bob.ask("state", battle=battle.id)
        await ada.ask("state", battle=battle.id)
        assert not [m for m in ada.heard if m["type"] == "signal"]


async def test_leaving_a_battle_gives_it_up(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        assert (await ada.ask("leave", battle=battle.id))["type"] == "ack"
        end = await bob.hear("end")
        assert dict(zip(end["players"], end["places"], strict=True)) == {"ada": 2, "bob": 1}


async def test_who_declines_leaves_the_queue_and_the_other_waits_on(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        for socket in (ada, bob):
            await socket.ask("join", level=1)
        since = ada.heard[1]["since"]
        offer = (await ada.hear("match"))["battle"]
        await bob.hear("match")
        await bob.ask("decline", battle=offer)
        assert (await ada.hear("queued"))["since"] == since
        await ada.say({"type": "leave"})
        assert (await ada.hear("unqueued"))["reason"] == "withdrawn"


@pytest.mark.parametrize("where", [0, 1])
async def test_a_player_who_connects_anew_takes_the_place_of_the_connection_before(tmp_path: Path, where: int) -> None:
    async with servers(tmp_path, 2) as both, both[0].socket("ada") as before, both[where].socket("ada") as ada:
        assert (await before.closed())[0] == Code.REPLACED
        assert before.heard[-1]["type"] == "bye"
        assert (await ada.ask("join", level=1))["type"] == "ack"


# ---------------------------------------------------------------------------------------- who is let in


@pytest.mark.parametrize("token", ["", "forged", "YWRh.4102444860.AAAA"])
async def test_a_missing_or_forged_token_is_closed_with_its_code(tmp_path: Path, token: str) -> None:
    async with servers(tmp_path) as (one,), one.socket(token=token, welcomed=False) as socket:
        code, reason = await socket.closed()
        assert code == Code.UNAUTHORIZED
        assert "token" in reason
        assert socket.heard == []


async def test_an_old_token_is_closed_as_a_forged_one_is(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,):
        old = TOKENS.issue("ada", await one.service.store.now() - hours(1))
        async with one.socket(token=old, welcomed=False) as late, one.socket(token="x", welcomed=False) as forged:
            assert await late.closed() == await forged.closed()


async def test_a_foreign_origin_is_refused_before_there_is_a_socket(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,):
        for origin in ("https://evil.example.org", "null", f"{ORIGIN}.evil.org", "http://game.example.org"):
            with pytest.raises(InvalidStatus) as refused:
                async with one.socket(headers={"Origin": origin}):
                    pass
            assert refused.value.response.status_code == 403
        async with one.socket(headers={"Origin": ORIGIN}):
            pass


async def test_another_version_of_the_protocol_is_closed_with_its_code(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket(query="&version=2", welcomed=False) as socket:
        assert (await socket.closed())[0] == Code.WRONG_VERSION


async def test_one_address_has_so_many_sockets_and_tries(tmp_path: Path) -> None:
    limits = Limits(address_sockets=2, connects=Rate(a_second=0.001, at_once=4))
    async with servers(tmp_path, limits=limits) as (one,), one.socket("ada") as ada, one.socket("bob"):
        async with one.socket("cid", welcomed=False) as third:
            assert (await third.closed())[0] == Code.FLOOD
        async with one.socket("dora", welcomed=False) as fourth, one.socket("eve", welcomed=False) as fifth:
            assert (await fourth.closed())[0] == (await fifth.closed())[0] == Code.FLOOD
        assert (await ada.ask("join", level=1))["type"] == "ack"


async def test_no_token_is_in_any_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Below this level the server's own libraries write each byte that comes in.
    caplog.set_level(logging.INFO)
    async with servers(tmp_path) as (one,):
        token = await one.token("ada")
        async with one.socket(token=token) as ada, one.socket(token=token + "x", welcomed=False) as forged:
            await ada.ask("join", level=1)
            await forged.closed()
    assert "/socket" in caplog.text
    assert token.split(".")[2] not in caplog.text


# ---------------------------------------------------------------------------------------- bad input

WRONG: dict[str, Any] = {
    "no JSON": "{",
    "not an object": "[]",
    "a number": "1",
    "nested too deep": '{"type":"signal","battle":"b","data":' + "[" * 3000 + "]" * 3000 + "}",
    "no type": "{}",
    "a type that is no text": '{"type":7}',
    "unknown type": {"type": "shutdown"},
    "missing field": {"type": "act", "battle": "b"},
    "unknown field": {"type": "leave", "force": True},
    "wrong type of a field": {"type": "join", "level": "3"},
    "out of bounds": {"type": "join", "level": -1},
    "an id with blanks": {"type": "say", "battle": "b", "id": "a b", "text": "x"},
    "a binary frame": b'{"type":"leave"}',
    "half a character": '{"type":"say","battle":"b","id":"1","text":"\\ud800"}',
}


async def test_each_malformed_message_is_answered_and_leaves_the_connection_as_it_was(tmp_path: Path) -> None:
    limits = Limits(mistakes=100, message_size=64 * 1024)
    async with servers(tmp_path, limits=limits) as (one,), one.socket() as ada:
        for name, said in WRONG.items():
            await ada.say(said)
            answer = await ada.hear("error", "ack")
            assert (name, answer["type"]) == (name, "error")
            assert answer["code"] in ("malformed", "unknown_type", "invalid"), (name, answer)
            assert answer["text"], name
        assert (await ada.ask("join", level=1))["type"] == "ack"


async def test_moves_that_cannot_be_passed_on_are_answered(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        for number, move in enumerate(
            ['"\\ud800"', "1e999", "9" * 400, '{"spell":"\\u0000"}', "[" * 1500 + "]" * 1500]
        ):
            await ada.say(f'{{"type":"act","battle":"{battle.id}","id":"n{number}","move":{move}}}')
            assert (await ada.hear("error", "ack"))["type"] in ("ack", "error")
        assert (await ada.ask("act", battle=battle.id, id="x", move={"spell": "none"}))["type"] == "ack"
        await ada.hear("event", fits=lambda event: event["name"] == "refuse" and event["fields"]["id"] == "x")


async def test_too_many_malformed_messages_close_the_connection(tmp_path: Path) -> None:
    async with (
        servers(tmp_path, limits=Limits(mistakes=3), stands_still=True) as (one,),
        one.socket("ada") as ada,
        one.socket("bob") as bob,
    ):
        for _ in range(4):
            await ada.say("{")
        assert (await ada.closed())[0] == Code.MALFORMED
        assert [m["type"] for m in ada.heard[1:]] == ["error", "error", "error", "bye"]
        assert (await bob.ask("join", level=1))["type"] == "ack"


@pytest.mark.parametrize("size", [4097, 70_000])
async def test_an_oversized_message_closes_the_connection(tmp_path: Path, size: int) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        await ada.say(json.dumps({"type": "leave", "battle": "x" * size}))
        assert (await ada.closed())[0] == Code.TOO_LARGE
        assert (await bob.ask("join", level=1))["type"] == "ack"


async def test_a_flood_closes_its_own_connection_only(tmp_path: Path) -> None:
    limits = Limits(messages=Rate(a_second=1, at_once=20), mistakes=5)
    running = servers(tmp_path, limits=limits, stands_still=True)
    async with running as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        for _ in range(100):
            await ada.say({"type": "leave"})
        assert (await ada.closed())[0] == Code.FLOOD
        codes = [m["code"] for m in ada.heard if m["type"] == "error"]
        assert codes == ["not_found"] * 20 + ["too_many"] * 5
        assert (await bob.ask("join", level=1))["type"] == "ack"


async def test_a_foreign_battle_is_answered_as_one_that_there_is_not(tmp_path: Path) -> None:
    async with (
        servers(tmp_path) as (one,),
        one.socket("ada") as ada,
        one.socket("bob") as bob,
        one.socket("eve") as eve,
    ):
        battle = await a_battle(ada, bob)
        asked: list[dict[str, Any]] = [
            {"type": "resume", "cursor": 0},
            {"type": "state"},
            {"type": "act", "id": "1", "move": {"spell": "spark"}},
            {"type": "say", "id": "2", "text": "hello"},
            {"type": "leave"},
            {"type": "signal", "data": 1},
            {"type": "confirm"},
            {"type": "decline"},
        ]
        for request in asked:
            answers = []
            for id in (battle.id, "0" * len(battle.id), "../x", "a/b#c"):
                await eve.say({**request, "battle": id})
                answers.append(await eve.hear("error", "ack"))
            assert answers[0]["type"] == "error", request
            assert all(answer == answers[0] for answer in answers), request
        assert not [m for m in eve.heard if m["type"] in ("snapshot", "event", "end", "seat")]
        assert (await battle.turn())["name"] == "advance"


# ---------------------------------------------------------------------------------------- slow clients


async def test_a_client_that_does_not_read_is_closed_and_others_do_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.services.battles.sockets.session.LAST_SECONDS", 0.1)
    any_rate = Rate(a_second=1e6, at_once=1e6)
    limits = Limits(waiting_size=256 * 1024, waiting_seconds=0.05, messages=any_rate, address_messages=any_rate)
    async with servers(tmp_path, limits=limits) as (one,), one.socket("ada", close_timeout=0.1) as ada:
        async with one.socket("bob") as bob:
            battle = await a_battle(ada, bob)
            session = next(s for s in one.entrance.sessions if s.player == "ada")
            ada.connection.transport.pause_reading()
            data, most = "x" * 3500, 0
            while session.code != Code.TOO_SLOW:
                for _ in range(20):
                    await bob.say({"type": "signal", "battle": battle.id, "data": data})
                # What bob asks for is answered, however much waits for ada.
                assert (await bob.ask("state", battle=battle.id))["type"] == "ack"
                most = max(most, session._outbox._size)
            assert 128 * 1024 < most <= 256 * 1024  # it was the line that was full, not one burst
            assert session._outbox._size == 0  # nothing is kept for who does not read
            await bob.hear("seat", fits=lambda seat: seat["player"] == "ada" and seat["state"] == "away")
            await _comes_back(one, battle.id, bob)


async def _comes_back(server: Server, battle: str, bob: Socket) -> None:
    async with server.socket("ada") as again:
        assert again.heard[0]["battle"] == battle
        assert (await again.ask("resume", battle=battle, cursor=1))["type"] == "ack"
        await bob.hear("seat", fits=lambda seat: seat["player"] == "ada" and seat["state"] == "present")


async def test_a_slow_client_that_reads_on_hears_where_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.services.battles.sockets.session.LAST_SECONDS", PATIENCE_SECONDS)
    any_rate = Rate(a_second=1e6, at_once=1e6)
    limits = Limits(waiting_messages=20, waiting_seconds=0.05, messages=any_rate, address_messages=any_rate)
    async with servers(tmp_path, limits=limits) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        session = next(s for s in one.entrance.sessions if s.player == "ada")
        ada.connection.transport.pause_reading()
        while session.code != Code.TOO_SLOW:
            await bob.say({"type": "signal", "battle": battle.id, "data": "x" * 3000})
            await asyncio.sleep(0)
        ada.connection.transport.resume_reading()
        assert (await ada.closed())[0] == Code.TOO_SLOW
        bye = ada.heard[-1]
        assert (bye["type"], bye["code"], list(bye["resume"])) == ("bye", Code.TOO_SLOW, [battle.id])


async def test_a_server_that_stops_says_where_to_resume(tmp_path: Path) -> None:
    async with servers(tmp_path) as (one,), one.socket("ada") as ada, one.socket("bob") as bob:
        battle = await a_battle(ada, bob)
        await ada.ask("state", battle=battle.id)
        one.entrance.close()
        assert (await ada.closed())[0] == Code.STOPPING
        assert ada.heard[-1]["resume"][battle.id] >= 1
