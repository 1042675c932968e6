"""One run of a bot: report, join, watch, obey, leave. It ends by the first outcome that anything brings about."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from tenure.services.meetings.bot.driver import Caption, Driver, Over, Unreachable
from tenure.services.meetings.bot.local import driver_for
from tenure.services.meetings.bot.server import Answer, Disowned, Server, ServerAway
from tenure.services.meetings.bot.settings import BotSettings

log = logging.getLogger("bot")

# Together under the 10 seconds within which a bot leaves in every state.
LEAVE_SECONDS, FLUSH_SECONDS, FAREWELL_SECONDS = 2.5, 2.0, 4.0
PATIENT_FAREWELL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a run ended: whether somebody waits for its end, and whether the server is to be told."""

    exit_code: int
    reason: str
    awaited: bool = False
    report: bool = True


class Life:
    """One bot in one meeting."""

    def __init__(self, settings: BotSettings, server: Server, driver: Driver) -> None:
        self._settings, self._server, self._driver = settings, server, driver
        self._language, self._task = settings.language, settings.task
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._unsent: list[dict[str, object]] = []
        self._joined_at: float | None = None
        self._participants: list[str] = []
        self._farewell: asyncio.Task[None] | None = None

    async def live(self) -> int:
        """Run until the first outcome, and give the exit code."""
        tasks = [asyncio.create_task(self._guard(part)) for part in (self._attend(), self._beat(), self._listen())]
        outcome = await self._outcome
        log.info("ending: %s", outcome.reason)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._leave(outcome)
        return outcome.exit_code

    def end(self, outcome: Outcome) -> None:
        """Bring the run to its end. Where something else did, somebody now waits: no more patience."""
        if not self._outcome.done():
            self._outcome.set_result(outcome)
        elif self._farewell is not None:
            self._farewell.cancel()

    # ------------------------------------------------------------------------------------ its three parts

    async def _guard(self, part: Coroutine[None, None, None]) -> None:
        try:
            await part
        except Over as over:
            self.end(Outcome(over.exit_code, over.reason))
        except Disowned:
            self.end(Outcome(0, "disowned", report=False))
        except ServerAway:
            self.end(Outcome(1, "server_away", report=False))
        except Exception as error:
            log.exception("a part of the bot failed")
            self.end(Outcome(1, f"bot_error_{type(error).__name__}"))

    async def _attend(self) -> None:
        self._obey(await self._server.tell("started"))
        await self._join()
        self._joined_at = time.time()
        self._obey(await self._server.tell("joined"))
        last_seen = time.monotonic()
        while True:
            try:
                scene = await self._driver.look()
                last_seen = time.monotonic()
                self._participants = scene.participants
                self._unsent += [self._segment(caption) for caption in scene.captions]
                await self._flush()
            except Unreachable as error:
                if time.monotonic() - last_seen > self._settings.meeting_away_seconds:
                    raise Over("meeting_lost", 1) from error
            await asyncio.sleep(self._settings.poll_seconds)

    async def _join(self) -> None:
        give_up, wait = time.monotonic() + self._settings.join_timeout_seconds, 0.2
        while True:
            try:
                return await self._driver.join()
            except Unreachable as error:
                log.info("the meeting can't be reached yet (%s)", error)
                if time.monotonic() + wait > give_up:
                    raise Over("meeting_unreachable", 1) from error
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            self._obey(await self._server.tell("heartbeat", participants=self._participants[:100]))

    async def _listen(self) -> None:
        while True:
            self._obey(await self._server.tell("commands"))

    # ------------------------------------------------------------------------------------ what they share

    def _obey(self, answer: Answer) -> None:
        for command in answer.commands:
            if command.number <= self._server.seen:
                continue
            self._server.seen = command.number
            log.info("told to %s", command.action)
            if command.action == "leave":
                self.end(Outcome(0, "left", awaited=True))
            else:
                self._language, self._task = command.language, command.task

    def _segment(self, caption: Caption) -> dict[str, object]:
        start = round(max(0.0, caption.at - (self._joined_at or caption.at)), 3)
        return {
            "segment_id": str(caption.number),
            "start": start,
            "end": start,
            "at": caption.at,
            "speaker": caption.speaker,
            "text": caption.text,
            "language": self._language,
        }

    async def _flush(self, patience_seconds: float | None = None) -> None:
        while self._unsent:
            part = self._unsent[:50]
            self._obey(await self._server.tell("transcript", segments=part, patience_seconds=patience_seconds))
            # Only now: what was not acknowledged is sent again, and the server knows it by its id.
            del self._unsent[: len(part)]

    async def _leave(self, outcome: Outcome) -> None:
        with suppress(Unreachable, Over, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._driver.leave()
        if outcome.report:
            self._farewell = asyncio.create_task(self._bid_farewell(outcome))
            await asyncio.wait([self._farewell])

    async def _bid_farewell(self, outcome: Outcome) -> None:
        patience = FAREWELL_SECONDS if outcome.awaited else PATIENT_FAREWELL_SECONDS
        with suppress(Disowned, ServerAway, TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._flush(FLUSH_SECONDS)
        with suppress(Disowned, ServerAway, TimeoutError):
            async with asyncio.timeout(patience):
                await self._server.tell(
                    "exited", exit_code=outcome.exit_code, reason=outcome.reason, patience_seconds=patience
                )


async def run(settings: BotSettings) -> int:
    """Live one life with these settings; SIGTERM and SIGINT end it in good order."""
    async with aiohttp.ClientSession() as http:
        life = Life(settings, Server(settings, http), driver_for(settings, http))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, life.end, Outcome(143, "terminated", awaited=True))
        return await life.live()
