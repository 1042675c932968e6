"""Who may do what: each route of trivia, with every kind of wrong key, changes nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from tests.calling import ADMIN, BACKEND
from tests.services.trivia.calling import Caller, a_caller

from tenure.http.environment import WrongSetting
from tenure.http.rejections import Unauthorized
from tenure.services.trivia.api.access import FITTING, guards
from tenure.services.trivia.settings import Settings

# Every route of the API with the right that it takes. A route that is missing here fails the first test.
RIGHTS = {
    "GET /guilds": "chat",
    "POST /guilds": "admin",
    "GET /guilds/{guild}": "chat",
    "PATCH /guilds/{guild}": "admin",
    "DELETE /guilds/{guild}": "admin",
    "GET /guilds/{guild}/history": "chat",
    "GET /guilds/{guild}/leaderboard": "chat",
    "GET /guilds/{guild}/stats/{member}": "chat",
    "DELETE /guilds/{guild}/stats/{member}": "admin",
    "GET /guilds/{guild}/channels": "chat",
    "POST /guilds/{guild}/channels": "admin",
    "POST /guilds/{guild}/channels/{channel}/close": "admin",
    "POST /guilds/{guild}/channels/{channel}/reopen": "admin",
    "DELETE /guilds/{guild}/channels/{channel}": "admin",
    "GET /guilds/{guild}/members": "chat",
    "POST /guilds/{guild}/members": "admin",
    "PATCH /guilds/{guild}/members/{member}": "admin",
    "POST /guilds/{guild}/members/{member}/renew": "admin",
    "POST /guilds/{guild}/members/{member}/revoke": "admin",
    "DELETE /guilds/{guild}/members/{member}": "admin",
    "GET /guilds/{guild}/registrations": "chat",
    "POST /guilds/{guild}/registrations": "admin",
    "GET /registrations/{registration}": "chat",
    "PATCH /registrations/{registration}": "admin",
    "DELETE /registrations/{registration}": "admin",
    "POST /registrations/{registration}/enable": "admin",
    "POST /registrations/{registration}/disable": "admin",
    "POST /registrations/{registration}/post": "admin",
    "GET /games": "chat",
    "GET /games/{game}": "chat",
    "DELETE /games/{game}": "admin",
    "POST /games/{game}/extend": "admin",
    "POST /games/{game}/close": "admin",
    "POST /games/{game}/retry": "admin",
    "GET /games/{game}/replay": "admin",
    "GET /games/{game}/answers": "chat",
    "POST /games/{game}/answers": "chat",
    "GET /games/{game}/answers/{member}": "chat",
    "GET /sources": "chat",
    "GET /health": "anyone",
    "GET /ready": "anyone",
    "GET /metrics": "anyone",
    "GET /openapi.json": "anyone",
}
BODIES: dict[str, Any] = {
    "POST /guilds": {"id": "other"},
    "PATCH /guilds/{guild}": {"name": "Other"},
    "POST /guilds/{guild}/channels": {"name": "other"},
    "POST /guilds/{guild}/members": {"name": "Eve"},
    "PATCH /guilds/{guild}/members/{member}": {"manages": True},
    "POST /guilds/{guild}/registrations": {"name": "other", "channel": "general", "schedule": "every 1h"},
    "PATCH /registrations/{registration}": {"questions": 2},
    "POST /games/{game}/extend": {"closes_at": "2100-01-04T12:30:00Z"},
    "POST /games/{game}/answers": {"member": "eve", "name": "Eve", "choice": "A"},
}
SHOWN = {"admin": ADMIN, "chat": BACKEND}
WRONG: dict[str, dict[str, str]] = {
    "none": {},
    "bad": {"X-API-Key": "bad", "X-Admin-API-Key": "bad", "Authorization": "Bearer bad"},
    "empty": {"X-API-Key": "", "X-Admin-API-Key": ""},
    "not ascii": {"X-API-Key": "ké\x80", "X-Admin-API-Key": "ké\x80"},
    "in another's header": {"X-API-Key": ADMIN["X-Admin-API-Key"], "X-Admin-API-Key": BACKEND["X-API-Key"]},
}


def routes_of(routes: list[BaseRoute]) -> Iterator[str]:
    """Give all routes but those of what is mounted: pages have their own tests."""
    for route in routes:
        if isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {route.path}"


def of(*rights: str) -> list[str]:
    return [name for name, right in RIGHTS.items() if right in rights]


async def a_little_of_all(caller: Caller) -> dict[str, str]:
    """Make one of each thing, and give what its name in a path stands for."""
    registration = await caller.register()
    game = await caller.asked(registration)
    await caller.answer(game, "1", "A")
    member = await caller.post("/guilds/home/members", {"name": "Ada"})
    return {
        "{guild}": "home", "{channel}": "general", "{registration}": registration, "{game}": game,
        "{member}": member["id"],
    }  # fmt: skip


def filled(route: str, paths: dict[str, str]) -> tuple[str, str]:
    method, path = route.split(" ", 1)
    for name, value in paths.items():
        path = path.replace(name, value)
    return method, path


async def test_every_route_is_in_the_table() -> None:
    async with a_caller() as caller:
        assert set(routes_of(caller.app.routes)) == set(RIGHTS)
        assert "/play" in {route.path for route in caller.app.routes if isinstance(route, Mount)}


async def test_every_route_refuses_every_wrong_key_and_changes_nothing() -> None:
    async with a_caller() as caller:
        paths = await a_little_of_all(caller)
        before = await caller.position()
        for route in of("admin", "chat"):
            for name, headers in WRONG.items():
                answer = await caller.call(*filled(route, paths), BODIES.get(route, b""), headers)
                assert answer.status == 401, (route, name)
                assert "the-" not in answer.detail
            for name in SHOWN.keys() - set(FITTING[RIGHTS[route]]):
                answer = await caller.call(*filled(route, paths), BODIES.get(route, b""), SHOWN[name])
                assert (answer.status, "this key may not do that" in answer.detail) == (403, True), (route, name)
        assert await caller.position() == before


@pytest.mark.parametrize("key", SHOWN)
async def test_each_fitting_key_opens_a_route(key: str) -> None:
    opened = [route for route, right in RIGHTS.items() if key in FITTING[right]]
    for route in opened:
        async with a_caller() as caller:
            paths = await a_little_of_all(caller)
            answer = await caller.call(*filled(route, paths), BODIES.get(route, b""), SHOWN[key])
            assert answer.status < 500, route
            assert answer.status not in (401, 403), route


@pytest.mark.parametrize("route", of("anyone"))
async def test_some_routes_need_no_key_and_name_nobody(route: str) -> None:
    async with a_caller() as caller:
        paths = await a_little_of_all(caller)
        answer = await caller.call(*filled(route, paths), headers={})
        assert answer.status == 200
        for named in (b"Ada", paths["{game}"].encode(), paths["{registration}"].encode(), b"general"):
            assert named not in answer.body.replace(b"general-knowledge", b"")


@pytest.mark.parametrize("header", [{"X-API-Key": ""}, {"X-Admin-API-Key": ""}, {}])
async def test_a_right_without_a_key_of_its_own_fits_nobody(header: dict[str, str]) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in header.items()]
    with pytest.raises(Unauthorized):
        await guards(Settings(admin_key="a"))["chat"](Request({"type": "http", "headers": headers}))


def test_a_backends_key_is_made_once_and_kept_or_comes_from_the_environment(tmp_path: Path) -> None:
    def key(**environment: str) -> str:
        return Settings.read(environment, admin_key="a", folder=tmp_path).key

    made = key()
    assert (made[:14], key(), stat.S_IMODE((tmp_path / "trivia.key").stat().st_mode)) == ("tenure_trivia_", made, 0o600)
    assert key(TENURE_TRIVIA_KEY="sixteen-letters-") == "sixteen-letters-"
    for wrong in ("fifteen-letters", "sixteen letters and a space", "sixteen-letters-\u00e9"):
        with pytest.raises(WrongSetting, match="TENURE_TRIVIA_KEY must be 16 or more"):
            key(TENURE_TRIVIA_KEY=wrong)
    assert made not in repr(Settings(admin_key="a", key=made))
