"""The table of commands as Discord's slash commands: `/trivia NAME`."""

from __future__ import annotations

import inspect
from typing import Any

import discord
from discord import app_commands

from tenure.services.trivia.chat.table import COMMANDS, MOST_OF_AN_OPTION, Command, Option, Suggests
from tenure.services.trivia.discord.interactions import Interactions

GROUP = "trivia"
CHANGED = "This command was changed: type it once more, and Discord shows how it is now."


class Tree(app_commands.CommandTree[discord.Client]):
    """All commands of the table, below one name, in servers only."""

    def __init__(self, client: discord.Client, interactions: Interactions) -> None:
        super().__init__(client)
        self._interactions = interactions
        group = app_commands.Group(name=GROUP, description="Questions on a schedule, and points", guild_only=True)
        for command in COMMANDS:
            group.add_command(_command(command, interactions))
        self.add_command(group)

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError, /) -> None:
        """Answer somebody whose client still has the commands of an earlier version."""
        if not isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            raise error
        await self._interactions.say(interaction, CHANGED)


def _command(command: Command, interactions: Interactions) -> app_commands.Command[Any, ..., None]:
    async def run(interaction: discord.Interaction, **options: str | int | None) -> None:
        given = {name: value for name, value in options.items() if value is not None}
        await interactions.command(interaction, command, given)

    # discord.py reads a command's options off its function's signature, so this one gets that of the table.
    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction)
    run.__signature__ = inspect.Signature([first, *map(_parameter, command.options)])  # type: ignore[attr-defined]
    app_commands.describe(**{option.name: option.says for option in command.options})(run)
    chosen = {o.name: [app_commands.Choice(name=c, value=c) for c in o.choices] for o in command.options if o.choices}
    app_commands.choices(**chosen)(run)
    suggested = {o.name: _suggesting(interactions, o.suggests) for o in command.options if o.suggests}
    app_commands.autocomplete(**suggested)(run)
    return app_commands.Command(name=command.name, description=command.says, callback=run)


def _parameter(option: Option) -> inspect.Parameter:
    form: Any = str
    if option.is_number:
        form = app_commands.Range[int, option.least, option.most]
    elif not option.choices:
        form = app_commands.Range[str, 1, MOST_OF_AN_OPTION]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = inspect.Parameter.empty if option.required else None
    return inspect.Parameter(option.name, kind, default=default, annotation=form)


def _suggesting(interactions: Interactions, what: Suggests) -> Any:
    async def suggest(interaction: discord.Interaction, begun: str) -> list[app_commands.Choice[str]]:
        return await interactions.suggest(interaction, what, begun)

    return suggest
