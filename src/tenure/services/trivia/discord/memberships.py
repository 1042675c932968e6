"""In which servers we are: what the gateway tells of it, noted in order, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tenure.http.rejections import Rejected
from tenure.services.trivia.guilds import Guilds
from tenure.services.trivia.lifecycle import Guild
from tenure.store.logging import Log

CHAT = "discord"
Noting = Callable[[Guilds], Awaitable[None]]


class Memberships:
    """Of one connection. What can't be noted ends it: the next one begins with all servers again."""

    def __init__(self, guilds: Callable[[], Guilds], log: Log) -> None:
        self._guilds, self._log = guilds, log
        self._told: asyncio.Queue[Noting] = asyncio.Queue()

    def only(self, ids: frozenset[str]) -> None:
        """We are in these servers and no other: some may have sent us away while nobody listened."""
        self._told.put_nowait(lambda guilds: _leave_others(guilds, ids))

    def met(self, id: str, name: str) -> None:
        """We are in this server."""
        self._told.put_nowait(lambda guilds: self._meet(guilds, id, name))

    def left(self, id: str) -> None:
        """We were sent away from this server."""
        self._told.put_nowait(lambda guilds: _leave(guilds, id))

    async def keep(self) -> None:
        """Note what is told. Endless."""
        while True:
            noting = await self._told.get()
            await noting(self._guilds())

    async def _meet(self, guilds: Guilds, id: str, name: str) -> None:
        try:
            await guilds.meet(id, chat=CHAT, name=name)
        except Rejected as rejection:
            self._log.warning("guild_not_met", guild=id, reason=rejection.detail)


async def _leave(guilds: Guilds, id: str) -> None:
    await guilds.leave(id)


async def _leave_others(guilds: Guilds, ids: frozenset[str]) -> None:
    async for guild in guilds.all():
        if guild.chat == CHAT and guild.state == Guild.present and guild.id not in ids:
            await guilds.leave(guild.id)
