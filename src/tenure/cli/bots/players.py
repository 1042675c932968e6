"""The commands about players and their ratings."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.cli.bots.acting import acting
from tenure.cli.looking import InSession
from tenure.cli.output import print_list
from tenure.cli.session import Session
from tenure.services.bots.api import views
from tenure.services.bots.api.views import Json
from tenure.services.bots.lifecycle import Player, Rating
from tenure.services.bots.parts import Parts

COLUMNS = ("mode", "rating", "deviation", "played", "won")


async def show(id: str, /, *, session: InSession) -> None:
    """Show a player: the ratings, the ticket, whom it never meets.

    Parameters
    ----------
    id
        The player's id; a bot's is its own.
    """
    async with acting(session) as (_, by):
        await _print(session, by, await by.players.get(id))


async def block(id: str, /, others: Sequence[str] = (), *, session: InSession) -> None:
    """Say whom a player never plays with or against, from the next ticket on; nobody, if none is named.

    Parameters
    ----------
    id
        The player's id.
    others
        Whom; they replace those who were named before.
    """
    async with acting(session) as (_, by):
        await _print(session, by, await by.players.block(id, others))


async def _print(session: Session, by: Parts, player: Player) -> None:
    shown = views.player(player, await by.players.ratings(player.id))
    if session.output.as_json:
        session.output.json(shown)
        return
    ratings: list[Json] = shown.pop("ratings")
    session.output.pairs(shown.items())
    session.output.say("")
    print_list(session.output, ratings, COLUMNS)


async def leaderboard(mode: str, /, *, limit: int = 20, session: InSession) -> None:
    """List the players of a mode, the highest rating first.

    Parameters
    ----------
    mode
        The mode, such as duel.
    limit
        At most so many.
    """
    async with acting(session) as (store, _):
        found = await store.find(Rating.kept, per=mode, newest_first=True, limit=max(limit, 1))
    print_list(session.output, [views.rating(rating) for rating in found], ("player", *COLUMNS[1:]))
