"""The commands about members of our own chat."""

from __future__ import annotations

from typing import Annotated

from tenure.cli.looking import Flag, InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.trivia.acting import acting
from tenure.services.trivia.api import views
from tenure.services.trivia.chat.members import Members

COLUMNS = ("id", "state", "since", "name", "manages")


async def list_members(guild: str, /, *, limit: int = 50, after: str | None = None, session: InSession) -> None:
    """List the members of a guild of our own chat, in the order in which they joined.

    Parameters
    ----------
    guild
        The guild's id.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    async with acting(session) as (store, by, _):
        found = await Members(store).list((await by.guilds.get(guild)).id, limit=max(limit, 1), after=after)
    print_list(session.output, [views.chat_member(member) for member in found], COLUMNS)
    print_more(session.output, found, limit)


async def join(guild: str, name: str, /, *, manages: Annotated[bool, Flag] = False, session: InSession) -> None:
    """Let somebody in, and show the key with which they come in; it is shown this once.

    Parameters
    ----------
    guild
        The guild's id.
    name
        The name under which they play.
    manages
        Let them give the commands of those who manage the guild.
    """
    async with acting(session) as (store, _, _):
        member, key = await Members(store).join(guild, name, manages=manages)
    print_one(session.output, {**views.chat_member(member), "key": key})


async def manage(guild: str, member: str, /, *, no: Annotated[bool, Flag] = False, session: InSession) -> None:
    """Let a member give the commands of those who manage the guild.

    Parameters
    ----------
    guild
        The guild's id.
    member
        The member's id.
    no
        Let them do so no longer.
    """
    async with acting(session) as (store, _, _):
        found = await Members(store).let_manage(guild, member, manages=not no)
    print_one(session.output, views.chat_member(found))


async def renew(guild: str, member: str, /, *, session: InSession) -> None:
    """Give a member another key, also one who was shut out; it is shown this once, and the old one is worthless.

    Parameters
    ----------
    guild
        The guild's id.
    member
        The member's id.
    """
    async with acting(session) as (store, _, _):
        found, key = await Members(store).renew(guild, member)
    print_one(session.output, {**views.chat_member(found), "key": key})


async def revoke(guild: str, member: str, /, *, session: InSession) -> None:
    """Shut a member out: the key is worthless. Name and points stay theirs.

    Parameters
    ----------
    guild
        The guild's id.
    member
        The member's id.
    """
    async with acting(session) as (store, _, _):
        print_one(session.output, views.chat_member(await Members(store).revoke(guild, member)))


async def remove(guild: str, member: str, /, *, session: InSession) -> None:
    """Remove a member with all that they wrote. Points stay on the boards.

    Parameters
    ----------
    guild
        The guild's id.
    member
        The member's id.
    """
    async with acting(session) as (store, _, _):
        await Members(store).remove(guild, member)
    print_one(session.output, {"id": member, "state": "removed"})
