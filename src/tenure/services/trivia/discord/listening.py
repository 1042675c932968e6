"""Listening to Discord: one process at a time does it.

Discord tells every connection of a token everything, and each would answer. Who listens holds a turn in the store;
when that process dies, another one takes over within the turn's lease.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from tenure import Store, seconds
from tenure.services.trivia.chat.commands import Commands
from tenure.services.trivia.chats import Acting
from tenure.services.trivia.discord.failures import said_of
from tenure.services.trivia.discord.gateway import Gateway
from tenure.services.trivia.discord.interactions import Interactions
from tenure.services.trivia.discord.memberships import CHAT, Memberships
from tenure.services.trivia.discord.session import Session

POLLER = "trivia/discord"
NO_PAUSE = seconds(0)
"""Between turns: what ends a connection ends the loop, and whoever keeps that waits."""


class Listening:
    """Takes turns with other processes at being connected."""

    def __init__(self, store: Store, session: Session, acting: Acting) -> None:
        self._store, self._session, self._acting = store, session, acting
        self._interactions = Interactions(store.log, Commands(acting, CHAT))
        self.trouble = ""
        """Why commands and buttons don't work; empty while we are connected, and while another process listens."""

    async def run(self) -> None:
        """Listen whenever it is our turn. Ends with the error that ended a connection: begin again."""
        try:
            async with aclosing(self._store.every(NO_PAUSE, POLLER)) as turns:  # type: ignore[type-var]
                async for _ in turns:
                    await self._listen()
        except asyncio.CancelledError:
            self.trouble = ""  # another process listens, or this one is about to end
            raise

    async def _listen(self) -> None:
        memberships = Memberships(lambda: self._acting(CHAT).guilds, self._store.log)
        gateway = Gateway(self._session, self._interactions, memberships, self._tell, self._store.log)
        try:
            await self._session.enter(gateway)
            await gateway.until_it_ends()
        except Exception as error:
            self._tell(said_of(error))
            raise

    def _tell(self, why_not: str) -> None:
        """Note whether commands and buttons reach us."""
        self.trouble = f"commands and buttons do not reach us: {why_not}" if why_not else ""
        if not why_not:
            self._session.heard(None)
