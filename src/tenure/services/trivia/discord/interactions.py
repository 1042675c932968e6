"""Answers to those who press a button or give a command: Discord waits three seconds for each, and not longer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import discord
from discord import app_commands

from tenure import TenureError
from tenure.services.trivia.chat.commands import Asker, Commands, Reply
from tenure.services.trivia.chat.table import Command, Suggests
from tenure.services.trivia.discord.buttons import pressed
from tenure.services.trivia.discord.failures import ERRORS
from tenure.store.logging import Log

ANSWER_SECONDS = 1.5
"""After so long without a reply we say that it will come, which leaves as long again for saying so."""

LAST_SECONDS, LATE_SECONDS = 3.0, 30.0
MOST_OF_A_NAME, MOST_OF_A_REPLY = 100, 2000
NOT_HERE = "This works in a server only."
NOT_KNOWN = "This button is not of a question of ours. `/trivia status` shows what is asked here."
UNSURE = (
    "Discord did not answer in time. Look with `/trivia status` or `/trivia list`, and give it once more if needed."
)
BROKEN = Reply(text="Something went wrong, and it is noted. Please try again in a moment.", status=503)


class Interactions:
    """Translates what Discord's members do into commands, and shows them the replies."""

    def __init__(self, log: Log, commands: Commands) -> None:
        self._log, self._commands = log, commands
        self._under_way: set[asyncio.Task[Any]] = set()
        self._offered = False

    async def offer(self, tree: app_commands.CommandTree[Any]) -> None:
        """Let Discord offer our commands. It keeps them, so once is enough for a process."""
        if not self._offered:
            await tree.sync()
            self._offered = True

    async def press(self, interaction: discord.Interaction, custom_id: str) -> None:
        """Take the press of a button. It counts though its member may not get to know."""
        asker, button = _asker(interaction), pressed(custom_id)
        if asker is None:
            await self.say(interaction, NOT_HERE)
        elif button is None:
            await self.say(interaction, NOT_KNOWN)
        else:
            await self._show(interaction, self._begun(self._commands.press(asker, *button)))

    async def command(self, interaction: discord.Interaction, command: Command, options: dict[str, str | int]) -> None:
        """Run a command.

        One that changes how things are run is first acknowledged: if that comes too late, Discord has told its
        member that it failed, and so it must not be done. They would give it once more, and it would be done twice.
        """
        asker = _asker(interaction)
        if asker is None:
            await self.say(interaction, NOT_HERE)
        elif not command.manages or await self._acknowledged(interaction):
            work = self._commands.run(asker, command.name, options, op=f"discord-{interaction.id}")
            await self._show(interaction, self._begun(work))

    async def suggest(
        self, interaction: discord.Interaction, what: Suggests, begun: str
    ) -> list[app_commands.Choice[str]]:
        """Give what may be chosen for an option; nothing, if that can't be told right now."""
        asker = _asker(interaction)
        if asker is None:
            return []
        values: Sequence[str] = []
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                values = await self._commands.suggest(asker, what, begun)
        except (TenureError, TimeoutError) as error:
            self._log.warning("suggesting_failed", error=type(error).__name__)
        return [app_commands.Choice(name=value[:100], value=value[:100]) for value in values[:25]]

    async def say(self, interaction: discord.Interaction, text: str) -> None:
        """Reply with some words, to that member alone."""
        await self._show(interaction, self._begun(_at_once(Reply(text=text))))

    async def finish(self) -> None:
        """Wait a little for what is under way."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=LAST_SECONDS)

    # ------------------------------------------------------------------------------------ inside

    def _begun(self, work: Coroutine[Any, Any, Reply]) -> asyncio.Task[Reply]:
        """Begin with the work: it goes on to its end whatever becomes of the reply."""
        task = asyncio.create_task(self._replied(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _replied(self, work: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            return await work
        except Exception as error:  # noqa: BLE001  whatever it is, its member gets an answer
            self._log.error("interaction_failed", error=type(error).__name__, said=str(error)[:200])
            return BROKEN

    async def _show(self, interaction: discord.Interaction, work: asyncio.Task[Reply]) -> None:
        """Reply when the work is done; if that takes long, say that it will come."""
        own = asyncio.current_task()
        self._under_way |= {own} if own else set()
        try:
            if not interaction.response.is_done():
                await asyncio.wait({work}, timeout=ANSWER_SECONDS)
            if work.done() and not interaction.response.is_done():
                await self._answer(interaction, work.result())
            elif interaction.response.is_done() or await self._acknowledged(interaction):
                await self._answer_late(interaction, (await work).text)
        finally:
            self._under_way -= {own} if own else set()

    async def _answer(self, interaction: discord.Interaction, reply: Reply) -> None:
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await interaction.response.send_message(reply.text[:MOST_OF_A_REPLY], ephemeral=reply.private)
        except ERRORS as error:
            self._failed(interaction, error)

    async def _acknowledged(self, interaction: discord.Interaction) -> bool:
        """Say that the reply will come, to this member alone. False if it is too late, or another process did."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await interaction.response.defer(ephemeral=True, thinking=True)
        except ERRORS as error:
            self._failed(interaction, error)
            if not (isinstance(error, discord.HTTPException) and error.status < 500):  # noqa: PLR2004
                # It may have come through, and its member waits for what does not come.
                await self._answer_late(interaction, UNSURE)
            return False
        return True

    async def _answer_late(self, interaction: discord.Interaction, text: str) -> None:
        try:
            async with asyncio.timeout(LATE_SECONDS):
                await interaction.edit_original_response(content=text[:MOST_OF_A_REPLY])
        except ERRORS as error:
            self._failed(interaction, error)

    def _failed(self, interaction: discord.Interaction, error: Exception) -> None:
        self._log.warning(
            "interaction_not_answered", interaction=interaction.id, error=type(error).__name__, said=str(error)[:200]
        )


def _asker(interaction: discord.Interaction) -> Asker | None:
    if interaction.guild_id is None or interaction.channel_id is None:
        return None
    return Asker(
        guild=str(interaction.guild_id),
        channel=str(interaction.channel_id),
        member=str(interaction.user.id),
        name=_name(interaction.user),
        manages=interaction.permissions.manage_guild,
    )


def _name(user: discord.User | discord.Member) -> str:
    """Give the name that others see, as far as it can be printed: on Discord a name may be nothing but blanks."""
    seen = "".join(letter for letter in user.display_name if letter.isprintable()).strip()
    return seen[:MOST_OF_A_NAME] or f"member {user.id}"


async def _at_once(reply: Reply) -> Reply:
    return reply
