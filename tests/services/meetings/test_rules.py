"""When a bot leaves by itself, is paused, or captures nothing any more."""

import asyncio
from typing import Any

import pytest
from tests.services.meetings.making import World, a_world

from tenure import Claim, minutes, seconds
from tenure.services.meetings.lifecycle import Meeting, Session

BOT = "/bots/google_meet/abc"
DEFAULTS = {"alone_seconds": 300, "silence_seconds": 3600, "waiting_room_seconds": 600, "maximum_seconds": 28_800}


async def asked(world: World, user: int, **rules: Any) -> Any:
    answer = await world.ask(user, automatic_leave=rules)
    assert answer.status == 201, answer.body
    return answer.json


# ------------------------------------------------------------------------------------ leaving by itself


async def test_the_servers_rules_hold_where_a_user_gives_none() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = (await world.ask(user)).json
        assert meeting["automatic_leave"] == DEFAULTS
        await world.work()
        settings = world.bots.started[meeting["bot_container_id"]]
        assert (settings.alone_seconds, settings.silence_seconds) == (300, 3600)


async def test_a_users_rules_reach_the_bot_and_null_is_never() -> None:
    async with a_world(alone_seconds=60) as world:
        user = await world.a_user()
        meeting = await asked(world, user, alone_seconds=None, silence_seconds=45.5, waiting_room_seconds=20)
        rules = {"alone_seconds": None, "silence_seconds": 45.5, "waiting_room_seconds": 20, "maximum_seconds": 28_800}
        assert meeting["automatic_leave"] == rules
        await world.work()
        settings = world.bots.started[meeting["bot_container_id"]]
        assert (settings.alone_seconds, settings.silence_seconds) == (None, 45.5)
        other = (await world.ask(user, "other")).json
        assert other["automatic_leave"] == {**DEFAULTS, "alone_seconds": 60}


@pytest.mark.parametrize(
    ("rules", "advice"),
    [
        ({"alone_seconds": 9}, "alone_seconds, silence_seconds (10 to 86400, or null for never)"),
        ({"silence_seconds": 86_401}, "10 to 86400"),
        ({"waiting_room_seconds": None}, "waiting_room_seconds (10 to 86400)"),
        ({"maximum_seconds": 59}, "maximum_seconds (60 to 86400)"),
        ({"maximum_seconds": "60"}, "maximum_seconds (60 to 86400)"),
        ({"lonely_seconds": 60}, "a field that is not known here"),
        (60, "an object with alone_seconds"),
    ],
)
async def test_a_rule_out_of_bounds_is_refused_with_advice(rules: Any, advice: str) -> None:
    async with a_world() as world:
        refused = await world.ask(await world.a_user(), automatic_leave=rules)
        assert (refused.status, advice in refused.detail) == (422, True), refused.body


async def test_a_bot_that_stays_too_long_is_told_to_leave() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = await asked(world, user, maximum_seconds=90)
        await world.work()
        bot = world.bot(meeting)
        await bot.tell("joined")
        await world.store.advance(seconds(89))
        assert (await bot.tell("heartbeat")).json == {"status": "active", "commands": []}
        await world.store.advance(seconds(1))
        answer = (await bot.tell("heartbeat")).json
        assert (answer["status"], [c["action"] for c in answer["commands"]]) == ("stopping", ["leave"])
        await bot.tell("exited", exit_code=0, reason="left")
        over = await world.meeting(user)
        assert (over["status"], over["ended_by"], over["end_reason"]) == ("completed", "sweeper", "maximum_length")


async def test_a_bot_that_calls_in_the_moment_in_which_its_time_is_over_calls_again_and_is_told_to_leave() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = await asked(world, user, maximum_seconds=90)
        await world.work()
        bot = world.bot(meeting)
        await bot.tell("joined")
        await world.store.advance(seconds(89))
        await bot.tell("heartbeat")
        clock: Any = world.store.clock
        clock.move_to(clock.now + 1_000_000)  # and nobody swept yet
        for name, more in (
            ("heartbeat", {}),
            ("status", {"status": "stopping", "reason": "left"}),
            ("exited", {"exit_code": 0, "reason": "left"}),
        ):
            answer = await bot.tell(name, **more)
            assert (answer.status, "try again" in answer.detail) == (503, True), (name, answer.body)
        await world.store.sweep()
        answer = await bot.tell("heartbeat")
        assert [command["action"] for command in answer.json["commands"]] == ["leave"]
        assert (await bot.tell("exited", exit_code=0, reason="left")).json["status"] == "completed"


