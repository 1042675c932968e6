"""A server and a meeting page that do what a test wants, and the bot's own program against them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from aiohttp import web

PAGE = resources.files("tenure.services.meetings.page")
FILES = {
    "/page": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
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
    waits: bool = False
    patient: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    people: list[Any] | None = None
    look: dict[str, Any] = field(default_factory=lambda: dict(INSIDE))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, name: str) -> asyncio.Event:
        return self.heard.setdefault(name, asyncio.Event())

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.strip("/").replace("/", "-")
        if request.method == "GET":
            return await self.show(request.path)
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
            await self.wait_for_news(body)
            look, self.look = self.look, dict(INSIDE)
            return web.json_response(self.seen(look))
        if name == "callback-commands":
            await self.wait_for_commands(body["seen"])
        waiting = [c for c in self.commands if c["number"] > body.get("seen", 0)]
        return web.json_response({"status": "active", "commands": waiting})

    def seen(self, look: dict[str, Any]) -> dict[str, Any]:
        """Give a look at the room as it is now."""
        if self.patient:
            look = {**look, "mark": "seen", "knocking": [], "guarded": False}
        if self.waits:
            return {**look, "inside": False, "waiting": True, "mark": ""}
        if self.people is not None:
            return {**look, "participants": self.people}
        return look

    async def wait_for_news(self, body: Any) -> None:
        """Hold a page's look back while it has seen everything, as the real server does."""
        while self.patient and body["mark"] == "seen" and self.look == INSIDE and not self.waits:
            self.news.clear()
            await self.news.wait()

    async def wait_for_commands(self, seen: int) -> None:
        """Wait until there is one that was not obeyed; who asks for later ones has obeyed the earlier."""
        while all(command["number"] <= seen for command in self.commands):
            if self.commands:
                self.event(f"obeyed-{seen}").set()
            self.wake.clear()
            await self.wake.wait()

    async def obeyed(self) -> None:
        """Wait until the last command was obeyed."""
        await self.event(f"obeyed-{self.commands[-1]['number']}").wait()

    async def says(self, number: int, text: str) -> None:
        """Have Ada say something, and wait until a look has brought it."""
        self.look = {**INSIDE, "captions": [{"number": number, "speaker": "Ada", "text": text, "at": 1.0}]}
        while self.look != INSIDE:
            self.event("page-look").clear()
            await self.event("page-look").wait()
        self.event("page-look").clear()
        await self.event("page-look").wait()

    async def show(self, path: str) -> web.StreamResponse:
        """Serve the real page, whose root and room are such that its calls come to `answer`."""
        if "page" in self.hanging:
            self.event("page").set()
            await self.closing.wait()
        if path not in FILES:
            raise web.HTTPNotFound  # such as the channel of calls: this server takes POSTs
        name, kind = FILES[path]
        return web.Response(text=(PAGE / name).read_text().replace("ROOT", ""), content_type=kind)

    def bodies(self, name: str) -> list[Any]:
        return [body for told, body in self.told if told == name]

    def tell_to(self, action: str) -> None:
        self.commands.append({"number": 9 + len(self.commands), "action": action})
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
        stage.news.set()
        stage.closing.set()
        await runner.cleanup()


@asynccontextmanager
async def a_bot(
    stage: Stage,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
    *,
    program: Sequence[str] = ("-m", "tenure.services.meetings.bot"),
    **settings: Any,
) -> AsyncIterator[asyncio.subprocess.Process]:
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
        "join_timeout_seconds": 100,
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        env={
            **os.environ,
            "TENURE_MEETINGS_BOT": "http",
            "BOT_CONFIG": json.dumps(config),
            **(environment or {}),
        },
        cwd=folder,
        start_new_session=True,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        written, _ = await process.communicate()
        assert b"canary" not in written
