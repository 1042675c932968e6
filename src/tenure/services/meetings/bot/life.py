"""One run of a bot: report, join, watch, obey, leave. It ends by the first outcome that anything brings about."""

from __future__ import annotations

import asyncio
import base64
import logging
import signal
import time
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from tenure.services.meetings.bot.company import Company
from tenure.services.meetings.bot.driver import Caption, Driver, Over, Scene, Unreachable
from tenure.services.meetings.bot.drivers import driver_for
from tenure.services.meetings.bot.server import Answer, Disowned, Server, ServerAway
from tenure.services.meetings.bot.settings import BotSettings

log = logging.getLogger("bot")
T = TypeVar("T")

# One after the other, together under the 10 seconds within which a bot leaves in every state.
STOP_SECONDS, PICTURE_SECONDS, LEAVE_SECONDS, CLOSE_SECONDS, FAREWELL_SECONDS = 0.5, 2.0, 2.0, 1.5, 3.5
# And as long as nobody waits for its end.
PATIENT_PICTURE_SECONDS, PATIENT_FAREWELL_SECONDS = 20.0, 60.0
MOST_OF_A_PICTURE = 2_000_000
# What the server takes: a page may show anything.
MOST_OF_A_NAME, MOST_OF_A_TEXT = 200, 5000
COMPANY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a run ended: whether somebody waits for its end, and whether the server is to be told."""

    exit_code: int
    reason: str
    awaited: bool = False
    report: bool = True

    @property
    def is_worth_a_picture(self) -> bool:
        """Whether somebody will ask what went wrong. Who disowns a bot may have done so since nobody let it in."""
        return self.reason == "disowned" or (self.report and self.exit_code != 0)


class Life:
    """One bot in one meeting."""

    def __init__(self, settings: BotSettings, server: Server, driver: Driver) -> None:
        self._settings, self._server, self._driver = settings, server, driver
        self._language, self._task = settings.language, settings.task
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._hurry = asyncio.Event()
        self._company = Company(settings)
        self._unsent: list[dict[str, object]] = []
        self._joined_at: float | None = None
        self._participants: list[str] = []
        self._paused = self._waiting = self._progress = False

    async def live(self) -> int:
        """Run until the first outcome, and give the exit code."""
        parts = (self._attend(), self._beat(), self._listen(), self._keep_company())
        tasks = [asyncio.create_task(self._guard(part)) for part in parts]
        outcome = await self._outcome
        log.info("ending: %s", outcome.reason)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)
        await self._leave(outcome)
        return outcome.exit_code

    def end(self, outcome: Outcome) -> None:
        """Bring the run to its end. Where something else did, somebody now waits: no more patience."""
        if outcome.awaited or self._outcome.done():
            self._hurry.set()
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    # ------------------------------------------------------------------------------------ its parts

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
        await self._driver.open()
        await self._join()
        scene = await self._be_admitted()
        self._joined_at = time.time()
        self._obey(await self._server.tell("joined", capturing=True))
        while True:
            self._take_in(scene)
            await self._flush()
            await asyncio.sleep(self._settings.poll_seconds)
            scene = await self._look()

    async def _join(self) -> None:
        give_up, wait, reason = time.monotonic() + self._settings.join_timeout_seconds, 0.2, "join_timeout"
        while True:
            try:
                async with asyncio.timeout(give_up - time.monotonic()):
                    return await self._driver.join()
            except TimeoutError as error:
                raise Over(reason, 1) from error
            except Unreachable as error:
                log.info("the meeting can't be reached yet (%s)", error)
                reason = "meeting_unreachable"
                if time.monotonic() + wait > give_up:
                    raise Over(reason, 1) from error
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2)

    async def _be_admitted(self) -> Scene:
        """Wait at the door as long as the server lets us; give the first look from inside."""
        while not (scene := await self._look()).inside:
            if not self._waiting:
                self._waiting = True
                self._obey(await self._server.tell("waiting", capturing=True))
            await asyncio.sleep(self._settings.poll_seconds)
        return scene

    async def _look(self) -> Scene:
        """Look until it works: a meeting may be away for a while."""
        give_up = time.monotonic() + self._settings.meeting_away_seconds
        while True:
            try:
                scene = await self._driver.look()
            except Unreachable as error:
                if time.monotonic() > give_up:
                    raise Over("meeting_lost", 1) from error
                await asyncio.sleep(self._settings.poll_seconds)
            else:
                self._progress = True
                return scene

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            # The process beats in any case; that it captures is said only of what came back since the last time.
            capturing, self._progress = self._progress, False
            participants = self._participants[:100]
            self._obey(await self._server.tell("heartbeat", participants=participants, capturing=capturing))

    async def _keep_company(self) -> None:
        while True:
            at, reason = self._company.ends()
            if time.monotonic() >= at:
                raise Over(reason)
            await asyncio.sleep(min(at - time.monotonic(), COMPANY_SECONDS))

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
            match command.action:
                case "leave":
                    self.end(Outcome(0, "left", awaited=True))
                case "pause" | "resume":
                    self._paused = command.action == "pause"
                case "reconfigure":
                    self._language, self._task = command.language, command.task
                case _:
                    log.info("this bot does not know how to %s", command.action)

    def _take_in(self, scene: Scene) -> None:
        self._company.see(scene, time.monotonic())
        self._participants = [person.name[:MOST_OF_A_NAME] for person in scene.participants]
        if not self._paused:
            self._unsent += [self._segment(caption) for caption in scene.captions]

    def _segment(self, caption: Caption) -> dict[str, object]:
        start = round(max(0.0, caption.at - (self._joined_at or caption.at)), 3)
        return {
            "segment_id": str(caption.number),
            "start": start,
            "end": start,
            "at": caption.at,
            "speaker": caption.speaker[:MOST_OF_A_NAME],
            "text": caption.text[:MOST_OF_A_TEXT],
            "language": self._language,
        }

    async def _flush(self) -> None:
        while self._unsent:
            part = self._unsent[:50]
            self._obey(await self._server.tell("transcript", segments=part))
            # Only now: what was not acknowledged is sent again, and the server knows it by its id.
            del self._unsent[: len(part)]

    # ------------------------------------------------------------------------------------ its end

    async def _leave(self, outcome: Outcome) -> None:
        picture = None
        if outcome.is_worth_a_picture:
            (picture,) = await self._patiently(PATIENT_PICTURE_SECONDS, PICTURE_SECONDS, self._driver.picture())
        await asyncio.gather(self._go(), _at_most(LEAVE_SECONDS, self._flush()))
        words = []
        if outcome.report:
            words.append(self._server.tell("exited", exit_code=outcome.exit_code, reason=outcome.reason))
        if picture is not None and len(picture) <= MOST_OF_A_PICTURE:
            shown = base64.b64encode(picture).decode()
            words.append(self._server.tell("screenshot", reason=outcome.reason, picture=shown))
        if words:
            await self._patiently(PATIENT_FAREWELL_SECONDS, FAREWELL_SECONDS, *words)

    async def _go(self) -> None:
        await _at_most(LEAVE_SECONDS, self._driver.leave())
        await _at_most(CLOSE_SECONDS, self._driver.close())

    async def _patiently(self, most: float, hurried: float, *works: Awaitable[T]) -> list[T | None]:
        """Do something at the end within so many seconds; within `hurried` ones since somebody waits for our end."""
        doing = [asyncio.create_task(_at_most(most, work)) for work in works]
        hurry = asyncio.create_task(self._hurry.wait())
        hurry.add_done_callback(lambda _: asyncio.get_running_loop().call_later(hurried, _cancel, doing))
        await asyncio.wait(doing)
        hurry.cancel()
        return [None if done.cancelled() else done.result() for done in doing]


def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()


async def _at_most(seconds: float, work: Awaitable[T]) -> T | None:
    """Do something at the end, within a time; whatever goes wrong with it, the rest of the end follows."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except (Unreachable, Over, Disowned, ServerAway, TimeoutError) as error:
        log.info("at the end: %s", type(error).__name__)
    except Exception:
        log.exception("at the end")
    return None


async def run(settings: BotSettings) -> int:
    """Live one life with these settings; SIGTERM and SIGINT end it in good order."""
    async with aiohttp.ClientSession() as http:
        server = Server(settings, http)
        life = Life(settings, server, driver_for(settings, http))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, life.end, Outcome(143, "terminated", awaited=True))
        try:
            return await life.live()
        finally:
            await server.close()
