"""Whatever comes in: an answer below 500 that says what to do, repeats nothing, and changes nothing."""

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.calling import ADMIN
from tests.malforming import CANARY, WAYS
from tests.services.bots.calling import Caller, a_caller

TIMES = 20_000 if os.environ.get("TENURE_LONG") else 2_000

VALID: dict[str, dict[str, Any]] = {
    "POST /pools": {
        "id": "p", "mode": "duel", "region": "eu", "rating_system": "glicko2", "max_deployed": 1, "places": 5,
        "rules": {"teams": 2, "tolerance": 1.5}, "accept_seconds": 5, "cool_seconds": 5, "patience_seconds": 5.5,
        "longest_seconds": 50, "rotate_seconds": 50,
    },
    "PATCH /pools/duels": {"max_deployed": 1, "rules": {"team_size": 1}, "rotate_seconds": 5},
    "POST /pools/duels/reopen": {"max_deployed": 1, "places": 1},
    "POST /bots": {"pool": "duels", "ids": ["a"], "rating": 1500},
    "POST /tickets": {"pool": "duels", "players": ["eve"], "id": "i"},
    "POST /tickets/t-ada/accept": {"match": "m"},
    "POST /tickets/t-ada/decline": {"match": "m"},
    "POST /matches/m/result": {"places": [1, 2]},
    "POST /matches/m/break-off": {"reason": "r"},
    "PUT /players/ada/blocked": {"players": ["bob"]},
}  # fmt: skip
WRONG: list[Any] = [
    -(10**9),
    1e400,
    True,
    [],
    {"a": CANARY},
    "\x00" + CANARY,
    10**30,
    [[CANARY]],
    CANARY * 7000,
    [None],
    [{}],
]


def wrong_value(seed: random.Random, valid: dict[str, Any]) -> bytes:
    name = seed.choice(list(valid))
    fitting = (list, dict) if isinstance(valid[name], list | dict) else ()
    wrong = [w for w in WRONG if not isinstance(w, fitting) or (isinstance(w, list) and w and not w[0])]
    return json.dumps({**valid, name: seed.choice(wrong)}).encode()


def missing_all(seed: random.Random, valid: dict[str, Any]) -> bytes:  # noqa: ARG001
    return json.dumps({CANARY: {}}).encode()


ALL_WAYS = [wrong_value, wrong_value, wrong_value, missing_all, *WAYS]


def requests(seed: random.Random) -> Iterator[tuple[str, str, bytes]]:
    for _ in range(TIMES):
        route = seed.choice(list(VALID))
        method, path = route.split(" ")
        yield method, path, seed.choice(ALL_WAYS)(seed, VALID[route])


async def begin(caller: Caller) -> int:
    await caller.world.a_pool()
    await caller.world.join("ada")
    return await caller.position()


async def test_malformed_bodies_are_refused_and_change_nothing() -> None:
    number = random.SystemRandom().randrange(2**32)
    seed = random.Random(number)  # noqa: S311  it is to be repeated
    async with a_caller() as caller:
        before = await begin(caller)
        for method, path, body in requests(seed):
            answer = await caller.call(method, path, body)
            assert answer.status in (409, 413, 422), (number, method, path, body[:200], answer)
            assert CANARY not in answer.body.decode(), (number, body[:200])
        assert await caller.position() == before, number


