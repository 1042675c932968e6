"""A bot's signed calls to the server, and the commands that come back with each answer."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from http import HTTPStatus

import aiohttp
import msgspec

from tenure.services.meetings.bot.channel import Channel
from tenure.services.meetings.bot.settings import BotSettings
from tenure.services.meetings.signing import ID, SIGNATURE, TIMESTAMP, sign

log = logging.getLogger("bot")

TRY_SECONDS, COMMANDS_SECONDS = 5.0, 300.0
"""How long to wait for an answer. The server keeps `commands` open until there is one, and a little less than this."""


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
        self._channel = Channel(f"{settings.callback_url}/channel", http)
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

    async def close(self) -> None:
        """Let go of the channel."""
        await self._channel.close()

    async def _try(self, name: str, id: str, body: bytes) -> Answer | None:
        """Make one try: over the channel, or as a POST; signed anew, since no signature is taken twice."""
        seconds = COMMANDS_SECONDS if name == "commands" else TRY_SECONDS
        signed = self._signed(id, body)
        call = {"name": name, "id": id, "timestamp": signed[TIMESTAMP], "signature": signed[SIGNATURE]}
        reply = await self._channel.call(id, {**call, "body": body.decode()}, seconds=seconds)
        if reply is not None:
            return _answer(name, reply.status, reply.answer)
        timeout = aiohttp.ClientTimeout(total=seconds, connect=2)
        headers = {"Content-Type": "application/json", **self._signed(id, body)}
        try:
            async with self._http.post(
                f"{self._settings.callback_url}/{name}", data=body, headers=headers, timeout=timeout
            ) as got:
                return _answer(name, got.status, await got.content.read(1_000_000))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("%s: the server is away (%s)", name, type(error).__name__)
            return None

    def _signed(self, id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {ID: id, TIMESTAMP: timestamp, SIGNATURE: sign(self._settings.callback_secret, id, timestamp, body)}


def _answer(name: str, status: int, text: bytes | msgspec.Raw) -> Answer | None:
    """Give the answer; None if the call is to be tried again. Raises `Disowned`."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        log.info("%s: the server answered %d", name, status)
        return None
    if status >= HTTPStatus.BAD_REQUEST:
        log.info("%s: refused with %d", name, status)
        raise Disowned(name)
    return msgspec.json.decode(text, type=Answer)
