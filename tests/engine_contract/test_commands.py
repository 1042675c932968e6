"""Commands are durable before the holder listens, and it has them until it says that it saw them (guarantee 11)."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine_contract.conftest import Stores
from tests.engine_contract.kinds import Job, Owner

from tenure import Event, NotHolder, Store, days, hours, minutes, seconds
from tenure.testing import a


async def a_job(store: Store) -> Job:
    await a(store, Owner.enabled, "o", email="e")
    return await a(store, Job.running, "j", owner="o", place="here")


def courses(commands: list[Event[Job]]) -> list[str]:
    return [command.fields["course"] for command in commands]


async def test_a_command_that_was_sent_before_anybody_listened_comes_with_the_beat(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.acting("user:7").apply(Job.steer("j", course="north"))
        await store.apply(Job.steer("j", course="east"))
        commands = await store.beat(job.claim)
        assert courses(commands) == ["north", "east"]
        assert (commands[0].name, commands[0].by) == ("steer", "user:7")


async def test_commands_come_again_until_they_are_acknowledged(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        for course in ("north", "east", "south"):
            await store.apply(Job.steer("j", course=course))
        first = await store.beat(job.claim)
        assert courses(await store.beat(job.claim)) == ["north", "east", "south"]
        assert courses(await store.beat(job.claim, seen=first[0].version)) == ["east", "south"]
        assert courses(await store.beat(job.claim, seen=first[-1].version)) == []
        assert courses(await store.beat(job.claim)) == [], "what was seen stays seen"


async def test_other_events_are_no_commands(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.apply(Job.steer("j", course="north"))
        await store.apply(Job.move("j", place="there"))
        await store.apply(Job.report(job.claim, note="half"))
        await store.apply(Job.steer("j", course="east"))
        commands = await store.beat(job.claim)
        assert courses(commands) == ["north", "east"]
        assert [c.version for c in commands] == [3, 6]


async def test_a_command_is_found_behind_any_number_of_other_events(
    a_store: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.store.store.PAGE", 4)
    async with a_store() as store:
        job = await a_job(store)
        for number in range(9):
            await store.apply(Job.move("j", place=f"place {number}"))
        await store.apply(Job.steer("j", course="north"))
        assert courses(await store.beat(job.claim)) == ["north"]


async def test_what_lies_ahead_cannot_be_acknowledged(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.beat(job.claim, seen=1_000_000)
        await store.apply(Job.steer("j", course="north"))
        assert courses(await store.beat(job.claim)) == ["north"]


async def test_the_next_holder_gets_what_the_last_one_has_not_seen(a_store: Stores) -> None:
    async with a_store() as store:
        old = await a_job(store)
        await store.apply(Job.steer("j", course="north"))
        await store.apply(Job.steer("j", course="east"))
        first = await store.beat(old.claim)
        await store.beat(old.claim, seen=first[0].version)
        new = await store.apply(Job.retake("j"))
        with pytest.raises(NotHolder):
            await store.beat(old.claim, seen=first[-1].version)
        assert courses(await store.beat(new.claim)) == ["east"]


async def test_unread_commands_die_with_the_record_and_its_last_event_says_so(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.apply(Job.steer("j", course="north"))
        await store.beat(job.claim, seen=3)
        await store.apply(Job.steer("j", course="east"))
        await store.apply(Job.stop("j", reason="over"))
        last = (await store.history(Job, "j"))[-1]
        assert last.unread == (3, 4)
        assert (await store.history(Job, "j", after=3))[0].name == "steer"


async def test_an_end_without_unread_commands_says_nothing(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.apply(Job.steer("j", course="north"))
        await store.beat(job.claim, seen=3)
        await store.apply(Job.finish(job.claim))
        assert (await store.history(Job, "j"))[-1].unread is None


async def test_a_command_that_is_not_seen_outlives_the_time_of_its_history(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.apply(Job.steer("j", course="north"))
        for _ in range(70):
            await store.beat(job.claim)
            await store.advance(seconds(20))
        await store.sweep(days(365))
        assert courses(await store.beat(job.claim)) == ["north"]


async def test_a_held_record_streams_its_commands_in_order(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)
        await store.apply(Job.steer("j", course="0"))
        taken: list[str] = []
        async with store.hold(job.claim) as held:
            commands = held.commands()
            async for command in commands:
                taken.append(command.fields["course"])
                if len(taken) == 5:
                    break
                await store.apply(Job.steer("j", course=str(len(taken))))
            await commands.aclose()  # type: ignore[attr-defined]
        assert taken == ["0", "1", "2", "3", "4"]
        assert courses(await store.beat(job.claim)) == ["4"], "the last is acknowledged by asking for the next"


async def test_a_stream_waits_for_a_command_and_wakes_for_it(a_store: Stores) -> None:
    async with a_store() as store:
        job = await a_job(store)

        async def next_command() -> str:
            async with store.hold(job.claim) as held:
                async for command in held.commands():
                    await store.apply(Job.finish(job.claim))
                    return str(command.fields["course"])
            raise AssertionError

        task = asyncio.create_task(next_command())
        for _ in range(20):
            await asyncio.sleep(0)
        await store.apply(Job.steer("j", course="north"))
        assert await task == "north"
        assert (await store.get(Job, "j")).state == Job.done


async def test_commands_are_kept_through_a_long_quiet_time(a_kept_store: Stores) -> None:
    async with a_kept_store() as store:
        job = await a_job(store)
        await store.apply(Job.steer("j", course="north"))
    async with a_kept_store() as store:
        await store.advance(minutes(0))
        assert courses(await store.beat(job.claim)) == ["north"]
        await store.advance(hours(1))
