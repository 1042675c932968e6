"""What users used: every meeting counted once, in the month of its end."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.services.meetings.making import World, a_world

from tenure import Delivery, OutcomeUnknown, minutes, seconds
from tenure.services.meetings.lifecycle import Meeting, Usage


async def count(world: World) -> None:
    while await world.store.deliver_once(Meeting.count_usage, world.service.usage.count):
        pass


async def used(world: World, user: int, query: str = "") -> list[Any]:
    answer = await world.user_call(user, "GET", f"/user/usage{query}")
    assert answer.status == 200, answer.body
    found: list[Any] = answer.json["usage"]
    return found


async def a_meeting_of(world: World, user: int, length: float, native_id: str = "abc") -> None:
    """Have a bot attend for so many seconds."""
    bot = await world.a_bot(user, native_id, state="active")
    await world.store.advance(seconds(length))
    assert (await bot.tell("exited", exit_code=0)).status == 200


async def test_a_meeting_counts_from_the_launch_of_its_bot_to_its_end() -> None:
    async with a_world() as world:
        user, other = await world.a_user(), await world.a_user()
        await a_meeting_of(world, user, 60)
        await a_meeting_of(world, user, 30.5)
        assert await used(world, user) == []
        await count(world)
        assert await used(world, user) == [{"month": "2026-01", "meetings": 2, "bot_seconds": 90.5}]
        assert await used(world, other) == []
        admins = await world.admin_call("GET", f"/admin/users/{user}/usage")
        assert admins.json == {"usage": await used(world, user)}


async def test_a_failed_meeting_counts_and_one_whose_bot_never_started_does_not() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, "failed")
        await world.store.advance(seconds(10))
        await bot.tell("exited", exit_code=1)
        await world.ask(user, "cancelled")
        assert (await world.user_call(user, "DELETE", "/bots/google_meet/cancelled")).status == 202
        await count(world)
        assert await used(world, user) == [{"month": "2026-01", "meetings": 1, "bot_seconds": 10}]
        assert all(m.accounted for m in await world.store.find(Meeting.over))


async def test_a_count_that_is_repeated_after_a_lost_word_counts_once() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await a_meeting_of(world, user, 60)
        tries = 0

        async def count_and_die(effect: Delivery[Meeting]) -> None:
            nonlocal tries
            tries += 1
            await world.service.usage.count(effect)
            if tries < 3:
                raise OutcomeUnknown("killed before its word came")

        for _ in range(3):
            await world.store.deliver_once(Meeting.count_usage, count_and_die)
            await world.store.advance(seconds(10))
        assert tries == 3
        assert await used(world, user) == [{"month": "2026-01", "meetings": 1, "bot_seconds": 60}]


async def test_many_that_end_together_are_all_counted_by_two_counters_at_once() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=30)
        bots = [await world.a_bot(user, f"m{number}", state="active") for number in range(30)]
        await world.store.advance(seconds(10))
        for bot in bots:
            await bot.tell("exited", exit_code=0)
        ends = await world.store.find(Meeting.over)

        async def all_of_them(meetings: Iterable[Meeting]) -> None:
            for meeting in meetings:
                (end,) = [e for e in await world.store.history(Meeting, meeting.id) if e.name == "exited"]
                await world.service.usage.count(Delivery(end.op, meeting, end, 1))

        await asyncio.gather(all_of_them(ends), all_of_them(reversed(ends)))
        assert await used(world, user) == [{"month": "2026-01", "meetings": 30, "bot_seconds": 300}]


async def test_a_meeting_over_midnight_is_of_the_month_of_its_end() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.store.advance(datetime(2026, 1, 31, 23, 59, tzinfo=UTC) - await world.store.now())
        bot = await world.a_bot(user, state="active")
        await world.store.advance(minutes(1) - seconds(1))
        await bot.tell("heartbeat")
        await world.store.advance(seconds(1))
        await bot.tell("exited", exit_code=0)
        await count(world)
        assert await used(world, user) == [{"month": "2026-02", "meetings": 1, "bot_seconds": 60}]


async def test_usage_is_given_for_the_months_that_are_asked_for_newest_first() -> None:
    async with a_world() as world:
        user = await world.a_user()
        for month in ("2025-02", "2025-03", "2025-12", "2026-01"):
            await world.store.apply(Usage.create(f"{user}-{month}", user=str(user), month=month, meetings=1))
        assert [usage["month"] for usage in await used(world, user)] == ["2026-01", "2025-12", "2025-03", "2025-02"]
        assert [usage["month"] for usage in await used(world, user, "?months=11")] == ["2026-01", "2025-12", "2025-03"]
        assert [usage["month"] for usage in await used(world, user, "?months=1")] == ["2026-01"]


@pytest.mark.parametrize("months", ["0", "121", "x", "-1", ""])
async def test_months_that_can_not_be_are_refused(months: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        assert (await world.user_call(user, "GET", f"/user/usage?months={months}")).status == 422


async def test_usage_of_an_absent_user_is_absent() -> None:
    async with a_world() as world:
        for user in ("99", "x"):
            assert (await world.admin_call("GET", f"/admin/users/{user}/usage")).status == 404
