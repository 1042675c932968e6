"""The API of bots: pools, bots, tickets, matches and players, as a game's backend and its operators use it."""

import asyncio
from typing import Any

import pytest
from tests.calling import ADMIN, BACKEND
from tests.services.bots.calling import REPORT, Caller, a_caller

from tenure import seconds

POOL: dict[str, Any] = {"id": "duels", "mode": "duel", "region": "eu", "rules": {"tolerance": 400}}


async def join(caller: Caller, *players: str, **more: Any) -> Any:
    return await caller.post("/tickets", {"pool": "duels", "players": list(players), **more})


async def offered(caller: Caller, *players: str) -> tuple[Any, str]:
    """Let people join and be matched, and give their tickets with the match's id."""
    await caller.post("/pools", POOL, ADMIN)
    tickets = [await join(caller, player) for player in players]
    (match,) = await caller.world.match()
    return [t["id"] for t in tickets], match.id


async def playing(caller: Caller, *players: str) -> str:
    tickets, match = await offered(caller, *players)
    for ticket in tickets:
        await caller.post(f"/tickets/{ticket}/accept", {"match": match})
    return match


# ------------------------------------------------------------------------------------ pools


async def test_a_pool_is_made_once_however_often_it_is_asked_for() -> None:
    async with a_caller() as caller:
        first = await caller.call("POST", "/pools", {**POOL, "max_deployed": 3})
        again = await caller.call("POST", "/pools", {**POOL, "max_deployed": 3})
        assert (first.status, again.json) == (201, first.json)
        assert first.json["rules"]["tolerance"] == 400
        other = await caller.call("POST", "/pools", {**POOL, "max_deployed": 4})
        assert (other.status, "take another id, or edit it" in other.detail) == (409, True)


async def test_a_pool_is_edited_in_part_drained_and_opened_again_as_it_was() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", {**POOL, "max_deployed": 3, "places": 7}, ADMIN)
        edited = await caller.call(
            "PATCH", "/pools/duels", {"rules": {"stand_ins_after_seconds": 3}, "accept_seconds": 9}
        )
        assert edited.json["rules"]["tolerance"] == 400
        assert (edited.json["rules"]["stand_ins_after_seconds"], edited.json["accept_seconds"]) == (3, 9)
        assert (await caller.call("POST", "/pools/duels/drain")).json["state"] == "draining"
        assert (await caller.call("PATCH", "/pools/duels", {"places": 5})).status == 409
        opened = (await caller.call("POST", "/pools/duels/reopen", {"places": 8})).json
        assert (opened["state"], opened["max_deployed"], opened["places"]) == ("open", 3, 8)
        assert (await caller.call("DELETE", "/pools/duels")).json["closing"] is True


async def test_a_pool_shows_how_many_are_where() -> None:
    async with a_caller() as caller:
        await offered(caller, "ada", "bob")
        await join(caller, "eve")
        await caller.post("/bots", {"pool": "duels", "number": 2}, ADMIN)
        found = await caller.get("/pools/duels")
        assert found["counts"] == {
            "bots": {"idle": 2}, "tickets": {"matched": 2, "queued": 1}, "matches": {"offered": 1},
        }  # fmt: skip
        await caller.world.store.advance(seconds(60))
        await caller.world.manage()
        assert (await caller.get("/pools"))["pools"][0]["counts"]["tickets"] == {"queued": 1}


async def test_lists_go_on_page_by_page() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", {**POOL, "max_deployed": 2}, ADMIN)
        await caller.post("/bots", {"pool": "duels", "ids": ["a", "b", "c"]}, ADMIN)
        first = await caller.get("/bots?pool=duels&limit=2")
        rest = await caller.get(f"/bots?pool=duels&limit=2&after={first['next']}")
        assert [bot["id"] for bot in first["bots"] + rest["bots"]] == ["a", "b", "c"]
        assert rest["next"] is None
        assert (await caller.get("/bots?state=playing"))["bots"] == []
        assert (await caller.call("GET", "/bots?pool=absent")).status == 404
        assert (await caller.call("GET", "/bots?state=absent")).status == 422


# ------------------------------------------------------------------------------------ bots


async def test_a_bot_says_why_it_is_where_it_is() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", {**POOL, "max_deployed": 1}, ADMIN)
        await caller.post("/bots", {"pool": "duels", "ids": ["a", "b"], "rating": 1300}, ADMIN)
        assert (await caller.post("/bots/b/deploy", b"", ADMIN))["state"] == "deployed"
        refused = await caller.call("POST", "/bots/a/deploy")
        assert (refused.status, "raise the pool's max_deployed" in refused.detail) == (409, True)
        because = (await caller.get("/bots/b"))["because"]
        assert (because["transition"], because["by"], because["why"]) == ("deploy", "admin", "deployed by hand")
        assert (await caller.post("/bots/b/recall", b"", ADMIN))["state"] == "idle"
        assert (await caller.call("DELETE", "/bots/b")).json["state"] == "retired"
        events = (await caller.get("/bots/b/history"))["events"]
        assert [event["transition"] for event in events] == ["create", "deploy", "recall", "retire"]
        assert (await caller.get("/bots/b/history?after=2&limit=1"))["next"] == 3


