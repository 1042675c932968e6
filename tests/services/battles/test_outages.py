"""Servers whose store stops in the middle of battles, as clients see it: over real sockets, with a real Valkey."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from tests.places import ENGINES, VALKEY
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.serving import TOKENS, Played, Server, Socket, a_battle, servers

import tenure
from tenure.servers import Server as Valkey
from tenure.servers import start_valkey
from tenure.services.battles import watching
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.service import kinds
from tenure.services.battles.watching import Watching

pytestmark = pytest.mark.skipif(VALKEY not in ENGINES, reason="it is a Valkey that is stopped")


@pytest.fixture(autouse=True)
def patience() -> None:
    """Wait no longer for a store than servers do: here it truly stops."""


class Game:
    """Two servers on one Valkey, with a battle of two players of one server, and one of players of both."""

    def __init__(self, valkey: Valkey, running: list[Server], local: Played, mixed: Played) -> None:
        self.valkey, self.servers, self.local, self.mixed = valkey, running, local, mixed

    @property
    def sockets(self) -> list[Socket]:
        return [*self.local.clients.values(), *self.mixed.clients.values()]

    def stop(self, how: signal.Signals) -> None:
        self.valkey.process.send_signal(how)

    async def hear_mode(self, mode: str) -> None:
        for socket in self.sockets:
            await socket.hear("mode", fits=lambda told: told["mode"] == mode)

    async def log(self, battle: str) -> list[Any]:
        async with tenure.open(self.valkey.url, *kinds, space="battles") as store:
            return await store.history(Battle, battle)


@asynccontextmanager
async def a_game(folder: Path) -> AsyncIterator[Game]:
    with start_valkey(folder / "valkey") as valkey:
        async with servers(folder, 2, url=valkey.url) as (one, two), AsyncExitStack() as sockets:
            ann, bob = [await sockets.enter_async_context(one.socket(name)) for name in ("ann", "bob")]
            local = await a_battle(ann, bob, level=1)
            cid, dan = [await sockets.enter_async_context(s.socket(n)) for s, n in ((one, "cid"), (two, "dan"))]
            mixed = await a_battle(cid, dan, level=2)
            for battle in (local, mixed):
                await battle.turn()
            yield Game(valkey, [one, two], local, mixed)


async def alone(battle: Played, number: str) -> Any:
    """Let whose turn it is cast a spell, and give what is told of it provisionally."""
    await battle.clients[battle.acts].say(
        {"type": "act", "battle": battle.id, "id": number, "move": {"spell": "spark"}}
    )
    told = [
        await socket.hear("provisional", fits=lambda m: m["name"] == "advance") for socket in battle.clients.values()
    ]
    assert told[0]["fields"] == told[1]["fields"]
    (battle.acts,) = told[0]["fields"]["acts"]
    return told[0]


@pytest.mark.parametrize(
    "stopped_for", [2, pytest.param(30, marks=pytest.mark.soak)], ids=lambda length: f"{length} s more"
)
async def test_a_store_that_stops_pauses_or_lets_go_on_and_each_turn_counts_once_in_the_end(
    tmp_path: Path, stopped_for: int
) -> None:
    async with a_game(tmp_path) as game:
        looks = [Watching(server.service) for server in game.servers]
        game.stop(signal.SIGSTOP)
        try:
            await game.hear_mode("isolated")
            assert [(await look.look()).redis for look in looks] == [False, False]
            for socket in game.mixed.clients.values():
                assert (await socket.hear("paused"))["battle"] == game.mixed.id
            told = [await alone(game.local, f"alone-{number}") for number in range(3)][-1]
            refused = await game.mixed.clients[game.mixed.acts].ask(
                "act", battle=game.mixed.id, id="later", move={"spell": "spark"}
            )
            assert (refused["type"], refused["code"]) == ("error", "not_now")
            await asyncio.sleep(stopped_for)  # another process is stopped: only its own time passes
        finally:
            game.stop(signal.SIGCONT)
        await game.hear_mode("clustered")
        for battle in (game.local, game.mixed):
            stood = [m for s in battle.clients.values() for m in s.heard if m["type"] == "snapshot"][-1]
            assert stood["state"] == "running"
            assert stood["turn"] >= told["fields"]["turn"] if battle is game.local else stood["turn"] == 1
            (battle.acts,) = stood["acts"]  # a turn of the one that went on may have passed by itself
        assert told["fields"]["turn"] == 4
        await game.local.to_its_end()
        await game.mixed.to_its_end()
        for battle in (game.local, game.mixed):
            events = await game.log(battle.id)
            steps = [e.fields["turn"] for e in events if e.name in ("advance", "finish")]
            assert steps == list(range(1, len(steps) + 1))
            casts = [e.cause for e in events if e.name == "act"]
            passed = [e for e in events if e.name == "advance" and e.fields["answer_to"] is None]
            assert len(casts) == len(set(casts)) == len(steps) - len(passed)
            assert len(passed) <= (stopped_for > 25)
            assert not [e for e in events if e.name in ("orphan", "break_off")]


async def test_a_store_that_comes_back_empty_ends_what_was_without_a_result_and_without_a_second_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LONGEST_ANSWER_SECONDS", PATIENCE_SECONDS)  # it answers, on a slow machine too
    async with a_game(tmp_path) as game:
        look = Watching(game.servers[0].service)
        with redis.Redis.from_url(game.valkey.url.replace("valkey:", "redis:")) as client:
            client.flushall()
        for socket in game.sockets:
            code, _ = await socket.closed()
            assert code == 1012
            assert not [m for m in socket.heard if m["type"] == "end" or m.get("name") == "finish"]
        seen = await look.look()
        assert not seen.redis
        assert "emptied" in " ".join(seen.reasons)
        async with game.servers[0].socket(
            "eve", token=TOKENS.issue("eve", datetime.now(UTC)), welcomed=False
        ) as socket:
            code, _ = await socket.closed()
            assert code == 1013
        assert await game.log(game.local.id) == []
