"""What runs the bots is out of reach: nothing is concluded from that, and work goes on when it is back."""

import asyncio
import logging

import pytest
from tests.services.meetings.making import a_world

from tenure import minutes, seconds
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.runtimes.runtime import RuntimeAway


async def test_no_meeting_fails_because_nobody_can_look() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        await world.store.advance(minutes(1))
        world.bots.away = True
        with pytest.raises(RuntimeAway):
            await world.service.loops.reconcile()
        assert (await world.meeting(user))["status"] == "active"


async def test_the_loop_outlives_it_and_says_so_once_each_way(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        world.bots.away = True
        looking = asyncio.create_task(world.service.loops._reconcile_for_ever())
        for looks in range(5):  # all in vain
            while world.bots.looks <= looks:
                await asyncio.sleep(0)
            world.bots.ring()
        while not world.service.loops.away:
            await asyncio.sleep(0)
        world.bots.away = False
        world.bots.die(next(iter(world.bots.started)), 137)
        while world.service.loops.away:
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        said = [event for record in caplog.records if (event := vars(record).get("event", "")).startswith("runtime_")]
        assert said == ["runtime_away", "runtime_back"]
        assert (await world.meeting(user))["end_reason"] == "bot_process_died"


async def test_a_bot_that_could_not_be_ended_is_ended_later() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        name = next(iter(world.bots.started))
        world.bots.away = True
        assert (await world.admin_call("POST", "/admin/meetings/1/finish", {})).status == 200
        await world.store.deliver_once(Meeting.end_process, world.service.loops.end_process)
        assert world.bots.ended == []
        world.bots.away = False
        await world.store.advance(seconds(10))
        await world.store.deliver_once(Meeting.end_process, world.service.loops.end_process)
        assert world.bots.ended == [name]


async def test_a_log_that_is_out_of_reach_is_to_be_asked_for_again() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user)
        world.bots.away = True
        answer = await world.admin_call("GET", "/admin/meetings/1/log")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert "can't be reached: try again in a moment" in answer.detail
