"""Who may do what: each route of bots, with every kind of wrong key, changes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from tests.calling import ADMIN, BACKEND
from tests.services.bots.calling import REPORT, Caller, a_caller

from tenure.http.rejections import Unauthorized
from tenure.services.bots.api.access import FITTING, guards
from tenure.services.bots.settings import Settings

# Every route of the API with the right that it takes. A route that is missing here fails the first test.
RIGHTS = {
    "GET /pools": "game",
    "POST /pools": "admin",
    "GET /pools/{pool}": "game",
    "PATCH /pools/{pool}": "admin",
    "DELETE /pools/{pool}": "admin",
    "POST /pools/{pool}/drain": "admin",
    "POST /pools/{pool}/reopen": "admin",
    "GET /bots": "game",
    "POST /bots": "admin",
    "GET /bots/{bot}": "game",
    "DELETE /bots/{bot}": "admin",
    "GET /bots/{bot}/history": "game",
    "POST /bots/{bot}/deploy": "admin",
    "POST /bots/{bot}/recall": "admin",
    "GET /tickets": "game",
    "POST /tickets": "game",
    "GET /tickets/{ticket}": "game",
    "DELETE /tickets/{ticket}": "game",
    "POST /tickets/{ticket}/accept": "game",
    "POST /tickets/{ticket}/decline": "game",
    "GET /matches": "game",
    "GET /matches/{match}": "game",
    "POST /matches/{match}/result": "report",
    "POST /matches/{match}/break-off": "game",
    "GET /players/{player}": "game",
    "PUT /players/{player}/blocked": "game",
    "DELETE /players/{player}": "admin",
    "GET /leaderboard": "game",
    "GET /quality": "game",
    "GET /health": "anyone",
    "GET /ready": "anyone",
    "GET /metrics": "anyone",
    "GET /openapi.json": "anyone",
}
BODIES: dict[str, Any] = {
    "POST /pools": {"id": "other", "mode": "duel", "region": "eu"},
    "PATCH /pools/{pool}": {"max_deployed": 7},
    "POST /pools/{pool}/reopen": {},
    "POST /bots": {"pool": "duels", "number": 1},
    "POST /tickets": {"pool": "duels", "players": ["eve"]},
    "POST /tickets/{ticket}/accept": {"match": "x"},
    "POST /tickets/{ticket}/decline": {"match": "x"},
    "POST /matches/{match}/result": {"places": [1, 2]},
    "POST /matches/{match}/break-off": {},
    "PUT /players/{player}/blocked": {"players": ["bob"]},
}
PATHS = {"{pool}": "duels", "{bot}": "b", "{ticket}": "t-ada", "{match}": "m", "{player}": "ada"}
SHOWN = {"admin": ADMIN, "game": BACKEND, "report": REPORT}
WRONG: dict[str, dict[str, str]] = {
    "none": {},
    "bad": {"X-API-Key": "bad", "X-Admin-API-Key": "bad", "Authorization": "Bearer bad"},
    "empty": {"X-API-Key": "", "X-Admin-API-Key": "", "Authorization": "Bearer "},
    "not ascii": {"X-API-Key": "ké\x80", "X-Admin-API-Key": "ké\x80"},
    "in another's header": {
        "X-API-Key": ADMIN["X-Admin-API-Key"], "X-Admin-API-Key": BACKEND["X-API-Key"],
        "Authorization": f"Bearer {BACKEND['X-API-Key']}",
    },
    "without its scheme": {"Authorization": REPORT["Authorization"].removeprefix("Bearer ")},
}  # fmt: skip


def routes_of(routes: list[BaseRoute]) -> Iterator[str]:
    """Give all routes but those of what is mounted: the page and the local game have their own tests."""
    for route in routes:
        if isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {route.path}"


def of(*rights: str) -> list[str]:
    return [name for name, right in RIGHTS.items() if right in rights]


def filled(route: str) -> tuple[str, str]:
    method, path = route.split(" ", 1)
    for name, value in PATHS.items():
        path = path.replace(name, value)
    return method, path + ("?mode=duel" if path == "/leaderboard" else "?pool=duels" if path == "/quality" else "")


async def a_little_of_all(caller: Caller) -> None:
    await caller.world.a_pool(max_deployed=1)
    await caller.world.service.crew.create("duels", ids=["b"])
    await caller.world.join("ada")


async def test_every_route_is_in_the_table() -> None:
    async with a_caller() as caller:
        assert set(routes_of(caller.app.routes)) == set(RIGHTS)
        mounted = {route.path for route in caller.app.routes if isinstance(route, Mount)}
        assert mounted == {"/console", "/local-game"}


@pytest.mark.parametrize("route", of("admin", "game", "report"))
async def test_a_route_refuses_every_wrong_key_and_changes_nothing(route: str) -> None:
    async with a_caller() as caller:
        await a_little_of_all(caller)
        before = await caller.position()
        for name, headers in WRONG.items():
            answer = await caller.call(*filled(route), BODIES.get(route, b""), headers)
            assert answer.status == 401, name
            assert "the-" not in answer.detail
        lesser = {name: shown for name, shown in SHOWN.items() if name not in FITTING[RIGHTS[route]]}
        for name, headers in lesser.items():
            answer = await caller.call(*filled(route), BODIES.get(route, b""), headers)
            assert (answer.status, "this key may not do that" in answer.detail) == (403, True), name
        assert await caller.position() == before


@pytest.mark.parametrize("route", of("admin", "game", "report"))
async def test_each_fitting_key_opens_a_route(route: str) -> None:
    for name in FITTING[RIGHTS[route]]:
        async with a_caller() as caller:
            await a_little_of_all(caller)
            answer = await caller.call(*filled(route), BODIES.get(route, b""), SHOWN[name])
            assert answer.status not in (401, 403), name


@pytest.mark.parametrize("route", of("anyone"))
async def test_some_routes_need_no_key_and_name_nobody(route: str) -> None:
    async with a_caller() as caller:
        await a_little_of_all(caller)
        answer = await caller.call(*filled(route), headers={})
        assert answer.status == 200
        assert b"ada" not in answer.body


@pytest.mark.parametrize("header", [{"X-API-Key": ""}, {"Authorization": "Bearer "}, {"Authorization": ""}, {}])
async def test_a_right_without_a_key_of_its_own_fits_nobody(header: dict[str, str]) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in header.items()]
    with pytest.raises(Unauthorized):
        await guards(Settings(base_url="http://127.0.0.1:1", admin_key="a"))["report"](
            Request({"type": "http", "headers": headers})
        )