async def test_bots_are_asked_for_by_number_or_by_name() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        for wanted in ({"pool": "duels"}, {"pool": "duels", "number": 1, "ids": ["a"]}):
            assert (await caller.call("POST", "/bots", wanted)).detail == "give either `number` or `ids`"
        assert len((await caller.post("/bots", {"pool": "duels", "number": 3}, ADMIN))["bots"]) == 3


# ------------------------------------------------------------------------------------ tickets


@pytest.mark.parametrize("by", ["id", "Idempotency-Key"])
async def test_a_repeat_of_a_join_gives_the_same_ticket(by: str) -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        body = {"pool": "duels", "players": ["ada"], **({"id": "r1"} if by == "id" else {})}
        headers = BACKEND if by == "id" else {**BACKEND, by: "r1"}
        first, again = [await caller.post("/tickets", body, headers) for _ in range(2)]
        assert first["id"] == again["id"] == "r1"
        other = await caller.call("POST", "/tickets", {**body, "players": ["bob"]}, headers)
        assert (other.status, "take a new one" in other.detail) == (409, True)
        assert (await caller.get("/pools/duels"))["counts"]["tickets"] == {"queued": 1}


async def test_an_id_and_a_key_that_differ_are_refused() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        body = {"pool": "duels", "players": ["ada"], "id": "a"}
        refused = await caller.call("POST", "/tickets", body, {**BACKEND, "Idempotency-Key": "b"})
        assert (refused.status, "give one of them" in refused.detail) == (422, True)


async def test_a_player_who_waits_is_told_the_ticket() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        ticket = await join(caller, "ada")
        refused = await caller.call("POST", "/tickets", {"pool": "duels", "players": ["ada"]}, BACKEND)
        assert (refused.status, ticket["id"] in refused.detail) == (409, True)
        assert (await caller.call("DELETE", f"/tickets/{ticket['id']}", headers=BACKEND)).json["state"] == "left"
        assert (await join(caller, "ada"))["state"] == "queued"


async def test_a_full_pool_and_a_draining_one_let_nobody_in() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", {**POOL, "places": 1}, ADMIN)
        await join(caller, "ada")
        full = await caller.call("POST", "/tickets", {"pool": "duels", "players": ["bob"]}, BACKEND)
        assert (full.status, "try again later" in full.detail) == (429, True)
        await caller.call("POST", "/pools/duels/drain")
        drained = await caller.call("POST", "/tickets", {"pool": "duels", "players": ["bob"]}, BACKEND)
        assert (drained.status, "join another one" in drained.detail) == (409, True)


async def test_an_offer_is_accepted_or_declined_by_the_match_that_was_seen() -> None:
    async with a_caller() as caller:
        (ada, bob), match = await offered(caller, "ada", "bob")
        view = await caller.get(f"/tickets/{ada}")
        assert (view["state"], view["match"]["id"], view["accepted"], view["seats"]) == ("matched", match, 0, 2)
        assert view["accept_until"] == "2100-01-01T00:00:15Z"
        assert (await caller.call("POST", f"/tickets/{ada}/accept", {"match": "other"}, BACKEND)).status == 409
        assert (await caller.post(f"/tickets/{ada}/accept", {"match": match}))["accepted"] == 1
        assert (await caller.post(f"/tickets/{bob}/decline", {"match": match}))["state"] == "cooling"
        assert (await caller.get(f"/tickets/{ada}"))["state"] == "queued"


async def test_who_plays_is_told_the_seat_and_its_key_and_nobody_else_is() -> None:
    async with a_caller() as caller:
        (ada, bob), match = await offered(caller, "ada", "bob")
        assert (await caller.get(f"/tickets/{ada}"))["seat_key"] is None
        for ticket in (ada, bob):
            await caller.post(f"/tickets/{ticket}/accept", {"match": match})
        one, two = [await caller.get(f"/tickets/{ticket}") for ticket in (ada, bob)]
        assert one["seat"] == f"Ticket/{ada}"
        assert len({one["seat_key"], two["seat_key"], None}) == 3
        assert one["seat_key"] not in str(await caller.get("/matches"))


