"""The bot's own program, against a server and a page that do what a test wants."""

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

import pytest
from tests.services.meetings.staging import INSIDE, Stage, a_bot, a_stage

from tenure.services.meetings.bot.life import (
    CLOSE_SECONDS,
    FAREWELL_SECONDS,
    LEAVE_SECONDS,
    PICTURE_SECONDS,
    STOP_SECONDS,
)


async def test_a_bot_reports_joins_watches_and_leaves_when_it_is_told() -> None:
    async with a_stage() as stage, a_bot(stage, heartbeat_seconds=0.05) as bot:
        await stage.event("callback-joined").wait()
        await stage.event("page-look").wait()
        stage.event("callback-heartbeat").clear()
        await stage.event("callback-heartbeat").wait()
        stage.tell_to("leave")
        assert await bot.wait() == 0
        names = [name for name, _ in stage.told]
        assert names.index("callback-started") < names.index("page-join") < names.index("callback-joined")
        assert "page-leave" in names
        (exited,) = stage.bodies("callback-exited")
        assert (exited["exit_code"], exited["reason"], exited["seen"]) == (0, "left", 9)


async def test_captions_become_segments_and_are_sent_again_until_they_are_kept() -> None:
    async with a_stage() as stage:
        stage.broken.add("callback-transcript")
        stage.look["captions"] = [{"number": 4, "speaker": "Ada", "text": "hello", "at": time.time() + 1}]
        async with a_bot(stage, language="en") as bot:
            await stage.event("callback-transcript").wait()
            stage.broken.clear()
            stage.event("callback-transcript").clear()
            await stage.event("callback-transcript").wait()
            stage.tell_to("leave")
            assert await bot.wait() == 0
        sent = [body["segments"] for body in stage.bodies("callback-transcript")]
        assert len(sent) >= 2
        assert {json.dumps(segments) for segments in sent} == {json.dumps(sent[0])}
        assert (sent[0][0]["segment_id"], sent[0][0]["language"]) == ("4", "en")
        assert 0 <= sent[0][0]["start"] <= 1.1


@pytest.mark.parametrize("reason", ["evicted", "meeting_ended"])
async def test_a_bot_that_is_put_out_says_why(reason: str) -> None:
    async with a_stage() as stage:
        stage.look = {**INSIDE, "inside": False, "reason": reason}
        async with a_bot(stage) as bot:
            assert await bot.wait() == 0
        (exited,) = stage.bodies("callback-exited")
        assert (exited["exit_code"], exited["reason"]) == (0, reason)


async def test_a_meeting_that_cannot_be_reached_fails_within_the_join_time_out() -> None:
    async with a_stage() as stage:
        async with a_bot(stage, meeting_url="http://127.0.0.1:1/page", join_timeout_seconds=2) as bot:
            written, _ = await bot.communicate()
        assert bot.returncode == 1
        # It tries after 0, 0.2, 0.6 and 1.4 seconds; on a slow machine there are fewer.
        assert 1 <= written.count(b"can't be reached yet") <= 4
        (exited,) = stage.bodies("callback-exited")
        assert (exited["exit_code"], exited["reason"]) == (1, "meeting_unreachable")


async def test_a_platform_that_needs_a_browser_fails_clearly_without_one() -> None:
    async with a_stage() as stage:
        async with a_bot(stage, platform="google_meet") as bot:
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "browser_missing"


async def test_a_page_that_is_gone_for_long_ends_the_run() -> None:
    async with a_stage() as stage:
        stage.broken.add("page-look")
        async with a_bot(stage, meeting_away_seconds=0.1) as bot:
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "meeting_lost"


# The point that a bot has come to, and what hangs there.
POINTS = [
    ("callback-started", {"callback-started"}),
    ("page-join", {"page-join"}),
    ("callback-joined", {"callback-joined"}),
    ("page-look", {"page-look"}),
    ("page-look", {"page-look", "page-leave"}),
    ("page-look", {"page-look", "callback-exited"}),
]


@pytest.mark.parametrize(("point", "hanging"), POINTS)
@pytest.mark.parametrize("how", ["leave", "SIGTERM"])
async def test_a_bot_leaves_within_ten_seconds_wherever_it_is(point: str, hanging: set[str], how: str) -> None:
    async with a_stage() as stage:
        stage.hanging |= hanging
        async with a_bot(stage, join_timeout_seconds=100) as bot:
            await stage.event(point).wait()
            await stage.event("callback-commands").wait()
            began = time.monotonic()
            stage.tell_to("leave") if how == "leave" else bot.send_signal(signal.SIGTERM)
            assert await bot.wait() == (0 if how == "leave" else 143)
            # With what a slow machine adds to that; who has patience takes a minute.
            assert time.monotonic() - began < 50
        assert sum((STOP_SECONDS, PICTURE_SECONDS, LEAVE_SECONDS, CLOSE_SECONDS, FAREWELL_SECONDS)) < 10


async def test_a_bot_outlives_a_server_that_is_away_for_a_while() -> None:
    async with a_stage() as stage:
        stage.broken |= {"callback-heartbeat", "callback-commands"}
        async with a_bot(stage, heartbeat_seconds=0.01) as bot:
            await stage.event("callback-heartbeat").wait()
            stage.broken.clear()
            stage.event("callback-heartbeat").clear()
            await stage.event("callback-heartbeat").wait()
            stage.tell_to("leave")
            assert await bot.wait() == 0


async def test_a_bot_whose_server_stays_away_ends_by_itself() -> None:
    async with a_stage() as stage:
        async with a_bot(stage, heartbeat_seconds=0.01, server_away_seconds=0.2) as bot:
            await stage.event("callback-joined").wait()
            stage.broken |= {"callback-heartbeat", "callback-commands"}
            assert await bot.wait() == 1
        assert "page-leave" in [name for name, _ in stage.told]


