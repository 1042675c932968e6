"""The same as the dashboard shows, as JSON."""

from typing import Any

HEADERS = {"X-Admin-API-Key": "the-key-of-the-admin"}


async def furnish(s: Any, club: Any, guest: Any) -> None:
    await s.store.apply(club.create("c"))
    await s.store.apply(guest.create("g/1 é", club="c", name="Ada"))


async def test_kinds_come_with_counts_and_tables(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await furnish(s, club, guest)
        assert (await s.api("/api/kinds"))["Guest"] == {"waiting": 1, "inside": 0, "away": 0}
        kind = await s.api("/api/kinds/Guest")
        assert (kind["known"], kind["counts"]["waiting"]) == (True, 1)
        assert kind["table"]["states"]["inside"]["timers"][0]["transition"] == "vanish"


async def test_records_are_read_page_by_page(site: Any, club: Any) -> None:
    async with site() as s:
        for number in range(5):
            await s.store.apply(club.create(f"c{number}"))
        first = await s.api("/api/records/Club?limit=3")
        rest = await s.api(f"/api/records/Club?limit=3&after={first[-1]['id']}")
        assert [r["id"] for r in first + rest] == ["c0", "c1", "c2", "c3", "c4"]
        newest = await s.api("/api/records/Club?state=open&newest_first=1&limit=1")
        assert [r["id"] for r in newest] == ["c4"]


async def test_a_record_has_its_history_and_its_explanation(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await furnish(s, club, guest)
        path = "Guest/g%2F1%20%C3%A9"
        assert (await s.api(f"/api/records/{path}"))["fields"]["name"] == "Ada"
        assert [e["transition"] for e in await s.api(f"/api/history/{path}")] == ["create"]
        explanation = await s.api(f"/api/explain/{path}")
        assert [p["transition"] for p in explanation["next"]] == ["give_up", "enter", "rename"]
        assert (await s.api(f"/api/explain/{path}?transition=leave"))["reason"] == "wrong_state"


async def test_what_is_due_limited_and_waiting_is_listed(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await furnish(s, club, guest)
        await s.store.apply(guest.enter("g/1 é"))
        (due,) = await s.api("/api/due")
        assert (due["record"]["id"], due["next"][0]["transition"]) == ("g/1 é", "vanish")
        assert await s.api("/api/limits/Guest") == [
            {"kind": "Guest", "limit": "seated", "key": '["c"]', "held": 1, "at_most": 2, "holders": ["g/1 é"]}
        ]
        (message,) = await s.api("/api/messages")
        assert (message["effect"], message["id"], message["tries"]) == ("greet", "g/1 é", 0)


async def test_a_transition_can_be_made(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await furnish(s, club, guest)
        wanted = {"kind": "Guest", "id": "g/1 é", "transition": "rename", "values": {"name": "Eve"}, "why": "a typo"}
        answer = await s.post("/api/apply", json=wanted, headers=HEADERS)
        assert (answer.status, (await answer.json())["fields"]["name"]) == (200, "Eve")
        (_, event) = await s.store.history(guest, "g/1 é")
        assert (event.by, event.why) == ("admin", "a typo")
        answer = await s.post("/api/apply", json={**wanted, "version": 1}, headers=HEADERS)
        assert answer.status == 409
        answer = await s.post("/api/apply", json={**wanted, "transition": "leave", "values": {}}, headers=HEADERS)
        assert answer.status == 422


async def test_spaces_are_apart(site: Any, club: Any) -> None:
    async with site() as s:
        await s.store.space("blue").apply(club.create("c"))
        assert set(await s.api("/api/spaces")) == {"main", "blue"}
        assert [r["id"] for r in await s.api("/api/records/Club?space=blue")] == ["c"]
        assert await s.api("/api/records/Club") == []
        assert (await s.get("/api/records/Club?space=green", headers=HEADERS)).status == 404
        assert set(await s.api("/api/spaces")) == {"main", "blue"}
