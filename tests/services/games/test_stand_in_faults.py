"""What goes wrong with the stand-in when it is told to: over HTTP, and for who asks it without a network."""

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from tests.services.games.riot_standing import ACCOUNTS, ACTIVE, ADA, MATCHES, START, a_stand_in, puuid, served
from tests.services.games.riots import asking

from tenure.services.games.riot.contract import Limited, RiotError
from tenure.services.games.riot.stand_in import Direct, StandIn
from tenure.services.games.riot.stand_in.faults import KINDS, Fault, Faults

PATH = f"{ACCOUNTS}/Ada/NA1"
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "limit", "of": "application", "seconds": 7},
    {"kind": "limit", "of": "method", "seconds": 7},
    {"kind": "limit", "of": "service", "seconds": None},
    {"kind": "limit", "of": "none", "seconds": None},
    {"kind": "not_found"},
    {"kind": "malformed", "how": "text"},
    {"kind": "malformed", "how": "empty"},
    {"kind": "malformed", "how": "truncated"},
    {"kind": "malformed", "how": "list"},
    {"kind": "malformed", "how": "fields"},
    {"kind": "malformed", "how": "types"},
    {"kind": "cut", "times": 2},
    {"kind": "slow", "seconds": 0.01},
]


async def test_the_log_of_other_servers_stays_as_it_is() -> None:
    servers = logging.getLogger("uvicorn.error")
    before = servers.getEffectiveLevel()
    async with served():
        assert servers.getEffectiveLevel() == before


async def test_each_fault_happens_once_and_is_counted() -> None:
    async with served() as (stand_in, get):
        stand_in.fail("status", status=502)
        assert (await get(PATH)).status == 502
        assert (await get(PATH)).status == 200
        stand_in.fail("not_found")
        assert (await get(PATH)).status == 404
        stand_in.fail("cut", times=None)  # aiohttp asks once more, where it had kept the connection
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await get(PATH)
        stand_in.behave()
        stand_in.fail("slow", seconds=0.01)
        assert (await get(PATH)).status == 200
        cut = stand_in.api.counted["account-v1.getByRiotId", 0]
        assert cut in (1, 2)
        assert stand_in.faults.happened == {"status": 1, "not_found": 1, "cut": cut, "slow": 1}


@pytest.mark.parametrize(
    ("of", "seconds", "said"),
    [
        ("application", 7, {"X-Rate-Limit-Type": "application", "Retry-After": "7"}),
        ("method", 0.2, {"X-Rate-Limit-Type": "method", "Retry-After": "1"}),
        ("service", None, {"X-Rate-Limit-Type": "service", "Retry-After": None}),
        ("none", None, {"X-Rate-Limit-Type": None, "Retry-After": None}),
    ],
)
async def test_a_429_says_of_what_and_for_how_long_or_does_not(of: Any, seconds: float | None, said: Any) -> None:
    async with served() as (stand_in, get):
        stand_in.fail("limit", of=of, seconds=seconds)
        answer = await get(PATH)
        assert (answer.status, answer.body["status"]["status_code"]) == (429, 429)
        assert {name: answer.headers.get(name) for name in said} == said


async def test_a_malformed_answer_is_another_one_in_each_way() -> None:
    async with served() as (stand_in, get):
        right = (await get(PATH)).body
        found = {}
        for how in ("text", "empty", "truncated", "list", "fields", "types"):
            stand_in.fail("malformed", how=how)
            # Half an answer says that it is JSON, which is the point of it: it is not parsed here.
            stand_in.api.counted.clear()
            async with (
                aiohttp.ClientSession(headers={"X-Riot-Token": stand_in.key}) as http,
                http.get(stand_in.url + PATH) as answer,
            ):
                assert answer.status == 200
                found[how] = await answer.read()
        assert found["text"].startswith(b"<html>")
        assert found["empty"] == b""
        assert found["truncated"] == json.dumps(right, separators=(",", ":")).encode()[: len(found["truncated"])]
        assert 0 < len(found["truncated"]) < 100
        assert (found["list"], found["fields"]) == (b"[]", b"{}")
        assert json.loads(found["types"]) == dict.fromkeys(right, 7)
        stand_in.fail("malformed", how="list")
        assert (await get(f"{MATCHES['lol']}/by-puuid/{puuid(stand_in)}/ids")).body == {}


