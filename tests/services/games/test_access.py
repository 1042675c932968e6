"""Who may do what, and whatever else comes in: each is refused with what to do, and changes nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute, Route
from tests.calling import ADMIN, BACKEND
from tests.malforming import CANARY, WAYS
from tests.services.games.calling import Caller, a_caller

from tenure.services.games.api.access import FITTING

# Every route of the API with the right that it takes. A route that is missing here fails the first test.
RIGHTS = {
    "GET /players": "reader",
    "POST /players": "admin",
    "GET /players/{player}": "reader",
    "PATCH /players/{player}": "admin",
    "DELETE /players/{player}": "admin",
    "POST /players/{player}/pause": "admin",
    "POST /players/{player}/unpause": "admin",
    "GET /players/{player}/link": "admin",
    "POST /players/{player}/link": "admin",
    "DELETE /players/{player}/link": "admin",
    "GET /players/{player}/games": "reader",
    "GET /games": "reader",
    "GET /games/{player}/{match}": "reader",
    "GET /games/{player}/{match}/history": "reader",
    "GET /results": "reader",
    "GET /health": "anyone",
    "GET /ready": "anyone",
    "GET /metrics": "anyone",
    "GET /openapi.json": "anyone",
}
BODIES: dict[str, Any] = {
    "POST /players": {"riot_id": "Eve#NA1", "platform": "na1", "titles": ["lol", "tft"]},
    "PATCH /players/{player}": {"titles": ["tft"]},
}
SHOWN = {"admin": ADMIN, "reader": BACKEND}
WRONG: dict[str, dict[str, str]] = {
    "none": {},
    "bad": {"X-API-Key": "bad", "X-Admin-API-Key": "bad", "Authorization": "Bearer bad"},
    "empty": {"X-API-Key": "", "X-Admin-API-Key": ""},
    "not ascii": {"X-API-Key": "ké\x80", "X-Admin-API-Key": "ké\x80"},
    "in another's header": {"X-API-Key": ADMIN["X-Admin-API-Key"], "X-Admin-API-Key": BACKEND["X-API-Key"]},
}
TIMES = 500


def routes_of(routes: list[BaseRoute]) -> Iterator[str]:
    """Give all routes but those of the page, which has its own tests."""
    for route in routes:
        if isinstance(route, Route):
            yield from (f"{method} {route.path}" for method in sorted((route.methods or set()) - {"HEAD"}))


async def begin(caller: Caller) -> dict[str, str]:
    """Let Ada play a game, and give what a name in a path stands for."""
    (player,) = await caller.tracking.track("Ada#NA1")
    match = caller.tracking.world.start("Ada#NA1").match_id
    await caller.tracking.turn()
    return {"{player}": player, "{match}": match}


def filled(route: str, names: dict[str, str]) -> tuple[str, str]:
    method, path = route.split(" ", 1)
    for name, value in names.items():
        path = path.replace(name, value)
    return method, path


async def test_every_route_is_in_the_table() -> None:
    async with a_caller() as caller:
        assert set(routes_of(caller.app.routes)) == set(RIGHTS)


async def test_every_route_refuses_every_wrong_key_and_changes_nothing() -> None:
    async with a_caller() as caller:
        names = await begin(caller)
        before = await caller.position()
        for route, right in RIGHTS.items():
            for name, headers in WRONG.items() if right != "anyone" else ():
                answer = await caller.call(*filled(route, names), BODIES.get(route, b""), headers)
                assert answer.status == 401, (route, name)
                assert "the-" not in answer.detail
            for name in SHOWN.keys() - set(FITTING[right]) if right != "anyone" else ():
                answer = await caller.call(*filled(route, names), BODIES.get(route, b""), SHOWN[name])
                assert (answer.status, "this key may not do that" in answer.detail) == (403, True), (route, name)
        assert await caller.position() == before


async def test_each_fitting_key_opens_each_of_its_routes() -> None:
    async with a_caller() as caller:
        names = await begin(caller)
        for route, right in RIGHTS.items():
            for key in FITTING[right]:
                answer = await caller.call(*filled(route, names), BODIES.get(route, b""), SHOWN[key])
                assert answer.status < 300 or (answer.status == 409 and route.startswith(("POST", "PATCH"))), route
            if right == "anyone":
                answer = await caller.call(*filled(route, names), headers={})
                assert answer.status == 200
                assert b"Ada" not in answer.body.replace(b"such as Ada#EUW", b""), route


async def test_malformed_bodies_are_refused_and_change_nothing() -> None:
    number = random.SystemRandom().randrange(2**32)
    seed = random.Random(number)  # noqa: S311  it is to be repeated
    async with a_caller() as caller:
        names = await begin(caller)
        before = await caller.position()
        for _ in range(TIMES):
            route = seed.choice(list(BODIES))
            body = seed.choice([*WAYS, wrong_value])(seed, BODIES[route])
            answer = await caller.call(*filled(route, names), body)
            assert answer.status in (413, 422), (number, route, body[:200], answer)
            assert CANARY not in answer.body.decode(), (number, body[:200])
        assert await caller.position() == before, number


def wrong_value(seed: random.Random, valid: dict[str, Any]) -> bytes:
    wrong = [-(10**9), 1e400, {"a": CANARY}, "\x00" + CANARY, [[CANARY]], CANARY * 7000, [None], [], "", "#", None]
    return json.dumps({**valid, seed.choice(list(valid)): seed.choice(wrong)}).encode()


async def test_malformed_paths_and_queries_are_refused() -> None:
    wild = ["%00", "..", "a%2Fb", "%ff", "x" * 5000, "\u0000", "💥", "-1", "9" * 300, " ", "a b", "\u200b"]
    numbers = ["-1", "x", "1e3", "99999999999999999999", "", "٣", "0x1", "0", "1001"]
    lists = ("/players", "/games", "/results")
    async with a_caller() as caller:
        player = (await begin(caller))["{player}"]
        before = await caller.position()
        paths = [
            *(f"{path}?limit={n}" for n in numbers for path in (*lists, f"/players/{player}/games")),
            *(f"{path}?{name}={w}" for w in wild for path in ("/players", "/games") for name in ("after", "state")),
            *(f"/players/{w}" for w in wild), *(f"/games/{w}/NA1_1" for w in wild),
            *(f"/games/{player}/{w}" for w in wild),
            *(f"/results?after={w}" for w in (*wild, "x", "1.5") if not w.isdecimal()),
            "/players?riot_id=Ada%23NA1", "/players?platform=na1", "/players?riot_id=Ada&platform=na1",
            "/players?riot_id=Ada%23NA1&platform=moon", "/games?after=gone/NA1_1", "/players?after=gone",
        ]  # fmt: skip
        for path in paths:
            answer = await caller.call("GET", path)
            assert 400 <= answer.status < 500, (path, answer)
            assert answer.detail
        assert await caller.position() == before


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ({"riot_id": "Ada", "platform": "na1"}, "a tag of 1 to 5, such as Ada#EUW"),
        ({"riot_id": "Ada#TOOLONG", "platform": "na1"}, "a tag of 1 to 5, such as Ada#EUW"),
        ({"riot_id": "Ada#NA1", "platform": "moon"}, "`platform` must be one of br1,"),
        ({"riot_id": "Ada#NA1"}, "`platform` is missing"),
        ({"riot_id": "Ada#NA1", "platform": "na1", "titles": ["chess"]}, "one or both of lol and tft"),
        ({"riot_id": "Ada#NA1", "platform": "na1", "zoom": 1}, "known are: riot_id, platform, titles"),
    ],
)
async def test_advice_names_the_field_and_what_it_must_be(body: Any, advice: str) -> None:
    async with a_caller() as caller:
        answer = await caller.call("POST", "/players", body)
        assert (answer.status, advice in answer.detail) == (422, True), answer.detail
