"""The browser's process: found, started in the bot's own process group, and ended whatever it does.

Playwright would start it in a session of its own, where a bot that is killed leaves it behind. So we start it
ourselves and Playwright connects.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import shutil
import signal
import wave
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tenure.services.meetings.bot.browser.pipe import Pipe

if TYPE_CHECKING:
    from playwright.async_api import Page, Playwright

log = logging.getLogger("bot")
T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE")
MOST_OF_ITS_OUTPUT = 4000
CLOSE_SECONDS = 1.0
TO_BROWSER, FROM_BROWSER = 3, 4
"""The descriptors that `--remote-debugging-pipe` means."""

NOT_NEEDED = (
    "IsolateOrigins,site-per-process,AudioServiceOutOfProcess,BackForwardCache,MediaRouter,OptimizationHints,"
    "PreloadTopChromeWebUI,SpareRendererForSitePerProcess,Translate"
)
SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--window-size=1024,640",
    # One meeting, one page: what serves many of them, or people at a screen, costs memory only.
    "--disable-gpu",
    "--in-process-gpu",
    "--renderer-process-limit=1",
    "--enable-features=NetworkServiceInProcess2",
    f"--disable-features={NOT_NEEDED}",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    # Nobody looks at the window, and it must go on all the same.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # A microphone and a camera that are there, but never ours: platforms turn away who has none.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--mute-audio",
)


def find() -> Path | None:
    """Find the browser: the setting `TENURE_MEETINGS_BROWSER`, else what lies in the path. None if there is none."""
    wanted = os.environ.get("TENURE_MEETINGS_BROWSER")
    found = [shutil.which(name) for name in ([wanted] if wanted else NAMES)]
    return next((Path(path) for path in found if path), None)


class Chromium:
    """One browser with one page. Its profile lies in a folder below `parent`, which is removed with it."""

    def __init__(self, executable: Path, parent: Path) -> None:
        self._executable, self._folder = executable, parent / f"browser-{secrets.token_hex(4)}"
        self._pipe = Pipe()
        self._pid: int | None = None
        self._playwright: asyncio.Future[Playwright] | None = None

    async def open(self) -> Page:
        """Start it and give its page. Raises `OSError`, or Playwright's errors."""
        from playwright.async_api import async_playwright  # noqa: PLC0415  optional, as the browser is

        self._folder.mkdir(mode=0o700)
        _write_silence(self._folder / "silence.wav")
        read, write = self._start()
        await self._pipe.open(read, write)
        self._playwright = asyncio.ensure_future(async_playwright().start())
        # Shielded: what is started in part can't be stopped.
        playwright = await asyncio.shield(self._playwright)
        browser = await self._unless_it_ends(playwright.chromium.connect_over_cdp(self._pipe.address))
        context = browser.contexts[0]
        return context.pages[0] if context.pages else await context.new_page()

    async def close(self) -> None:
        """Kill it with all that it started. It has nothing to save, and may hang."""
        if self._pid is not None:
            _kill_tree(self._pid)
            await asyncio.to_thread(os.waitpid, self._pid, 0)
            self._pid = None
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        if self._playwright is not None:
            # If it hangs: it ends by itself when our end of its input closes.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await (await self._playwright).stop()
        await self._pipe.close()

    def output(self) -> str:
        """Give the last of what it wrote."""
        try:
            return (self._folder / "output.log").read_text(errors="replace")[-MOST_OF_ITS_OUTPUT:]
        except OSError:
            return ""

    async def _unless_it_ends(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for an answer of a browser that may end without one. Raises `OSError` then."""
        working, ended = asyncio.create_task(work), asyncio.create_task(self._pipe.ended())
        try:
            await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise OSError("it ended by itself")
            return await working
        finally:
            working.cancel()
            ended.cancel()
            await asyncio.gather(working, ended, return_exceptions=True)

    def _start(self) -> tuple[int, int]:
        """Start the process, and give our ends of its pipe: what it writes, and where it reads."""
        to_browser, write = map(_moved_up, os.pipe())
        read, from_browser = map(_moved_up, os.pipe())
        arguments = [str(self._executable), *SWITCHES, *self._own_switches(), "about:blank"]
        environment = {key: os.environ[key] for key in INHERITED if key in os.environ}
        create = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self._folder / "output.log"), create, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, to_browser, TO_BROWSER),
            (os.POSIX_SPAWN_DUP2, from_browser, FROM_BROWSER),
        ]
        try:
            environment["HOME"] = str(self._folder)
            self._pid = os.posix_spawn(str(self._executable), arguments, environment, file_actions=actions)
        except OSError:
            os.close(read)
            os.close(write)
            raise
        finally:
            os.close(to_browser)
            os.close(from_browser)
        return read, write

    def _own_switches(self) -> list[str]:
        found = [
            f"--user-data-dir={self._folder / 'profile'}",
            f"--use-file-for-fake-audio-capture={self._folder / 'silence.wav'}",
        ]
        # The browser refuses to run as root otherwise; a container that allows no user namespaces says so itself.
        if os.geteuid() == 0 or os.environ.get("TENURE_MEETINGS_BROWSER_SANDBOX") == "0":
            found += ["--no-sandbox", "--no-zygote"]
        return found


def _moved_up(descriptor: int) -> int:
    """Move a descriptor out of the way of those that the browser's are to have."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


def _write_silence(path: Path) -> None:
    """Write what our microphone hears: without it the browser's own one beeps."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))


def _kill_tree(pid: int) -> None:
    """Kill a process and all below it: a child that hangs does not notice its parent's end.

    Each is stopped before its children are listed, so that no new one is missed.
    """
    doomed = [pid]
    for number in doomed:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGSTOP)
        doomed += _children(number)
    for number in doomed:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found
