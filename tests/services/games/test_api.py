"""The API of games: players and games as programs see them, results in the order in which they came, health."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.calling import ADMIN
from tests.services.games.calling import Caller, a_caller

from tenure import hours, minutes
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.riot.contract import KeyRefused


async def added(caller: Caller, riot_id: str = "Ada#NA1", **more: Any) -> dict[str, Any]:
    """Let a player exist and be tracked."""
    caller.tracking.world.add_player(riot_id, "na1")
    made: dict[str, Any] = await caller.post("/players", {"riot_id": riot_id, "platform": "na1", **more})
    return made


async def played(caller: Caller, *riot_ids: str) -> str:
    """Let players play a game that is over with its result, and give its match."""
    match = caller.tracking.world.start(*riot_ids).match_id
    await caller.tracking.turn()
    await caller.tracking.passes(minutes(30), step=minutes(10))
    caller.tracking.world.end(match)
    await caller.tracking.passes(minutes(3))
    return match


# ------------------------------------------------------------------------------------ players


async def test_a_player_is_added_once_read_edited_paused_and_removed() -> None:
    async with a_caller() as caller:
        player = await added(caller)
        assert (player["riot_id"], player["platform"], player["titles"], player["state"]) == (
            "Ada#NA1", "na1", ["lol"], "named",
        )  # fmt: skip
        again = await caller.post("/players", {"riot_id": "ADA#na1", "platform": "NA"})
        assert again["id"] == player["id"]
        path = f"/players/{player['id']}"
        edited = await caller.call("PATCH", path, {"titles": ["tft", "lol"]})
        assert edited.json["titles"] == ["lol", "tft"]
        assert (await caller.post(f"{path}/pause"))["state"] == "paused"
        assert (await caller.post(f"{path}/unpause"))["state"] == "named"
        await caller.tracking.turn()
        assert (await caller.get(path))["state"] == "tracked"
        assert (await caller.call("DELETE", path)).json["state"] == "removed"
        assert (await caller.call("POST", f"{path}/pause")).status == 409
        assert (await caller.get("/players"))["players"] == []
        assert [each["id"] for each in (await caller.get("/players?state=removed"))["players"]] == [player["id"]]


async def test_players_are_listed_page_by_page_and_found_by_their_riot_id() -> None:
    async with a_caller() as caller:
        ids = [(await added(caller, f"P{number}#NA1"))["id"] for number in range(5)]
        seen, after = [], ""
        while True:
            page = await caller.get(f"/players?limit=2{after}")
            seen += [player["id"] for player in page["players"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == ids
        found = await caller.get("/players?riot_id=p3%23na1&platform=na1")
        assert [player["id"] for player in found["players"]] == [ids[3]]
        assert (await caller.get("/players?riot_id=x%23na1&platform=na1"))["players"] == []


async def test_an_account_that_riot_does_not_know_is_said_on_the_player() -> None:
    async with a_caller() as caller:
        player = await caller.post("/players", {"riot_id": "Nobody#NA1", "platform": "na1"})
        await caller.tracking.turn()
        shown = await caller.get(f"/players/{player['id']}")
        assert shown["state"] == "unknown"
        assert shown["last_error"]
        assert shown["retry_count"] == 1


# ------------------------------------------------------------------------------------ games and results


async def test_a_game_is_read_from_its_detection_to_its_result() -> None:
    async with a_caller() as caller:
        player = (await added(caller))["id"]
        await caller.tracking.turn()
        match = caller.tracking.world.start("Ada#NA1").match_id
        await caller.tracking.turn()
        (game,) = (await caller.get(f"/players/{player}/games"))["games"]
        assert (game["match"], game["state"], game["result"], game["queue_type"]) == (
            match, "playing", None, "RANKED_SOLO_5x5",
        )  # fmt: skip
        await caller.tracking.passes(minutes(20), step=minutes(10))
        caller.tracking.world.end(match)
        await caller.tracking.passes(minutes(3))
        game = await caller.get(f"/games/{player}/{match}")
        assert (game["state"], game["result"]["type"]) == ("completed", "lol")
        assert game["result"]["result"] in ("win", "loss")
        assert game["duration_seconds"] == 1200
        events = (await caller.get(f"/games/{player}/{match}/history"))["events"]
        assert (events[0]["name"], events[-1]["name"]) == ("create", "complete")
        assert events[-1]["result"] == game["result"]["result"]
        assert (await caller.get("/games?state=active"))["games"] == []
        assert [each["id"] for each in (await caller.get("/games"))["games"]] == [game["id"]]


async def test_results_are_read_in_the_order_in_which_they_came_each_once() -> None:
    async with a_caller() as caller:
        for name in ("Ada#NA1", "Bo#NA1"):
            await added(caller, name)
        await caller.tracking.turn()
        matches = [await played(caller, "Ada#NA1", "Bo#NA1"), await played(caller, "Ada#NA1")]
        seen, after = [], 0
        while (page := await caller.get(f"/results?limit=1&after={after}"))["results"]:
            seen += [(result["event"], result["game"]["match"]) for result in page["results"]]
            after = page["next"]
        assert seen == [("complete", matches[0])] * 2 + [("complete", matches[1])]
        assert (await caller.get(f"/results?after={after}"))["results"] == []
        match = await played(caller, "Bo#NA1")
        (fresh,) = (await caller.get(f"/results?after={after}"))["results"]
        assert fresh["game"]["match"] == match
        ahead = await caller.call("GET", f"/results?after={10**17}")
        assert (ahead.status, "begin again from 0" in ahead.detail) == (422, True)


async def test_a_result_that_is_waited_for_is_told_as_soon_as_it_is_there() -> None:
    async with a_caller() as caller:
        await added(caller)
        await caller.tracking.turn()
        after = await caller.position()
        waits = asyncio.create_task(caller.get(f"/results?after={after}&wait=30"))
        async with asyncio.timeout(100):
            match = await played(caller, "Ada#NA1")
            found = await waits
        (result,) = found["results"]
        assert (result["event"], result["game"]["match"]) == ("complete", match)
        assert found["next"] == result["position"]
        at_once = await caller.get(f"/results?after={after}&wait=30")
        assert at_once == found


async def test_who_waits_in_vain_goes_on_behind_what_was_looked_through_and_gets_an_answer_when_the_server_stops() -> (
    None
):
    async with a_caller() as caller:
        await added(caller)
        await caller.tracking.turn()
        caller.tracking.world.start("Ada#NA1")
        waits = asyncio.create_task(caller.get("/results?after=0&wait=30"))
        await caller.tracking.turn()
        begun = await caller.position()
        await caller.tracking.service.shut_down(keep=False)
        async with asyncio.timeout(100):
            found = await waits
            assert (found["results"], 0 < found["next"] <= begun) == ([], True)
            assert (await caller.get(f"/results?after={found['next']}&wait=30"))["results"] == []
        assert (await caller.call("GET", f"/results?after={10**17}&wait=1")).status == 422
        for wait in ("31", "-1", "x"):
            assert (await caller.call("GET", f"/results?wait={wait}")).status == 422


async def test_only_so_many_may_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.services.games.api.games.MOST_WAITING", 2)
    async with a_caller() as caller, asyncio.timeout(100):
        waits = [asyncio.create_task(caller.call("GET", "/results?wait=30")) for _ in range(3)]
        (refused,), waiting = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        assert ((await refused).status, "without `wait`" in (await refused).detail) == (429, True)
        assert (await caller.get("/results"))["results"] == []
        caller.tracking.service.closing_down.set()
        assert [(await each).status for each in waiting] == [200, 200]
        assert (await caller.call("GET", "/results?wait=30")).status == 200, "those that ended made room"


async def test_a_late_result_is_a_correction() -> None:
    async with a_caller() as caller:
        await added(caller)
        await caller.tracking.turn()
        match = caller.tracking.world.start("Ada#NA1").match_id
        await caller.tracking.turn()
        late = hours(3).total_seconds()
        caller.tracking.world.end(match, result_seconds=late, listed_seconds=late)
        await caller.tracking.passes(hours(2), step=minutes(2))
        (abandoned,) = (await caller.get("/games?state=abandoned"))["games"]
        assert abandoned["last_error"]
        assert abandoned["asked_at"]
        await caller.tracking.passes(hours(4), step=minutes(10))
        (result,) = (await caller.get("/results"))["results"]
        assert (result["event"], result["game"]["match"]) == ("correct", match)


# ------------------------------------------------------------------------------------ how it is


async def test_health_is_false_once_riot_refuses_the_key_and_well_again_with_another() -> None:
    async with a_caller() as caller:
        await added(caller)
        await caller.tracking.turn()
        assert (await caller.call("GET", "/health", headers={})).status == 200
        key = caller.tracking.world.keys.current
        caller.tracking.world.keys.expire()
        await caller.tracking.store.advance(minutes(1))
        with pytest.raises(KeyRefused):
            await caller.tracking.look()
        answer = await caller.call("GET", "/health", headers={})
        assert answer.status == 503
        assert any("API key" in reason for reason in answer.json["reasons"])
        assert key not in answer.body.decode()
        assert (await caller.call("GET", "/ready", headers={})).status == 200


async def test_metrics_tell_of_states_delays_requests_and_of_nobody_by_name() -> None:
    async with a_caller() as caller:
        await added(caller)
        await caller.tracking.turn()
        match = await played(caller, "Ada#NA1")
        text = (await caller.call("GET", "/metrics", headers={})).body.decode()
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        assert float(lines['tenure_games_players{state="tracked"}']) == 1
        assert float(lines['tenure_games_games{state="completed"}']) == 1
        assert float(lines["tenure_games_riot_up"]) == 1
        assert float(lines['tenure_games_requests_total{what="match"}']) >= 1
        assert 0 < float(lines['tenure_games_result_delay_seconds{of="most"}']) < 300
        assert float(lines["tenure_games_results_within_5_minutes"]) == 1
        game = (await caller.tracking.games())[0]
        assert game.state == TrackedGame.completed
        for named in ("Ada", match, game.player):
            assert named not in text


async def test_the_description_names_every_endpoint() -> None:
    async with a_caller() as caller:
        described = await caller.get("/openapi.json")
        assert set(described["paths"]) >= {"/players", "/games/{player}/{match}", "/results", "/health"}
        assert (await caller.call("GET", "/players", headers=ADMIN)).status == 200
