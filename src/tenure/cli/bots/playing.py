"""The commands about tickets and matches, as a person's game and an operator would use them."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.cli.bots.acting import Acting, acting
from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.session import Session, wanted_state
from tenure.services.bots.api import views
from tenure.services.bots.api.matches import STATES
from tenure.services.bots.api.reading import Page, found_in
from tenure.services.bots.lifecycle import Match

COLUMNS = ("id", "state", "since", "pool", "players", "gap", "places", "room", "reason")


async def join(pool: str, /, players: Sequence[str], *, id: str | None = None, session: InSession) -> None:
    """Join a pool, alone or as a party, and show the ticket.

    Parameters
    ----------
    pool
        The pool's id.
    players
        Who plays: one player's id, or those of a party that stays together.
    id
        The ticket's id; a repeat with it gives the same ticket.
    """
    async with acting(session) as found:
        await _show(session, found, (await found.by.queue.join(pool, list(players), request=id)).id)


async def ticket(id: str, /, *, session: InSession) -> None:
    """Show a ticket: how long it has waited, and what it was offered.

    Parameters
    ----------
    id
        The ticket's id.
    """
    async with acting(session) as found:
        await _show(session, found, id)


async def leave(id: str, /, *, session: InSession) -> None:
    """Leave the queue.

    Parameters
    ----------
    id
        The ticket's id.
    """
    async with acting(session) as found:
        await found.by.queue.leave(id)
        await _show(session, found, id)


async def accept(id: str, match: str, /, *, session: InSession) -> None:
    """Accept the match that a ticket was offered.

    Parameters
    ----------
    id
        The ticket's id.
    match
        The match's id, as the ticket shows it.
    """
    async with acting(session) as found:
        await found.by.offers.accept(id, match)
        await _show(session, found, id)


async def decline(id: str, match: str, /, *, session: InSession) -> None:
    """Decline the match that a ticket was offered.

    Parameters
    ----------
    id
        The ticket's id.
    match
        The match's id, as the ticket shows it.
    """
    async with acting(session) as found:
        await found.by.offers.decline(id, match)
        await _show(session, found, id)


async def _show(session: Session, found: Acting, id: str) -> None:
    view = views.waiting(await found.by.queue.waiting(id), "")
    del view["seat_key"]  # the server knows it, and the game's backend asks there
    print_one(session.output, view)


# ------------------------------------------------------------------------------------ matches


async def matches(
    *,
    pool: str | None = None,
    state: str | None = None,
    limit: int = 50,
    after: str | None = None,
    session: InSession,
) -> None:
    """List matches, those that are live if no state is named.

    Parameters
    ----------
    pool
        Only matches of this pool.
    state
        Only matches in this state: offered, playing, over or void.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    wanted = wanted_state(state, STATES, Match.live, "a match")
    async with acting(session) as (store, _):
        found = await found_in(store, wanted, pool, Page(max(limit, 1), after))
    shown = [views.match(match) for match in found]
    if not session.output.as_json:
        shown = [{**one, "players": _players(match)} for one, match in zip(shown, found, strict=True)]
    print_list(session.output, shown, COLUMNS)
    print_more(session.output, found, limit)


def _players(match: Match) -> str:
    return " : ".join(" ".join(player for seat in team for player in seat.players) for team in match.teams)


async def show(id: str, /, *, session: InSession) -> None:
    """Show a match.

    Parameters
    ----------
    id
        The match's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.match(await by.offers.match(id)))


async def result(id: str, /, places: Sequence[int], *, session: InSession) -> None:
    """Say who won a match: this rates its players, once.

    Parameters
    ----------
    id
        The match's id.
    places
        The place of each team, from 1; equal places are a draw.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.match(await by.settling.settle(id, list(places))))


async def break_off(id: str, /, *, reason: str = "broken_off", session: InSession) -> None:
    """End a match without a result; its seats are free.

    Parameters
    ----------
    id
        The match's id.
    reason
        Why.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.match(await by.settling.break_off(id, reason)))
