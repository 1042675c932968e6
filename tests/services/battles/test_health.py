"""Health that can be false: a process that hears nothing, a store that is away, and work that nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from tests.services.battles.calling import Caller, a_caller
from tests.services.battles.making import NOTHING, spin, until

from tenure import Store, Unavailable, seconds
from tenure.services.battles.echo import PERIOD_SECONDS
from tenure.services.battles.lifecycle import Battle

GOOD = {"redis": True, "matchmaking": True, "gameStates": True, "socketMappings": True}


@asynccontextmanager
async def an_echo() -> AsyncIterator[Caller]:
    """Let a process call to itself; the first echo has come back."""
    async with a_caller() as caller:
        calling = asyncio.create_task(caller.service.echo.run())
        try:
            await until(lambda: caller.service.echo.heard)
            yield caller
        finally:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)


async def periods(caller: Caller, number: int) -> None:
    for _ in range(number):
        await spin()
        await caller.store.advance(seconds(PERIOD_SECONDS))
    await spin()


async def test_health_has_the_form_that_monitors_know_and_says_more() -> None:
    async with an_echo() as caller:
        status, seen = await caller.health()
        assert status == 200
        assert {name: seen[name] for name in GOOD} == GOOD
        assert seen["details"] == {
            "redisConnection": True,
            "matchmakingData": 0,
            "activeGameStates": 0,
            "activeSocketMappings": 0,
            "activeRooms": 0,
        }
        assert (seen["status"], seen["reasons"], seen["hears"]) == ("ok", [], True)


async def test_a_process_that_hears_nothing_is_not_healthy_until_it_hears_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with an_echo() as caller:
        await periods(caller, 4)
        assert (await caller.health())[0] == 200

        async def lost(store: Store, topic: str, payload: bytes) -> None:
            """Send nothing, and say that all went well: as a subscription that has died."""

        with monkeypatch.context() as patched:
            patched.setattr(Store, "signal", lost)
            await periods(caller, 4)
            status, seen = await caller.health()
            assert (status, seen["redis"], seen["hears"], seen["status"]) == (503, False, False, "failing")
            assert "this process is deaf" in seen["reasons"][0]
            ready = await caller.call("GET", "/ready", headers={})
            assert (ready.status, ready.json["ready"]) == (503, False)
        await periods(caller, 2)
        status, seen = await caller.health()
        assert (status, seen["redis"], seen["reasons"]) == (200, True, [])


async def test_signals_of_others_are_no_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_echo() as caller:
        signal = Store.signal

        async def another(store: Store, topic: str, _: bytes) -> None:
            await signal(store, topic, b"another")

        monkeypatch.setattr(Store, "signal", another)
        await periods(caller, 4)
        assert (await caller.health())[0] == 503


async def test_a_store_that_is_away_is_said_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_caller() as caller:

        async def away(_: Store) -> None:
            raise Unavailable("away")

        monkeypatch.setattr(Store, "now", away)
        status, seen = await caller.health()
        assert status == 503
        assert {name: seen[name] for name in GOOD} == dict.fromkeys(GOOD, False)
        assert (seen["details"]["redisConnection"], seen["reasons"]) == (
            False,
            ["the store can't be reached (Unavailable)"],
        )


async def test_what_nobody_does_is_said_after_a_while() -> None:
    async with a_caller() as caller:
        assert (await caller.health())[0] == 200
        now = await caller.store.now()
        made = Battle.create("b1", ends_by=now.replace(year=2101), mode="wizards", level=3, players=("ada", "bob"))
        battle = await caller.store.apply(made)
        await caller.store.apply(Battle.start(battle, board=NOTHING, acts=("ada",), turn_ends_at=None))
        await caller.store.advance(seconds(15))
        assert (await caller.health())[0] == 200
        await caller.store.advance(seconds(6))
        status, seen = await caller.health()
        assert status == 503
        assert {name: seen[name] for name in GOOD} == {**dict.fromkeys(GOOD, False), "redis": True}
        assert seen["details"]["activeRooms"] == 1
        assert [reason.split(":")[0] for reason in seen["reasons"]] == [
            "nobody matches the mode wizards",
            "battles wait, and no instance runs them",
            "this process has no lease as an instance",
        ]


@pytest.mark.parametrize("mode", ["isolated", "rejoining"])
async def test_a_process_is_not_well_while_what_happens_there_is_not_final_though_its_store_answers(
    mode: Literal["isolated", "rejoining"],
) -> None:
    async with a_caller() as caller:
        caller.service.isolation.mode = mode
        status, seen = await caller.health()
        assert (status, seen["redis"], seen["mode"], seen["status"]) == (503, True, mode, "failing")
        assert mode in seen["reasons"][0]
        caller.service.isolation.mode = "clustered"
        assert (await caller.health())[0] == 200
