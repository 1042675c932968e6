"""Whatever comes in: an answer below 500 that says what to do, repeats nothing, and changes nothing."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.calling import ADMIN
from tests.malforming import CANARY, WAYS
from tests.services.trivia.calling import Caller, a_caller

TIMES = 20_000 if os.environ.get("TENURE_LONG") else 2_000

VALID: dict[str, dict[str, Any]] = {
    "POST /guilds": {"id": "club", "name": "Club", "time_zone": "UTC"},
    "PATCH /guilds/home": {"name": "Club", "time_zone": "Europe/Berlin", "week_starts": 3, "operators": "staff"},
    "POST /guilds/home/channels": {"name": "other"},
    "POST /guilds/home/members": {"name": "Eve", "manages": True},
    "PATCH /guilds/home/members/1": {"manages": True},
    "POST /guilds/home/registrations": {
        "name": "other", "channel": "general", "schedule": "daily 09:00", "questions": 2, "category": "art",
        "difficulty": "easy", "window_seconds": 60.5, "sources": ["builtin"], "counts": "last", "catch_up": "skip",
    },
    "PATCH /registrations/REGISTRATION": {"schedule": "daily 10:00", "questions": 3, "sources": ["builtin"]},
    "POST /games/GAME/extend": {"closes_at": "2100-01-04T12:30:00Z"},
    "POST /games/GAME/answers": {"member": "eve", "name": "Eve", "choice": "A"},
}  # fmt: skip
WRONG: list[Any] = [
    -(10**9),
    1e400,
    [],
    {"a": CANARY},
    "\x00" + CANARY,
    10**30,
    [[CANARY]],
    CANARY * 7000,
    [None],
    [{}],
    "",
]
FITTING: dict[str, tuple[Any, ...]] = {"name": ("",)}
"""What of the wrong is right for some field."""


def wrong_value(seed: random.Random, valid: dict[str, Any]) -> bytes:
    name = seed.choice(list(valid))
    wrong = [each for each in WRONG if each not in FITTING.get(name, ())]
    return json.dumps({**valid, name: seed.choice(wrong)}).encode()


def missing_all(seed: random.Random, valid: dict[str, Any]) -> bytes:  # noqa: ARG001
    return json.dumps({CANARY: {}}).encode()


ALL_WAYS = [wrong_value, wrong_value, wrong_value, missing_all, *WAYS]


async def begin(caller: Caller) -> dict[str, str]:
    """Make one of each thing, and give what its name in a path stands for."""
    registration = await caller.register()
    game = await caller.asked(registration)
    await caller.answer(game, "ada", "A")
    await caller.post("/guilds/home/members", {"name": "Ada"})
    return {"REGISTRATION": registration, "GAME": game}


def requests(seed: random.Random, names: dict[str, str]) -> Iterator[tuple[str, str, bytes]]:
    for _ in range(TIMES):
        route = seed.choice(list(VALID))
        method, path = route.split(" ")
        for name, value in names.items():
            path = path.replace(name, value)
        yield method, path, seed.choice(ALL_WAYS)(seed, VALID[route])


async def test_malformed_bodies_are_refused_and_change_nothing() -> None:
    number = random.SystemRandom().randrange(2**32)
    seed = random.Random(number)  # noqa: S311  it is to be repeated
    async with a_caller() as caller:
        names = await begin(caller)
        before = await caller.position()
        for method, path, body in requests(seed, names):
            answer = await caller.call(method, path, body)
            assert answer.status in (409, 413, 422), (number, method, path, body[:200], answer)
            assert CANARY not in answer.body.decode(), (number, body[:200])
        assert await caller.position() == before, number


async def test_malformed_paths_queries_and_headers_are_refused() -> None:
    wild = ["%00", "..", "%2e%2e", "a%2Fb", "%ff", "x" * 5000, "\u0000", "💥", "-1", "9" * 300, " ", "a b", "\u200b"]
    numbers = ["-1", "x", "1e3", "99999999999999999999", "", "٣", "0x1", "0", "1001"]
    days = ["", "x", "2100-13-01", "2100-1-1", "0001-01-01", "9999-12-31", "2100-02-30", "２100-01-01"]
    async with a_caller() as caller:
        names = await begin(caller)
        before = await caller.position()
        paths = [
            *((method, path.format(w)) for w in wild for method, path in NAMED),
            *(("GET", f"{path}?limit={n}") for n in numbers for path in LISTS),
            *(("GET", f"{path}?after={w}") for w in wild for path in LISTS if w not in ("-1", "💥")),
            *(("GET", f"/games?{name}={w}") for w in wild for name in ("guild", "registration", "state")),
            *(("GET", f"/guilds/home/leaderboard?day={day}") for day in days),
            ("GET", f"/games/{names['GAME']}/answers?after={'x' * 300}"),
            ("GET", f"/games/{names['GAME']}/answers?limit=0"),
            ("GET", "/guilds/home/leaderboard?board=month"),
            ("GET", "/guilds/home/leaderboard?limit=1001"),
            ("GET", f"/guilds/home/leaderboard?category={'x' * 300}"),
            ("GET", "/guilds/home/leaderboard?category="),
        ]
        for method, path in paths:
            answer = await caller.call(method, path)
            assert 400 <= answer.status < 500, (method, path, answer)
        for key in ("", " ", "a b", "\x00", "é", "x" * 41, "a/b", "a.b"):
            answer = await caller.call(
                "POST", f"/registrations/{names['REGISTRATION']}/post", b"", {**ADMIN, "Idempotency-Key": key}
            )
            assert (answer.status, "Idempotency-Key" in answer.detail) == (422, True), key
        assert await caller.position() == before


NAMED = (
    ("GET", "/guilds/{}"), ("DELETE", "/guilds/{}"), ("GET", "/guilds/{}/history"), ("GET", "/guilds/{}/channels"),
    ("GET", "/guilds/{}/members"), ("GET", "/guilds/{}/registrations"), ("GET", "/guilds/{}/leaderboard"),
    ("GET", "/guilds/home/stats/{}"), ("GET", "/guilds/{}/stats/ada"), ("DELETE", "/guilds/{}/stats/ada"),
    ("POST", "/guilds/home/channels/{}/close"), ("DELETE", "/guilds/home/channels/{}"),
    ("DELETE", "/guilds/home/members/{}"), ("POST", "/guilds/home/members/{}/renew"),
    ("GET", "/registrations/{}"), ("DELETE", "/registrations/{}"), ("POST", "/registrations/{}/enable"),
    ("POST", "/registrations/{}/post"), ("GET", "/games/{}"), ("DELETE", "/games/{}"), ("POST", "/games/{}/close"),
    ("POST", "/games/{}/retry"), ("GET", "/games/{}/replay"), ("GET", "/games/{}/answers"),
    ("GET", "/games/{}/answers/ada"),
)  # fmt: skip
LISTS = ("/guilds", "/games", "/guilds/home/history", "/guilds/home/members")


async def test_a_game_that_can_be_none_has_no_answers_taken() -> None:
    async with a_caller() as caller:
        for wild in ("..", "x" * 5000, "\u0000", "💥", " ", "a b"):
            answer = await caller.call("POST", f"/games/{wild}/answers", VALID["POST /games/GAME/answers"])
            assert (answer.status, answer.json["code"]) == (404, "GAME_NOT_FOUND"), wild


@pytest.mark.parametrize(
    ("path", "body", "advice"),
    [
        ("/guilds", {"id": "a b"}, "`id` is not as wanted: it must be 1 to 40 of A-Z"),
        ("/guilds", {"id": "a", "time_zone": "Mars"}, "`time_zone` must be a name of the IANA list"),
        ("/guilds", {"name": "a"}, "`id` is missing"),
        ("/guilds", {"id": "a", "zoom": 1}, "known are: id, name, time_zone"),
        ("/guilds/home/channels", {"name": "A"}, "1 to 40 of a-z 0-9"),
        ("/guilds/home/members", {"name": "\u0301"}, "visible characters"),
        ("R", {"name": "a", "channel": "c"}, "`schedule` is missing"),
        ("R", {"name": "a", "channel": "c", "schedule": "often"}, "must be such as `daily 09:00`"),
        ("/guilds", {"id": "a", "name": "two\nlines"}, "`name` must be 0 to 100 printable characters"),
        ("R", {"name": "a", "channel": "c", "schedule": "every 1m"}, "take a rarer schedule"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "questions": 21}, "from 1 to 20"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "window_seconds": 1}, "seconds, from 5 to"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "difficulty": "x"}, "one of easy, medium, hard"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "sources": []}, "a list of 1 to 10 names"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "sources": ["x"]}, "there is no source"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "category": "cheese"}, "choose one of animals"),
        ("R", {"name": "a", "channel": "c", "schedule": "daily 09:00", "counts": "all"}, "first or last"),
        ("G/extend", {"closes_at": "soon"}, "an instant with its offset from UTC"),
        ("G/extend", {"closes_at": "2100-01-04T12:30:00"}, "an instant with its offset from UTC"),
        ("G/answers", {"member": "a/b", "name": "A", "choice": "A"}, "1 to 64 characters without spaces and slashes"),
        ("G/answers", {"member": "a", "name": "", "choice": "A"}, "1 to 100 printable characters"),
        ("G/answers", {"member": "a", "name": "A"}, "`choice` is missing"),
        ("G/answers", {"member": "a", "name": "A", "choice": "x" * 50}, "the letter of a choice"),
    ],
)
async def test_advice_names_the_field_and_what_it_must_be(path: str, body: Any, advice: str) -> None:
    async with a_caller() as caller:
        names = await begin(caller)
        path = {"R": "/guilds/home/registrations"}.get(path, path).replace("G/", f"/games/{names['GAME']}/")
        answer = await caller.call("POST", path, body)
        assert (answer.status, advice in answer.detail) == (422, True), answer.detail
