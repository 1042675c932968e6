"""What Prometheus reads of battles: of the whole service, and of what this very process has and did."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.calling import call
from tests.services.battles.making import a_world, spin, until
from tests.services.battles.serving import a_battle, servers

from tenure import Store, Unavailable, seconds
from tenure.services.battles.api.http import create_app
from tenure.services.battles.counting import Waits
from tenure.services.battles.service import BattlesService


async def read(service: BattlesService) -> str:
    answer = await call(create_app(service), "GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.body.decode()


async def test_metrics_count_what_waits_what_is_played_and_what_this_process_did() -> None:
    async with a_world() as world:
        node, other = await world.node(), await world.node()
        for player in ("ann", "bob"):
            await node.waiting(player)
            await world.store.advance(seconds(2))
        text = await read(node.service)
        assert 'tenure_battles_waiting{mode="wizards"} 2.0' in text
        assert 'tenure_battles_oldest_wait_seconds{mode="wizards"} 4.0' in text
        (offered,) = await world.match(node)
        for player in ("ann", "bob"):
            await node.queue.confirm(player, offered.id)
        await world.runs(offered.id)
        battle = await world.store.get(type(offered), offered.id)
        await node.cast(battle.id, battle.acts[0])
        await world.turn(battle.id, battle.turn)
        await node.cast(battle.id, battle.acts[0])  # it is not their turn any more
        await until(lambda: node.service.counting.answered["refuse"])
        await node.hears(battle.id, "ann")
        text = await read(node.service)
        for line in (
            'tenure_battles_instances{state="up"} 2.0',
            'tenure_battles_battles{state="running"} 1.0',
            'tenure_battles_waiting{mode="wizards"} 0.0',
            'tenure_battles_oldest_wait_seconds{mode="wizards"} 0.0',
            'tenure_battles_matches_total{mode="wizards"} 1.0',
            'tenure_battles_conflicts_total{mode="wizards"} 0.0',
            'tenure_battles_wait_seconds_bucket{le="2.0",mode="wizards"} 1.0',
            'tenure_battles_wait_seconds_bucket{le="5.0",mode="wizards"} 2.0',
            'tenure_battles_wait_seconds_sum{mode="wizards"} 6.0',
            'tenure_battles_answered_total{answer="advance"} 1.0',
            'tenure_battles_answered_total{answer="refuse"} 1.0',
            'tenure_battles_taken_total{how="first"} 1.0',
            'tenure_battles_taken_total{how="over"} 0.0',
            'tenure_battles_mode{mode="clustered"} 1.0',
            'tenure_battles_mode{mode="isolated"} 0.0',
            "tenure_battles_up 1.0",
            "tenure_battles_here 1.0",
            "tenure_battles_rooms 1.0",
            "tenure_battles_players 2.0",
        ):
            assert line in text, line
        text = await read(other.service)
        assert "tenure_battles_here 0.0" in text
        assert 'tenure_battles_battles{state="running"} 1.0' in text


async def test_sessions_signals_refusals_and_the_codes_of_ends_are_counted(tmp_path: Path) -> None:
    async with servers(tmp_path) as (server,):
        async with server.socket("ada") as ada, server.socket("bob") as bob:
            battle = await a_battle(ada, bob)
            await ada.say({"type": "signal", "battle": battle.id, "data": {"typing": True}})
            await bob.hear("signal")
            await ada.say("{")
            await ada.hear("error")
            await ada.ask("resume", battle="none")
            text = await read(server.service)
            for line in (
                'tenure_battles_sessions{transport="websocket"} 2.0',
                'tenure_battles_sessions{transport="socketio"} 0.0',
                "tenure_battles_sockets 2.0",
                'tenure_battles_signals_total{direction="sent"} 1.0',
                'tenure_battles_signals_total{direction="heard"} 1.0',
                'tenure_battles_refusals_total{code="malformed"} 1.0',
                'tenure_battles_refusals_total{code="not_found"} 1.0',
            ):
                assert line in text, line
        async with server.socket(token="forged", welcomed=False) as forged:
            await forged.closed()
        with pytest.raises(Exception, match="403"):
            async with server.socket("eve", headers={"Origin": "https://evil.example.org"}):
                """It is refused before there is a socket."""
        await until(lambda: not server.service.sockets.sessions)
        text = await read(server.service)
        for line in (
            'tenure_battles_closes_total{code="1000"} 2.0',
            'tenure_battles_turned_away_total{code="4401"} 1.0',
            'tenure_battles_turned_away_total{code="403"} 1.0',
            "tenure_battles_sockets 0.0",
        ):
            assert line in text, line


async def test_the_echo_and_its_silence_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        node = await world.node()
        echo = node.service.echo
        echo.sent, echo.heard, echo.missed = 9, 7, 2
        text = await read(node.service)
        for line in (
            'tenure_battles_echoes_total{direction="sent"} 9.0',
            'tenure_battles_echoes_total{direction="heard"} 7.0',
            "tenure_battles_echoes_missed 2.0",
            "tenure_battles_deaf 1.0",
        ):
            assert line in text, line

        async def away(_: Store) -> None:
            raise Unavailable("away")

        monkeypatch.setattr(Store, "now", away)
        text = await read(node.service)
        assert "tenure_battles_deaf 1.0" in text  # what a process knows of itself is told without the store too
        assert "tenure_battles_waiting" not in text
        monkeypatch.undo()


async def test_metrics_name_no_player_battle_or_instance() -> None:
    async with a_world(host="canary.example") as world:
        node = await world.node()
        battle = await world.a_battle(node, node, ("canary-ann", "canary-bob"))
        await node.waiting("canary-eve")
        await spin()
        text = await read(node.service)
        assert "canary" not in text
        assert battle not in text
        assert node.id not in text


def test_waits_are_counted_within_each_bound_and_below_no_smaller_one() -> None:
    waits = Waits()
    for wait in (0.0, 0.5, 0.6, 600.0, 601.0):
        waits.add(wait)
    within = dict(waits.within)
    assert (within["0.5"], within["1.0"], within["300.0"], within["600.0"], within["+Inf"]) == (2, 3, 3, 4, 5)
    assert re.fullmatch(r"1202\.1\d*", str(waits.total_seconds))
