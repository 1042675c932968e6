"""The driver of the project's own meeting page, by plain HTTP; and the one for platforms that have none yet."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec

from tenure.services.meetings.bot.driver import Caption, Driver, Over, Scene, Unreachable
from tenure.services.meetings.bot.settings import BotSettings

T = TypeVar("T")
CALL = aiohttp.ClientTimeout(total=5)
LOOK_SECONDS = 10
ORDERLY = ("evicted", "meeting_ended", "left")
LOOK = aiohttp.ClientTimeout(total=LOOK_SECONDS + 5, connect=5)


class Seat(msgspec.Struct, frozen=True):
    """The page's answer to joining: what proves later that it is us."""

    participant: str
    key: str


class Person(msgspec.Struct, frozen=True):
    """One participant, as the page shows it."""

    name: str


class Seen(msgspec.Struct, frozen=True):
    """The page's answer to a look; `reason` is set once we are no longer in."""

    inside: bool
    reason: str | None
    mark: str
    participants: list[Person]
    captions: list[Caption]


class Local:
    """Attends a room of the local meeting page."""

    def __init__(self, settings: BotSettings, http: aiohttp.ClientSession) -> None:
        self._url, self._name, self._http = settings.meeting_url, settings.bot_name, http
        self._seat: Seat | None = None
        self._last, self._mark = 0, ""

    async def join(self) -> None:
        """Enter the room."""
        self._seat = await self._call("join", Seat, {"name": self._name, "bot": True})

    async def look(self) -> Scene:
        """See who is there and what was said, as soon as either changes."""
        since = {"after": self._last, "mark": self._mark, "wait_seconds": LOOK_SECONDS}
        seen = await self._call("look", Seen, {**self._proof(), **since})
        if not seen.inside:
            reason = seen.reason or "removed"
            raise Over(reason, 0 if reason in ORDERLY else 1)
        self._mark = seen.mark
        if seen.captions:
            self._last = seen.captions[-1].number
        return Scene([p.name for p in seen.participants], seen.captions)

    async def leave(self) -> None:
        """Leave the room."""
        if self._seat is not None:
            await self._call("leave", dict[str, object], self._proof())

    def _proof(self) -> dict[str, str]:
        return {"participant": self._seat.participant, "key": self._seat.key} if self._seat else {}

    async def _call(self, step: str, answer: type[T], body: dict[str, object] | dict[str, str]) -> T:
        try:
            async with self._http.post(
                f"{self._url}/{step}",
                json=body,
                timeout=LOOK if step == "look" else CALL,
                allow_redirects=False,
            ) as got:
                text = await got.content.read(1_000_000)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from error
        if got.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"the page answered {got.status}")
        if got.status >= HTTPStatus.BAD_REQUEST:
            raise Over("removed" if self._seat else "join_refused", 0 if self._seat else 1)
        try:
            return msgspec.json.decode(text, type=answer)
        except msgspec.MsgspecError as error:
            raise Over("not_a_meeting_page", 1) from error


class Unsupported:
    """Finds out whether a meeting can be reached, and says that nobody can attend it yet."""

    def __init__(self, settings: BotSettings, http: aiohttp.ClientSession) -> None:
        self._url, self._http = settings.meeting_url, http

    async def join(self) -> None:
        """Reach the meeting's page, and give up there."""
        try:
            async with self._http.get(self._url, timeout=CALL, allow_redirects=False):
                pass
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from error
        raise Over("platform_not_supported", 1)

    async def look(self) -> Scene:
        """See nothing: this driver never joins."""
        raise Over("platform_not_supported", 1)

    async def leave(self) -> None:
        """Do nothing: this driver never joins."""


def driver_for(settings: BotSettings, http: aiohttp.ClientSession) -> Driver:
    """Choose by platform; the server names the platform `local` when it sends a bot to its own page."""
    return Local(settings, http) if settings.platform == "local" else Unsupported(settings, http)
