"""The traps of the older design, each shut."""

import asyncio

import pytest
from tests.services.meetings.making import Bot, a_world

from tenure import minutes, seconds
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.runtimes.runtime import RuntimeAway

CONFIG = "/bots/google_meet/abc/config"
BOT = "/bots/google_meet/abc"


async def test_a_reserved_bot_without_a_process_can_be_stopped_and_never_starts() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.ask(user)
        assert (await world.user_call(user, "DELETE", BOT)).status == 202
        assert (await world.meeting(user))["status"] == "completed"
        await world.work()
        assert world.bots.started == {}


async def test_a_reserved_bot_with_a_process_can_be_stopped() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        assert (await world.user_call(user, "DELETE", BOT)).status == 202
        assert (await bot.tell("started")).json["commands"] == [{"number": 3, "action": "leave"}]
        await bot.tell("exited", exit_code=0, reason="left")
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["ended_by"], meeting["end_reason"]) == (
            "completed",
            f"user:{user}",
            "stopped",
        )


async def test_a_late_exited_changes_nothing_about_a_meeting_that_is_over() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        await bot.tell("exited", exit_code=1, reason="browser_crashed")
        before = await world.meeting(user)
        assert (before["status"], before["end_reason"], before["ended_by"]) == ("failed", "browser_crashed", "bot")
        late = await bot.tell("exited", exit_code=0, reason="left")
        assert (late.status, late.json["status"]) == (200, "failed")
        assert await world.meeting(user) == before


async def test_a_lost_started_is_harmless() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        for _ in range(60):
            await world.store.advance(seconds(30))
            assert (await bot.tell("heartbeat")).status == 200
        assert (await world.meeting(user))["status"] == "reserved"
        assert (await bot.tell("joined")).json["status"] == "active"


async def test_a_bot_whose_heartbeat_is_fresh_is_never_swept() -> None:
    for state in ("reserved", "starting", "active"):
        async with a_world() as world:
            user = await world.a_user()
            bot = await world.a_bot(user, state=state)
            for _ in range(60):
                await world.store.advance(seconds(119))
                assert (await bot.tell("heartbeat")).status == 200
            assert (await world.meeting(user))["status"] == state


async def test_each_state_has_its_deadline_and_its_reason() -> None:
    for state, length in (("reserved", 5), ("starting", 10), ("active", 2), ("stopping", 5)):
        async with a_world() as world:
            user = await world.a_user()
            await world.a_bot(user, state=state)
            await world.store.advance(minutes(length) - seconds(1))
            assert (await world.meeting(user))["status"] == state
            await world.store.advance(seconds(1))
            meeting = await world.meeting(user)
            assert (meeting["status"], meeting["end_reason"]) == ("failed", f"stale_{state}_timeout")
            assert meeting["ended_by"] == "sweeper"


async def test_ending_a_record_ends_its_process() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        await world.store.advance(minutes(3))
        await world.work()
        assert world.bots.ended == [(await world.meeting(user))["bot_container_id"]]
        assert (await bot.tell("heartbeat")).status == 409


async def test_a_process_without_a_live_record_is_ended() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        await world.store.advance(minutes(3))  # its effect is not delivered: reconciling does without
        await world.service.loops.reconcile()
        assert len(world.bots.ended) == 1


async def test_a_record_whose_process_died_fails_at_once() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        world.bots.die((await world.meeting(user))["bot_container_id"], -9)
        await world.service.loops.reconcile()
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"], meeting["ended_by"]) == (
            "failed",
            "bot_process_died",
            "server",
        )
        event = (await world.store.history(Meeting, str(meeting["id"])))[-1]
        assert event.why == "exit code -9"
        assert (await bot.tell("heartbeat")).status == 409
        assert await world.bots.bots() == []


async def test_a_launched_record_whose_process_no_runtime_knows_fails() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        world.bots.started.clear()
        await world.service.loops.reconcile()
        assert (await world.meeting(user))["status"] == "active"  # it may be about to be found
        await world.store.advance(seconds(31))
        await world.service.loops.reconcile()
        assert (await world.meeting(user))["end_reason"] == "bot_process_missing"


