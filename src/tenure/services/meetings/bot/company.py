"""How long a bot stays where nobody else is, or where nobody speaks."""

from __future__ import annotations

import math

from tenure.services.meetings.bot.driver import Scene
from tenure.services.meetings.bot.settings import BotSettings


class Company:
    """Watches for both. Instants are those of a clock that only runs on; None as a length means for ever."""

    def __init__(self, settings: BotSettings) -> None:
        self._alone_seconds = math.inf if settings.alone_seconds is None else settings.alone_seconds
        self._silence_seconds = math.inf if settings.silence_seconds is None else settings.silence_seconds
        self._alone_since = self._silent_since = math.inf

    def see(self, scene: Scene, now: float) -> None:
        """Take note of who is there and whether anybody spoke. It counts from the first time on."""
        # Where nobody at all is listed, not even we are: then the list can't be read, and says nothing.
        alone = bool(scene.participants) and all(person.bot for person in scene.participants)
        if not alone:
            self._alone_since = math.inf
        elif self._alone_since == math.inf:
            self._alone_since = now
        if scene.captions or self._silent_since == math.inf:
            self._silent_since = now

    def ends(self) -> tuple[float, str]:
        """Give when to leave if nothing changes until then, and why."""
        return min(
            (self._alone_since + self._alone_seconds, "alone"),
            (self._silent_since + self._silence_seconds, "silence"),
        )
