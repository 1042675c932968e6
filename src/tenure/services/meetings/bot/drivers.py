"""Which driver attends: a browser where one is installed, plain HTTP on the local page where none is."""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec

import aiohttp

from tenure.services.meetings.bot.browser import chromium
from tenure.services.meetings.bot.browser.browser import Browser
from tenure.services.meetings.bot.browser.google_meet import GOOGLE_MEET
from tenure.services.meetings.bot.browser.jitsi import JITSI
from tenure.services.meetings.bot.browser.local import LOCAL
from tenure.services.meetings.bot.browser.teams import TEAMS
from tenure.services.meetings.bot.browser.zoom import ZOOM
from tenure.services.meetings.bot.driver import Driver, Over, Scene
from tenure.services.meetings.bot.local import Local
from tenure.services.meetings.bot.settings import BotSettings

log = logging.getLogger("bot")

PLATFORMS = {platform.name: platform for platform in (LOCAL, JITSI, GOOGLE_MEET, TEAMS, ZOOM)}


class Missing:
    """Says that this platform needs a browser and there is none."""

    async def open(self) -> None:
        """End the run."""
        raise Over("browser_missing", 1)

    async def join(self) -> None:
        """Do nothing: it is never opened."""

    async def look(self) -> Scene:
        """See nothing: it is never opened."""
        return Scene([], [])

    async def picture(self) -> bytes | None:
        """Give none."""
        return None

    async def leave(self) -> None:
        """Do nothing: it never joined."""

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


def driver_for(settings: BotSettings, http: aiohttp.ClientSession) -> Driver:
    """Choose by platform and by what is installed; `TENURE_MEETINGS_BOT=http` keeps browsers off."""
    wanted = os.environ.get("TENURE_MEETINGS_BOT", "")
    executable = None if wanted == "http" else chromium.find()
    if executable is not None and find_spec("playwright") is not None:
        log.info("attending %s with %s", settings.platform, executable)
        return Browser(PLATFORMS[settings.platform], settings, executable)
    # Who names a browser, or wants one, is told that it is missing.
    asked_for = wanted == "browser" or (wanted != "http" and os.environ.get("TENURE_MEETINGS_BROWSER"))
    if settings.platform == "local" and not asked_for:
        return Local(settings, http)
    log.error("there is no browser: install chromium and tenure[browser], or set TENURE_MEETINGS_BROWSER to its path")
    return Missing()