@pytest.mark.parametrize(("exit_code", "status"), [(0, "completed"), (143, "completed"), (-9, "failed"), (1, "failed")])
async def test_who_was_told_to_leave_and_is_gone_has_left_unless_it_died(exit_code: int, status: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        await world.user_call(user, "DELETE", BOT)
        world.bots.die((await world.meeting(user))["bot_container_id"], exit_code)
        await world.service.loops.reconcile()
        meeting = await world.meeting(user)
        reason = "stopped" if status == "completed" else "bot_process_died"
        assert (meeting["status"], meeting["end_reason"]) == (status, reason)


async def test_who_was_told_to_leave_and_is_known_to_no_runtime_has_left() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        await world.user_call(user, "DELETE", BOT)
        world.bots.started.clear()
        await world.store.advance(seconds(31))
        await world.service.loops.reconcile()
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"]) == ("completed", "stopped")


async def test_a_bot_that_a_killed_server_never_started_is_started_soon_and_once() -> None:
    for launched in (False, True):
        async with a_world() as world:
            user = await world.a_user()
            meeting = (await world.ask(user)).json
            if launched:
                await world.store.acting("a bot").apply(Meeting.launch(str(meeting["id"])))
            await world.service.loops.reconcile()
            assert world.bots.started == {}  # its effect is probably under way
            await world.store.advance(seconds(6))
            for _ in range(2):
                await world.service.loops.reconcile()
            await world.work()
            assert list(world.bots.started) == [meeting["bot_container_id"]]
            record = await world.store.get(Meeting, str(meeting["id"]))
            bot = Bot(world, world.bots.started[record.container])
            assert (await bot.tell("joined")).json["status"] == "active"
            names = [event.name for event in await world.store.history(Meeting, record.id)]
            assert names == ["create", "launch", "joined"]


async def test_a_process_that_cannot_start_fails_its_meeting_and_frees_the_slot_once() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        world.bots.broken = True
        assert (await world.ask(user)).status == 201
        await world.work()
        assert (await world.meeting(user))["end_reason"] == "start_failed"
        world.bots.broken = False
        assert (await world.ask(user)).status == 201
        assert (await world.ask(user, "other")).status == 429


async def test_a_full_disk_fails_the_one_meeting_that_it_keeps_from_starting() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, "other", state="active")
        world.bots.trouble = OSError("no space left on device")
        await world.ask(user)
        await world.work()
        world.bots.trouble = None
        assert (await world.meeting(user))["end_reason"] == "start_failed"
        assert (await world.meeting(user, "other"))["status"] == "active"
        assert (await world.ask(user)).status == 201


async def test_a_runtime_that_is_away_delays_a_start_and_fails_nothing() -> None:
    async with a_world() as world:
        user = await world.a_user()
        world.bots.trouble = RuntimeAway("nobody answers")
        await world.ask(user)
        await world.work()
        assert (await world.meeting(user))["status"] == "reserved"
        world.bots.trouble = None
        await world.store.advance(seconds(10))
        await world.work()
        assert list(world.bots.started) == [(await world.meeting(user))["bot_container_id"]]


async def test_a_start_that_is_delivered_twice_starts_one_process_under_one_fence() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        meeting = (await world.store.find(Meeting.live))[0]
        event = (await world.store.history(Meeting, meeting.id))[0]

        class Again:
            id, record = event.op + "/start_process", meeting

        await world.store.advance(minutes(4))  # op ids may be forgotten by then; the holder is not
        await world.service.loops.start_process(Again())  # type: ignore[arg-type]
        assert (await world.store.get(Meeting, meeting.id)).fence == meeting.fence
        assert (await bot.tell("heartbeat")).status == 200


async def test_a_stopping_bot_still_counts_against_the_limit() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        bot = await world.a_bot(user, state="stopping")
        refused = await world.ask(user, "other")
        assert (refused.status, "Maximum concurrent bots limit reached (1)" in refused.detail) == (429, True)
        await bot.tell("exited", exit_code=0, reason="left")
        assert (await world.ask(user, "other")).status == 201


async def test_a_callback_that_arrives_first_finds_record_and_session() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        assert (await bot.tell("joined")).status == 200
        sessions = (await world.user_call(user, "GET", "/transcripts/google_meet/abc")).json["sessions"]
        assert [s["session_uid"] for s in sessions] == [(await world.meeting(user))["bot_container_id"]]


async def test_commands_sent_before_the_bot_listens_reach_it_in_order_and_until_acknowledged() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="starting")
        assert (await world.user_call(user, "PUT", CONFIG, {"language": "de"})).status == 202
        assert (await world.user_call(user, "DELETE", BOT)).status == 202
        commands = (await bot.tell("heartbeat")).json["commands"]
        assert [c["action"] for c in commands] == ["reconfigure", "leave"]
        assert commands[0]["language"] == "de"
        assert (await bot.tell("heartbeat")).json["commands"] == commands
        bot.seen = commands[-1]["number"]
        assert (await bot.tell("heartbeat")).json["commands"] == []


async def test_a_bot_that_listens_hears_a_command_at_once() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        listening = asyncio.create_task(bot.tell("commands"))
        await world.user_call(user, "DELETE", BOT)
        assert [c["action"] for c in (await listening).json["commands"]] == ["leave"]


