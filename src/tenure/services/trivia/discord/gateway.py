"""One connection to Discord's gateway, from logging in to its end: commands, buttons, and servers."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable

import discord

from tenure.services.trivia.chat.contract import ChatAway
from tenure.services.trivia.discord.commands import Tree
from tenure.services.trivia.discord.interactions import Interactions
from tenure.services.trivia.discord.memberships import Memberships
from tenure.services.trivia.discord.session import Session, point_gateway_at
from tenure.store.logging import Log

STARTS_KEPT = 10
"""Discord lets a bot begin 1,000 sessions a day, and then takes its token away: so many are left for a person."""

MOST_DROPS, DROPS_SECONDS = 5, 60.0
"""discord.py comes back at once when a connection breaks; after so many breaks in that time we take a pause."""

CLOSE_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""A connection on which nothing is heard for so long, not even the answer to a heartbeat, only seems to be there."""

READY_SECONDS = 0.1
"""How long discord.py waits for one more server's data before it tells of those that came. Nothing waits for all."""


class Gateway(discord.Client):
    """It resumes its session by itself. What can't be resumed ends it, and a new one finds its way from the start.

    discord.py could go on by itself there too, but then it calls the last address for ever.
    """

    def __init__(
        self, session: Session, interactions: Interactions, memberships: Memberships, tell: Callable[[str], None],
        log: Log,
    ) -> None:  # fmt: skip
        super().__init__(guild_ready_timeout=READY_SECONDS, heartbeat_timeout=SILENCE_SECONDS, **session.options())
        self._interactions, self._memberships, self._tell, self._log = interactions, memberships, tell, log
        self._tree = Tree(self, interactions)
        self._drops: deque[float] = deque(maxlen=MOST_DROPS)
        self._dropped_too_often = asyncio.Event()

    async def setup_hook(self) -> None:
        """Offer our commands, and learn where the gateway is."""
        await self._interactions.offer(self._tree)
        _, url, starts = await self.http.get_bot_gateway()
        if starts["remaining"] <= STARTS_KEPT:
            seconds = starts["reset_after"] / 1000
            raise ChatAway(f"only {starts['remaining']} sessions may begin today; again in {seconds:.0f} s", seconds)
        point_gateway_at(url)

    async def until_it_ends(self) -> None:
        """Stay connected. Raises what ended it."""
        connected = asyncio.create_task(self.connect(reconnect=False), name="discord gateway")
        noting = asyncio.create_task(self._memberships.keep(), name="discord guilds")
        broken = asyncio.create_task(self._dropped_too_often.wait(), name="discord drops")
        try:
            await asyncio.wait({connected, noting, broken}, return_when=asyncio.FIRST_COMPLETED)
            for task in (connected, noting):
                if task.done():
                    task.result()
            raise ChatAway(
                f"the connection broke {MOST_DROPS} times within {DROPS_SECONDS:g} s"
                if broken.done()
                else "Discord ended the connection"
            )
        finally:
            noting.cancel()
            broken.cancel()
            await self._interactions.finish()
            await self.let_go()
            # It is not cancelled but closed: a connection that was just being opened leaves a thread behind.
            await asyncio.wait({connected}, timeout=CLOSE_SECONDS)
            connected.cancel()
            await asyncio.gather(connected, noting, broken, return_exceptions=True)

    async def let_go(self) -> None:
        """Close what is open; a server that doesn't say goodbye isn't waited for."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.close()
        except TimeoutError:
            await self.http.close()
        left = self._connection._ready_task  # noqa: SLF001  discord.py leaves it waiting for more servers
        if left is not None:
            left.cancel()
            await asyncio.gather(left, return_exceptions=True)

    # ---------------------------------------------------------------------- what Discord tells

    async def on_connect(self) -> None:
        """A session began: these are all servers that we are in, be they available or not."""
        self._tell("")
        self._memberships.only(frozenset(str(guild.id) for guild in self.guilds))

    async def on_resumed(self) -> None:
        """The session goes on; what was missed comes after."""
        self._tell("")

    async def on_disconnect(self) -> None:
        """The connection broke, or we closed it."""
        if self.is_closed():
            return
        self._tell("the connection to Discord broke, and is made again")
        now = asyncio.get_running_loop().time()
        self._drops.append(now)
        if len(self._drops) == MOST_DROPS and now - self._drops[0] < DROPS_SECONDS:
            self._dropped_too_often.set()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server's data came, with its name."""
        self._memberships.met(str(guild.id), guild.name)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """We were let in."""
        self._memberships.met(str(guild.id), guild.name)

    async def on_guild_update(self, _before: discord.Guild, after: discord.Guild) -> None:
        """A server may have another name."""
        self._memberships.met(str(after.id), after.name)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """We were sent away. A server that is merely unavailable is told in another way."""
        self._memberships.left(str(guild.id))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Somebody pressed a button. Commands take their own way."""
        if interaction.type is discord.InteractionType.component and interaction.data is not None:
            await self._interactions.press(interaction, str(interaction.data.get("custom_id", "")))

    async def on_error(self, event_method: str, /, *_args: object, **_more: object) -> None:
        """Note an error in one of these; the connection goes on."""
        self._log.error("discord_event_failed", event_name=event_method, error=str(sys.exc_info()[1])[:200])
