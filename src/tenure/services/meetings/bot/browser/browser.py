"""The driver that attends in a browser. What differs between platforms is data; this is the same for all of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from tenure.services.meetings.bot.browser.captions import Finished, Growing, Shown
from tenure.services.meetings.bot.browser.chromium import Chromium
from tenure.services.meetings.bot.browser.platform import Mark, Platform, Step
from tenure.services.meetings.bot.driver import Over, Person, Scene, Unreachable, put_out
from tenure.services.meetings.bot.settings import BotSettings

if TYPE_CHECKING:
    from playwright.async_api import Page

log = logging.getLogger("bot")
T = TypeVar("T")

LOOK = (resources.files("tenure.services.meetings.bot.browser") / "look.js").read_text()
STEP_SECONDS = 0.2
ACT_MILLISECONDS = 3000
GONE = ("TargetClosedError", "has been closed", "crashed")
"""What errors say when there is no page any more; the others come and go with what a page does."""


class Sight(msgspec.Struct, frozen=True):
    """What one look at the page showed; nothing while it is loading."""

    inside: bool = False
    waiting: bool = False
    away: bool = False
    ended: str | None = None
    people: list[Person] = []
    captions: list[Shown] = []


class Browser:
    """Attends a meeting of one platform in a browser of its own."""

    def __init__(self, platform: Platform, settings: BotSettings, executable: Path) -> None:
        from playwright.async_api import Error  # noqa: PLC0415  optional: only who has a browser needs it

        self._error = Error
        self._platform, self._settings = platform, settings
        self._chromium = Chromium(executable, Path.cwd())
        self._page: Page | None = None
        self._data = msgspec.to_builtins(platform)
        self._captions = Finished() if platform.captions.number else Growing()
        self._done: set[Step] = set()
        self._asked = False
        self._said = ""

    # ------------------------------------------------------------------------------------ the driver's steps

    async def open(self) -> None:
        """Start the browser."""
        try:
            async with asyncio.timeout(self._settings.launch_timeout_seconds):
                self._page = await self._chromium.open()
        except (OSError, self._error, TimeoutError) as error:
            log.error("the browser can't start (%s); it wrote:\n%s", _line(error), self._chromium.output())  # noqa: TRY400  ours tells nothing of the browser
            raise Over("browser_failed", 1) from error

    async def join(self) -> None:
        """Open the meeting's page and do there what it takes, until it lets us in or wait."""
        await self._go_there()
        while True:
            sight = await self._see()
            if sight.ended:
                raise put_out(sight.ended)
            if sight.inside or sight.waiting:
                self._asked = True
                return
            if sight.away:
                raise Unreachable("the page has lost its server")
            await self._do_next(self._platform.joining)
            await asyncio.sleep(STEP_SECONDS)

    async def look(self) -> Scene:
        """Read the page once."""
        sight = await self._see()
        captions = self._captions.take(sight.captions, time.time(), all_of_it=sight.ended is not None)
        if sight.ended and not captions:
            self._asked = False
            raise put_out(sight.ended)
        if sight.ended is None and (sight.away or not (sight.inside or sight.waiting)):
            raise Unreachable("the page shows no meeting")
        if sight.inside:
            await self._do_next(self._platform.once_inside)
        return Scene(sight.people, captions, inside=not sight.waiting)

    async def picture(self) -> bytes | None:
        """Take a picture of the page."""
        if self._page is None:
            return None
        with self._lost_at_worst():
            return await self._page.screenshot(type="png", animations="disabled")
        return None

    async def leave(self) -> None:
        """Leave by the page's own button, and see that it worked: the browser is killed next."""
        if self._page is None or not self._asked:
            return
        while not (sight := await self._see()).ended and (sight.inside or sight.waiting):
            await self._do_next(self._platform.leaving)
            await asyncio.sleep(STEP_SECONDS / 2)

    async def close(self) -> None:
        """End the browser."""
        await self._chromium.close()

    # ------------------------------------------------------------------------------------ inside

    async def _go_there(self) -> None:
        page = self._alive()
        self._done.clear()
        address = self._platform.address.format(
            url=self._settings.meeting_url,
            id=self._settings.native_meeting_id,
            passcode=quote(self._settings.passcode or "", safe=""),
        )
        try:
            answer = await page.goto(address, wait_until="domcontentloaded")
        except self._error as error:
            if page.is_closed():
                raise Over("capture_lost", 1) from error
            raise Unreachable(_line(error)) from error
        status = HTTPStatus.OK if answer is None else answer.status
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"the page answered {status}")
        if status >= HTTPStatus.BAD_REQUEST:
            raise Over("not_a_meeting_page", 1)

    async def _see(self) -> Sight:
        """Make a round trip into the page: what comes back proves that browser and page live."""
        seen = await self._answered(self._alive().evaluate(LOOK, {"platform": self._data, "find": None}))
        return Sight() if seen is None else msgspec.convert(seen, Sight)

    async def _do_next(self, steps: tuple[Step, ...]) -> None:
        """Take the first of these steps that was not taken and that the page allows now."""
        for step in steps:
            if step in self._done or ("{passcode}" in step.text and not self._settings.passcode):
                continue
            if await self._take(step):
                self._done.add(step)
                return

    async def _take(self, step: Step) -> bool:
        """Take a step, if its element is to be seen; what moves away under the hand is tried at the next turn."""
        handle = await self._answered(self._alive().evaluate_handle(LOOK, self._find(step.at)))
        element = handle.as_element() if handle else None
        if element is None:
            return False
        text = step.text.format(name=self._settings.bot_name, passcode=self._settings.passcode or "")
        with self._lost_at_worst():
            if step.do == "click":
                await element.click(timeout=ACT_MILLISECONDS)
            else:
                await element.fill(text, timeout=ACT_MILLISECONDS)
            return True
        return False

    def _find(self, mark: Mark) -> dict[str, Any]:
        return {"platform": self._data, "find": [msgspec.to_builtins(mark)]}

    def _alive(self) -> Page:
        if self._page is None or self._page.is_closed():
            raise Over("capture_lost", 1)
        return self._page

    async def _answered(self, work: Awaitable[T]) -> T | None:
        """Wait for the page's answer; None while another page is loading. A page that hangs is lost."""
        try:
            async with asyncio.timeout(self._settings.capture_timeout_seconds):
                with self._lost_at_worst():
                    return await work
        except TimeoutError as error:
            log.info("the page has not answered for %s seconds", self._settings.capture_timeout_seconds)
            self._page = None  # nobody shall wait for it again
            raise Over("capture_lost", 1) from error
        return None

    @contextmanager
    def _lost_at_worst(self) -> Iterator[None]:
        """Pass over what Playwright complains about, unless browser or page are gone."""
        try:
            yield
        except self._error as error:
            said = _line(error)
            if self._page is None or self._page.is_closed() or any(word in said for word in GONE):
                log.info("the browser or its page is gone (%s)", said)
                raise Over("capture_lost", 1) from error
            if said != self._said:
                log.info("the page: %s", said)
                self._said = said


def _line(error: BaseException) -> str:
    """Give the first line of an error: what follows may hold the page's address."""
    with suppress(IndexError):
        return f"{type(error).__name__}: {str(error).splitlines()[0]}".split(" at http")[0]
    return type(error).__name__
