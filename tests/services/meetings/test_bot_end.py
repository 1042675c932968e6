"""How long a bot takes for what it does at its end: it has patience, until somebody waits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tenure.services.meetings.bot import life
from tenure.services.meetings.bot.driver import Over, Scene
from tenure.services.meetings.bot.life import Life, Outcome
from tenure.services.meetings.bot.server import Answer
from tenure.services.meetings.bot.settings import BotSettings

SETTINGS = BotSettings(
    meeting_id=1, connection_id="Meeting/1#1", callback_url="", callback_secret="s", platform="local",
    native_meeting_id="a", meeting_url="", bot_name="b",
)  # fmt: skip


class Denied:
    """A driver that is not let in, and whose pictures take a while."""

    def __init__(self) -> None:
        self.begun, self.is_taken = asyncio.Event(), asyncio.Event()

    async def open(self) -> None:
        """Do nothing."""

    async def join(self) -> None:
        raise Over("denied", 1)

    async def look(self) -> Scene:
        raise AssertionError

    async def picture(self) -> bytes:
        self.begun.set()
        await self.is_taken.wait()
        return b"a picture"

    async def leave(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


class Server:
    """A server that keeps what it is told."""

    def __init__(self) -> None:
        self.seen, self.told = 0, list[str]()

    async def tell(self, name: str, **_: Any) -> Answer:
        if name == "commands":
            await asyncio.Event().wait()
        self.told.append(name)
        return Answer("active")


async def test_a_picture_may_take_its_time_until_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "PICTURE_SECONDS", 0.0)
    for hurried, told in ((False, ["started", "exited", "screenshot"]), (True, ["started", "exited"])):
        driver, server = Denied(), Server()
        bot: Any = Life(SETTINGS, server, driver)  # type: ignore[arg-type]
        living = asyncio.create_task(bot.live())
        await driver.begun.wait()
        if hurried:
            bot.end(Outcome(143, "terminated", awaited=True))
        else:
            driver.is_taken.set()
        assert await living == 1
        assert server.told == told
