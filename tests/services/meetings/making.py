"""What the tests of meetings are made of: a service with explicit time, called in-process, and bots on a string."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from tests.calling import Answer, call

from tenure import Store, testing
from tenure.services.meetings.api.http import create_app
from tenure.services.meetings.bot.settings import BotSettings, read
from tenure.services.meetings.lifecycle import Meeting, Session
from tenure.services.meetings.loops import SOON
from tenure.services.meetings.runtimes.runtime import Process, RuntimeAway, RuntimeFailed
from tenure.services.meetings.service import MeetingsService, kinds
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.signing import ID, SIGNATURE, TIMESTAMP, sign
from tenure.store.timing import ManualClock

ADMIN_KEY = "the-admins-key"
VEXA = Path(__file__).parents[4] / "shared" / "data" / "vexa"


class Strings:
    """A runtime whose bots are strings: what was started with which settings, what was ended, what died."""

    def __init__(self) -> None:
        self.started: dict[str, BotSettings] = {}
        self.ended: list[str] = []
        self.graces: list[float] = []
        self.looks = 0
        self.dead: dict[str, int | None] = {}
        self.broken = False
        self.trouble: Exception | None = None
        self.away = False
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    async def start(self, name: str, environment: Mapping[str, str]) -> None:
        if self.broken:
            raise RuntimeFailed("no room for another one")
        if self.trouble is not None:
            raise self.trouble
        self.started.setdefault(name, read(environment["BOT_CONFIG"]))

    async def end(self, name: str, *, grace_seconds: float) -> None:
        self._reach()
        self.graces.append(grace_seconds)
        await self.may_end.wait()
        if name in self.started and name not in self.dead:
            self.ended.append(name)
            self.die(name, -15)

    async def bots(self) -> list[Process]:
        self.looks += 1
        self._reach()
        return [Process(name, name not in self.dead, self.dead.get(name)) for name in self.started]

    async def forget(self, name: str) -> None:
        self._reach()
        self.started.pop(name, None)
        self.dead.pop(name, None)

    async def log(self, name: str) -> str:
        self._reach()
        return f"log of {name}" if name in self.started else ""

    async def prune(self, *, older_than_seconds: float) -> None:  # noqa: ARG002
        return

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    def die(self, name: str, exit_code: int | None) -> None:
        self.dead[name] = exit_code
        self.ring()

    def _reach(self) -> None:
        if self.away:
            raise RuntimeAway("out of reach")

    def ring(self) -> None:
        self._changed.set()


@dataclass
class Bot:
    """A bot that says what a test wants, signed as the real one signs."""

    world: "World"
    settings: BotSettings
    seen: int = 0
    numbers: int = 0

    async def tell(self, name: str, method: str = "POST", **more: Any) -> Answer:
        """Make one callback."""
        self.numbers += 1
        return await self.send(name, self.body(**more), id=f"{name}-{self.numbers}", method=method)

    def body(self, **more: Any) -> bytes:
        return json.dumps({"connection_id": self.settings.connection_id, "seen": self.seen, **more}).encode()

    async def send(
        self,
        name: str,
        body: bytes,
        *,
        id: str = "one",
        secret: str | None = None,
        at: float | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send a body with a signature of this id, secret and time."""
        timestamp = str(int(self.world.now if at is None else at))
        signature = sign(self.settings.callback_secret if secret is None else secret, id, timestamp, body)
        return await self.world.call(
            method,
            f"/bots/internal/callback/{name}",
            body,
            {ID: id, TIMESTAMP: timestamp, SIGNATURE: signature},
        )


@dataclass
class World:
    """A service, its store, its bots and who calls it."""

    store: Store
    service: MeetingsService
    bots: Strings
    app: Starlette
    keys: dict[int, str] = field(default_factory=dict)

    @property
    def now(self) -> float:
        assert isinstance(self.store.clock, ManualClock)
        return self.store.clock.now / 1e6

    # ------------------------------------------------------------------------------------ calls

    async def call(
        self, method: str, path: str, body: bytes | object = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Call the application as a server would."""
        return await call(self.app, method, path, body, headers)

    async def user_call(self, user: int, method: str, path: str, body: bytes | object = b"") -> Answer:
        return await self.call(method, path, body, {"X-API-Key": self.keys[user]})

    async def admin_call(self, method: str, path: str, body: bytes | object = b"") -> Answer:
        return await self.call(method, path, body, {"X-Admin-API-Key": ADMIN_KEY})

    # ------------------------------------------------------------------------------------ people and bots

    async def a_user(self, bots: int = 5, email: str | None = None) -> int:
        """Make a user with a key."""
        email = email or f"user{len(self.keys)}@example.org"
        user = await self.admin_call("POST", "/admin/users", {"email": email, "max_concurrent_bots": bots})
        number: int = user.json["id"]
        token = await self.admin_call("POST", f"/admin/users/{number}/tokens")
        self.keys[number] = token.json["token"]
        return number

    async def ask(self, user: int, native_id: str = "abc", platform: str = "google_meet", **more: Any) -> Answer:
        wanted = {"platform": platform, "native_meeting_id": native_id, **more}
        return await self.user_call(user, "POST", "/bots", wanted)

    async def work(self) -> None:
        """Do what the background does: call bots whose time has come, start and end processes."""
        loops, once = self.service.loops, self.store.deliver_once
        while (
            await once(Meeting.begin, loops.begin, retry=SOON)
            + await once(Meeting.start_process, loops.start_process, retry=SOON)
            + await once(Session.end_meeting, loops.end_meeting, retry=SOON)
            + await once(Meeting.end_process, loops.end_process, retry=SOON)
        ):
            pass

    async def a_bot(self, user: int, native_id: str = "abc", *, state: str = "reserved") -> Bot:
        """Ask for a bot, start it, and bring it to a state."""
        answer = await self.ask(user, native_id)
        assert answer.status == 201, answer.body
        await self.work()
        bot = Bot(self, self.bots.started[answer.json["bot_container_id"]])
        for step, reached in (("started", "starting"), ("joined", "active")):
            if state in (reached, "active", "stopping") and state != "reserved":
                assert (await bot.tell(step)).status == 200
        if state == "stopping":
            assert (await self.user_call(user, "DELETE", f"/bots/google_meet/{native_id}")).status == 202
        return bot

    def bot(self, meeting: Any) -> Bot:
        """Give the bot of a meeting whose process was started."""
        return Bot(self, self.bots.started[meeting["bot_container_id"]])

    async def meeting(self, user: int, native_id: str = "abc") -> Any:
        """Give the newest meeting of this name, as its user sees it."""
        listed = (await self.user_call(user, "GET", "/meetings")).json["meetings"]
        return next(m for m in listed if m["native_meeting_id"] == native_id)


@asynccontextmanager
async def a_world(*, url: str = "sqlite:", **settings: Any) -> AsyncIterator[World]:
    """Make a service whose time stands still until `world.store.advance(…)`."""
    async with testing.store(*kinds, url=url, space="meetings") as store:
        settings = {"beats_seconds": 0, **settings}
        made = Settings(base_url="http://127.0.0.1:1", admin_key=ADMIN_KEY, server_key=b"the server's key", **settings)
        bots = Strings()
        clock = store.clock
        assert isinstance(clock, ManualClock)
        service = MeetingsService(store, bots, made, now=lambda: clock.now / 1e6)
        yield World(store, service, bots, create_app(service))
