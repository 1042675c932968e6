"""Health, metrics, and what malformed requests get."""

import random
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tenure import LimitReached, Unavailable, seconds


async def test_health_is_good_while_all_is_well(site: Any) -> None:
    async with site() as s:
        answer = await s.get("/health")
        assert answer.status == 200
        assert await answer.json() == {"status": "ok", "reasons": []}


async def test_health_is_bad_when_the_sweeper_is_silent(site: Any) -> None:
    async with site() as s:
        await s.store.space("quiet").sweep(alive_for=seconds(0))
        answer = await s.get("/health")
        assert answer.status == 503
        (reason,) = (await answer.json())["reasons"]
        assert reason.startswith("sweeper: silent in the space 'quiet' since 20")


async def test_health_is_bad_when_the_store_does_not_answer(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("the disk is gone")

    async with site() as s:
        monkeypatch.setattr(s.store.engine, "spaces", away, raising=False)
        answer = await s.get("/health")
        assert answer.status == 503
        assert (await answer.json())["reasons"] == ["store: unavailable (Unavailable)"]


async def test_health_is_bad_when_a_part_has_ended(site: Any) -> None:
    async with site() as s:
        said = [""]
        s.health.parts["meetings"] = lambda: said[0]
        assert (await s.health.look()).status == "ok"
        said[0] = "its loops have ended"
        assert (await s.health.look()).reasons == ("meetings: its loops have ended",)


async def test_metrics_tell_records_transitions_and_refusals(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c", seats=1))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        with pytest.raises(LimitReached):
            await s.store.apply(guest.create("h", club="c", name="Bob"))
        await s.store.apply(guest.enter("g"), op="op-1")
        text = await (await s.get("/metrics")).text()
        for line in (
            'tenure_records{kind="Guest",space="main",state="inside"} 1.0',
            'tenure_records{kind="Club",space="main",state="closed"} 0.0',
            'tenure_transitions_total{kind="Guest",transition="create"} 1.0',
            'tenure_refusals_total{kind="Guest",reason="limit_reached",transition="create"} 1.0',
            'tenure_sweep_lag_seconds{space="main"} 0.0',
            'tenure_sweeper_alive{space="main"} 1.0',
            'tenure_messages_waiting{effect="greet",kind="Guest"} 1.0',
            'tenure_messages_failing{effect="greet",kind="Guest"} 0.0',
        ):
            assert line in text
        assert "Ada" not in text


async def test_a_service_gets_what_nobody_else_takes(site: Any) -> None:
    app = Starlette(routes=[Route("/bots", lambda _: PlainTextResponse("bots"))])
    async with site(mounts=[("/", app)]) as s:
        assert await (await s.get("/bots")).text() == "bots"
        assert (await s.get("/health")).status == 200
        assert (await s.get("/nowhere")).status == 404


async def test_what_is_not_there_answers_with_detail(site: Any) -> None:
    async with site() as s:
        answer = await s.get("/nowhere")
        assert answer.status == 404
        assert await answer.json() == {"detail": "there is nothing at this address"}
        answer = await s.post("/health")
        assert answer.status == 405
        assert "detail" in await answer.json()


BODIES = [
    b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"kind": NaN}', b'{"kind": "\\ud800"}', b'"\\u0000"', b"{}",
    b"[" * 30_000,
    b'{"kind":"Club","id":"c","transition":"close","extra":1}', b'{"kind":1,"id":"c","transition":"close"}',
    b'{"kind":"Club","id":"c","transition":"__init__"}', b'{"kind":"Club","id":"","transition":"close"}',
    b'{"kind":"Club","id":"' + b"x" * 300 + b'","transition":"close"}',
    b'{"kind":"Club","id":"c","transition":"close","version":1e400}',
    b'{"kind":"Club","id":"c\\u0000","transition":"close","fence":9223372036854775808}',
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_malformed_body_is_refused_without_an_echo(site: Any, club: Any, body: bytes) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        answer = await s.post("/api/apply", data=body, headers={"X-Admin-API-Key": "the-key-of-the-admin"})
        assert 400 <= answer.status < 500
        assert set(await answer.json()) == {"detail"}
        assert (await s.store.get(club, "c")).version == 1


async def test_a_large_body_is_refused(site: Any) -> None:
    async with site() as s:
        headers = {"X-Admin-API-Key": "the-key-of-the-admin"}
        assert (await s.post("/api/apply", data=b"x" * 100_000, headers=headers)).status == 413


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "limit=99999999999999999999",
        "limit=-1",
        "newest_first=2",
        "state=%00",
        "space=%ff",
        "space=" + "x" * 600,
        "state=nowhere",
    ],
)
async def test_a_malformed_query_is_refused(site: Any, query: str) -> None:
    async with site() as s:
        await s.log_in()
        answer = await s.get(f"/api/records/Club?{query}", headers={"X-Admin-API-Key": "the-key-of-the-admin"})
        assert 400 <= answer.status < 500, await answer.text()
        page = await s.get(f"/dashboard/kinds/Club?{query}")
        assert page.status < 500


async def test_random_paths_never_fail(site: Any) -> None:
    parts = [
        "api",
        "dashboard",
        "records",
        "Club",
        "..",
        "%2e%2e",
        "%00",
        "%ff",
        "'",
        '"',
        "<x>",
        "%F0%9F%92%A9",
        "live",
        "%2F",
        "assets",
    ]
    chosen = random.Random(7)  # noqa: S311
    async with site() as s:
        await s.log_in()
        for _ in range(300):
            path = "/" + "/".join(chosen.choice(parts) for _ in range(chosen.randint(1, 5)))
            if path == "/dashboard/live":
                continue
            answer = await s.get_as_it_is(path, headers={"X-Admin-API-Key": "the-key-of-the-admin"})
            assert answer.status < 500, path


async def test_an_absent_page_is_a_page(site: Any) -> None:
    async with site() as s:
        await s.log_in()
        answer = await s.get("/dashboard/records/Club/absent")
        assert answer.status == 404
        assert "there is no such kind, state or record" in await answer.text()
