"""Health and readiness of bots: who leads, what is deployed, how the breaker stands, and what is amiss."""

from typing import Any

import pytest
from tests.services.bots.calling import Caller, a_caller

from tenure import Unavailable, seconds
from tenure.matching.lifecycle import Matchmaker
from tenure.services.bots.lifecycle import Bot
from tenure.services.bots.watching import SILENT_FOR


async def health(caller: Caller) -> tuple[int, Any]:
    answer = await caller.call("GET", "/health", headers={})
    return answer.status, answer.json


async def test_health_tells_who_leads_and_how_many_bots_are_out_of_those_wanted() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool(max_deployed=3)
        await caller.world.service.crew.create("duels", number=2)
        await caller.world.manage()
        await caller.world.join("ada")
        await caller.world.match()
        status, seen = await health(caller)
        assert (status, seen["status"], seen["reasons"]) == (200, "ok", [])
        assert (seen["manager"]["by"], seen["manager"]["last_turn_at"]) == ("one", "2100-01-01T00:00:00Z")
        (pool,) = seen["pools"]
        assert pool["by"].startswith("matcher@")
        assert {name: pool[name] for name in ("deployed", "wanted", "waiting", "playing")} == {
            "deployed": 2, "wanted": 3, "waiting": 1, "playing": 0,
        }  # fmt: skip
        assert seen["game"] == {"breaker": "closed", "local": True}


async def test_health_is_bad_when_nobody_manages_or_matches_for_longer_than_a_lease() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool()
        await caller.world.manage()
        await caller.world.match()
        assert (await health(caller))[0] == 200
        await caller.world.store.advance(SILENT_FOR - seconds(1))
        assert (await caller.world.store.get(Matchmaker, "bots/duels")).state == Matchmaker.waiting
        assert (await health(caller))[0] == 200
        await caller.world.store.advance(seconds(12))
        status, seen = await health(caller)
        assert (status, seen["status"]) == (503, "failing")
        assert seen["reasons"] == ["nobody manages the fleet", "nobody matches the pool duels"]
        await caller.world.manage()
        assert (await health(caller))[1]["reasons"] == ["nobody matches the pool duels"]


async def test_a_server_that_comes_back_after_a_night_is_given_time_to_take_over() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool()
        await caller.world.manage()
        await caller.world.store.advance(seconds(36_000))
        assert (await health(caller))[0] == 200
        await caller.world.store.advance(SILENT_FOR + seconds(1))
        assert (await health(caller))[0] == 503


async def test_a_drained_pool_needs_no_matcher() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool()
        await caller.world.service.pools.drain("duels")
        await health(caller)
        await caller.world.store.advance(SILENT_FOR + seconds(1))
        await caller.world.manage()
        assert (await health(caller))[0] == 200


async def test_health_tells_the_trouble_of_the_loops_and_of_the_game() -> None:
    async with a_caller() as caller:
        caller.world.service.keeper.troubles["fleet"] = "the loop 'fleet' ended with ValueError"
        status, seen = await health(caller)
        assert (status, seen["reasons"]) == (503, ["the loop 'fleet' ended with ValueError"])


async def test_a_server_without_its_store_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("the disk is gone")

    async with a_caller() as caller:
        assert (await caller.call("GET", "/ready", headers={})).json == {"ready": True, "reasons": []}
        monkeypatch.setattr(caller.world.store.engine, "last_position", away, raising=False)
        answer = await caller.call("GET", "/ready", headers={})
        assert (answer.status, answer.json["reasons"]) == (503, ["the store can't be reached (Unavailable)"])
        refused = await caller.call("GET", "/pools")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        monkeypatch.undo()


async def test_stranded_and_cooling_bots_count_as_out() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool(max_deployed=1)
        await caller.world.queued_bots(1)
        await caller.world.join("ada")
        await caller.world.store.advance(seconds(8))
        await caller.world.run_bots()
        await caller.world.match()
        await caller.world.store.advance(seconds(16))
        (bot,) = await caller.world.store.find(Bot.out)
        assert bot.state in (Bot.stranded, Bot.cooling, Bot.deployed)
        assert (await health(caller))[1]["pools"][0]["deployed"] == 1