async def test_malformed_paths_queries_and_headers_are_refused() -> None:
    wild = ["%00", "..", "%2e%2e", "a%2Fb", "%ff", "x" * 5000, "\u0000", "💥", "-1", "9" * 300, " ", "a b", "\u200b"]
    numbers = ["-1", "x", "1e3", "99999999999999999999", "", "٣", "0x1"]
    async with a_caller() as caller:
        before = await begin(caller)
        paths = [
            *((m, p.format(w)) for w in wild for m, p in NAMED),
            *(("GET", f"/{name}?limit={n}") for n in [*numbers, "0", "1001"] for name in LISTS),
            *(("GET", f"/{name}?after={w}") for w in wild for name in LISTS if w != "-1"),
            *(("GET", f"/{name}?pool={w}") for w in wild for name in ("bots", "tickets", "matches", "quality")),
            *(("GET", f"/tickets/t-ada?wait={n}") for n in [*numbers, "31"]),
            *(("GET", f"/bots/b/history?after={n}") for n in numbers),
            ("GET", f"/tickets/t-ada?seen={'x' * 300}"),
            ("GET", "/leaderboard"),
            ("GET", f"/leaderboard?mode=duel&after={'x' * 300}"),
            ("GET", "/quality"),
        ]
        for method, path in paths:
            answer = await caller.call(method, path)
            assert 400 <= answer.status < 500, (method, path, answer)
        for key in ("", " ", "a b", "\x00", "é", "x" * 300, "a/b"):
            answer = await caller.call("POST", "/tickets", VALID["POST /tickets"], {**ADMIN, "Idempotency-Key": key})
            assert (answer.status, "Idempotency-Key" in answer.detail) == (422, True), key
        assert await caller.position() == before


NAMED = (
    ("GET", "/pools/{}"), ("PATCH", "/pools/{}"), ("DELETE", "/pools/{}"), ("POST", "/pools/{}/drain"),
    ("GET", "/bots/{}"), ("DELETE", "/bots/{}"), ("POST", "/bots/{}/deploy"), ("GET", "/bots/{}/history"),
    ("GET", "/tickets/{}"), ("DELETE", "/tickets/{}"), ("POST", "/tickets/{}/accept"), ("GET", "/matches/{}"),
    ("POST", "/matches/{}/result"), ("POST", "/matches/{}/break-off"), ("GET", "/players/{}"),
    ("DELETE", "/players/{}"), ("PUT", "/players/{}/blocked"),
)  # fmt: skip
LISTS = ("pools", "bots", "tickets", "matches")


@pytest.mark.parametrize(
    ("path", "body", "advice"),
    [
        ("/pools", {"id": "a b", "mode": "m", "region": "r"}, "`id` is not as wanted: it must be 1 to 40 of A-Z"),
        ("/pools", {"id": "a", "mode": "m"}, "`region` is missing"),
        ("/pools", {"id": "a", "mode": "m", "region": "r", "rating_system": "x"}, "one of elo, glicko2, openskill"),
        ("/pools", {"id": "a", "mode": "m", "region": "r", "rules": {"teams": 0}}, "`rules.teams` is not as wanted"),
        ("/pools", {"id": "a", "mode": "m", "region": "r", "rules": {"teams": 150, "team_size": 2}}, "rules.team_size"),
        ("/pools", {"id": "a", "mode": "m", "region": "r", "rules": {"team_size": 2}}, "take the rating system"),
        ("/pools", {"id": "a", "mode": "m", "region": "r", "accept_seconds": 0}, "seconds, from 1 to 600"),
        ("/bots", {"pool": "duels", "number": 1001}, "a whole number from 1 to 1000"),
        ("/bots", {"pool": "duels", "ids": ["a", "a"]}, "name each bot once"),
        ("/tickets", {"pool": "duels", "players": []}, "1 to 200 player ids"),
        ("/tickets", {"pool": "duels", "players": ["a", "b"]}, "at most 1 players"),
        ("/tickets", {"pool": "duels", "players": ["a/b"]}, "1 to 100 characters without spaces and slashes"),
        ("/tickets", {"pool": "duels", "players": ["a"], "zoom": 1}, "known are: pool, players, id"),
        ("/matches/m/result", {"places": [0, 1]}, "the place of each team"),
    ],
)
async def test_advice_names_the_field_and_what_it_must_be(path: str, body: Any, advice: str) -> None:
    async with a_caller() as caller:
        await begin(caller)
        answer = await caller.call("POST", path, body)
        assert (answer.status, advice in answer.detail) == (422, True), answer.detail
