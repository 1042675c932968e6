"""The commands about players. A player is named by id, or by Riot id, such as 'Ada#EUW'."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tenure.cli.games.acting import acting, bounded
from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.session import Session, wanted_state
from tenure.services.games.api import views
from tenure.services.games.api.reading import PLAYER_STATES
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.naming import player_named
from tenure.services.games.service import Parts

COLUMNS = ("id", "riot_id", "platform", "state", "titles", "added_at", "last_error")


async def add(riot_id: str, platform: str, /, *, titles: str = "lol", session: InSession) -> None:
    """Track a player, and show them. Whoever is tracked already is shown as they are. A running server does the rest.

    Parameters
    ----------
    riot_id
        The player's name and tag, such as 'Ada#EUW'.
    platform
        The platform, such as euw1 or na1.
    titles
        What is tracked: lol, tft, or lol,tft.
    """
    async with acting(session, may_create=True) as (_, by):
        print_one(session.output, views.player(await by.players.add(riot_id, platform, _listed(titles))))


async def list_players(
    *, state: str | None = None, limit: int = 50, after: str | None = None, session: InSession
) -> None:
    """List the players who are tracked, in the order in which they were added.

    Parameters
    ----------
    state
        Only those in this state, such as unknown.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    wanted = wanted_state(state, PLAYER_STATES, TrackedPlayer.live, "a player")
    async with acting(session) as (_, by):
        found = await by.players.list(state=wanted, limit=bounded(limit), after=after)
    print_list(session.output, [views.player(player) for player in found], COLUMNS)
    print_more(session.output, found, limit)


async def show_player(player: str, /, *, session: InSession) -> None:
    """Show a player: whether the account is known, and what is wrong, if anything is.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    """
    async with acting(session) as (store, _):
        print_one(session.output, views.player(await player_named(store, player)))


async def titles(player: str, titles: str, /, *, session: InSession) -> None:
    """Say which titles are tracked of a player, and show them.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    titles
        What is tracked: lol, tft, or lol,tft.
    """
    await _do(session, player, lambda by, id: by.players.edit(id, titles=_listed(titles)))


async def pause(player: str, /, *, session: InSession) -> None:
    """Look at a player no more for a while. Games that are open get their results.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    """
    await _do(session, player, lambda by, id: by.players.pause(id))


async def unpause(player: str, /, *, session: InSession) -> None:
    """Track a paused player again.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    """
    await _do(session, player, lambda by, id: by.players.unpause(id))


async def remove(player: str, /, *, session: InSession) -> None:
    """Track a player no more. Open games end without a result.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    """
    await _do(session, player, lambda by, id: by.players.remove(id))


async def _do(session: Session, player: str, what: Callable[[Parts, str], Awaitable[TrackedPlayer]]) -> None:
    async with acting(session) as (store, by):
        found = await player_named(store, player)
        print_one(session.output, views.player(await what(by, found.id)))


def _listed(titles: str) -> list[str]:
    return [title.strip() for title in titles.split(",") if title.strip()]
