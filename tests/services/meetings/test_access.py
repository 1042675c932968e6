"""Who may do what: each route, with every kind of wrong key, and with what belongs to somebody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route
from tests.services.meetings.making import ADMIN_KEY, World, a_world

from tenure.services.meetings.signing import ID, SIGNATURE, TIMESTAMP

BOT, MEETING = "/bots/{platform}/{native_meeting_id}", "/meetings/{platform}/{native_meeting_id}"
USER, ROOM = "/admin/users/{user_id}", "/local-meeting/{room}"

# Every route with who may call it. A route that is missing here fails the first test.
RIGHTS = {
    "POST /bots": "user",
    "GET /bots/status": "user",
    f"PATCH {BOT}": "user",
    f"DELETE {BOT}": "user",
    f"PUT {BOT}/config": "user",
    f"POST {BOT}/pause": "user",
    f"POST {BOT}/resume": "user",
    f"GET {BOT}/log": "user",
    "GET /meetings": "user",
    f"GET {MEETING}": "user",
    f"PATCH {MEETING}": "user",
    f"DELETE {MEETING}": "user",
    f"GET {MEETING}/screenshots": "user",
    f"GET {MEETING}/screenshots/{{screenshot_id}}": "user",
    "GET /transcripts/{platform}/{native_meeting_id}": "user",
    "GET /user/webhook": "user",
    "PUT /user/webhook": "user",
    "DELETE /user/webhook": "user",
    "POST /user/webhook/secret": "user",
    "POST /user/webhook/test": "user",
    "GET /user/webhook/deliveries": "user",
    "GET /user/webhook/deliveries/{event_id}": "user",
    "POST /user/webhook/deliveries/{event_id}/resend": "user",
    "GET /user/usage": "user",
    "POST /admin/users": "admin",
    "GET /admin/users": "admin",
    "GET /admin/users/email/{email}": "admin",
    f"GET {USER}": "admin",
    f"GET {USER}/usage": "admin",
    f"PATCH {USER}": "admin",
    f"POST {USER}/tokens": "admin",
    f"DELETE {USER}/tokens/{{token_id}}": "admin",
    "POST /admin/meetings/{meeting_id}/finish": "admin",
    "GET /admin/meetings/{meeting_id}/log": "admin",
    "POST /bots/internal/callback/{name}": "bot",
    "PATCH /bots/internal/callback/{name}": "bot",
    "GET /openapi.json": "anyone",
    "GET /console/login": "anyone",
    "POST /console/login": "anyone",
    "GET /console/assets/{name}": "anyone",
    "GET /console/": "session",
    "GET /console/live": "session",
    "GET /console/new": "session",
    "POST /console/new": "session",
    "POST /console/logout": "session",
    "GET /console/meetings/{meeting_id}": "session",
    "GET /console/meetings/{meeting_id}/live": "session",
    "GET /console/meetings/{meeting_id}/log": "session",
    "GET /console/meetings/{meeting_id}/screenshots/{screenshot_id}": "session",
    "POST /console/meetings/{meeting_id}/{action}": "session",
    "GET /local-meeting/": "anyone",
    "GET /local-meeting/page.css": "anyone",
    "GET /local-meeting/page.js": "anyone",
    f"GET {ROOM}": "anyone",
    f"POST {ROOM}/{{step}}": "participant",
}
BODIES: dict[str, Any] = {
    f"PATCH {BOT}": {"join_at": "2026-06-01T00:00:00Z"},
    f"PUT {BOT}/config": {"language": "en"},
    f"PATCH {MEETING}": {"data": {"name": "x"}},
    "POST /bots": {"platform": "local", "native_meeting_id": "x"},
    "PUT /user/webhook": {"webhook_url": "https://8.8.8.8/"},
}
CALLBACKS = ("started", "joined", "heartbeat", "status", "exited", "commands", "transcript")
STEPS = ("look", "say", "kick", "leave", "end")


def routes_of(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield from routes_of(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {prefix}{route.path}"


def of(who: str) -> list[str]:
    return [name for name, right in RIGHTS.items() if right == who]


def filled(route: str, meeting: str = "abc") -> tuple[str, str]:
    method, path = route.split(" ", 1)
    values = {
        "platform": "google_meet",
        "native_meeting_id": meeting,
        "user_id": "1",
        "token_id": "1",
        "meeting_id": "1",
        "screenshot_id": "1",
        "email": "user0@example.org",
    }
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return method, path


async def position(world: World) -> int:
    return await world.store.engine.last_position(world.store.space_name)


async def test_every_route_is_in_the_table() -> None:
    async with a_world() as world:
        assert set(routes_of(world.app.routes)) == set(RIGHTS)


@pytest.mark.parametrize("route", [*of("user"), *of("admin")])
async def test_a_route_refuses_every_wrong_key_and_changes_nothing(route: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user)
        revoked = (await world.admin_call("POST", f"/admin/users/{user}/tokens")).json
        await world.admin_call("DELETE", f"/admin/users/{user}/tokens/{revoked['id']}")
        before = await position(world)
        keys = {
            "none": {},
            "bad": {"X-API-Key": "tnr_bad", "X-Admin-API-Key": "bad"},
            "empty": {"X-API-Key": "", "X-Admin-API-Key": ""},
            "not ascii": {"X-API-Key": "ké\x80", "X-Admin-API-Key": "ké\x80"},
            "revoked": {"X-API-Key": revoked["token"]},
            "the other kind's": {"X-API-Key": ADMIN_KEY, "X-Admin-API-Key": world.keys[user]},
            "in the wrong header": {"Authorization": f"Bearer {world.keys[user]}", "X-Api": ADMIN_KEY},
        }
        for name, headers in keys.items():
            answer = await world.call(*filled(route), BODIES.get(route, {}), headers)
            assert answer.status == 401, name
            assert "tnr_" not in answer.detail
        assert await position(world) == before


@pytest.mark.parametrize("route", [r for r in of("user") if "{platform}" in r])
async def test_what_is_foreign_answers_as_what_is_absent(route: str) -> None:
    async with a_world() as world:
        owner, other = await world.a_user(), await world.a_user()
        bot = await world.a_bot(owner)
        for over in (False, True):
            if over:
                await bot.tell("exited", exit_code=0)
            before = await position(world)
            foreign = await world.user_call(other, *filled(route), BODIES.get(route, b""))
            absent = await world.user_call(other, *filled(route, "absent"), BODIES.get(route, b""))
            assert (foreign.status, foreign.body) == (absent.status, absent.body)
            assert foreign.status == 404
            assert await position(world) == before


async def test_a_foreign_meeting_is_not_reached_by_its_id() -> None:
    async with a_world() as world:
        owner, other = await world.a_user(), await world.a_user()
        await world.a_bot(owner)
        await world.a_bot(other)
        before = await position(world)
        for route in [r for r in of("user") if "{platform}" in r]:
            method, path = filled(route)
            foreign = await world.user_call(other, method, path + "?meeting_id=1", BODIES.get(route, b""))
            absent = await world.user_call(other, method, path + "?meeting_id=99", BODIES.get(route, b""))
            assert (foreign.status, foreign.body) == (absent.status, absent.body) == (404, absent.body), route
        assert await position(world) == before


async def test_lists_hold_only_what_is_ones_own() -> None:
    async with a_world() as world:
        owner, other = await world.a_user(), await world.a_user()
        await world.a_bot(owner)
        assert (await world.user_call(other, "GET", "/meetings")).json == {"meetings": []}
        assert (await world.user_call(other, "GET", "/bots/status")).json == {"running_bots": []}


@pytest.mark.parametrize("name", CALLBACKS)
async def test_a_callback_that_is_unsigned_forged_foreign_or_replayed_is_refused(name: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot, other = await world.a_bot(user, state="active"), await world.a_bot(user, "other")
        body = bot.body(exit_code=0) if name == "exited" else bot.body()
        path = f"/bots/internal/callback/{name}"
        keys = {"X-API-Key": world.keys[user], "X-Admin-API-Key": ADMIN_KEY}
        assert (await bot.send("heartbeat", bot.body(), id="beat")).status == 200
        before = await position(world)
        answers = [
            await world.call("POST", path, body, keys),
            await world.call("POST", path, body, {ID: "x", TIMESTAMP: "x", SIGNATURE: "x"}),
            await bot.send(name, body, secret="forged"),
            await bot.send(name, body, secret=other.settings.callback_secret),
            await bot.send(name, bot.body(connection_id=other.settings.connection_id)),
            await bot.send(name, bot.body(connection_id="Meeting/99#1")),
            await bot.send(name, b"not json"),
            await bot.send(name, bot.body(), id="beat"),  # signed for another callback, and used
        ]
        assert {answer.status for answer in answers} == {401}
        assert await position(world) == before


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_in_a_room_needs_the_key_that_joining_answered(step: str) -> None:
    async with a_world() as world:
        seats = {}
        for name in ("ada", "eve"):
            joined = await world.call("POST", "/local-meeting/room/join", {"name": name})
            seats[name] = {k: joined.json[k] for k in ("participant", "key")}
        more = {"say": {"text": "x"}, "kick": {"who": "1"}}.get(step, {})
        before = await position(world)
        stolen = {"participant": seats["ada"]["participant"], "key": seats["eve"]["key"], **more}
        assert (await world.call("POST", f"/local-meeting/room/{step}", more)).status == 422
        assert (await world.call("POST", f"/local-meeting/room/{step}", stolen)).status == 401
        assert await position(world) == before


async def test_nobody_is_kicked_from_another_room() -> None:
    async with a_world() as world:
        ada = (await world.call("POST", "/local-meeting/one/join", {"name": "Ada"})).json
        eve = (await world.call("POST", "/local-meeting/two/join", {"name": "Eve"})).json
        proof = {"participant": eve["participant"], "key": eve["key"]}
        foreign = await world.call("POST", "/local-meeting/one/kick", {**proof, "who": ada["id"]})
        absent = await world.call("POST", "/local-meeting/one/kick", {**proof, "who": "99"})
        assert (foreign.status, foreign.body) == (absent.status, absent.body) == (404, absent.body)


async def test_callbacks_are_not_in_the_openapi_page() -> None:
    async with a_world() as world:
        page = (await world.call("GET", "/openapi.json")).json
        listed = {f"{method.upper()} {path}" for path, methods in page["paths"].items() for method in methods}
        assert listed == {*of("user"), *of("admin")}
