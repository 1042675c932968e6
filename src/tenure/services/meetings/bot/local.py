"""The driver of the project's own meeting page, by plain HTTP: for where no browser is installed."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec

from tenure.services.meetings.bot.driver import Caption, Over, Person, Scene, Unreachable, put_out
from tenure.services.meetings.bot.settings import BotSettings

T = TypeVar("T")
CALL = aiohttp.ClientTimeout(total=5)
LOOK_SECONDS = 10
LOOK = aiohttp.ClientTimeout(total=LOOK_SECONDS + 5, connect=5)


class Seat(msgspec.Struct, frozen=True):
    """The page's answer to joining: what proves later that it is us."""

    participant: str
    key: str


class Seen(msgspec.Struct, frozen=True):
    """The page's answer to a look; `reason` is set once we are neither inside nor waiting."""

    inside: bool
    reason: str | None
    mark: str
    participants: list[Person]
    captions: list[Caption]
    waiting: bool = False


class Local:
    """Attends a room of the local meeting page."""

    def __init__(self, settings: BotSettings, http: aiohttp.ClientSession) -> None:
        self._url, self._name, self._http = settings.meeting_url, settings.bot_name, http
        self._nonce = secrets.token_hex(16)
        self._seat: Seat | None = None
        self._last, self._mark = 0, ""

    async def open(self) -> None:
        """Do nothing: it needs no more than HTTP."""

    async def join(self) -> None:
        """Enter the room, or wait at its door."""
        self._seat = await self._call("join", Seat, {"name": self._name, "bot": True, "nonce": self._nonce})

    async def look(self) -> Scene:
        """See who is there and what was said, as soon as either changes."""
        since = {"after": self._last, "mark": self._mark, "wait_seconds": LOOK_SECONDS}
        seen = await self._call("look", Seen, {**self._proof(), **since})
        if not seen.inside and not seen.waiting:
            raise put_out(seen.reason or "removed")
        self._mark = seen.mark
        if seen.captions:
            self._last = seen.captions[-1].number
        return Scene(seen.participants, seen.captions, inside=seen.inside)

    async def picture(self) -> bytes | None:
        """Give none: there is nothing to see."""
        return None

    async def leave(self) -> None:
        """Leave the room."""
        if self._seat is not None:
            await self._call("leave", dict[str, object], self._proof())

    async def close(self) -> None:
        """Do nothing: whoever gave the connections closes them."""

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
