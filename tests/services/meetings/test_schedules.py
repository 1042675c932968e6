"""Bots for later: when they are called, moved and cancelled, and which of several meetings a name means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.calling import Answer
from tests.services.meetings.making import World, a_world

from tenure import days, hours, minutes, seconds
from tenure.services.meetings.lifecycle import Meeting

BOT = "/bots/google_meet/abc"
MEETING = "/meetings/google_meet/abc"


def at(world: World, ahead: timedelta) -> str:
    """Write the instant that is so far ahead, or past."""
    return (datetime.fromtimestamp(world.now, UTC) + ahead).isoformat().replace("+00:00", "Z")


async def a_plan(world: World, user: int, ahead: timedelta = hours(1), native_id: str = "abc", **more: Any) -> Answer:
    return await world.ask(user, native_id, join_at=at(world, ahead), **more)


async def names(world: World, meeting: Any) -> list[str]:
    return [event.name for event in await world.store.history(Meeting, str(meeting["id"]))]


async def test_a_scheduled_bot_starts_at_its_time_and_not_before() -> None:
    async with a_world() as world:
        user = await world.a_user()
        planned = await a_plan(world, user)
        assert (planned.status, planned.json["status"], planned.json["join_at"]) == (
            201,
            "scheduled",
            at(world, hours(1)),
        )
        await world.store.advance(hours(1) - seconds(1))
        await world.work()
        assert world.bots.started == {}
        assert (await world.user_call(user, "GET", "/bots/status")).json == {"running_bots": []}
        await world.store.advance(seconds(1))
        await world.work()
        assert list(world.bots.started) == [planned.json["bot_container_id"]]
        meeting = await world.meeting(user)
        assert (meeting["id"], meeting["status"]) == (planned.json["id"], "reserved")
        assert await names(world, meeting) == ["create", "call", "reserve", "launch"]


@pytest.mark.parametrize("ahead", [seconds(-60), seconds(-1), seconds(0), seconds(5)])
async def test_a_time_that_is_just_past_or_nearly_there_is_at_once(ahead: timedelta) -> None:
    async with a_world() as world:
        user = await world.a_user()
        answer = await a_plan(world, user, ahead)
        assert (answer.status, answer.json["status"]) == (201, "reserved")


async def test_a_time_that_is_long_past_far_ahead_or_without_a_zone_is_refused_with_advice() -> None:
    async with a_world() as world:
        user = await world.a_user()
        for join_at, advice in (
            (at(world, seconds(-61)), "`join_at` is past: give an instant to come"),
            (at(world, days(365) + seconds(1)), "at most 365 days"),
            ("0001-01-01T00:00:00+23:59", "past"),
            ("9999-12-31T23:59:59-23:59", "at most 365 days"),
            ("2026-12-31T09:30:00", "an instant with its zone"),
            ("tomorrow", "an instant with its zone"),
            (1_800_000_000, "an instant with its zone"),
        ):
            refused = await world.ask(user, join_at=join_at)
            assert (refused.status, advice in refused.detail) == (422, True), (join_at, refused.body)
        assert (await a_plan(world, user, days(365))).status == 201


async def test_a_scheduled_bot_is_moved_until_it_is_called() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await a_plan(world, user)
        moved = await world.user_call(user, "PATCH", BOT, {"join_at": at(world, hours(2))})
        assert (moved.status, moved.json["join_at"], moved.json["status"]) == (200, at(world, hours(2)), "scheduled")
        await world.store.advance(hours(1))
        assert (await world.meeting(user))["status"] == "scheduled"
        refused = await world.user_call(user, "PATCH", BOT, {"join_at": at(world, minutes(-2))})
        assert (refused.status, "past" in refused.detail) == (422, True)
        earlier = await world.user_call(user, "PATCH", BOT, {"join_at": at(world, minutes(10))})
        assert earlier.status == 200
        await world.store.advance(minutes(10))
        await world.work()
        assert (await world.meeting(user))["status"] == "reserved"
        late = await world.user_call(user, "PATCH", BOT, {"join_at": at(world, hours(1))})
        assert (late.status, "still scheduled" in late.detail) == (409, True)
        assert (
            await world.user_call(user, "PATCH", "/bots/local/none", {"join_at": at(world, hours(1))})
        ).status == 404


async def test_a_cancelled_bot_never_comes() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await a_plan(world, user)
        answer = await world.user_call(user, "DELETE", BOT)
        assert (answer.status, "cancelled" in answer.json["message"]) == (202, True)
        await world.store.advance(hours(2))
        await world.work()
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["ended_by"], meeting["end_reason"]) == (
            "completed",
            f"user:{user}",
            "stopped",
        )
        assert world.bots.started == {}


async def test_a_called_bot_waits_for_a_slot_and_takes_the_first_that_is_free() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        bot = await world.a_bot(user, "other", state="active")
        planned = (await a_plan(world, user, seconds(60))).json
        await world.store.advance(seconds(60))
        await world.work()
        assert (await world.meeting(user))["status"] == "called"
        await bot.tell("exited", exit_code=0)
        await world.store.advance(seconds(10))
        await world.work()
        assert (await world.meeting(user))["status"] == "reserved"
        assert planned["bot_container_id"] in world.bots.started


async def test_a_called_bot_that_finds_no_slot_for_five_minutes_fails_and_says_so() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=0)
        await a_plan(world, user, seconds(60))
        await world.store.advance(seconds(60))
        await world.work()
        await world.store.advance(minutes(5) - seconds(1))
        assert (await world.meeting(user))["status"] == "called"
        await world.store.advance(seconds(1))
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"], meeting["ended_by"]) == ("failed", "no_free_slot", "sweeper")
        await world.work()
        assert world.bots.started == {}


async def test_a_called_bot_is_cancelled_too() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=0)
        await a_plan(world, user, seconds(60))
        await world.store.advance(seconds(60))
        assert (await world.user_call(user, "DELETE", BOT)).status == 202
        await world.admin_call("PATCH", f"/admin/users/{user}", {"max_concurrent_bots": 5})
        await world.store.advance(seconds(10))
        await world.work()
        assert (await world.meeting(user))["status"] == "completed"


async def test_a_called_bot_whose_meeting_has_one_already_fails_at_once() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await a_plan(world, user, seconds(60))
        await world.a_bot(user, state="active")
        await world.store.advance(seconds(60))
        await world.work()
        newest, oldest = (await world.user_call(user, "GET", "/meetings")).json["meetings"]
        assert (newest["status"], oldest["status"]) == ("active", "failed")
        assert (oldest["end_reason"], oldest["ended_by"]) == ("already_attended", "server")


async def test_a_limit_that_is_raised_lets_a_waiting_bot_in() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=0)
        await a_plan(world, user, seconds(60))
        await world.store.advance(seconds(60))
        await world.work()
        await world.admin_call("PATCH", f"/admin/users/{user}", {"max_concurrent_bots": 1})
        await world.store.advance(seconds(10))
        await world.work()
        assert (await world.meeting(user))["status"] == "reserved"


async def test_a_name_means_the_live_meeting_then_the_next_planned_then_the_newest() -> None:
    async with a_world() as world:
        user = await world.a_user()

        async def meant() -> int:
            found = (await world.user_call(user, "GET", MEETING)).json
            number: int = found["id"]
            return number

        first = await world.a_bot(user)
        late = (await a_plan(world, user, hours(3))).json["id"]
        soon = (await a_plan(world, user, hours(1))).json["id"]
        assert await meant() == first.settings.meeting_id
        await first.tell("exited", exit_code=1)
        assert await meant() == soon
        await world.user_call(user, "DELETE", BOT)
        assert await meant() == late
        await world.user_call(user, "DELETE", BOT)
        assert await meant() == soon  # the newest of three that are over


async def test_each_of_several_meetings_of_one_name_is_reached_by_its_id() -> None:
    async with a_world() as world:
        user, other = await world.a_user(), await world.a_user()
        soon, late = [(await a_plan(world, user, hours(n))).json["id"] for n in (1, 2)]
        moved = await world.user_call(user, "PATCH", f"{BOT}?meeting_id={late}", {"join_at": at(world, hours(5))})
        assert (moved.json["id"], moved.json["join_at"]) == (late, at(world, hours(5)))
        assert (await world.user_call(user, "DELETE", f"{BOT}?meeting_id={late}")).status == 202
        read = {
            n: (await world.user_call(user, "GET", f"{MEETING}?meeting_id={n}")).json["status"] for n in (soon, late)
        }
        assert read == {soon: "scheduled", late: "completed"}
        described = await world.user_call(user, "PATCH", f"{MEETING}?meeting_id={late}", {"data": {"name": "late"}})
        assert (described.json["id"], described.json["data"]) == (late, {"name": "late"})
        assert (await world.user_call(user, "DELETE", f"{MEETING}?meeting_id={soon}")).status == 409
        assert (await world.user_call(user, "DELETE", f"{MEETING}?meeting_id={late}")).status == 200
        for user_of, path in ((user, f"{BOT}?meeting_id=99"), (other, f"{BOT}?meeting_id={soon}")):
            assert (await world.user_call(user_of, "DELETE", path)).status == 404
        assert (await world.user_call(user, "DELETE", f"{BOT}?meeting_id=x")).status == 422


async def test_a_user_plans_a_thousand_bots_and_no_more() -> None:
    async with a_world() as world:
        user = await world.a_user()
        for number in range(1000):
            assert (await a_plan(world, user, hours(1), f"m{number}")).status == 201
        refused = await a_plan(world, user)
        assert (refused.status, "scheduled bots limit reached (1000)" in refused.detail) == (429, True)
        assert (await world.ask(user, "now")).status == 201


async def test_what_is_planned_outlives_a_server_that_stops() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await a_plan(world, user)
        await world.service.shut_down(keep=False)
        assert (await world.meeting(user))["status"] == "scheduled"


async def test_a_redacted_meeting_is_found_by_its_name_no_more() -> None:
    async with a_world() as world:
        user = await world.a_user()
        older = await world.a_bot(user)
        await older.tell("exited", exit_code=0)
        newer = await world.a_bot(user)
        await newer.tell("exited", exit_code=1)
        await world.user_call(user, "DELETE", MEETING)
        assert (await world.user_call(user, "GET", MEETING)).json["id"] == older.settings.meeting_id
        await world.user_call(user, "DELETE", MEETING)
        assert (await world.user_call(user, "GET", MEETING)).status == 404
        assert (await world.user_call(user, "GET", "/meetings/google_meet/%20")).status == 404


# ------------------------------------------------------------------------------------ the same asked twice


async def test_a_repeat_with_the_same_key_gives_the_same_meeting_while_it_is_planned_or_live() -> None:
    async with a_world() as world:
        user = await world.a_user()
        first = await a_plan(world, user, deduplication_key="daily 7")
        again = await a_plan(world, user, hours(2), deduplication_key="daily 7")
        assert (first.status, again.status, again.json) == (201, 200, first.json)
        assert first.json["deduplication_key"] == "daily 7"
        await world.store.advance(hours(1))
        await world.work()
        live = await world.ask(user, deduplication_key="daily 7")
        assert (live.status, live.json["id"], live.json["status"]) == (200, first.json["id"], "reserved")


async def test_a_key_that_is_used_for_another_meeting_is_a_conflict_that_names_it() -> None:
    async with a_world() as world:
        user = await world.a_user()
        first = (await world.ask(user, deduplication_key="k")).json
        for native_id, platform in (("other", "google_meet"), ("abc", "jitsi")):
            refused = await world.ask(user, native_id, platform, deduplication_key="k")
            assert (refused.status, f"your meeting {first['id']}" in refused.detail) == (409, True)


async def test_a_key_is_free_again_when_its_meeting_is_over_and_is_each_users_own() -> None:
    async with a_world() as world:
        user, other = await world.a_user(), await world.a_user()
        first = (await world.ask(user, deduplication_key="k")).json
        assert (await world.ask(other, deduplication_key="k")).status == 201
        await world.user_call(user, "DELETE", BOT)
        second = await world.ask(user, deduplication_key="k")
        assert (second.status, second.json["id"] != first["id"]) == (201, True)


async def test_a_repeat_says_so_though_the_limit_is_reached_too() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        first = (await world.ask(user, deduplication_key="k")).json
        again = await world.ask(user, deduplication_key="k")
        assert (again.status, again.json["id"]) == (200, first["id"])


async def test_without_a_key_none_is_shown_and_every_request_is_its_own() -> None:
    async with a_world() as world:
        user = await world.a_user()
        answers = [await a_plan(world, user) for _ in range(2)]
        assert [a.json["deduplication_key"] for a in answers] == [None, None]
        assert len({a.json["id"] for a in answers}) == 2
