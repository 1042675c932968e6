"""The second sign of life, waiting rooms as the server sees them, and what bots saw when something went wrong."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.services.meetings.making import Bot, World, a_world

from tenure import minutes, seconds
from tenure.services.meetings.lifecycle import Meeting, Screenshot, Session
from tenure.services.meetings.screenshots import MOST_PER_MEETING

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def session_of(world: World, bot: Bot) -> Session:
    meeting = await world.store.get(Meeting, str(bot.settings.meeting_id))
    return await world.store.get(Session, meeting.container)


async def a_capturing_bot(world: World, user: int) -> Bot:
    """Ask for a bot that has joined and says that it captures."""
    bot = await world.a_bot(user, state="starting")
    assert (await bot.tell("joined", capturing=True)).status == 200
    return bot


# ------------------------------------------------------------------------------------ two signs of life


async def test_a_bot_that_beats_and_captures_lives_on() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await a_capturing_bot(world, user)
        for _ in range(20):
            await world.store.advance(seconds(30))
            assert (await bot.tell("heartbeat", capturing=True)).status == 200
            await world.work()
        assert (await session_of(world, bot)).state == Session.capturing
        assert (await world.meeting(user))["status"] == "active"


async def test_a_bot_that_beats_but_captures_no_more_is_failed() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await a_capturing_bot(world, user)
        for _ in range(5):
            await world.store.advance(seconds(30))
            await bot.tell("heartbeat", capturing=False)
            await world.work()
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"], meeting["ended_by"]) == (
            "failed",
            "capture_stalled",
            "server",
        )
        assert meeting["bot_container_id"] in world.bots.ended


async def test_a_bot_that_never_says_whether_it_captures_is_not_judged_by_it() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        for _ in range(20):
            await world.store.advance(seconds(30))
            await bot.tell("heartbeat")
            await world.work()
        assert (await session_of(world, bot)).state == Session.open
        assert (await world.meeting(user))["status"] == "active"


async def test_a_meeting_that_was_away_for_a_while_is_not_failed_for_it() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await a_capturing_bot(world, user)
        for captured in (False, False, True, False, False, True):
            await world.store.advance(seconds(30))
            await bot.tell("heartbeat", capturing=captured)
            await world.work()
        assert (await world.meeting(user))["status"] == "active"


async def test_one_bots_beats_say_nothing_of_anothers_capture() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await a_capturing_bot(world, user)
        other = await world.a_bot(user, "other", state="active")
        for _ in range(5):
            await world.store.advance(seconds(30))
            await bot.tell("heartbeat", capturing=False)
            await other.tell("heartbeat", capturing=True)
            await world.work()
        assert (await world.meeting(user))["status"] == "failed"
        assert (await world.meeting(user, "other"))["status"] == "active"


# ------------------------------------------------------------------------------------ waiting rooms


@pytest.mark.parametrize("state", ["reserved", "starting"])
@pytest.mark.parametrize(("callback", "more"), [("waiting", {}), ("status", {"status": "waiting"})])
async def test_a_bot_says_that_it_waits_to_be_admitted(state: str, callback: str, more: dict[str, Any]) -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state=state)
        assert (await bot.tell(callback, **more)).status == 200
        assert (await world.meeting(user))["status"] == "waiting"
        assert (await bot.tell("waiting")).status == 200
        assert (await bot.tell("joined")).status == 200
        assert (await world.meeting(user))["status"] == "active"


async def test_who_is_inside_does_not_go_back_to_the_waiting_room() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        assert (await bot.tell("waiting")).status == 200
        assert (await bot.tell("status", status="waiting")).status == 409
        assert (await world.meeting(user))["status"] == "active"


async def test_a_bot_that_was_denied_fails_with_that_reason() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="starting")
        await bot.tell("waiting")
        await bot.tell("exited", exit_code=1, reason="denied")
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"], meeting["ended_by"]) == ("failed", "denied", "bot")


async def test_a_bot_that_nobody_admits_is_told_to_go_and_its_picture_is_taken_still(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="starting")
        await bot.tell("waiting")
        for _ in range(21):
            await bot.tell("heartbeat")
            await world.store.advance(seconds(30))
        meeting = await world.meeting(user)
        assert (meeting["status"], meeting["end_reason"]) == ("failed", "waiting_room_timeout")
        assert (await bot.tell("heartbeat")).status == 409
        assert (await bot.tell("screenshot", reason="disowned", picture=picture())).status == 200
        assert [shot.reason for shot in await shots(world, bot)] == ["waiting_room_timeout"]


# ------------------------------------------------------------------------------------ pictures


def picture(content: bytes = PNG) -> str:
    return base64.b64encode(content).decode()


async def shots(world: World, bot: Bot) -> list[Screenshot]:
    meeting = await world.store.get(Meeting, str(bot.settings.meeting_id))
    return await world.service.screenshots.of(meeting)


async def test_a_picture_is_kept_as_a_file_of_ours_alone_and_can_be_read(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        bot = await world.a_bot(await world.a_user(), state="active")
        assert (await bot.tell("screenshot", reason="capture_lost", picture=picture())).status == 200
        (shot,) = await shots(world, bot)
        assert (shot.number, shot.reason, shot.size) == (1, "capture_lost", len(PNG))
        (file,) = (tmp_path / "screenshots").iterdir()
        assert (file.name, file.stat().st_mode & 0o777) == (shot.id, 0o600)
        meeting = await world.store.get(Meeting, shot.meeting)
        assert await world.service.screenshots.read(meeting, 1) == PNG


async def test_a_picture_that_is_sent_again_is_kept_once(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        bot = await world.a_bot(await world.a_user(), state="active")
        body = bot.body(reason="capture_lost", picture=picture())
        for again in range(2):
            assert (await bot.send("screenshot", body, id="one", at=world.now + again)).status == 200
        assert len(await shots(world, bot)) == 1


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"GIF89a", 422, "must be a PNG"),
        (b"", 422, "must be a PNG"),
        (PNG + bytes(2_000_000), 422, "at most 2 MB"),
        (PNG + bytes(3_000_000), 413, "too large"),
    ],
)
async def test_what_is_no_picture_or_too_large_is_refused(
    tmp_path: Path, content: bytes, status: int, says: str
) -> None:
    async with a_world(folder=tmp_path) as world:
        bot = await world.a_bot(await world.a_user(), state="active")
        answer = await bot.tell("screenshot", reason="x", picture=picture(content))
        assert answer.status == status
        assert says in answer.detail
        assert not (tmp_path / "screenshots").exists()


async def test_a_bot_can_fill_no_disk_with_pictures(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        bot = await world.a_bot(await world.a_user(), state="active")
        answers = [await bot.tell("screenshot", picture=picture()) for _ in range(MOST_PER_MEETING + 1)]
        assert [answer.status for answer in answers] == [*[200] * MOST_PER_MEETING, 409]


async def test_a_meeting_that_is_over_takes_the_picture_of_its_end_and_later_none(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        finished = await world.admin_call("POST", f"/admin/meetings/{bot.settings.meeting_id}/finish", {})
        assert finished.status == 200
        assert (await bot.tell("screenshot", reason="disowned", picture=picture())).status == 200
        (shot,) = await shots(world, bot)
        assert shot.reason == "forced"
        await world.store.advance(minutes(2))
        assert (await bot.tell("screenshot", picture=picture())).status == 409


async def test_a_picture_of_another_run_is_refused(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        bot = await world.a_bot(await world.a_user(), state="active")
        answer = await bot.send("screenshot", bot.body(picture=picture()), secret="another run's")
        assert answer.status == 401
        assert await shots(world, bot) == []


async def test_a_disk_that_takes_no_more_is_that_pictures_trouble_alone(tmp_path: Path) -> None:
    (tmp_path / "screenshots").write_text("a file where the folder should be")
    async with a_world(folder=tmp_path) as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        assert (await bot.tell("screenshot", picture=picture())).status == 503
        assert (await bot.tell("heartbeat")).status == 200
        assert (await world.meeting(user))["status"] == "active"


async def test_with_its_meeting_a_picture_goes_too(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        await bot.tell("screenshot", picture=picture())
        await bot.tell("exited", exit_code=1, reason="capture_lost")
        assert (await world.user_call(user, "DELETE", "/meetings/google_meet/abc")).status < 300
        assert await shots(world, bot) == []
        assert list((tmp_path / "screenshots").iterdir()) == []
        assert (await bot.tell("screenshot", picture=picture())).status == 409


def old(path: Path) -> None:
    os.utime(path, (1, 1))


def fresh(path: Path) -> None:
    assert path.exists()


@pytest.mark.parametrize(("made", "stays"), [(old, False), (fresh, True)])
async def test_files_that_no_record_vouches_for_are_removed_in_time(
    tmp_path: Path, made: Callable[[Path], None], *, stays: bool
) -> None:
    async with a_world(folder=tmp_path) as world:
        bot = await world.a_bot(await world.a_user(), state="active")
        await bot.tell("screenshot", picture=picture())
        (kept,) = (tmp_path / "screenshots").iterdir()
        old(kept)
        stray = tmp_path / "screenshots" / "1.0123456789abcdef"
        stray.write_bytes(PNG)
        made(stray)
        await world.service.screenshots.prune()
        assert (kept.exists(), stray.exists()) == (True, stays)
