"""One WebSocket to the server, kept open for all calls; where there is none, calls are POSTs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from http import HTTPStatus

import aiohttp
import msgspec

log = logging.getLogger("bot")

OPEN_SECONDS, AGAIN_SECONDS = 2.0, 20.0
MOST_OF_A_CALL = 48_000
"""In bytes; what is longer, such as a picture, is a POST."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to the call of this id."""

    id: str
    status: int
    answer: msgspec.Raw = msgspec.Raw(b"null")


class Channel:
    """Calls over one socket. It is opened at the first call, and again some time after it broke."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url, self._http = url, http
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[Reply | None]] = {}
        self._opening = asyncio.Lock()
        self._not_before = 0.0

    async def call(self, id: str, call: dict[str, str], *, seconds: float) -> Reply | None:
        """Make one call; None if there is no channel now, or none came back: then it is a POST."""
        if len(call["body"]) > MOST_OF_A_CALL or not await self._is_open():
            return None
        answer: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._waiting[id] = answer
        try:
            async with asyncio.timeout(seconds):
                if self._socket is None:
                    return None
                await self._socket.send_str(msgspec.json.encode(call).decode())
                return await answer
        except (TimeoutError, aiohttp.ClientError, OSError):
            await self.close()  # a connection that died without a word
            return None
        finally:
            self._waiting.pop(id, None)

    async def close(self) -> None:
        """Let go of the socket; who waits for an answer hears that none comes."""
        self._not_before = time.monotonic() + AGAIN_SECONDS
        if self._reading is not None:
            self._reading.cancel()
        await self._let_go()

    async def _is_open(self) -> bool:
        async with self._opening:
            if self._socket is None and time.monotonic() >= self._not_before:
                await self._open()
            return self._socket is not None

    async def _open(self) -> None:
        self._not_before = time.monotonic() + AGAIN_SECONDS
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                self._socket = await self._http.ws_connect(self._url, max_msg_size=1_000_000)
        except aiohttp.WSServerHandshakeError as refused:
            if HTTPStatus.BAD_REQUEST <= refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                self._not_before = float("inf")  # this server has no channel
            return
        except (TimeoutError, aiohttp.ClientError, OSError):
            return
        self._reading = asyncio.create_task(self._read(self._socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                with contextlib.suppress(ValueError):
                    reply = msgspec.json.decode(message.data, type=Reply)
                    waiting = self._waiting.get(reply.id)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(reply)
            log.info("the channel was closed")
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        socket, self._socket = self._socket, None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)
        if socket is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await socket.close()
