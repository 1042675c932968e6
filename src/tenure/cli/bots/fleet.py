"""The commands about bots."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.cli.bots.acting import acting
from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.session import UsageError, wanted_state
from tenure.services.bots.api import views
from tenure.services.bots.api.bots import STATES
from tenure.services.bots.api.reading import Page, found_in
from tenure.services.bots.lifecycle import Bot

COLUMNS = ("id", "state", "since", "pool", "rating", "match", "runner", "played")


async def list_bots(
    *,
    pool: str | None = None,
    state: str | None = None,
    limit: int = 50,
    after: str | None = None,
    session: InSession,
) -> None:
    """List bots: where each is, since when, and who holds it.

    Parameters
    ----------
    pool
        Only bots of this pool.
    state
        Only bots in this state: idle, deployed, queued, matched, accepted, playing, stranded, cooling or retired.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    wanted = wanted_state(state, STATES, Bot.live, "a bot")
    async with acting(session) as (store, _):
        found = await found_in(store, wanted, pool, Page(max(limit, 1), after))
    print_list(session.output, [views.bot(bot) for bot in found], COLUMNS)
    print_more(session.output, found, limit)


async def create(
    pool: str,
    /,
    ids: Sequence[str] = (),
    *,
    number: int | None = None,
    rating: float | None = None,
    session: InSession,
) -> None:
    """Make bots for an open pool: so many, or those named. Each rests until it is deployed.

    Parameters
    ----------
    pool
        The pool's id.
    ids
        Their ids.
    number
        How many, which get names.
    rating
        Their first rating; else the rating system's own.
    """
    if (number is None) == (not ids):
        raise UsageError("say which bots, or with --number how many")
    async with acting(session) as (_, by):
        made = await by.crew.create(pool, number=number or 1, ids=list(ids) or None, rating=rating)
    print_list(session.output, [views.bot(bot) for bot in made], COLUMNS)


async def deploy(id: str, /, *, session: InSession) -> None:
    """Send a bot out, out of its turn.

    Parameters
    ----------
    id
        The bot's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.bot(await by.crew.deploy(id)))


async def recall(id: str, /, *, session: InSession) -> None:
    """Call a bot home that is in no match; the fleet may send another one.

    Parameters
    ----------
    id
        The bot's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.bot(await by.crew.recall(id)))


async def retire(id: str, /, *, session: InSession) -> None:
    """Retire a bot for good, with its rating.

    Parameters
    ----------
    id
        The bot's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.bot(await by.crew.retire(id)))
