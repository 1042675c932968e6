"""The commands about registrations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import msgspec
from cyclopts import Parameter

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_one
from tenure.cli.session import UsageError
from tenure.cli.trivia.acting import acting, the_registration
from tenure.services.trivia.api import views
from tenure.services.trivia.registrations import Terms

COLUMNS = (
    "id", "guild", "name", "state", "channel", "schedule", "questions", "category", "difficulty", "next_at", "trouble",
)  # fmt: skip


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class TermOptions:
    """What is asked; what is left out stays as it is, at first the default.

    Parameters
    ----------
    questions
        How many questions are asked at each slot, one after another.
    category
        Of one category only; "" for any.
    difficulty
        Of one difficulty only; "" for any.
    window_seconds
        How long each may be answered.
    sources
        Where questions come from, in this order, such as opentdb,builtin.
    counts
        Which answer counts if somebody answers again.
    catch_up
        What becomes of slots that were missed: none is asked, or the latest, once.
    """

    questions: int | None = None
    category: str | None = None
    difficulty: Literal["easy", "medium", "hard", ""] | None = None
    window_seconds: float | None = None
    sources: str | None = None
    counts: Literal["first", "last"] | None = None
    catch_up: Literal["skip", "latest"] | None = None

    def over(self, terms: Terms, **more: str | None) -> Terms:
        """Give these terms with what was given here in place of what was there."""
        given: dict[str, Any] = {name: value for name, value in {**asdict(self), **more}.items() if value is not None}
        for name in ("category", "difficulty"):
            if name in given:
                given[name] = given[name] or None
        if "sources" in given:
            given["sources"] = tuple(part.strip() for part in given["sources"].split(",") if part.strip())
        return msgspec.structs.replace(terms, **given)


async def register(
    guild: str,
    name: str,
    schedule: str,
    /,
    *,
    channel: str,
    terms: TermOptions = TermOptions(),
    session: InSession,
) -> None:
    """Register where and when questions are asked, and show it. A repeat with the same options changes nothing.

    Parameters
    ----------
    guild
        The guild's id.
    name
        What the registration is called in its guild.
    schedule
        When: such as 'daily 09:00', 'mon,wed 20:00', 'every 30m', or the five fields of cron.
    channel
        Where: the channel's name in our own chat, its id in Discord.
    """
    async with acting(session) as (_, by, _):
        wanted = terms.over(Terms(channel=channel, schedule=schedule))
        print_one(session.output, views.registration(await by.registrations.create(guild, name, wanted)))


async def list_registrations(guild: str | None = None, /, *, session: InSession) -> None:
    """List registrations: what is asked where, when next, and why something waits.

    Parameters
    ----------
    guild
        Only those of this guild.
    """
    async with acting(session) as (_, by, _):
        guilds = [guild] if guild is not None else [each.id async for each in by.guilds.all()]
        found = [registration for each in guilds for registration in await by.registrations.of(each)]
    print_list(session.output, [views.registration(registration) for registration in found], COLUMNS)


async def edit(
    registration: str,
    /,
    *,
    channel: str | None = None,
    schedule: str | None = None,
    terms: TermOptions = TermOptions(),
    session: InSession,
) -> None:
    """Change a registration. What is asked already goes on.

    Parameters
    ----------
    registration
        Its id, or GUILD/NAME.
    channel
        Where: the channel's name in our own chat, its id in Discord.
    schedule
        When: such as 'daily 09:00', 'mon,wed 20:00', 'every 30m', or the five fields of cron.
    """
    if channel is None and schedule is None and terms == TermOptions():
        raise UsageError("say what is to be changed: `tenure trivia edit --help` lists the options")
    async with acting(session) as (_, by, _):
        found = await the_registration(by, registration)
        edited = await by.registrations.edit(found.id, lambda t: terms.over(t, channel=channel, schedule=schedule))
        print_one(session.output, views.registration(edited))


async def enable(registration: str, /, *, session: InSession) -> None:
    """Go on with a registration from its next slot.

    Parameters
    ----------
    registration
        Its id, or GUILD/NAME.
    """
    async with acting(session) as (_, by, _):
        found = await the_registration(by, registration)
        print_one(session.output, views.registration(await by.registrations.enable(found.id)))


async def disable(registration: str, /, *, session: InSession) -> None:
    """Let a registration rest; a question that is open goes on.

    Parameters
    ----------
    registration
        Its id, or GUILD/NAME.
    """
    async with acting(session) as (_, by, _):
        found = await the_registration(by, registration)
        print_one(session.output, views.registration(await by.registrations.disable(found.id)))


async def post(registration: str, /, *, request: str | None = None, session: InSession) -> None:
    """Ask a question of a registration now, out of turn, and show the game. A running server posts it.

    Parameters
    ----------
    registration
        Its id, or GUILD/NAME.
    request
        A name for this request: a repeat with it asks nothing again.
    """
    async with acting(session) as (_, by, sources), sources:
        found = await the_registration(by, registration)
        print_one(session.output, views.game(await by.posting.post_now(found.id, request=request)))
