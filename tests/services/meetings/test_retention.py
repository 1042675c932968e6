"""How long what was said and shown is kept."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.services.meetings.making import World, a_world

from tenure import NEXT, Poller, Store, days, hours, seconds
from tenure.services.meetings.lifecycle import Meeting, Screenshot, Segment
from tenure.services.meetings.retention import Redaction, Retention
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery

HEARD = {"segment_id": "1", "text": "the plan", "start": 0.5, "end": 1.5, "at": 1e9, "speaker": "Ada"}


async def a_past_meeting(world: World, user: int, native_id: str = "abc", segments: int = 1) -> Meeting:
    """Have a bot hear something, and the meeting be over."""
    bot = await world.a_bot(user, native_id, state="active")
    for start in range(0, segments, 100):
        heard = [{**HEARD, "segment_id": str(number)} for number in range(start, min(start + 100, segments))]
        assert (await bot.tell("transcript", segments=heard)).status == 200
    assert (await bot.tell("exited", exit_code=0)).status == 200
    (over,) = [m for m in await world.store.find(Meeting.over, under=str(user)) if m.native_id == native_id]
    return over


async def keep_for(world: World, user: int, kept: int | None) -> None:
    answer = await world.admin_call("PATCH", f"/admin/users/{user}", {"retention_days": kept})
    assert (answer.status, answer.json["retention_days"]) == (200, kept)


async def words(world: World) -> str:
    """Give all that the store still says of what was said, in records and in their history."""
    found: list[Any] = []
    for meeting in await world.store.find(Meeting.over):
        found += [meeting.fields(), *(e.fields for e in await world.store.history(Meeting, meeting.id))]
        for segment in await world.store.find(Segment.kept, under=meeting.id):
            found += [segment.fields(), *(e.fields for e in await world.store.history(Segment, segment.id))]
    return str(found)


async def test_a_meeting_is_redacted_when_its_users_retention_is_over_and_not_before() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = await a_past_meeting(world, user)
        await keep_for(world, user, 7)
        await world.store.advance(days(7) - seconds(1))
        assert await world.service.retention.once() == 0
        assert "the plan" in await words(world)
        await world.store.advance(seconds(1))
        assert await world.service.retention.once() == 1
        left = await words(world)
        assert all(said not in left for said in ("the plan", "Ada", "'abc'"))
        row = await world.store.get(Meeting, meeting.id)
        assert (row.state, row.data) == (Meeting.completed, {"redacted": True})
        assert await world.service.retention.once() == 0


async def test_without_a_retention_everything_is_kept() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await a_past_meeting(world, user)
        await world.store.advance(days(1000))
        assert await world.service.retention.once() == 0
        assert (await world.user_call(user, "GET", "/transcripts/google_meet/abc")).json["segments"]


async def test_the_services_own_retention_is_for_those_who_have_none() -> None:
    async with a_world(retention_days=3) as world:
        short, long = await world.a_user(), await world.a_user()
        await keep_for(world, long, 30)
        for user in (short, long):
            await a_past_meeting(world, user)
        await world.store.advance(days(3))
        assert await world.service.retention.once() == 1
        assert (await world.user_call(long, "GET", "/transcripts/google_meet/abc")).json["segments"]
        await keep_for(world, long, None)
        assert await world.service.retention.once() == 1


async def test_other_changes_of_a_user_leave_the_retention_alone() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await keep_for(world, user, 7)
        changed = await world.admin_call("PATCH", f"/admin/users/{user}", {"name": "Ada"})
        assert (changed.json["name"], changed.json["retention_days"]) == ("Ada", 7)


@pytest.mark.parametrize("kept", [0, -1, 36_501, 1.5, "7", True])
async def test_a_retention_that_can_not_be_is_refused(kept: Any) -> None:
    async with a_world() as world:
        user = await world.a_user()
        answer = await world.admin_call("PATCH", f"/admin/users/{user}", {"retention_days": kept})
        assert answer.status == 422
        assert "retention_days" in answer.detail


@pytest.mark.parametrize("text", ["0", "-1", "36501", "x", "1.5"])
def test_a_service_with_a_retention_that_can_not_be_does_not_start(tmp_path: Path, text: str) -> None:
    # The dangerous ones are 0 and less: everything would be emptied as soon as it is over.
    with pytest.raises(ValueError, match="from 1 to 36500"):
        Settings.read(
            {"TENURE_MEETINGS_RETENTION_DAYS": text}, base_url="http://127.0.0.1:1", admin_key="a", folder=tmp_path
        )


async def test_one_that_was_planned_early_and_ended_late_is_redacted_in_its_turn() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await keep_for(world, user, 1)
        planned = await world.store.apply(
            Meeting.create_in(
                Meeting.scheduled, NEXT, user=str(user), platform="local", native_id="planned", run="r",
                deduplication_key="planned", bot_name="b", join_at=await world.store.now() + days(30),
            )
        )  # fmt: skip
        await a_past_meeting(world, user)
        await world.store.advance(days(1))
        assert await world.service.retention.once() == 1
        await world.store.apply(Meeting.cancel(planned, ended_by="user:1", end_reason="stopped"))
        await world.store.advance(days(1))
        assert await world.service.retention.once() == 1
        assert (await world.store.get(Meeting, planned.id)).native_id == ""


async def test_screenshots_go_with_their_files_first() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = await a_past_meeting(world, user)
        shot = await world.store.apply(Screenshot.create(NEXT, meeting=meeting.id, reason="failed", size=5))
        gone: list[str] = []

        async def discard(screenshot: Screenshot) -> None:
            assert (await world.store.get(Screenshot, screenshot.id)).size == 5
            gone.append(screenshot.id)

        await Redaction(world.store, discard).redact(meeting, by="admin")
        assert gone == [shot.id]
        assert (await world.store.get(Screenshot, shot.id)).size == 0


async def test_a_delivery_that_is_just_due_again_is_withdrawn_after_that_and_nobody_is_kept_busy_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting, now = await a_past_meeting(world, user), await world.store.now()
        made = WebhookDelivery.create(
            "d", user=str(user), meeting=meeting.id, event_type="e", since=now, body="said", try_at=now
        )
        delivery = await world.store.apply(made)
        await world.store.apply(
            WebhookDelivery.put_off(delivery, try_at=now, attempts=1, failures=1, tries=[], status=500, error="away")
        )
        tries, submit = list[Store](), Store.submit  # it is due again, and nobody swept yet

        async def counted(store: Store, *given: Any, **more: Any) -> Any:
            tries.append(store)
            return await submit(store, *given, **more)

        monkeypatch.setattr(Store, "submit", counted)
        redacting = asyncio.create_task(
            Redaction(world.store, world.service.screenshots.discard).redact(meeting, by="admin")
        )
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(tries) < 5
        while not redacting.done():  # it may be at the store still, and wait only then
            await world.store.advance(seconds(0.2))
        await redacting
        assert (await world.store.get(WebhookDelivery, "d")).state == WebhookDelivery.removed


async def test_a_redaction_that_broke_off_is_gone_on_with() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = await a_past_meeting(world, user, segments=250)
        await world.store.apply(Screenshot.create(NEXT, meeting=meeting.id, reason="failed", size=5))

        async def fail(screenshot: Screenshot) -> None:  # noqa: ARG001
            raise OSError("the disk is gone")

        broken = Retention(world.store, Redaction(world.store, fail), 1)
        await world.store.advance(days(1))
        with pytest.raises(OSError, match="gone"):
            await broken.once()
        assert (await world.store.get(Meeting, meeting.id)).native_id == "abc"
        assert await world.service.retention.once() == 0  # it has no retention of its own
        assert await Retention(world.store, Redaction(world.store, world.service.screenshots.discard), 1).once() == 1
        assert "the plan" not in await words(world)


async def test_many_meetings_are_redacted_and_never_looked_at_again() -> None:
    async with a_world(retention_days=1) as world:
        user = await world.a_user(bots=1)
        for number in range(120):
            await a_past_meeting(world, user, f"m{number}", segments=0)
        await world.store.advance(days(1))
        assert await world.service.retention.once() == 120
        finds: list[object] = []
        engine_find = world.store.engine.find

        async def find(space: str, query: Any) -> Any:
            found = await engine_find(space, query)
            finds.extend(row for row in found if row.kind == "Meeting")
            return found

        world.store.engine.find = find  # type: ignore[method-assign]
        assert await world.service.retention.once() == 0
        assert finds == []


async def has_finished(world: World, turn: int) -> bool:
    (poller,) = (await world.store.get_many(Poller, ["meetings/retention"])).values() or (None,)
    return poller is not None and poller.turns == turn and poller.state == Poller.waiting


async def test_it_looks_each_hour_by_itself() -> None:
    async with a_world(retention_days=1) as world:
        user = await world.a_user()
        await a_past_meeting(world, user)
        over = await world.store.now()
        work = asyncio.create_task(world.service.retention.run())
        for turn in range(1, 26):
            with world.store.bell(Poller) as bell:
                while not await has_finished(world, turn):
                    await bell.heard()
            assert ("the plan" in await words(world)) == (await world.store.now() < over + days(1))
            await world.store.advance(hours(1))
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