async def test_a_listening_bot_hears_that_its_meeting_was_ended() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        listening = asyncio.create_task(bot.tell("commands"))
        await world.admin_call("POST", f"/admin/meetings/{bot.settings.meeting_id}/finish", {})
        assert (await listening).status == 409


async def test_a_status_callback_takes_only_declared_states_and_only_forwards() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        for wrong in ("reserved", "happy", "", 3, None):
            assert (await bot.tell("status", status=wrong)).status == 422
        assert (await bot.tell("status", status="starting")).status == 409
        assert (await bot.tell("status", status="active")).status == 200
        assert (await bot.tell("status", "PATCH", status="stopping", reason="alone")).json["status"] == "stopping"
        assert (await bot.tell("status", status="active")).status == 409
        assert (await bot.tell("status", status="completed", reason="alone")).status == 409
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"], meeting["ended_by"]) == ("completed", "alone", "bot")


async def test_a_callback_needs_its_runs_own_secret_a_fresh_time_and_a_fresh_signature() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot, other = await world.a_bot(user), await world.a_bot(user, "other")
        body = bot.body()
        assert (await world.call("POST", "/bots/internal/callback/heartbeat", body)).status == 401
        assert (await bot.send("heartbeat", body, secret="guessed")).status == 401
        assert (await bot.send("heartbeat", body, secret=other.settings.callback_secret)).status == 401
        assert (await bot.send("heartbeat", body, at=world.now - 301)).status == 401
        assert (await bot.send("heartbeat", body, at=world.now + 301)).status == 401
        assert (await bot.send("heartbeat", body, at=world.now - 299)).status == 200
        assert (await bot.send("heartbeat", body)).status == 200
        assert (await bot.send("heartbeat", body)).status == 401  # the same bytes again: a replay
        assert (await bot.send("heartbeat", body, id="two")).status == 200
        tampered = bot.body(seen=7)
        assert (await bot.send("heartbeat", tampered, secret="")).status == 401


async def test_a_secret_of_an_earlier_fence_is_worthless() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        await world.store.acting("another run").apply(Meeting.launch(str(bot.settings.meeting_id)))
        for name in ("started", "joined", "heartbeat", "commands"):
            assert (await bot.tell(name)).status == 403
        assert (await bot.tell("exited", exit_code=0)).status == 403
        assert (await world.meeting(user))["status"] == "reserved"


async def test_a_user_has_one_live_bot_in_one_meeting() -> None:
    async with a_world() as world:
        user = await world.a_user()
        answers = await asyncio.gather(*(world.ask(user) for _ in range(10)))
        assert sorted(a.status for a in answers) == [201, *[409] * 9]
        other = await world.a_user()
        assert (await world.ask(other)).status == 201
        await world.work()
        meeting = await world.meeting(user)
        bot = Bot(world, world.bots.started[meeting["bot_container_id"]])
        await bot.tell("exited", exit_code=0)
        assert (await world.ask(user)).status == 201


async def test_a_hundred_askers_at_a_limit_of_ten_get_exactly_ten() -> None:
    for _ in range(20):
        async with a_world() as world:
            user = await world.a_user(bots=10)
            answers = await asyncio.gather(*(world.ask(user, f"m{number}") for number in range(100)))
            assert sorted(a.status for a in answers) == [*[201] * 10, *[429] * 90]
            assert len(await world.store.find(Meeting.live)) == 10


async def test_callbacks_five_times_reordered_and_late_have_one_effect() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        joined = bot.body()
        for try_number in range(5):
            assert (await bot.send("joined", joined, id="joined", at=world.now + try_number)).status == 200
        assert (await bot.tell("started")).json["status"] == "active"
        history = await world.store.history(Meeting, str(bot.settings.meeting_id))
        assert [event.name for event in history] == ["create", "launch", "joined"]
        await world.store.advance(minutes(1))
        await bot.tell("heartbeat")
        for _ in range(10):
            await world.store.advance(minutes(1))
            await bot.tell("heartbeat")
        assert (await bot.send("joined", joined, id="joined", at=world.now - 600)).status == 401


async def test_one_op_id_with_another_body_is_a_conflict() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        assert (await bot.send("status", bot.body(status="stopping", reason="one"), id="x")).status == 200
        assert (await bot.send("status", bot.body(status="failed", reason="two"), id="x")).status == 409
        assert (await world.meeting(user))["status"] == "stopping"


async def test_two_bots_may_use_the_same_callback_id() -> None:
    async with a_world() as world:
        user = await world.a_user()
        for name in ("one", "two"):
            bot = await world.a_bot(user, name)
            assert (await bot.send("started", bot.body(), id="same")).json["status"] == "starting"