async def test_a_bot_that_is_disowned_leaves_and_says_no_more() -> None:
    async with a_stage() as stage:
        async with a_bot(stage, heartbeat_seconds=0.01) as bot:
            await stage.event("callback-joined").wait()
            stage.refusing.add("callback-heartbeat")
            assert await bot.wait() == 0
        names = [name for name, _ in stage.told]
        assert "page-leave" in names
        assert "callback-exited" not in names


async def test_a_bots_log_holds_no_secret() -> None:
    async with a_stage() as stage, a_bot(stage) as bot:
        await stage.event("callback-joined").wait()
        stage.tell_to("leave")
        written, _ = await bot.communicate()
        assert b"told to leave" in written
        assert b"canary" not in written


@pytest.mark.parametrize("config", ["", "{", '{"callback_secret": "canary"}', '{"meeting_id": "canary"}'])
async def test_a_bot_without_settings_says_so_and_repeats_none(config: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tenure.services.meetings.bot",
        env={**os.environ, "BOT_CONFIG": config},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    assert process.returncode == 2
    assert b"BOT_CONFIG" in written
    assert b"canary" not in written


async def test_a_bot_says_that_it_waits_and_joins_when_it_is_admitted() -> None:
    async with a_stage() as stage:
        stage.waits = True
        async with a_bot(stage) as bot:
            await stage.event("callback-waiting").wait()
            assert stage.bodies("callback-joined") == []
            stage.waits = False
            await stage.event("callback-joined").wait()
            stage.tell_to("leave")
            assert await bot.wait() == 0
        assert len(stage.bodies("callback-waiting")) == 1
        assert all(told["capturing"] for told in stage.bodies("callback-waiting") + stage.bodies("callback-joined"))


async def test_a_bot_that_nobody_lets_in_fails_as_denied() -> None:
    async with a_stage() as stage:
        stage.look = {**INSIDE, "inside": False, "reason": "denied"}
        async with a_bot(stage) as bot:
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == "denied"


async def test_a_beat_says_whether_the_meeting_was_seen_since_the_last_one() -> None:
    async def beats(stage: Stage, number: int) -> list[bool]:
        """Wait for some more beats, and give what they said."""
        before = len(stage.bodies("callback-heartbeat"))
        while len(said := stage.bodies("callback-heartbeat")) < before + number:
            stage.event("callback-heartbeat").clear()
            await stage.event("callback-heartbeat").wait()
        return [beat["capturing"] for beat in said[before:]]

    async with a_stage() as stage, a_bot(stage, heartbeat_seconds=0.3, poll_seconds=0.01):
        while not any(await beats(stage, 1)):
            continue  # it has not looked yet
        stage.hanging.add("page-look")
        stage.event("page-look").clear()
        await stage.event("page-look").wait()
        # A beat that was under way may come first, and one more may tell of the look before that which hangs.
        assert (await beats(stage, 4))[2:] == [False, False]
        stage.hanging.clear()
        stage.closing.set()
        while not any(await beats(stage, 1)):
            continue


@pytest.mark.parametrize(
    ("settings", "person", "reason"),
    [
        ({"alone_seconds": 0.2}, {"name": "Scribe", "bot": True}, "alone"),
        ({"silence_seconds": 0.2, "alone_seconds": 0.1}, {"name": "Ada"}, "silence"),
    ],
)
async def test_a_bot_leaves_where_nobody_else_is_or_nobody_speaks(
    settings: dict[str, Any], person: dict[str, object], reason: str
) -> None:
    async with a_stage() as stage:
        stage.people = [person]
        async with a_bot(stage, **settings) as bot:
            assert await bot.wait() == 0
        (exited,) = stage.bodies("callback-exited")
        assert (exited["exit_code"], exited["reason"]) == (0, reason)
        assert "page-leave" in [name for name, _ in stage.told]


async def test_what_the_server_would_not_take_is_cut() -> None:
    async with a_stage() as stage, a_bot(stage) as bot:
        stage.look["captions"] = [{"number": 1, "speaker": "A" * 300, "text": "b" * 9000, "at": 1.0}]
        await stage.event("callback-transcript").wait()
        stage.tell_to("leave")
        assert await bot.wait() == 0
        (segment,) = stage.bodies("callback-transcript")[0]["segments"]
        assert (len(segment["speaker"]), len(segment["text"])) == (200, 5000)


async def test_a_bot_stays_as_long_as_its_rules_do_not_apply() -> None:
    async with a_stage() as stage, a_bot(stage, heartbeat_seconds=0.3, alone_seconds=0.1, silence_seconds=60) as bot:
        for _ in range(3):
            stage.event("callback-heartbeat").clear()
            await stage.event("callback-heartbeat").wait()
        assert bot.returncode is None


async def test_what_is_said_while_a_bot_pauses_is_not_kept() -> None:
    async with a_stage() as stage, a_bot(stage) as bot:
        for number, command in enumerate(("pause", "resume", ""), 1):
            await stage.says(number, f"text {number}")
            if command:
                stage.tell_to(command)
                await stage.obeyed()
        stage.tell_to("leave")
        assert await bot.wait() == 0
        sent = [segment["text"] for body in stage.bodies("callback-transcript") for segment in body["segments"]]
        assert list(dict.fromkeys(sent)) == ["text 1", "text 3"]  # what is not answered for long is sent again


async def test_what_a_newer_server_wants_and_a_bot_does_not_know_is_passed_over() -> None:
    async with a_stage() as stage, a_bot(stage) as bot:
        await stage.event("callback-joined").wait()
        stage.tell_to("dance")
        await stage.obeyed()
        stage.tell_to("leave")
        assert await bot.wait() == 0
