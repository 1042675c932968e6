"""Who may do what: each route of battles, with every kind of wrong key, changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.routing import Mount, Route, WebSocketRoute
from tests.calling import ADMIN
from tests.calling import BACKEND as GAME
from tests.services.battles.calling import Caller, a_caller

from tenure import seconds
from tenure.http.environment import WrongSetting
from tenure.http.rejections import Unauthorized
from tenure.services.battles.api.access import FITTING, guards
from tenure.services.battles.lifecycle import Battle, Instance
from tenure.services.battles.settings import Settings

# Every route of the API with the right that it takes. A route that is missing here fails the first test.
RIGHTS = {
    "POST /tokens": "game",
    "GET /battles": "game",
    "GET /battles/{battle}": "game",
    "GET /health": "anyone",
    "GET /ready": "anyone",
    "GET /metrics": "anyone",
    "GET /health/stats": "game",
    "POST /health/cleanup": "admin",
    "GET /openapi.json": "anyone",
}
BODIES: dict[str, Any] = {"POST /tokens": {"player": "ada"}}
SHOWN = {"admin": ADMIN, "game": GAME}
WRONG: dict[str, dict[str, str]] = {
    "none": {},
    "bad": {"X-API-Key": "bad", "X-Admin-API-Key": "bad", "Authorization": "Bearer bad"},
    "empty": {"X-API-Key": "", "X-Admin-API-Key": ""},
    "not ascii": {"X-API-Key": "ké\x80", "X-Admin-API-Key": "ké\x80"},
    "in another's header": {"X-API-Key": ADMIN["X-Admin-API-Key"], "X-Admin-API-Key": GAME["X-API-Key"]},
}


async def a_battle(caller: Caller) -> None:
    now = await caller.store.now()
    made = Battle.create("b1", ends_by=now.replace(year=2101), mode="wizards", level=3, players=("ada", "bob"))
    await caller.store.apply(made)


def target(route: str) -> tuple[str, str]:
    method, path = route.split(" ", 1)
    return method, path.replace("{battle}", "b1")


async def test_every_route_is_in_the_table() -> None:
    async with a_caller() as caller:
        found = [route for route in caller.app.routes if isinstance(route, Route)]
        named = {f"{method} {route.path}" for route in found for method in (route.methods or set()) - {"HEAD"}}
        assert named == set(RIGHTS)
        sockets = [route.path for route in caller.app.routes if isinstance(route, WebSocketRoute | Mount)]
        assert {"/socket", "/socket.io", "/play", "/console"} == set(sockets)


async def test_every_route_refuses_every_wrong_key_and_changes_nothing() -> None:
    async with a_caller() as caller:
        await a_battle(caller)
        before = await caller.store.position()
        for route, right in RIGHTS.items():
            if right == "anyone":
                continue
            for name, headers in WRONG.items():
                answer = await caller.call(*target(route), BODIES.get(route, b""), headers)
                assert answer.status == 401, (route, name)
                assert "the-" not in answer.detail
            for name in SHOWN.keys() - set(FITTING[right]):
                answer = await caller.call(*target(route), BODIES.get(route, b""), SHOWN[name])
                assert (answer.status, "this key may not do that" in answer.detail) == (403, True), (route, name)
        assert await caller.store.position() == before


@pytest.mark.parametrize("key", SHOWN)
async def test_each_fitting_key_opens_a_route(key: str) -> None:
    async with a_caller() as caller:
        await a_battle(caller)
        for route in [route for route, right in RIGHTS.items() if key in FITTING[right]]:
            answer = await caller.call(*target(route), BODIES.get(route, b""), SHOWN[key])
            assert answer.status in (200, 201), route


async def test_some_routes_need_no_key_and_name_no_player() -> None:
    async with a_caller() as caller:
        await a_battle(caller)
        for route in [route for route, right in RIGHTS.items() if right == "anyone"]:
            answer = await caller.call(*target(route), headers={})
            assert answer.status in (200, 503), route
            assert b'"ada"' not in answer.body
            assert b"b1" not in answer.body


async def test_cleaning_up_takes_the_admins_key_and_only_tells_unless_it_is_asked_to_do_it() -> None:
    async with a_caller() as caller:
        await caller.store.apply(Instance.create("dead"))
        clock: Any = caller.store.clock
        for _ in range(9):
            await caller.store.advance(seconds(1))
        clock.move_to(clock.now + 1_000_000)  # its lease is over, and nobody swept
        for headers in ({}, GAME):
            answer = await caller.call("POST", "/health/cleanup?dry_run=false", headers=headers)
            assert answer.status in (401, 403)
        assert (await caller.store.get(Instance, "dead")).state == Instance.up
        told = (await caller.call("POST", "/health/cleanup")).json
        assert (told["dry_run"], told["cleaned"], told["errors"]) == (True, 0, [])
        (item,) = told["items"]
        assert (item["kind"], item["id"]) == ("Instance", "dead")
        assert "no sign of life since 2100-01-01 00:00:00 UTC" in item["reason"]
        assert (await caller.store.get(Instance, "dead")).state == Instance.up
        done = (await caller.call("POST", "/health/cleanup?dry_run=false")).json
        assert (done["dry_run"], done["cleaned"], done["errors"], done["items"]) == (False, 1, [], [item])
        assert (await caller.store.get(Instance, "dead")).state == Instance.gone
        again = (await caller.call("POST", "/health/cleanup?dry_run=false")).json
        assert (again["cleaned"], again["items"]) == (0, [])
        assert (await caller.call("POST", "/health/cleanup?dry_run=perhaps")).status == 422


@pytest.mark.parametrize("header", [{"X-API-Key": ""}, {"X-Admin-API-Key": ""}, {}])
async def test_a_right_without_a_key_of_its_own_fits_nobody(header: dict[str, str]) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in header.items()]
    with pytest.raises(Unauthorized):
        await guards(Settings(base_url="", admin_key="a"))["game"](Request({"type": "http", "headers": headers}))


def test_keys_are_made_once_and_kept_or_come_from_the_environment(tmp_path: Path) -> None:
    def read(**environment: str) -> Settings:
        return Settings.read(environment, base_url="http://127.0.0.1:1", admin_key="a", folder=tmp_path)

    made = read()
    assert (made.key[:15], made.token_key[:14]) == ("tenure_battles_", "tenure_tokens_")
    assert (read().key, read().token_key) == (made.key, made.token_key)
    for name in ("battles.key", "battles-tokens.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert read(TENURE_BATTLES_TOKEN_KEY="sixteen-letters-").token_key == "sixteen-letters-"
    assert made.key not in repr(made)
    assert made.token_key not in repr(made)
    for name in ("TENURE_BATTLES_KEY", "TENURE_BATTLES_TOKEN_KEY"):
        with pytest.raises(WrongSetting, match=name):
            read(**{name: "fifteen-letters"})


def test_where_the_page_is_elsewhere_is_read_with_its_origins_and_what_makes_no_sense_is_refused() -> None:
    def read(**environment: str) -> Settings:
        return Settings.read(environment, base_url="http://127.0.0.1:1/battles", admin_key="a")

    found = read(
        TENURE_BATTLES_OTHERS="https://two.example.org/play, http://127.0.0.1:8702/play/",
        TENURE_BATTLES_ORIGINS="https://Game.example.org",
    )
    assert found.others == ("https://two.example.org/play/", "http://127.0.0.1:8702/play/")
    assert found.origins == {
        "http://127.0.0.1:1", "https://two.example.org", "http://127.0.0.1:8702", "https://game.example.org",
    }  # fmt: skip
    assert read().others == ()
    for name in ("TENURE_BATTLES_OTHERS", "TENURE_BATTLES_ORIGINS"):
        for wrong in ("two.example.org", "ftp://two.example.org", "https://", "http://[", "https://a.example?x=1"):
            with pytest.raises(WrongSetting, match=name):
                read(**{name: wrong})
    with pytest.raises(WrongSetting, match="no path"):
        read(TENURE_BATTLES_ORIGINS="https://two.example.org/play/")


async def test_the_page_offers_the_others_that_its_server_was_told_of() -> None:
    async with a_caller(others=("https://two.example.org/play/",)) as caller:
        page = await caller.call("GET", "/play/", headers={})
        assert b"https://two.example.org/play/" in page.body
        assert "https://two.example.org" in page.headers["content-security-policy"]


async def test_a_token_is_given_for_a_player_and_a_battle_is_shown_without_its_board() -> None:
    async with a_caller() as caller:
        await a_battle(caller)
        answer = await caller.call("POST", "/tokens", {"player": "ada"}, GAME)
        assert answer.status == 201
        read = caller.service.sockets.tokens.read(answer.json["token"], await caller.store.now())
        assert (read, answer.json["expires_at"]) == ("ada", "2100-01-01T00:01:00Z")
        for wrong in ({"player": "a b"}, {"player": 7}, {}, {"player": "ada", "level": 1}, b"{"):
            assert (await caller.call("POST", "/tokens", wrong, GAME)).status == 422
        battle = await caller.get("/battles/b1")
        assert (battle["state"], battle["players"], "board" in battle) == ("offered", ["ada", "bob"], False)
        assert (await caller.get("/battles"))["battles"] == [battle]
        assert (await caller.get("/battles?limit=1"))["next"] == "b1"
        assert (await caller.get("/battles?after=b1"))["battles"] == []
        assert (await caller.get("/battles?state=over"))["battles"] == []
        for query in ("after=%20", "state=none", "limit=0"):
            assert (await caller.call("GET", f"/battles?{query}")).status == 422, query
        assert (await caller.call("GET", "/battles/none")).status == 404


async def test_with_the_page_off_only_the_backend_gives_tokens() -> None:
    async with a_caller(page=False) as caller:
        assert (await caller.call("POST", "/play/token", body={"name": "ada"})).status == 404
        assert (await caller.call("GET", "/play/")).status == 404
