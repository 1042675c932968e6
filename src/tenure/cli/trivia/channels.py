"""The commands about channels of our own chat."""

from __future__ import annotations

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_one
from tenure.cli.trivia.acting import acting
from tenure.services.trivia.api import views
from tenure.services.trivia.chat.channels import Channels


async def list_channels(guild: str, /, *, session: InSession) -> None:
    """List the channels of a guild of our own chat.

    Parameters
    ----------
    guild
        The guild's id.
    """
    async with acting(session) as (store, by, _):
        found = await Channels(store).list((await by.guilds.get(guild)).id)
    print_list(session.output, [views.channel(channel) for channel in found], ("name", "state", "since"))


async def create(guild: str, name: str, /, *, session: InSession) -> None:
    """Make a channel. A repeat changes nothing.

    Parameters
    ----------
    guild
        The guild's id.
    name
        What the channel is called.
    """
    async with acting(session) as (store, _, _):
        print_one(session.output, views.channel(await Channels(store).create(guild, name)))


async def close(guild: str, name: str, /, *, session: InSession) -> None:
    """Let nobody write in a channel, the service neither; its games wait until it is open again.

    Parameters
    ----------
    guild
        The guild's id.
    name
        The channel.
    """
    async with acting(session) as (store, _, _):
        print_one(session.output, views.channel(await Channels(store).close(guild, name)))


async def reopen(guild: str, name: str, /, *, session: InSession) -> None:
    """Open a channel again.

    Parameters
    ----------
    guild
        The guild's id.
    name
        The channel.
    """
    async with acting(session) as (store, _, _):
        print_one(session.output, views.channel(await Channels(store).reopen(guild, name)))


async def remove(guild: str, name: str, /, *, session: InSession) -> None:
    """Remove a channel with all that was written there.

    Parameters
    ----------
    guild
        The guild's id.
    name
        The channel.
    """
    async with acting(session) as (store, _, _):
        await Channels(store).remove(guild, name)
    print_one(session.output, {"name": name, "state": "removed"})
