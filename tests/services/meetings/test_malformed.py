"""Whatever comes in: an answer below 500 that says what to do, repeats nothing, and changes nothing."""

import json
import os
import random
from collections.abc import Iterator
from typing import Any

from tests.malforming import CANARY, WAYS
from tests.services.meetings.making import ADMIN_KEY, World, a_world

TIMES = 20_000 if os.environ.get("TENURE_LONG") else 3_000

VALID: dict[str, dict[str, Any]] = {
    "POST /bots": {
        "platform": "local",
        "native_meeting_id": "x",
        "bot_name": "b",
        "language": "en",
        "task": "transcribe",
        "join_at": "2026-06-01T00:00:00Z",
        "deduplication_key": "k",
        "automatic_leave": {"alone_seconds": 60, "silence_seconds": None, "maximum_seconds": 60.5},
    },
    "PATCH /bots/google_meet/abc": {"join_at": "2026-06-01T00:00:00Z"},
    "PUT /bots/google_meet/abc/config": {"language": "en", "task": "translate"},
    "PATCH /meetings/google_meet/abc": {
        "data": {"name": "n", "participants": ["p"], "languages": ["en"], "notes": "n"}
    },
    "PUT /user/webhook": {"webhook_url": "https://8.8.8.8/", "webhook_secret": "x" * 16},
    "POST /admin/users": {"email": "a@b.c", "name": "n", "image_url": "https://e.org/i", "max_concurrent_bots": 1},
    "PATCH /admin/users/1": {
        "name": "n",
        "image_url": "https://e.org/i",
        "max_concurrent_bots": 1,
        "retention_days": 7,
    },
    "POST /admin/meetings/1/finish": {"reason": "r"},
    "POST /local-meeting/room/join": {"name": "n", "bot": False},
    "POST /local-meeting/room/look": {"participant": "1#1", "key": "0" * 64, "after": 0},
    "POST /local-meeting/room/say": {"participant": "1#1", "key": "0" * 64, "text": "t"},
    "POST /local-meeting/room/kick": {"participant": "1#1", "key": "0" * 64, "who": "1"},
}
WRONG: list[Any] = [-1, 1.5, True, [], {"a": CANARY}, "", "\x00" + CANARY, 10**30, [[CANARY]], CANARY * 7000, [None]]


def wrong_value(seed: random.Random, valid: dict[str, Any]) -> bytes:
    name = seed.choice(list(valid))
    wrong = [*WRONG, valid[name] + "\n"] if isinstance(valid[name], str) and name != "text" else WRONG
    value = seed.choice([w for w in wrong if not (isinstance(valid[name], bool) and isinstance(w, bool))])
    return json.dumps({**valid, name: value}).encode()


ALL_WAYS = [wrong_value, wrong_value, wrong_value, *WAYS]


def requests(seed: random.Random) -> Iterator[tuple[str, str, bytes]]:
    for _ in range(TIMES):
        route = seed.choice(list(VALID))
        method, path = route.split(" ")
        yield method, path, seed.choice(ALL_WAYS)(seed, VALID[route])


async def test_malformed_bodies_are_refused_with_advice_and_change_nothing() -> None:
    number = int(os.environ.get("TENURE_SEED", "1"))
    seed = random.Random(number)  # noqa: S311
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user)
        before = await world.store.engine.last_position("meetings")
        for method, path, body in requests(seed):
            answer = await call(world, user, method, path, body)
            told = f"TENURE_SEED={number}: {method} {path} {body[:200]!r} -> {answer.status} {answer.body!r}"
            assert 400 <= answer.status < 500, told
            assert answer.detail, told
            assert CANARY not in answer.body.decode(), told
            assert len(answer.body) < 1000, told
        assert await world.store.engine.last_position("meetings") == before


async def call(world: World, user: int, method: str, path: str, body: bytes) -> Any:
    return await world.call(method, path, body, {"X-API-Key": world.keys[user], "X-Admin-API-Key": ADMIN_KEY})


