"""The limits that the stand-in enforces, and what its headers say of them."""

from contextlib import suppress

import pytest
from tests.services.games.riot_standing import ACCOUNTS, ACTIVE, puuid, served

from tenure.services.games.riot.stand_in.endpoints import ACCOUNT
from tenure.services.games.riot.stand_in.limits import PERSONAL, PRODUCTION, Limits, TooMany, rates
from tenure.services.games.riot.stand_in.world import NotPossible

PATH = f"{ACCOUNTS}/Ada/NA1"


async def test_each_answer_says_what_the_limits_are_and_how_much_was_used() -> None:
    async with served(limits=rates("20:1,100:120")) as (stand_in, get):
        await get(PATH)
        second = await get(PATH)
        said = {name.lower(): value for name, value in second.headers.items() if "limit" in name.lower()}
        assert said == {
            "x-app-rate-limit": "20:1,100:120",
            "x-app-rate-limit-count": "2:1,2:120",
            "x-method-rate-limit": "1000:60",
            "x-method-rate-limit-count": "2:60",
        }
        absent = await get(f"{ACTIVE['lol']}/{puuid(stand_in)}")
        assert (absent.status, absent.headers["X-App-Rate-Limit-Count"]) == (404, "1:1,1:120")


async def test_too_many_of_the_application_wait_until_its_window_is_over() -> None:
    async with served(limits=((3, 1), (4, 120))) as (stand_in, get):
        assert [(await get(PATH)).status for _ in range(4)] == [200, 200, 200, 429]
        refused = await get(PATH)
        assert (refused.headers["X-Rate-Limit-Type"], refused.headers["Retry-After"]) == ("application", "1")
        assert refused.headers["X-App-Rate-Limit-Count"] == "3:1,3:120"
        stand_in.world.advance(1)
        assert [(await get(PATH)).status for _ in range(2)] == [200, 429]
        stand_in.world.advance(118.5)
        assert (await get(PATH)).headers["Retry-After"] == "1"
        stand_in.world.advance(1)
        assert (await get(PATH)).status == 200
        assert stand_in.limits.refused == {"application": 4}


async def test_limits_hold_for_each_host_endpoint_and_key() -> None:
    async with served(limits=((100, 10),)) as (stand_in, get):
        stand_in.limit("100:10", {ACCOUNT: "1:60"})
        assert [(await get(PATH)).status for _ in range(2)] == [200, 429]
        assert (await get(PATH)).headers["X-Rate-Limit-Type"] == "method"
        assert (await get(PATH.replace("americas", "europe"))).status == 200
        assert (await get(f"{ACTIVE['lol']}/{puuid(stand_in)}")).status == 404
        stand_in.change_key("RGAPI-2", keep_old=True)
        assert (await get(PATH)).status == 200
        stand_in.limit("1:10")
        assert [(await get(PATH)).status for _ in range(2)] == [200, 429]
        assert (await get(PATH, key=stand_in.world.keys.valid[0])).status == 200


async def test_limits_can_be_changed_and_taken_away() -> None:
    async with served(limits=PERSONAL) as (stand_in, get):
        assert [(await get(PATH)).status for _ in range(21)].count(429) == 1
        stand_in.limit()
        answers = [await get(PATH) for _ in range(30)]
        assert {answer.status for answer in answers} == {200}
        assert "X-App-Rate-Limit" not in answers[0].headers
        for wrong in ("many", "0:1", "1", "1:x"):
            with pytest.raises(NotPossible, match="limits are such as"):
                stand_in.limit(wrong)


def test_in_steady_state_exactly_as_many_pass_as_are_allowed() -> None:
    now = 0.0
    limits = Limits(lambda: now, PRODUCTION)
    passed = 0
    for tick in range(10_000):
        now = tick / 100
        with suppress(TooMany):
            limits.take("key", "na1", "spectator-v5.getCurrentGameInfoByPuuid")
            passed += 1
    assert (passed, limits.refused) == (5_000, {"application": 5_000})
