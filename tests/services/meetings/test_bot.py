"""The bot's own program, against a server and a page that do what a test wants."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

SEAT = {"participant": "1#1", "key": "k"}
INSIDE = {"inside": True, "reason": None, "mark": "", "participants": [{"name": "Ada"}], "captions": []}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Stage:
    """What the bot talks to. `told` holds its callbacks; an event per name says that one came."""

    url: str
    told: list[tuple[str, Any]] = field(default_factory=list)
    heard: dict[str, asyncio.Event] = field(default_factory=dict)
    commands: list[Any] = field(default_factory=list)
    hanging: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    look: dict[str, Any] = field(default_factory=lambda: dict(INSIDE))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, name: str) -> asyncio.Event:
        return self.heard.setdefault(name, asyncio.Event())

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.strip("/").replace("/", "-")
        body = await request.json()
        self.told.append((name, body))
        self.event(name).set()
        if name in self.hanging:
            await self.closing.wait()
        if name in self.broken:
            return web.Response(status=503)
        if name in self.refusing:
            return web.Response(status=409)
        if name == "page-join":
            return web.json_response({**SEAT, "id": "1"})
        if name == "page-look":
            look, self.look = self.look, dict(INSIDE)
            return web.json_response(look)
        if name == "callback-commands" and not self.commands:
            await self.wake.wait()
        waiting = [c for c in self.commands if c["number"] > body.get("seen", 0)]
        return web.json_response({"status": "active", "commands": waiting})

    def bodies(self, name: str) -> list[Any]:
        return [body for told, body in self.told if told == name]

    def tell_to_leave(self) -> None:
        self.commands.append({"number": 9, "action": "leave"})
        self.wake.set()


@asynccontextmanager
async def a_stage() -> AsyncIterator[Stage]:
    stage = Stage("")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stage.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stage.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stage
    finally:
        stage.wake.set()
        stage.closing.set()
        await runner.cleanup()


@asynccontextmanager
async def a_bot(stage: Stage, **settings: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    config = {
        "meeting_id": 1,
        "connection_id": "Meeting/1#1",
        "callback_url": f"{stage.url}/callback",
        "callback_secret": "canary-secret",
        "platform": "local",
        "native_meeting_id": "demo",
        "meeting_url": f"{stage.url}/page",
        "bot_name": "Scribe",
        "passcode": "canary-passcode",
        "poll_seconds": 0.01,
        "join_timeout_seconds": 0.5,
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tenure.services.meetings.bot",
        env={**os.environ, "BOT_CONFIG": json.dumps(config)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_bot_reports_joins_watches_and_leaves_when_it_is_told() -> None:
    async with a_stage() as stage, a_bot(stage, heartbeat_seconds=0.05) as bot:
        await stage.event("callback-heartbeat").wait()
        stage.tell_to_leave()
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
            stage.tell_to_leave()
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
        began = time.monotonic()
        async with a_bot(stage, meeting_url="http://127.0.0.1:1/page") as bot:
            assert await bot.wait() == 1
        assert time.monotonic() - began < 20  # 0.5 seconds of it are the time-out, the rest starts Python
        (exited,) = stage.bodies("callback-exited")
        assert (exited["exit_code"], exited["reason"]) == (1, "meeting_unreachable")


@pytest.mark.parametrize(
    ("platform", "url", "reason"),
    [
        ("google_meet", "http://127.0.0.1:1/abc", "meeting_unreachable"),
        ("google_meet", "{stage}/anything", "platform_not_supported"),
    ],
)
async def test_a_platform_without_a_driver_fails_with_its_reason(platform: str, url: str, reason: str) -> None:
    async with a_stage() as stage:
        async with a_bot(stage, platform=platform, meeting_url=url.replace("{stage}", stage.url)) as bot:
            assert await bot.wait() == 1
        assert stage.bodies("callback-exited")[0]["reason"] == reason


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
            stage.tell_to_leave() if how == "leave" else bot.send_signal(signal.SIGTERM)
            assert await bot.wait() == (0 if how == "leave" else 143)
            assert time.monotonic() - began < 10


async def test_a_bot_outlives_a_server_that_is_away_for_a_while() -> None:
    async with a_stage() as stage:
        stage.broken |= {"callback-heartbeat", "callback-commands"}
        async with a_bot(stage, heartbeat_seconds=0.01) as bot:
            await stage.event("callback-heartbeat").wait()
            stage.broken.clear()
            stage.event("callback-heartbeat").clear()
            await stage.event("callback-heartbeat").wait()
            stage.tell_to_leave()
            assert await bot.wait() == 0


async def test_a_bot_whose_server_stays_away_ends_by_itself() -> None:
    async with a_stage() as stage:
        stage.broken |= {"callback-heartbeat", "callback-commands"}
        async with a_bot(stage, heartbeat_seconds=0.01, server_away_seconds=0.2) as bot:
            assert await bot.wait() == 1
        assert "page-leave" in [name for name, _ in stage.told]


async def test_a_bot_that_is_disowned_leaves_and_says_no_more() -> None:
    async with a_stage() as stage:
        stage.refusing.add("callback-heartbeat")
        async with a_bot(stage, heartbeat_seconds=0.01) as bot:
            assert await bot.wait() == 0
        names = [name for name, _ in stage.told]
        assert "page-leave" in names
        assert "callback-exited" not in names


async def test_a_bots_log_holds_no_secret() -> None:
    async with a_stage() as stage, a_bot(stage) as bot:
        await stage.event("callback-joined").wait()
        stage.tell_to_leave()
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
