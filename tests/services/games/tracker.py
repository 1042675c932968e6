"""A tracker in a process of its own, whose time may go faster: what `serve games` runs, without its pages."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from dataclasses import dataclass
from typing import Protocol

from tenure import seconds
from tenure.opening import open as open_store
from tenure.pacing.pacer import Pacer
from tenure.services.games.kinds import kinds
from tenure.services.games.riot.client import RiotClient
from tenure.services.games.service import GamesService
from tenure.services.games.settings import Settings
from tenure.store.timing import SystemClock
from tenure.store.waking import Bell

SECRET = "whsec_" + "s" * 20
DETECTION, COMPLETION, LISTS = seconds(20), seconds(30), seconds(60)


STEP_SECONDS = 0.02


class Now(Protocol):
    """An instant that several processes share, in seconds since 1970."""

    value: float


class SharedTime(SystemClock):
    """A clock of several processes, as far as one of them has let it go: so many times as fast as that one runs.

    On a machine that is busy it goes slower, as they all do. A clock that went on by itself would run away from them,
    and every lease would be lost.
    """

    def __init__(self, now: Now, speed: float) -> None:
        self._now, self._speed = now, speed

    async def go_on(self) -> None:
        """Let time pass. Endless."""
        while True:
            await asyncio.sleep(STEP_SECONDS)
            self._now.value += STEP_SECONDS * self._speed

    def seconds(self) -> float:
        """Give the instant in seconds since 1970."""
        return self._now.value

    def __call__(self) -> int:
        return round(self.seconds() * 1_000_000)

    async def sleep(self, seconds: float) -> None:
        until = self.seconds() + seconds
        while (left := until - self.seconds()) > 0:
            await asyncio.sleep(max(left / self._speed, STEP_SECONDS))

    async def wait(self, bell: Bell, seconds: float) -> bool:
        return await bell.heard(max(seconds / self._speed, STEP_SECONDS) if seconds > 0 else 0)


@dataclass(frozen=True, slots=True)
class Duty:
    """What a tracker is told: its store, where Riot's API is, where events go, and how fast its time goes."""

    store: str
    api: str
    key: str
    webhook: str
    speed: float


def track(duty: Duty, now: Now) -> None:
    """Track until the process is killed, or whoever began it has ended."""
    logging.disable(logging.CRITICAL)
    asyncio.run(_track(duty, now))


async def _track(duty: Duty, now: Now) -> None:
    settings = Settings(
        admin_key="the-admins-key",
        riot_key=duty.key,
        webhook_url=duty.webhook,
        webhook_secret=SECRET,
        detection_interval=DETECTION,
        completion_interval=COMPLETION,
        backfill_interval=LISTS,
    )
    clock, ended = SharedTime(now, duty.speed), asyncio.Event()
    parent = multiprocessing.parent_process()
    assert parent is not None
    asyncio.get_running_loop().add_reader(parent.sentinel, ended.set)
    async with open_store(duty.store, *kinds, space="games", clock=clock) as store, store.sweeping():
        # Tokens are used within half a second of this machine's time: the limits are so wide that it may be.
        async with RiotClient(duty.key, Pacer(store), api=duty.api) as riot:
            async with GamesService(store, settings, riot).running():
                await ended.wait()
