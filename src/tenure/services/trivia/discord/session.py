"""A login with Discord for calls: in each process, without a gateway. Every call ends within a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TypedDict, TypeVar

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tenure.services.trivia.chat.contract import ChatAway
from tenure.services.trivia.discord.failures import ERRORS, REFUSED, TOO_MANY, judged, refuses_token

# It would warn at each start that it can't speak: nobody wants it to.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

C = TypeVar("C", bound=discord.Client)

CALL_SECONDS = 8.0
"""The longest that a call may take. Two of them, to look for a message and to post it, fit into one delivery."""

CONNECTIONS = 100
"""How many calls are under way at once. Else a thousand who answer in one second were a thousand connections."""

PATIENCE_SECONDS = 2.0
"""Which limits of one route discord.py may sleep off; after longer ones, and the global one, others try again."""


def point_at(api: str) -> None:
    """Let discord.py speak to this address instead of Discord's, such as `http://127.0.0.1:8321/api/v10`.

    Its addresses are attributes of classes, so one process speaks to one Discord.
    """
    Route.BASE = api


def point_gateway_at(url: str) -> None:
    """Let discord.py open gateways at this address, which Discord has told."""
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)


class Limits:
    """Sees to it that a limit becomes an error at once. discord.py would sleep, up to five times, however long.

    Were it cancelled in the sleep for a global limit, it would never make a call again; so it never comes so far.
    """

    def __init__(self) -> None:
        self._closed_until = 0.0

    def check(self) -> None:
        """Raise `ChatAway` while nothing may be called at all."""
        left = self._closed_until - asyncio.get_running_loop().time()
        if left > 0:
            raise ChatAway(f"Discord asks to wait {left:.1f} s", retry_after=left)

    def tracing(self) -> aiohttp.TraceConfig:
        """Give what looks at each answer before discord.py does."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._look)
        return trace

    async def _look(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        answer = ended.response
        if answer.status != TOO_MANY:
            return
        wait = _seconds(answer.headers.get("Retry-After", ""))
        # Without `Via` it comes from what stands before Discord, which then takes nothing from us at all.
        everywhere = "X-RateLimit-Global" in answer.headers or "Via" not in answer.headers
        if everywhere:
            self._closed_until = asyncio.get_running_loop().time() + wait
        if everywhere or wait > PATIENCE_SECONDS:
            answer.close()
            raise discord.RateLimited(wait)


def _seconds(text: str) -> float:
    try:
        return max(float(text), 0.0)
    except ValueError:
        return PATIENCE_SECONDS + 1


class Options(TypedDict):
    """How our clients are made."""

    connector: aiohttp.BaseConnector | None
    intents: discord.Intents
    http_trace: aiohttp.TraceConfig
    max_messages: int | None
    allowed_mentions: discord.AllowedMentions | None
    member_cache_flags: discord.MemberCacheFlags
    chunk_guilds_at_startup: bool


class Session:
    """A token, and the one client in this process that makes calls with it."""

    def __init__(self, token: str, api: str) -> None:
        self.token, self.limits = token, Limits()
        self.trouble = ""
        """What is wrong with the token; empty as long as Discord accepts it."""
        self._client: discord.Client | None = None
        self._entering = asyncio.Lock()
        point_at(api)

    def __repr__(self) -> str:
        return "<Session with Discord>"

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[discord.Client]:
        """Give a client that is logged in, for calls of a few seconds together. Raises `ChatAway`, `ChatRefused`."""
        self.limits.check()
        try:
            async with asyncio.timeout(CALL_SECONDS):
                yield await self._entered()
        except ERRORS as error:
            self.heard(error)
            raise judged(error) from None
        self.heard(None)

    def heard(self, error: BaseException | None) -> None:
        """Note what came of a call, or of a gateway: whether the token is accepted."""
        if error is None:
            self.trouble = ""
        elif refuses_token(error):
            self.trouble = REFUSED

    def options(self) -> Options:
        """Give how our clients are made: nothing is cached, nobody is pinged, limits are looked at."""
        return Options(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            intents=discord.Intents(guilds=True),
            http_trace=self.limits.tracing(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )

    async def enter(self, client: C) -> C:
        """Log a client in; one that can't be is let go of."""
        try:
            await client.login(self.token)
        except BaseException:
            await client.close()
            raise
        return client

    async def close(self) -> None:
        """Let go of Discord; a later call logs in anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _entered(self) -> discord.Client:
        async with self._entering:
            if self._client is None:
                self._client = await self.enter(discord.Client(**self.options()))
            return self._client