async def test_malformed_callbacks_that_are_signed_are_refused_with_advice() -> None:
    seed = random.Random(2)  # noqa: S311
    valid: dict[str, Any] = {"connection_id": "", "seen": 0}
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        valid["connection_id"] = bot.settings.connection_id
        before = await world.store.engine.last_position("meetings")
        for number in range(TIMES // 10):
            body = seed.choice(ALL_WAYS)(seed, valid)
            answer = await bot.send("started", body, id=str(number))
            assert answer.status in (401, 403, 404, 409, 413, 422), (body[:200], answer)
            assert CANARY not in answer.body.decode()
        assert await world.store.engine.last_position("meetings") == before


async def test_malformed_paths_and_queries_are_refused() -> None:
    wild = ["%00", "..", "%2e%2e", "a%2Fb", "%ff", "%ed%a0%80", "x" * 5000, "\u0000", "💥", "1e9", "-1", "9" * 30, " "]
    queries = ["limit=-1", "limit=x", "limit=1e3", "limit=99999999999999999999", "before=%00", "limit=", "limit=٣"]
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user)
        before = await world.store.engine.last_position("meetings")
        paths = [
            *((m, f"/{t}/google_meet/{w}") for m, t in NAMED for w in wild),
            *((m, f"/{t}/{w}/abc") for m, t in NAMED for w in wild),
            *(("GET", f"/admin/users/{w}") for w in wild),
            *(("DELETE", f"/admin/users/1/tokens/{w}") for w in wild),
            *(("GET", f"/admin/users/email/{w}") for w in wild),
            *(("GET", f"/admin/meetings/{w}/log") for w in wild),
            *(("POST", f"/bots/internal/callback/{w}") for w in wild),
            *(("POST", f"/local-meeting/{w}/join") for w in wild),
            *(("GET", f"/meetings?{q}") for q in queries),
            *((m, f"/{t}/google_meet/abc?meeting_id={w}") for m, t in NAMED for w in wild),
            *(("GET", f"/admin/users?{q}") for q in queries if q.startswith("limit")),
        ]
        for method, path in paths:
            answer = await call(world, user, method, path, b"")
            fine = path.startswith(("/meetings?before", "/transcripts")) and answer.status == 200
            assert fine or 400 <= answer.status < 500, (method, path, answer)
        assert await world.store.engine.last_position("meetings") == before


NAMED = (("DELETE", "bots"), ("GET", "meetings"), ("GET", "transcripts"), ("DELETE", "meetings"), ("PATCH", "meetings"))


async def test_advice_names_the_field_and_what_it_must_be() -> None:
    async with a_world() as world:
        user = await world.a_user()
        for body, advice in (
            (
                {"platform": "skype", "native_meeting_id": "x"},
                "`platform` is not as wanted: it must be one of google_meet",
            ),
            ({"platform": "local"}, "`native_meeting_id` is missing"),
            ({"native_meeting_id": "x"}, "`platform` is missing"),
            ({}, "give platform and native_meeting_id, or meeting_url"),
            (
                {"platform": "local", "native_meeting_id": "x", "meeting_url": "https://x.org"},
                "give either meeting_url",
            ),
            ({"meeting_url": "https://example.org/x"}, "known here: https://meet.google.com/ID"),
            ({"platform": "local", "native_meeting_id": "x", "join_at": "soon"}, "an instant with its zone"),
            ({"platform": "local", "native_meeting_id": "x", "deduplication_key": ""}, "1 to 100 printable ASCII"),
            ({"platform": "local", "native_meeting_id": "x", "passcode": ""}, "1 to 100 characters"),
            ({"platform": "local", "native_meeting_id": "a/b"}, "1 to 200 letters, digits, points"),
            ({"platform": "local", "native_meeting_id": "x", "zoom": 1}, "known are: platform, native_meeting_id"),
            ({"platform": "local", "native_meeting_id": "x", "task": "sing"}, "transcribe or translate"),
            ([], "the body must be a JSON object with these fields"),
        ):
            answer = await world.user_call(user, "POST", "/bots", body)
            assert (answer.status, advice in answer.detail) == (422, True), answer.detail
