"""The API of trivia: guilds, registrations, games, answers and boards, as operators and a backend use them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.calling import ADMIN, BACKEND
from tests.services.trivia.calling import REGISTRATION, Caller, a_caller

from tenure import days, minutes, seconds
from tenure.services.trivia.chat.contract import ChatRefused
from tenure.services.trivia.lifecycle import Game, Guild

# ------------------------------------------------------------------------------------ guilds


async def test_a_guild_is_made_once_edited_in_part_and_forgotten() -> None:
    async with a_caller() as caller:
        wanted = {"id": "club", "name": "The Club", "time_zone": "Europe/Berlin"}
        first, again = [await caller.call("POST", "/guilds", wanted) for _ in range(2)]
        assert (first.status, again.json) == (201, first.json)
        absent = await caller.call("PATCH", "/guilds/club", {"week_starts": 6, "operators": "staff"})
        assert (absent.status, "must be a channel of the guild" in absent.detail) == (422, True)
        await caller.call("POST", "/guilds/club/channels", {"name": "staff"})
        edited = await caller.call("PATCH", "/guilds/club", {"week_starts": 6, "operators": "staff"})
        assert edited.json == {**first.json, "week_starts": 6, "operators": "staff"}
        assert (await caller.call("PATCH", "/guilds/club", {"operators": None})).json["operators"] is None
        assert (await caller.call("PATCH", "/guilds/club", {"time_zone": "Mars"})).status == 422
        assert [guild["id"] for guild in (await caller.get("/guilds"))["guilds"]] == ["home", "club"]
        await caller.work()
        assert (await caller.call("DELETE", "/guilds/club")).status == 204
        await caller.store.advance(seconds(1))
        assert (await caller.call("GET", "/guilds/club")).status == 404


async def test_a_guild_that_sent_us_away_is_listed_as_absent() -> None:
    async with a_caller() as caller:
        await caller.service.guilds.leave("home")
        assert (await caller.get("/guilds?state=present"))["guilds"] == []
        assert [guild["state"] for guild in (await caller.get("/guilds?state=absent"))["guilds"]] == ["absent"]


async def test_channels_are_made_closed_opened_again_and_removed() -> None:
    async with a_caller() as caller:
        for _ in range(2):
            made = await caller.post("/guilds/home/channels", {"name": "quiz"})
            assert (made["name"], made["state"]) == ("quiz", "open")
        assert (await caller.post("/guilds/home/channels/quiz/close"))["state"] == "closed"
        assert (await caller.post("/guilds/home/channels/quiz/reopen"))["state"] == "open"
        assert [c["name"] for c in (await caller.get("/guilds/home/channels"))["channels"]] == ["general", "quiz"]
        assert (await caller.call("DELETE", "/guilds/home/channels/quiz")).status == 204
        await caller.store.advance(seconds(1))
        assert (await caller.call("DELETE", "/guilds/home/channels/quiz")).status == 404


async def test_members_get_a_key_once_and_are_shut_out() -> None:
    async with a_caller() as caller:
        ada = await caller.post("/guilds/home/members", {"name": "Ada", "manages": True})
        assert ada.pop("key").startswith("tenure_member_")
        assert (await caller.get("/guilds/home/members"))["members"] == [ada]
        path = f"/guilds/home/members/{ada['id']}"
        assert (await caller.call("PATCH", path, {"manages": False})).json["manages"] is False
        assert (await caller.post(f"{path}/revoke"))["state"] == "shut_out"
        assert (await caller.post(f"{path}/renew"))["state"] == "present"
        taken = await caller.call("POST", "/guilds/home/members", {"name": "ADA"})
        assert (taken.status, "take another one" in taken.detail) == (409, True)
        assert (await caller.call("DELETE", path)).status == 204
        assert (await caller.get("/guilds/home/members")) == {"members": [], "next": None}


async def test_channels_and_members_of_another_chat_are_its_own() -> None:
    async with a_caller() as caller:
        await caller.store.apply(Guild.create("7", chat="discord", name="There"))
        for path in ("channels", "members"):
            refused = await caller.call("GET", f"/guilds/7/{path}", headers=BACKEND)
            assert (refused.status, "of the chat discord" in refused.detail) == (409, True)
        assert (await caller.call("POST", "/guilds", {"id": "7"})).status == 409


# ------------------------------------------------------------------------------------ registrations


async def test_a_registration_is_made_once_edited_in_part_and_deleted() -> None:
    async with a_caller() as caller:
        first, again = [await caller.post("/guilds/home/registrations", REGISTRATION) for _ in range(2)]
        assert again == first
        assert (first["state"], first["next_at"], first["window_seconds"]) == ("waiting", "2100-01-04T18:00:00Z", 600)
        path = f"/registrations/{first['id']}"
        other = await caller.call("POST", "/guilds/home/registrations", {**REGISTRATION, "questions": 2})
        assert (other.status, "take another name, or edit that one" in other.detail) == (409, True)
        edited = await caller.call("PATCH", path, {"category": "space", "sources": ["builtin"], "questions": 3})
        assert (edited.json["category"], edited.json["questions"], edited.json["channel"]) == ("space", 3, "general")
        assert (await caller.call("PATCH", path, {"category": None})).json["category"] is None
        unknown = await caller.call("PATCH", path, {"category": "cheese"})
        assert (unknown.status, "choose one of animals" in unknown.detail) == (422, True)
        assert (await caller.post(f"{path}/disable"))["next_at"] is None
        assert (await caller.post(f"{path}/enable"))["state"] == "waiting"
        assert (await caller.call("DELETE", path)).json["state"] == "deleted"
        assert (await caller.get("/guilds/home/registrations"))["registrations"] == []
        assert (await caller.call("POST", f"{path}/enable")).status == 409


async def test_a_question_is_asked_now_once_however_often_it_is_asked_for_with_a_key() -> None:
    async with a_caller() as caller:
        path, key = f"/registrations/{await caller.register()}/post", {**ADMIN, "Idempotency-Key": "k1"}
        first, again = [await caller.call("POST", path, headers=key) for _ in range(2)]
        assert (first.status, again.status, again.json["id"]) == (201, 201, first.json["id"])
        await caller.work()
        assert [game["id"] for game in (await caller.get("/games"))["games"]] == [first.json["id"]]
        assert len(caller.chat.posted) == 1
        await caller.asked(path.split("/")[2])
        assert len((await caller.get("/games?guild=home"))["games"]) == 2


# ------------------------------------------------------------------------------------ games


async def test_the_right_choice_is_told_to_nobody_until_the_window_is_over() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        right = await caller.right(game)
        for headers in (BACKEND, ADMIN):
            shown = (await caller.get(f"/games/{game}", headers))["question"]
            assert (shown["right"], shown["explanation"], sorted(shown["choices"])) == (
                None,
                None,
                ["A", "B", "C", "D"],
            )
        assert (await caller.get(f"/games/{game}/replay", ADMIN))["game"]["question"]["right"] is None
        await caller.post(f"/games/{game}/close")
        assert (await caller.get(f"/games/{game}"))["question"]["right"] == right


async def test_a_game_is_extended_once_however_often_it_is_asked_for_closed_and_counted() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        for _ in range(2):
            extended = await caller.post(f"/games/{game}/extend", {"closes_at": "2100-01-04T12:15:00Z"})
            assert extended["closes_at"] == "2100-01-04T12:15:00Z"
        for wrong in ("2100-01-04T12:14:00Z", "2100-02-04T12:14:00Z"):
            refused = await caller.call("POST", f"/games/{game}/extend", {"closes_at": wrong})
            assert (refused.status, "one second to seven days later" in refused.detail) == (422, True)
        await caller.advance(minutes(14))
        assert (await caller.get(f"/games/{game}"))["state"] == "open"
        for _ in range(2):
            assert (await caller.post(f"/games/{game}/close"))["state"] == "closing"
        late = await caller.call("POST", f"/games/{game}/extend", {"closes_at": "2100-01-04T12:20:00Z"})
        assert (late.status, "its window is over" in late.detail) == (409, True)
        await caller.work()
        assert (await caller.get("/games"))["games"] == []
        (over,) = (await caller.get("/guilds/home/history"))["games"]
        assert (over["id"], over["state"], over["results"]["answers"]) == (game, "archived", 0)


async def test_a_game_is_taken_back_and_nothing_of_it_counts() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        await caller.answer(game, "ada", await caller.right(game))
        for _ in range(2):
            assert (await caller.call("DELETE", f"/games/{game}")).json["state"] == "deleted"
        await caller.advance(seconds(1))
        assert (await caller.get(f"/games/{game}/answers/ada"))["state"] == "void"
        assert (await caller.get("/guilds/home/leaderboard"))["places"] == []
        assert (await caller.call("POST", f"/games/{game}/close")).status == 409


async def test_a_game_that_waits_for_its_chat_says_why_and_is_tried_again_at_once() -> None:
    async with a_caller() as caller:
        caller.chat.before = [ChatRefused("let us write there")]
        game = await caller.asked()
        (held,) = (await caller.get("/games?state=held"))["games"]
        assert (held["id"], held["trouble"], held["tried_again_at"]) == (
            game, "let us write there", "2100-01-04T12:00:30Z",
        )  # fmt: skip
        assert (await caller.answer(game, "ada", "A")).json["code"] == "NOT_OPEN_YET"
        assert (await caller.post(f"/games/{game}/retry"))["state"] == "asked"
        await caller.work()
        opened = await caller.get(f"/games/{game}")
        assert (opened["state"], opened["trouble"], opened["tried_again_at"]) == ("open", None, None)
        assert (await caller.post(f"/games/{game}/retry"))["state"] == "open"


async def test_games_are_listed_by_registration_and_state_page_by_page() -> None:
    async with a_caller() as caller:
        one, two = await caller.register(name="one"), await caller.register(name="two")
        games = [await caller.asked(registration) for registration in (one, two, one)]
        first = await caller.get("/games?limit=2")
        rest = await caller.get(f"/games?limit=2&after={first['next']}")
        assert [game["id"] for game in first["games"] + rest["games"]] == games[::-1]
        assert rest["next"] is None
        assert [game["id"] for game in (await caller.get(f"/games?registration={two}"))["games"]] == [games[1]]
        assert (await caller.get("/games?state=closing"))["games"] == []
        for path in ("/games?guild=absent", "/games?registration=absent", "/guilds/absent/history"):
            assert (await caller.call("GET", path)).status == 404
        assert (await caller.call("GET", "/games?state=absent")).status == 422


# ------------------------------------------------------------------------------------ answers


async def test_an_answer_is_taken_once_and_a_repeat_is_told_which_one_counts() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        first = await caller.answer(game, "ada", "b")
        assert (first.status, first.json) == (
            201, {"code": "SUBMITTED", "detail": "Your answer counts: B.", "choice": "B"},
        )  # fmt: skip
        again = await caller.answer(game, "ada", "C")
        assert (again.status, again.json["code"], again.json["choice"]) == (409, "ALREADY_SUBMITTED", "B")
        seen = await caller.get(f"/games/{game}/answers/ada")
        assert (seen["choice"], seen["points"], seen["received_at"]) == ("B", None, "2100-01-04T12:00:00Z")


async def test_where_the_last_answer_counts_it_is_updated() -> None:
    async with a_caller() as caller:
        game = await caller.asked(await caller.register(counts="last"))
        assert (await caller.answer(game, "ada", "A")).status == 201
        updated = await caller.answer(game, "ada", "B")
        assert (updated.status, updated.json["code"], updated.json["choice"]) == (200, "UPDATED", "B")


async def test_each_refusal_of_an_answer_has_its_code_and_status() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        wrong = await caller.answer(game, "ada", "Z")
        assert (wrong.status, wrong.json["code"], "one of A, B" in wrong.detail) == (422, "WRONG_CHOICE", True)
        absent = await caller.answer("absent", "ada", "A")
        assert (absent.status, absent.json["code"]) == (404, "GAME_NOT_FOUND")
        await caller.advance(minutes(10))
        closed = await caller.answer(game, "ada", "A")
        assert (closed.status, closed.json["code"]) == (409, "GAME_CLOSED")
        assert (await caller.get(f"/games/{game}/answers"))["answers"] == []
        assert (await caller.call("GET", f"/games/{game}/answers/ada")).status == 404


async def test_an_answer_is_too_late_at_its_instant_though_nobody_swept() -> None:
    async with a_caller() as caller:
        game, clock = await caller.asked(), caller.store.clock
        clock.move_to(clock.now + 600_000_000)  # type: ignore[attr-defined]
        late = await caller.answer(game, "ada", "A")
        assert (late.status, late.json["code"], late.json["choice"]) == (409, "WINDOW_CLOSED", None)
        assert (await caller.get(f"/games/{game}"))["state"] == "open"


async def test_answers_are_listed_page_by_page_and_replayed_with_all_that_happened() -> None:
    async with a_caller() as caller:
        game = await caller.asked(await caller.register(counts="last"))
        right = await caller.right(game)
        for member in ("ada", "bob", "eve"):
            await caller.answer(game, member, right)
            await caller.store.advance(seconds(2))
        other = next(letter for letter in "ABCD" if letter != right)
        await caller.answer(game, "ada", other)
        first = await caller.get(f"/games/{game}/answers?limit=2")
        rest = await caller.get(f"/games/{game}/answers?limit=2&after={first['next']}")
        assert [answer["member"] for answer in first["answers"] + rest["answers"]] == ["ada", "bob", "eve"]
        await caller.advance(minutes(10))
        replay = await caller.get(f"/games/{game}/replay", ADMIN)
        assert [event["name"] for event in replay["events"]][:2] == ["create", "announce"]
        assert [event["name"] for event in replay["events"]][-1] == "archive"
        assert [(a["member"], [g["choice"] for g in a["given"]], a["points"]) for a in replay["answers"]] == [
            ("bob", [right], replay["game"]["question"]["points"]),
            ("eve", [right], replay["game"]["question"]["points"]),
            ("ada", [right, other], 0),
        ]


# ------------------------------------------------------------------------------------ boards


async def played(caller: Caller) -> dict[str, Any]:
    """Let Ada be right and Bob wrong, and give the game."""
    game = await caller.asked(await caller.register(category="space", difficulty="hard"))
    right = await caller.right(game)
    await caller.answer(game, "ada", right)
    await caller.answer(game, "bob", next(letter for letter in "ABCD" if letter != right))
    await caller.advance(minutes(10))
    found: dict[str, Any] = await caller.get(f"/games/{game}")
    return found


async def test_boards_are_of_all_time_of_a_category_and_of_the_week_of_a_day() -> None:
    async with a_caller() as caller:
        await played(caller)
        ada = {"place": 1, "member": "ada", "name": "Ada", "points": 3, "answered": 1, "correct": 1}
        for query in (
            "",
            "?board=all",
            "?category=space",
            "?board=week",
            "?day=2100-01-10",
            "?board=week&day=2100-01-04",
        ):
            found = await caller.get(f"/guilds/home/leaderboard{query}")
            assert found["places"][0] == ada, query
            assert [place["points"] for place in found["places"]] == [3, 0]
        week = (await caller.get("/guilds/home/leaderboard?board=week"))["week"]
        assert week == {
            "first_day": "2100-01-04", "begins_at": "2100-01-04T00:00:00Z", "ends_at": "2100-01-11T00:00:00Z",
        }  # fmt: skip
        await caller.advance(days(7))
        assert (await caller.get("/guilds/home/leaderboard?board=week"))["places"] == []
        assert len((await caller.get("/guilds/home/leaderboard?day=2100-01-04&limit=1"))["places"]) == 1
        assert (await caller.get("/guilds/home/leaderboard?category=cheese"))["places"] == []


@pytest.mark.parametrize(
    "query", ["board=all&day=2100-01-04", "board=week&category=space", "category=a&day=2100-01-04"]
)
async def test_two_boards_at_once_are_refused(query: str) -> None:
    async with a_caller() as caller:
        refused = await caller.call("GET", f"/guilds/home/leaderboard?{query}")
        assert (refused.status, "give `category`, or" in refused.detail) == (422, True)


async def test_a_member_is_told_what_was_reached_and_is_erased() -> None:
    async with a_caller() as caller:
        await played(caller)
        stats = await caller.get("/guilds/home/stats/ada")
        assert (stats["all_time"]["points"], stats["week"]["place"], list(stats["categories"])) == (3, 1, ["space"])
        assert (await caller.call("GET", "/guilds/home/stats/eve")).status == 404
        for _ in range(2):
            assert (await caller.call("DELETE", "/guilds/home/stats/ada")).status == 204
        assert [p["member"] for p in (await caller.get("/guilds/home/leaderboard"))["places"]] == ["bob"]
        assert (await caller.call("DELETE", "/guilds/absent/stats/ada")).status == 404


async def test_a_week_is_that_of_the_guilds_own_time_zone() -> None:
    async with a_caller() as caller:
        await caller.call("PATCH", "/guilds/home", {"time_zone": "Pacific/Kiritimati", "week_starts": 6})
        week = (await caller.get("/guilds/home/leaderboard?day=2100-01-09"))["week"]
        assert (week["first_day"], week["begins_at"]) == ("2100-01-03", "2100-01-02T10:00:00Z")


# ------------------------------------------------------------------------------------ sources, the page


async def test_sources_are_listed_with_their_questions_by_category() -> None:
    async with a_caller(open_trivia_db="http://127.0.0.1:9") as caller:
        builtin, opentdb = (await caller.get("/sources"))["sources"]
        assert (builtin["name"], builtin["questions"], builtin["trouble"]) == ("builtin", 315, "")
        assert builtin["categories"]["space"] == 21
        assert (opentdb["name"], opentdb["questions"], opentdb["categories"]["history"]) == ("opentdb", 0, 0)


async def test_the_players_page_is_mounted() -> None:
    async with a_caller() as caller:
        page = await caller.call("GET", "/play/home", headers={})
        assert (page.status, b"<form" in page.body) == (401, True)


async def test_history_tells_that_it_was_the_api() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        await caller.answer(game, "ada", "A")
        await caller.post(f"/games/{game}/close")
        events = await caller.store.history(Game, game)
        assert [(event.name, event.by) for event in events if event.by == "admin"] == [
            ("create", "admin"), ("close", "admin"),
        ]  # fmt: skip
