"""The commands about guilds."""

from __future__ import annotations

from typing import Any

import msgspec

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.session import UsageError
from tenure.cli.trivia.acting import acting
from tenure.services.trivia.api import views
from tenure.services.trivia.chat.channels import WEB
from tenure.services.trivia.guilds import About, check_about
from tenure.services.trivia.lifecycle import Guild, Registration

COLUMNS = ("id", "state", "chat", "name", "time_zone", "week_starts", "operators", "registrations")


async def list_guilds(*, limit: int = 50, after: str | None = None, session: InSession) -> None:
    """List the guilds, with how much is registered in each.

    Parameters
    ----------
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    async with acting(session) as (store, _, _):
        found = await store.find(Guild.known, limit=max(limit, 1), after=after)
        shown = [
            {**views.guild(guild), "registrations": len(await store.find(Registration.live, under=guild))}
            for guild in found
        ]
    print_list(session.output, shown, COLUMNS)
    print_more(session.output, found, limit)


async def create(id: str, /, *, name: str = "", time_zone: str = "UTC", session: InSession) -> None:
    """Make a guild of our own chat, and show it. A repeat changes nothing. Guilds of Discord make themselves known.

    Parameters
    ----------
    id
        The guild's id.
    name
        What it is called.
    time_zone
        The time zone of its schedules and weeks, such as Europe/Berlin.
    """
    check_about(About(name=name, time_zone=time_zone))
    async with acting(session, may_create=True) as (_, by, _):
        print_one(session.output, views.guild(await by.guilds.meet(id, chat=WEB, name=name, time_zone=time_zone)))


async def edit(
    id: str,
    /,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    week_starts: int | None = None,
    operators: str | None = None,
    session: InSession,
) -> None:
    """Change a guild; what is left out stays as it is. With another time zone its schedules follow that clock.

    Parameters
    ----------
    id
        The guild's id.
    name
        What it is called.
    time_zone
        The time zone of its schedules and weeks, such as Europe/Berlin.
    week_starts
        The day on which its week begins: 0 is Monday, 6 is Sunday.
    operators
        The channel where those who run it are told of trouble; "" for none.
    """
    options = {"name": name, "time_zone": time_zone, "week_starts": week_starts, "operators": operators}
    given: dict[str, Any] = {option: value for option, value in options.items() if value is not None}
    if not given:
        raise UsageError("say what is to be changed: --name, --time-zone, --week-starts or --operators")
    if operators == "":
        given["operators"] = None

    def edited(about: About) -> About:
        return msgspec.structs.replace(about, **given)

    async with acting(session) as (_, by, _):
        print_one(session.output, views.guild(await by.guilds.edit(id, edited)))


async def forget(id: str, /, *, session: InSession) -> None:
    """Forget a guild for good, with its registrations and boards; what is open there is taken back.

    Parameters
    ----------
    id
        The guild's id.
    """
    async with acting(session) as (_, by, _):
        print_one(session.output, views.guild(await by.guilds.forget(id)))