async def test_a_fault_is_of_some_endpoints_and_hosts_for_a_while_or_some_times() -> None:
    async with served() as (stand_in, get):
        stand_in.fail("status", "spectator-v5.*", host="na1", times=None, lasts_seconds=60)
        game = f"{ACTIVE['lol']}/{puuid(stand_in)}"
        assert (await get(game)).status == 503
        assert (await get(PATH)).status == 200
        assert (await get(game.replace("na1", "kr"))).status == 404
        stand_in.world.advance(60)
        assert (await get(game)).status == 404
        stand_in.fail("status", times=2)
        assert [(await get(PATH)).status for _ in range(3)] == [503, 503, 200]
        stand_in.fail("status", times=None)
        stand_in.world.skew(10)
        stand_in.behave()
        assert (await get(PATH)).status == 200
        assert stand_in.world.skew_seconds == 0


def test_a_share_of_the_requests_fails_the_same_ones_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(lambda: START, seed)
        faults.plan(Fault(kind="status", times=None, share=0.3))
        return [faults.next_for("match-v5.getMatch", "europe") is not None for _ in range(400)]

    assert 80 < sum(drawn(1)) < 160
    assert drawn(1) == drawn(1) != drawn(2)


NONE_THAT_FITS = {"kind": "cut", "host": "nowhere"}
Question = Callable[[], Awaitable[object]]


async def came_of(stand_in: StandIn, riot: Any, fault: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Let the same go wrong with each question, and tell what came of it: a value, or an error with its meaning."""
    (match_id,) = stand_in.world.games
    own = puuid(stand_in)
    since = datetime.fromtimestamp(stand_in.world.now() - 2000, UTC)
    told = list[tuple[Any, ...]]()
    questions: tuple[Question, ...] = (
        lambda: riot.account("na1", "Ada", "NA1"),
        lambda: riot.active_game("na1", own, "lol"),
        lambda: riot.match(match_id, "lol"),
        lambda: riot.match_ids("na1", own, "lol", since),
    )
    for question in questions:
        stand_in.behave()
        stand_in.fail(**fault)
        try:
            value = await question()
            told.append(("good", bool(value)))
        except RiotError as error:
            told.append((type(error), error.of if isinstance(error, Limited) else None, error.status))
    return told


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: "-".join(map(str, one.values())))
async def test_the_client_and_who_asks_without_a_network_conclude_the_same(
    fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asking() as (stand_in, client, _):
        world = stand_in.world
        world.add_player(ADA)
        world.end(world.start(ADA, at=world.now() - 1000).match_id, lingering_seconds=1000)
        monkeypatch.setattr(client._pacer, "block", nothing)  # what it does about a limit is not looked at here
        of_the_client = await came_of(stand_in, client, fault)
        assert all(told == ("good", True) for told in await came_of(stand_in, client, NONE_THAT_FITS))
        assert await came_of(stand_in, stand_in.direct(), fault) == of_the_client


async def nothing(*_: Any) -> None:
    """Do nothing."""


async def test_an_unknown_platform_is_told_to_both() -> None:
    async with asking() as (stand_in, client, _):
        for riot in (client, stand_in.direct()):
            for question in (
                riot.account("moon", "Ada", "NA1"),
                riot.active_game("moon", "x", "lol"),
                riot.match("MOON_1", "lol"),
                riot.match_ids("moon", "x", "lol", datetime.fromtimestamp(START, UTC)),
            ):
                with pytest.raises(RiotError, match="there is no platform"):
                    await question


def test_every_kind_of_fault_is_tried_here() -> None:
    assert {one["kind"] for one in FAULTS} == set(KINDS)


async def test_faults_and_limits_are_shared_with_who_asks_without_a_network() -> None:
    stand_in = a_stand_in(limits=((1, 60),))
    riot = stand_in.direct()
    assert isinstance(riot, Direct)
    await riot.account("na1", "Ada", "NA1")
    with pytest.raises(Limited) as refused:
        await riot.account("na1", "Ada", "NA1")
    assert (refused.value.of, refused.value.retry_after) == ("application", 60)
    assert riot.counted == {"account-v1.getByRiotId": 2}