async def test_a_bot_that_nobody_admits_fails_when_its_patience_ends() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await asked(world, user, waiting_room_seconds=100)
        await world.work()
        (record,) = await world.store.find(Meeting.live)
        await world.store.apply(Meeting.wait(record.claim))
        await world.store.advance(seconds(60))
        await world.store.beat(record.claim)
        await world.store.advance(seconds(39))
        assert (await world.meeting(user))["status"] == "waiting"
        await world.store.advance(seconds(1))
        over = await world.meeting(user)
        assert (over["status"], over["end_reason"], over["ended_by"]) == ("failed", "waiting_room_timeout", "sweeper")


# ------------------------------------------------------------------------------------ pausing


async def test_a_paused_bot_is_told_once_shown_so_and_resumed() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        for _ in range(2):
            answer = await world.user_call(user, "POST", BOT + "/pause")
            assert (answer.status, "message" in answer.json) == (202, True)
        assert (await world.meeting(user))["paused"] is True
        assert (await world.user_call(user, "GET", "/bots/status")).json["running_bots"][0]["paused"] is True
        for _ in range(2):
            assert (await world.user_call(user, "POST", BOT + "/resume")).status == 202
        assert (await world.meeting(user))["paused"] is False
        commands = (await bot.tell("heartbeat")).json["commands"]
        assert [c["action"] for c in commands] == ["pause", "resume"]


async def test_only_a_bot_that_comes_or_attends_is_paused() -> None:
    async with a_world() as world:
        user = await world.a_user()
        assert (await world.user_call(user, "POST", BOT + "/pause")).status == 404
        planned = await world.ask(user, join_at="2026-06-01T00:00:00Z")
        assert planned.json["status"] == "scheduled"
        assert "the bot is scheduled" in (await world.user_call(user, "POST", BOT + "/pause")).detail
        await world.user_call(user, "DELETE", BOT)
        for state, status in (("reserved", 202), ("starting", 202), ("stopping", 409)):
            await world.a_bot(user, state, state=state)
            for step in ("pause", "resume"):
                assert (await world.user_call(user, "POST", f"/bots/google_meet/{state}/{step}")).status == status
        assert (await world.user_call(user, "POST", BOT + "/resume")).status == 409


async def test_pausing_and_resuming_at_once_lose_nothing() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        steps = ["pause", "resume"] * 5
        answers = await asyncio.gather(*(world.user_call(user, "POST", f"{BOT}/{step}") for step in steps))
        assert {a.status for a in answers} == {202}
        told = [c["action"] for c in (await bot.tell("heartbeat")).json["commands"]]
        assert told == ["pause", "resume"] * (len(told) // 2) + ["pause"] * (len(told) % 2)
        assert (await world.meeting(user))["paused"] is (told[-1] == "pause")


# ------------------------------------------------------------------------------------ capturing nothing


async def capturing(world: World, user: int) -> Claim[Session]:
    """Give the claim of a session that captures."""
    await world.a_bot(user, state="active")
    (session,) = await world.store.find(Session.open)
    return (await world.store.apply(Session.capture(session.id))).claim


async def beating(world: World, minutes_long: int) -> None:
    """Let the bot's process beat on while time passes."""
    (record,) = await world.store.find(Meeting.live)
    for _ in range(minutes_long):
        await world.store.advance(minutes(1))
        await world.store.beat(record.claim)


async def test_a_bot_that_beats_but_captures_nothing_any_more_is_ended() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await capturing(world, user)
        await beating(world, 2)
        await world.work()
        over = await world.meeting(user)
        assert (over["status"], over["end_reason"], over["ended_by"]) == ("failed", "capture_stalled", "server")
        assert world.bots.ended == [over["bot_container_id"]]
        await world.store.sweep()
        assert [s.state for s in await world.store.find(Session.closed)] == [Session.closed]


async def test_a_bot_that_captures_again_before_it_is_ended_goes_on() -> None:
    async with a_world() as world:
        user = await world.a_user()
        session = await capturing(world, user)
        await beating(world, 2)
        await world.store.apply(Session.capture(session.id))
        await world.work()
        assert (await world.meeting(user))["status"] == "active"


async def test_a_bot_that_is_leaving_may_capture_nothing() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await capturing(world, user)
        await world.user_call(user, "DELETE", BOT)
        await beating(world, 2)
        await world.work()
        assert (await world.meeting(user))["status"] == "stopping"


async def test_who_ended_a_stalled_meeting_first_wins() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await capturing(world, user)
        await beating(world, 2)
        (record,) = await world.store.find(Meeting.live)
        await world.admin_call("POST", f"/admin/meetings/{record.id}/finish", {})
        await world.work()
        over = await world.meeting(user)
        assert (over["end_reason"], over["ended_by"]) == ("forced", "admin")


async def test_a_session_that_never_captured_does_not_stall() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        await beating(world, 60)
        await world.work()
        assert (await world.meeting(user))["status"] == "active"
