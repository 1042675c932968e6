"""A bot's signed calls to the server, and the commands that come back with each answer."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from http import HTTPStatus

import aiohttp
import msgspec

from tenure.services.meetings.bot.settings import BotSettings
from tenure.services.meetings.signing import ID, SIGNATURE, TIMESTAMP, sign

log = logging.getLogger("bot")

COMMANDS_SECONDS = 300.0
"""How long to wait for an answer to `commands`: longer than the server holds it."""


class Command(msgspec.Struct, frozen=True):
    """What the server wants of the bot; `number` rises. A newer server may want what this bot does not know."""

    number: int
    action: str
    language: str | None = None
    task: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """The answer to a callback."""

    status: str
    commands: list[Command] = []


class Disowned(Exception):  # noqa: N818  what happened is the name
    """The server no longer takes this run for the record's holder: nothing is left to report."""


class ServerAway(Exception):  # noqa: N818  what happened is the name
    """The server could not be reached for longer than a bot waits."""


class Server:
    """Calls the server, again and again while it is away: this is how a bot outlives a restart of the server."""

    def __init__(self, settings: BotSettings, http: aiohttp.ClientSession) -> None:
        self._settings, self._http = settings, http
        self._numbers = itertools.count(1)
        self._born = time.time_ns()
        self.seen = 0

    async def tell(self, name: str, *, patience_seconds: float | None = None, **more: object) -> Answer:
        """Make one callback. Raises `Disowned`, or `ServerAway` when the patience is over."""
        patience = self._settings.server_away_seconds if patience_seconds is None else patience_seconds
        id = f"{self._settings.connection_id}/{name}/{self._born}-{next(self._numbers)}"
        give_up, wait = time.monotonic() + patience, 0.1
        while True:
            body = msgspec.json.encode({**more, "connection_id": self._settings.connection_id, "seen": self.seen})
            answer = await self._try(name, id, body)
            if answer is not None:
                return answer
            if time.monotonic() + wait > give_up:
                raise ServerAway(name)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2)

    async def _try(self, name: str, id: str, body: bytes) -> Answer | None:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            ID: id,
            TIMESTAMP: timestamp,
            SIGNATURE: sign(self._settings.callback_secret, id, timestamp, body),
        }
        url = f"{self._settings.callback_url}/{name}"
        try:
            async with self._http.post(url, data=body, headers=headers, timeout=_patience(name)) as got:
                text = await got.content.read(1_000_000)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("%s: the server is away (%s)", name, type(error).__name__)
            return None
        if got.status >= HTTPStatus.INTERNAL_SERVER_ERROR or got.status == HTTPStatus.TOO_MANY_REQUESTS:
            log.info("%s: the server answered %d", name, got.status)
            return None
        if got.status >= HTTPStatus.BAD_REQUEST:
            log.info("%s: refused with %d", name, got.status)
            raise Disowned(name)
        return msgspec.json.decode(text, type=Answer)


def _patience(name: str) -> aiohttp.ClientTimeout:
    # The server keeps `commands` open until there is one.
    return aiohttp.ClientTimeout(total=COMMANDS_SECONDS if name == "commands" else 5, connect=2)
