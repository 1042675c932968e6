"""What the service says of itself: chats, sources, what is held, and which steps nobody takes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.services.trivia.calling import Caller, a_caller

from tenure import Unavailable, hours, minutes, seconds
from tenure.services.trivia.chat.contract import ChatAway, ChatRefused
from tenure.services.trivia.watching import LATE_AFTER


async def health(caller: Caller) -> tuple[int, Any]:
    answer = await caller.call("GET", "/health", headers={})
    return answer.status, answer.json


async def test_health_tells_of_chats_sources_and_games() -> None:
    async with a_caller(open_trivia_db="http://127.0.0.1:9") as caller:
        await caller.asked()
        status, seen = await health(caller)
        assert (status, seen["status"], seen["reasons"], seen["asks"]) == (200, "ok", [], True)
        assert seen["chats"] == {"web": {"trouble": ""}}
        assert seen["sources"] == {
            "builtin": {"questions": 315, "trouble": ""}, "opentdb": {"questions": 0, "trouble": ""},
        }  # fmt: skip
        assert (seen["games"]["open"], seen["games"]["closing"]) == (1, 0)
        assert seen["waiting"]["post question"] == {"number": 0, "oldest_seconds": None}


async def test_what_a_guild_holds_up_is_told_and_leaves_the_service_well() -> None:
    async with a_caller() as caller:
        caller.chat.before = [ChatRefused("let us write there")]
        await caller.asked()
        await caller.register(name="away", schedule="every 1h")
        await caller.service.guilds.leave("home")
        await caller.advance(hours(1))
        status, seen = await health(caller)
        assert (status, seen["held"]) == (200, {"questions": 1, "results": 0, "slots": 1})
        await caller.advance(minutes(5))
        status, seen = await health(caller)
        assert (status, seen["held"]["slots"], seen["waiting"]["ask"]["number"]) == (200, 1, 0)
        await caller.service.guilds.meet("home", chat="web", name="Home")
        caller.chat.before = [ChatRefused("let us write there")] * 9
        await caller.work()
        await caller.advance(minutes(2))
        status, seen = await health(caller)
        assert (status, seen["held"]) == (200, {"questions": 2, "results": 0, "slots": 0})


async def test_a_source_that_is_away_is_told_and_leaves_the_service_well() -> None:
    async with a_caller(open_trivia_db="http://127.0.0.1:9") as caller:
        opentdb = caller.service.sources.opentdb
        assert opentdb is not None
        opentdb.trouble = "it answered 500; it is asked again in 30 s"
        status, seen = await health(caller)
        assert (status, seen["sources"]["opentdb"]["trouble"]) == (200, opentdb.trouble)


async def test_health_is_bad_when_a_chat_or_a_loop_is_in_trouble() -> None:
    async with a_caller() as caller:
        caller.chat.trouble = "the token was revoked: make a new one"
        caller.service.keeper.troubles["post"] = "the loop 'post' ended with ValueError"
        status, seen = await health(caller)
        assert (status, seen["status"]) == (503, "failing")
        assert seen["reasons"] == [
            "the loop 'post' ended with ValueError; web: the token was revoked: make a new one"
        ]  # fmt: skip


async def test_health_is_bad_when_nobody_takes_a_step_and_good_again_once_somebody_does() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        assert (await health(caller))[0] == 200
        await caller.post(f"/games/{game}/close")
        await caller.store.advance(LATE_AFTER)
        assert (await health(caller))[0] == 200
        await caller.store.advance(seconds(1))
        status, seen = await health(caller)
        assert (status, seen["reasons"]) == (
            503, ["nobody came to count answers for 1, the first of them since 121 seconds"],
        )  # fmt: skip
        assert seen["waiting"]["count answers"] == {"number": 1, "oldest_seconds": 121.0}
        await caller.work()
        assert (await health(caller))[0] == 200


async def test_health_is_bad_when_nobody_asks_what_is_due_or_posts_it() -> None:
    async with a_caller() as caller:
        await caller.register(schedule="every 1h", window_seconds=60)
        await health(caller)
        await caller.store.advance(hours(1) + minutes(3))
        status, seen = await health(caller)
        assert (status, "nobody came to ask for 1" in seen["reasons"][0]) == (503, True)
        caller.chat.before = [ChatAway("no answer")] * 9
        await caller.work()
        assert (await health(caller))[0] == 200
        await caller.store.advance(minutes(3))
        assert "nobody came to post question" in (await health(caller))[1]["reasons"][0]


async def test_a_server_that_comes_back_after_a_night_is_given_time() -> None:
    async with a_caller() as caller:
        game = await caller.asked()
        await caller.post(f"/games/{game}/close")
        await caller.store.advance(hours(10))
        assert (await health(caller))[0] == 200
        await caller.store.advance(LATE_AFTER + seconds(1))
        assert (await health(caller))[0] == 503


async def test_a_server_without_its_store_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("the disk is gone")

    async with a_caller() as caller:
        assert (await caller.call("GET", "/ready", headers={})).json == {"ready": True, "reasons": []}
        monkeypatch.setattr(caller.store.engine, "last_position", away, raising=False)
        answer = await caller.call("GET", "/ready", headers={})
        assert (answer.status, answer.json["reasons"]) == (503, ["the store can't be reached (Unavailable)"])
        monkeypatch.undo()
        await caller.service.shut_down(keep=False)
        assert (await caller.call("GET", "/ready", headers={})).status == 503


# ------------------------------------------------------------------------------------ metrics


async def metrics(caller: Caller) -> str:
    answer = await caller.call("GET", "/metrics", headers={})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.body.decode()


async def test_metrics_count_what_is_there_and_what_waits() -> None:
    async with a_caller(open_trivia_db="http://127.0.0.1:9") as caller:
        game = await caller.asked()
        await caller.asked(await caller.register(name="other"))
        await caller.post(f"/games/{game}/close")
        await caller.store.advance(seconds(7))
        text = await metrics(caller)
        for line in (
            'tenure_trivia_guilds{state="present"} 1.0',
            'tenure_trivia_registrations{state="waiting"} 2.0',
            'tenure_trivia_games{state="open"} 1.0',
            'tenure_trivia_games{state="held"} 0.0',
            'tenure_trivia_waiting{step="count answers"} 1.0',
            'tenure_trivia_oldest_wait_seconds{step="count answers"} 7.0',
            'tenure_trivia_chat_up{chat="web"} 1.0',
            'tenure_trivia_questions{source="builtin"} 315.0',
            'tenure_trivia_source_up{source="opentdb"} 1.0',
        ):
            assert line in text


async def test_metrics_tell_of_a_chat_in_trouble_and_name_nobody() -> None:
    async with a_caller() as caller:
        await caller.answer(await caller.asked(), "canary", "A")
        caller.chat.trouble = "the token of guild-canary was revoked"
        text = await metrics(caller)
        assert 'tenure_trivia_chat_up{chat="web"} 0.0' in text
        assert "canary" not in text
        assert "home" not in text