async def test_a_long_poll_answers_as_soon_as_there_is_news() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        ticket = await join(caller, "ada")
        waits = asyncio.create_task(caller.get(f"/tickets/{ticket['id']}?wait=30&seen={ticket['cursor']}"))
        await join(caller, "bob")
        assert not waits.done()
        (match,) = await caller.world.match()
        news = await waits
        assert (news["state"], news["match"]["id"]) == ("matched", match.id)
        waits = asyncio.create_task(caller.get(f"/tickets/{ticket['id']}?wait=30&seen={news['cursor']}"))
        other = next(s.id for team in match.teams for s in team if s.players == ("bob",))
        await caller.post(f"/tickets/{other}/accept", {"match": match.id})
        assert (await waits)["accepted"] == 1


async def test_a_long_poll_that_knows_less_is_answered_at_once_and_others_when_the_server_stops() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        ticket = await join(caller, "ada")
        assert (await caller.get(f"/tickets/{ticket['id']}?wait=30&seen=0"))["cursor"] == ticket["cursor"]
        waits = asyncio.create_task(caller.get(f"/tickets/{ticket['id']}?wait=30"))
        await asyncio.sleep(0)
        await caller.world.service.shut_down(keep=False)
        assert (await waits)["state"] == "queued"
        assert (await caller.call("GET", "/ready", headers={})).status == 503


# ------------------------------------------------------------------------------------ matches and players


async def test_a_result_counts_once_moves_the_ratings_and_shows_on_the_leaderboard() -> None:
    async with a_caller() as caller:
        match = await playing(caller, "ada", "bob")
        teams = (await caller.get(f"/matches/{match}"))["teams"]
        places = [1 if team[0]["players"] == ["ada"] else 2 for team in teams]
        first, again = [
            await caller.call("POST", f"/matches/{match}/result", {"places": places}, REPORT) for _ in range(2)
        ]
        assert (first.status, again.status, again.json["state"]) == (200, 200, "over")
        other = await caller.call("POST", f"/matches/{match}/result", {"places": places[::-1]}, REPORT)
        assert (other.status, "never changed" in other.detail) == (409, True)
        best = await caller.get("/leaderboard?mode=duel")
        assert [p["player"] for p in best["players"]] == ["ada", "bob"]
        assert best["players"][0]["rating"] > 1500 > best["players"][1]["rating"]
        (rating,) = (await caller.get("/players/ada"))["ratings"]
        assert (rating["played"], rating["won"]) == (1, 1)
        rest = await caller.get("/leaderboard?mode=duel&limit=1&after=ada")
        assert [p["player"] for p in rest["players"]] == ["bob"]


async def test_a_match_is_broken_off_and_its_seats_are_free() -> None:
    async with a_caller() as caller:
        match = await playing(caller, "ada", "bob")
        off = await caller.post(f"/matches/{match}/break-off", {"reason": "server crashed"})
        assert (off["state"], off["reason"]) == ("void", "server crashed")
        await caller.world.store.advance(seconds(1))
        assert (await caller.get("/players/ada"))["state"] == "free"
        late = await caller.call("POST", f"/matches/{match}/result", {"places": [1, 2]}, REPORT)
        assert (late.status, "server crashed" in late.detail) == (409, True)


async def test_who_is_blocked_is_not_met() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        blocked = await caller.call("PUT", "/players/ada/blocked", {"players": ["bob"]}, BACKEND)
        assert blocked.json["blocked"] == ["bob"]
        await join(caller, "ada")
        await join(caller, "bob")
        assert await caller.world.match() == []
        await caller.call("PUT", "/players/ada/blocked", {"players": []}, BACKEND)
        assert (await caller.get("/players/ada"))["blocked"] == []


async def test_a_player_is_forgotten_with_the_ratings() -> None:
    async with a_caller() as caller:
        await caller.post("/pools", POOL, ADMIN)
        ticket = await join(caller, "ada")
        assert (await caller.call("DELETE", "/players/ada")).status == 409
        await caller.call("DELETE", f"/tickets/{ticket['id']}", headers=BACKEND)
        assert (await caller.call("DELETE", "/players/ada")).status == 204
        await caller.world.store.advance(seconds(1))
        assert (await caller.call("GET", "/players/ada")).status == 404
        assert (await caller.get("/leaderboard?mode=duel"))["players"] == []


async def test_the_openapi_page_says_which_keys_fit() -> None:
    async with a_caller() as caller:
        page = await caller.get("/openapi.json", headers={})
        assert page["paths"]["/pools"]["post"]["security"] == [{"admin": []}]
        assert page["paths"]["/tickets"]["post"]["security"] == [{"game": []}, {"admin": []}]
        assert page["paths"]["/health"]["get"]["security"] == []
